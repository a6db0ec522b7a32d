"""The folders of a study: a configuration per seed, one dataset, and a configuration that has changed."""

import pytest
import yaml

from experiments.settings.config import load_config
from experiments.studies.folders import StudyFolder
from tests.experiments.tiny_experiment import CONFIG, STAGE


def test_each_seed_has_its_configuration_and_the_same_data(experiment):
    config, build = experiment
    folder = StudyFolder(build)
    configs = folder.prepare(config, [2, 5])
    assert {seed: own.seed for seed, own in configs.items()} == {2: 2, 5: 5} and folder.seeds() == [2, 5]
    for seed, own in configs.items():
        assert load_config(folder.config(seed)) == own == config.copy(update={"seed": seed})
        assert folder.seed(seed).lmdb.resolve() == (build / "lmdb").resolve()


def test_a_study_with_data_of_its_own_takes_those(experiment, make_dataset):
    config, build = experiment
    make_dataset({"train": [(40, 48)], "val": [(40, 48)]}, build / "study")
    StudyFolder(build).prepare(config, [0])
    assert (build / "study" / "seed0" / "lmdb").resolve() == (build / "study" / "lmdb").resolve()


def changed(tmp_path, **values):
    path = tmp_path / "changed.yaml"
    path.write_text(yaml.safe_dump({**CONFIG, **values}))
    return load_config(path)


def test_another_configuration_is_refused_and_its_key_named(experiment, tmp_path):
    config, build = experiment
    StudyFolder(build).prepare(config, [0, 1])
    with pytest.raises(ValueError, match="study/seed1 was made with another configuration, in which the key 'crf'"):
        StudyFolder(build).prepare(changed(tmp_path, crf={"iterations": 4}), [1, 2])
    assert StudyFolder(build).seeds() == [0, 1]


def test_what_weights_do_not_depend_on_may_change(experiment, tmp_path):
    config, build = experiment
    StudyFolder(build).prepare(config, [0])
    StudyFolder(build).prepare(changed(tmp_path, grid={"lam": [1, 2]}, validation={"images": 1}), [0])


def test_the_images_that_choose_weights_may_not_change(experiment, tmp_path):
    _, build = experiment
    folder, patient = StudyFolder(build), {"stage2": {**STAGE, "patience": 2}}
    folder.prepare(changed(tmp_path, **patient), [0])
    with pytest.raises(ValueError, match="in which the key 'validation' differs"):
        folder.prepare(changed(tmp_path, **patient, validation={"images": 1}), [0])


def test_the_images_that_choose_the_best_rows_weights_may_not_change(experiment, tmp_path):
    _, build = experiment
    folder, patient = StudyFolder(build), {"best": {"stage4": {"patience": 2}}}
    folder.prepare(changed(tmp_path, **patient), [0])
    folder.prepare(changed(tmp_path, **patient, validation={"images": 1}), [0])  # it is not trained yet
    folder.seed(0).stage("best").mkdir()
    (folder.seed(0).stage("best") / "final.caffemodel").touch()
    with pytest.raises(ValueError, match="in which the key 'validation' differs"):
        folder.prepare(changed(tmp_path, **patient), [0])


def test_the_best_rows_settings_may_change_until_it_is_trained(experiment, tmp_path):
    config, build = experiment
    folder = StudyFolder(build)
    folder.prepare(config, [0])
    with_best = changed(tmp_path, best={"crf": {"lam": 9}})
    assert folder.prepare(with_best, [0])[0] == load_config(folder.config(0)) == with_best.copy(update={"seed": 0})
    folder.seed(0).stage("best").mkdir()
    (folder.seed(0).stage("best") / "final.caffemodel").touch()
    with pytest.raises(ValueError, match="in which the key 'best' differs"):
        folder.prepare(config, [0])
