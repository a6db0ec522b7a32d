"""The configuration: what is wrong gets one sentence, and nothing is silently made something else."""

from pathlib import Path

import pytest
import yaml

from data_prep.datasets import DATASETS
from experiments.settings.config import load_config
from prototxt.stages import STAGES, VARIANTS

STAGE = {"base_lr": 0.001, "iterations": 4, "validate_every": 2}
GOOD = {"dataset": "tiny", **{f"stage{number}": STAGE for number in (1, 2, 3, 4)}}


def write(tmp_path, content):
    path = tmp_path / "a.yaml"
    path.write_bytes(content if isinstance(content, bytes) else yaml.safe_dump(content).encode())
    return path


def with_stage(**changes):
    return {**GOOD, "stage2": {**STAGE, **changes}}


def test_numbers_may_be_written_as_yaml_does_not_know_them(tmp_path):
    text = yaml.safe_dump(with_stage(steps=[2, 3])).replace("0.001", "1e-3")
    config = load_config(write(tmp_path, text.encode()))
    assert config.stage2.base_lr == 0.001 and config.stage2.steps == (2, 3) and config.stage1.steps == ()


def test_the_control_is_as_stage_4_unless_it_is_told_otherwise(tmp_path):
    assert load_config(write(tmp_path, GOOD)).stage("control").base_lr == 0.001
    config = load_config(write(tmp_path, {**GOOD, "control": {**STAGE, "base_lr": 0.5}}))
    assert config.stage("control").base_lr == 0.5 and config.stage("stage4").base_lr == 0.001


def test_a_stage_has_the_experiments_augmentation_unless_it_has_its_own(tmp_path):
    config = load_config(write(tmp_path, {**with_stage(augmentation={"crop": [4, 6]}),
                                          "augmentation": {"scale": [0.5, 2], "crop": [8, 8]}}))
    assert config.stage_augmentation("stage1") == config.augmentation == config.stage_augmentation("control")
    assert config.stage_augmentation("stage2").crop == (4, 6) and config.stage_augmentation("stage2").scale == (1, 1)


def test_a_late_augmentation_has_crops_of_its_own(tmp_path):
    late = {"late_from": 7, "late_augmentation": {"crop": [4, 6]}}
    config = load_config(write(tmp_path, {**with_stage(**late), "augmentation": {"crop": [8, 8]}}))
    sizes = [(40, 48), (30, 30)]
    assert config.training_sizes("stage1", sizes) == [(8, 8)]
    assert config.training_sizes("stage2", sizes) == [(8, 8), (4, 6)]
    without = load_config(write(tmp_path, with_stage(late_from=7, late_augmentation={"scale": [0.5, 1.5]})))
    assert without.training_sizes("stage2", sizes) == [(40, 48), (30, 30), (60, 72), (45, 45)]
    assert without.copy(update={"image_scale": 0.5}).training_sizes("stage1", sizes) == [(20, 24), (15, 15)]


def test_the_nets_images_may_be_smaller_than_the_datasets(tmp_path):
    late = {"late_from": 7, "late_augmentation": {"scale": [0.8, 1]}}
    scaled = {"augmentation": {"scale": [0.5, 2]}, "image_scale": 0.5}
    config = load_config(write(tmp_path, {**with_stage(**late), **scaled}))
    assert config.stage_augmentation("stage2").scale == (0.25, 1)
    assert config.late_augmentation("stage2").scale == (0.4, 0.5) and config.late_augmentation("stage1") is None
    assert config.net_sizes([(360, 480), (5, 1)]) == [(180, 240), (2, 1)]


def test_scratch_stretches_what_happens_at_an_iteration(tmp_path):
    late = {"late_from": STAGE["iterations"] // 2, "late_augmentation": {"crop": [4, 6]}}
    config = load_config(write(tmp_path, {**GOOD, "stage3": {**STAGE, **late}}))
    assert config.stage("scratch").iterations == 4 * STAGE["iterations"]
    assert config.stage("scratch").late_from == 4 * late["late_from"]
    assert config.stage("stage1").late_from is None


def test_scored_are_the_splits_of_validation_but_for_the_training_images(tmp_path):
    assert load_config(write(tmp_path, GOOD)).scored_splits == ("val",)
    for splits, scored in ((["drive", "val", "train"], ("drive", "val")), (["train"], ("val",))):
        assert load_config(write(tmp_path, {**GOOD, "validation": {"splits": splits}})).scored_splits == scored


@pytest.mark.parametrize("content, words", [
    (with_stage(iterations=2.5), "'stage2.iterations' is wrong: a whole number is wanted, not 2.5"),
    (with_stage(iterations=True), "'stage2.iterations' is wrong: a number is wanted, not true"),
    (with_stage(iterations=2 ** 31), "at most 2147483647 is wanted"),
    (with_stage(base_lr=float("inf")), "'stage2.base_lr' is wrong: a finite number"),
    (with_stage(base_lr=float("nan")), "'stage2.base_lr' is wrong: a finite number"),
    (with_stage(base_lr="inf"), "'stage2.base_lr' is wrong: a finite number"),
    (with_stage(weight_decay=10 ** 400), "'stage2.weight_decay' is wrong: a finite number"),
    (with_stage(steps=[3, 2]), "no iterations one after the other"),
    (with_stage(steps=[0]), "no iterations one after the other"),
    (with_stage(steps=[1.5]), "a whole number is wanted"),
    (with_stage(balance=1.5), "'stage2.balance'"),
    ({**GOOD, "stage4": {**STAGE, "balance": 0.5}}, "weighs the classes of a softmax loss"),
    (with_stage(augmentation={"scale": [2, 1]}), "the least scale, 2, is above the greatest, 1"),
    ({**GOOD, "augmentation": {"zoom": 2}}, "augmentation.zoom"),
    ({**GOOD, "image_scale": 1.5}, "image_scale"),
    ({**GOOD, "image_scale": 0}, "image_scale"),
    ({**GOOD, "training_images": 0}, "training_images"),
    (with_stage(late_from=3), "late_from and late_augmentation go together"),
    (with_stage(late_augmentation={"hue": 0.1}), "late_from and late_augmentation go together"),
    ({**GOOD, "validation": {"splits": []}}, "must name one split or several different ones"),
    ({**GOOD, "validation": {"splits": ["val", "val"]}}, "must name one split or several different ones"),
    ({**GOOD, "dataset": "../../home"}, "letters, digits, dots, dashes and underscores only"),
    ({**GOOD, "a\nb": 1}, "the key 'a b' is wrong"),
    ({**GOOD, 3: 1}, "allowed is a mapping of names to values"),
    ({**GOOD, "best": {"crf": {"lam": -1}}}, "'best' is wrong: crf.lam: "),
    ({**GOOD, "best": {"crf": {"lambda": 1}}}, "'best' is wrong: crf.lambda: extra fields not permitted"),
    ({**GOOD, "best": {"stage4": {"balance": 0.5}}}, "weighs the classes of a softmax loss"),
    ({**GOOD, "best": {"net": {"width": 0}}}, "'best' is wrong: net.width: "),
    ({**GOOD, "best": {"net": {"padding": "same"}}}, "net.padding: it starts from stage3's weights"),
    ({**GOOD, "stage4": {**STAGE, "augmentation": {"hue": 0.1}}, "best": {"augmentation": {"hue": 0.2}}},
     "under best.stage4.augmentation"),
    ({**GOOD, "best": {"stage3": {"batch": 2}}}, "'best.stage3' is wrong"),
    ({**GOOD, "best": 3}, "'best' is wrong"),
    (b"[1, 2]", "holds list, allowed is a mapping"),
    (b"", "holds NoneType"),
    (b"seed: 1\nnet: {width: 1, width: 2}", "the key 'width' is there twice"),
    (b"seed: 1\nseed: 2", "the key 'seed' is there twice"),
    (b"seed: 2001-99-99", "is not YAML: month must be in 1..12"),
    (b"seed: !!timestamp x", "is not YAML"),
    (b"seed: \xff", "is not YAML: 'utf-8' codec can't decode"),
    (b"[" * 5000, "is not YAML: maximum recursion depth exceeded"),
    (b"&a [*a]", "holds list"),
    (b"!!python/object/apply:os.system ['true']", "could not determine a constructor"),
])
def test_what_is_wrong_is_one_sentence(tmp_path, content, words):
    with pytest.raises(ValueError) as error:
        load_config(write(tmp_path, content))
    assert words in str(error.value) and "\n" not in str(error.value) and "a.yaml" in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no configuration .*none.yaml; name one with --config"):
        load_config(tmp_path / "none.yaml")


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[3] / "experiments" / "configs").glob("*.yaml")))
def test_shipped_configurations_are_read(path):
    dataset = load_config(path).dataset
    assert dataset in DATASETS and f"{path.stem}-".startswith(f"{dataset}-")


def test_variants_have_their_stages_settings_but_for_their_own(tmp_path):
    config = load_config(write(tmp_path, {**GOOD, "stage4": {**STAGE, "base_lr": 2e-5}, "crf": {"lam": 3}}))
    assert config.stage("control-x3") == config.stage("control").copy(update={"base_lr": 6e-5})
    assert config.stage("joint-without-edges") == config.stage("stage4")
    assert config.loss_crf("joint-without-edges").lam == 0 and config.of_stage("joint-without-edges").crf.lam == 3
    assert config.loss_crf("joint-trained-icm") == config.crf.copy(update={"decode": "icm"})
    assert config.loss_crf("stage4") == config.crf and config.of_stage("stage4") == config


@pytest.mark.parametrize("crf", [{"margin_balance": 0.5}, {"margin": "iou"}])
def test_variants_with_a_margin_of_their_own_do_without_the_configurations(tmp_path, crf):
    config = load_config(write(tmp_path, {**GOOD, "crf": crf}))
    margins = {name: config.loss_crf(name) for name in ("joint-iou", "joint-balanced-1")}
    assert (margins["joint-iou"].margin, margins["joint-iou"].margin_balance) == ("iou", 0)
    assert (margins["joint-balanced-1"].margin, margins["joint-balanced-1"].margin_balance) == ("hamming", 1)


def test_training_from_scratch_takes_all_stages_iterations_by_the_last_cnns_recipe(tmp_path):
    stage3 = {**STAGE, "base_lr": 0.02, "iterations": 20, "steps": [10, 15], "step_factor": 0.3, "balance": 0.5}
    config = load_config(write(tmp_path, {**GOOD, "stage3": stage3}))
    expected = {**stage3, "iterations": 4 + 4 + 20 + 4, "steps": (16, 24), "balance": 0}
    assert config.stage("scratch") == config.stage("stage3").copy(update=expected)
    assert config.loss_crf("scratch") == config.crf


def test_a_variant_may_change_any_settings(tmp_path, monkeypatch):
    settings = {"crf": {"lam": 7}, "net": {"dropout": 0.1}, "augmentation": {"hue": 0.2}, "stage": {"iterations": 9}}
    monkeypatch.setitem(VARIANTS, "other", STAGES["stage4"]._replace(name="other", variant_of="stage4",
                                                                     settings=settings))
    config = load_config(write(tmp_path, {**GOOD, "net": {"width": 0.5}}))
    own = config.of_stage("other")
    assert (own.crf.lam, own.net.dropout, own.net.width) == (7, 0.1, 0.5)
    assert config.stage("other").iterations == 9 and config.stage_augmentation("other").hue == 0.2
    assert config.crf.lam == 2.5 and config.stage_augmentation("stage4").hue == 0
    settings["crf"]["lam"] = -1
    with pytest.raises(ValueError, match="lam"):
        config.of_stage("other")


def test_best_is_stage_4_with_what_the_configuration_says(tmp_path):
    best = {"crf": {"lam": 7, "neighbours": [[0, 1], [1, 0], [1, 1]], "margin_balance": 0.5}, "net": {"dropout": 0.1},
            "augmentation": {"hue": 0.2}, "stage4": {"iterations": 9}}
    config = load_config(write(tmp_path, {**GOOD, "crf": {"alpha": 20}, "net": {"width": 0.5}, "best": best}))
    own = config.of_stage("best")
    assert own.crf == config.crf.copy(update={"lam": 7, "neighbours": ((0, 1), (1, 0), (1, 1)), "margin_balance": 0.5})
    assert own.crf.alpha == 20 and config.loss_crf("best") == own.crf
    assert (own.net.dropout, own.net.width) == (0.1, 0.5) and config.stage_augmentation("best").hue == 0.2
    assert config.stage("best") == config.stage4.copy(update={"iterations": 9})
    assert config.of_stage("stage4").crf.lam == 2.5
    config.check_trainable("best")


def test_best_changes_the_joint_stages_own_augmentation_where_there_is_one(tmp_path):
    best = {"stage4": {"augmentation": {"hue": 0.2}}}
    config = load_config(write(tmp_path, {**GOOD, "stage4": {**STAGE, "augmentation": {"hue": 0.1}}, "best": best}))
    assert [config.stage_augmentation(stage).hue for stage in ("stage4", "best")] == [0.1, 0.2]


def test_best_without_settings_of_its_own_is_not_trained(tmp_path):
    config = load_config(write(tmp_path, GOOD))
    assert config.of_stage("best") == config and config.stage("best") == config.stage4
    config.check_trainable("stage4")
    with pytest.raises(ValueError, match="of tiny has nothing under 'best', .*; write there what differs, of crf, net"):
        config.check_trainable("best")
