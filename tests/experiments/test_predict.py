"""The tool that segments photographs: its files, its lines, and what it does with bad ones."""

import numpy as np
import pytest
from PIL import Image

from experiments import predict


def photograph(path, size, seed=0):
    blocks = np.random.RandomState(seed).randint(0, 256, (4, 4, 3), np.uint8)
    Image.fromarray(blocks).resize(size[::-1], Image.NEAREST).save(path)
    return path


def run(build, command, *options):
    return command(predict.main, "--config", build.config, "--build", build.folder, *options)


@pytest.mark.parametrize("size", [(24, 32), (240, 100), (1, 7), (1000, 1), (1, 1)])
def test_writes_pictures_of_the_photographs_size(tiny_build, command, tmp_path, size):
    status, output, error = run(tiny_build, command, photograph(tmp_path / "street.png", size))
    assert (status, error) == (0, "")
    folder = tiny_build.folder / "predictions"
    assert {path.name for path in folder.iterdir()} == {"street-labels.png", "street-overlay.png", "legend.png"}
    labels = Image.open(folder / "street-labels.png")
    assert labels.mode == "P" and labels.size == size[::-1]
    assert Image.open(folder / "street-overlay.png").size == size[::-1]
    for words in (f"{size[1]} x {size[0]}", "energy", "lower bound", "(10.000 %)", "trained on images of 32 x 24"):
        assert words in output


@pytest.mark.parametrize("weights, stage", [("joint", "stage4"), ("stage3", "stage3"), ("control", "control")])
@pytest.mark.parametrize("crf", [True, False])
def test_labels_are_those_of_the_weights_named(tiny_build, command, tmp_path, weights, stage, crf):
    path = photograph(tmp_path / "street.png", (24, 32))
    status, output, _ = run(tiny_build, command, path, "--weights", weights, "--crf" if crf else "--no-crf",
                            "--output", tmp_path / "found")
    assert status == 0
    expected = (tiny_build.crf_labels if crf else tiny_build.cnn_labels)(stage, np.asarray(Image.open(path)))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "found" / "street-labels.png")), expected)
    assert ("energy" in output) == crf
    for label, name in enumerate(["road", "car", "bus"]):
        share = 100 * np.mean(expected == label)
        assert (f"{name} {share:.1f} %" in output) == (share > 0)


def test_the_model_is_the_best_that_is_trained(tiny_build, command, tmp_path, monkeypatch):
    monkeypatch.setattr(predict, "write_row_net", lambda config, build, row: build.deploy_net(row.crf))
    path = photograph(tmp_path / "street.png", (24, 32))
    best = tiny_build.folder / "best" / "final.caffemodel"
    best.parent.mkdir()
    best.write_bytes((tiny_build.folder / "control" / "final.caffemodel").read_bytes())
    expected = {"best": tiny_build.crf_labels("control", np.asarray(Image.open(path))),
                "stage4": tiny_build.crf_labels("stage4", np.asarray(Image.open(path))),
                "stage3": tiny_build.crf_labels("stage3", np.asarray(Image.open(path)))}
    for stage, labels in expected.items():
        status, output, errors = run(tiny_build, command, path, "--output", tmp_path / stage)
        assert status == 0 and f"{stage}/final.caffemodel, trained on" in output, errors
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / stage / "street-labels.png")), labels)
        (tiny_build.folder / stage / "final.caffemodel").unlink()
    status, _, errors = run(tiny_build, command, path)
    assert status == 1 and "make train-stage4" in errors


def test_the_best_models_cnn_alone_has_no_crf(tiny_build, command, tmp_path):
    path = photograph(tmp_path / "street.png", (24, 32))
    best = tiny_build.folder / "best" / "final.caffemodel"
    best.parent.mkdir()
    best.write_bytes((tiny_build.folder / "control" / "final.caffemodel").read_bytes())
    status, output, errors = run(tiny_build, command, path, "--no-crf", "--output", tmp_path / "found")
    assert status == 0 and "energy" not in output, errors
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "found" / "street-labels.png")),
                                  tiny_build.cnn_labels("control", np.asarray(Image.open(path))))


def test_a_row_has_its_own_weights_and_net(tiny_build, command, tmp_path, monkeypatch):
    asked = []

    def write_row_net(config, build, row):
        asked.append((config.dataset, row.key))
        return build.deploy_net(row.crf)

    monkeypatch.setattr(predict, "write_row_net", write_row_net)
    path = photograph(tmp_path / "street.png", (24, 32))
    for key, labels in (("cnn-t5", tiny_build.crf_labels), ("cnn", tiny_build.cnn_labels)):
        status, _, errors = run(tiny_build, command, path, "--row", key, "--output", tmp_path / "found")
        assert status == 0, errors
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "found" / "street-labels.png")),
                                      labels("stage3", np.asarray(Image.open(path))))
    assert asked == [("tiny", "cnn-t5"), ("tiny", "cnn")]


@pytest.mark.parametrize("options", [("--row", "joint"), ("--row", "cnn"), ()])
def test_a_net_of_another_configuration_is_refused(tiny_build, command, tmp_path, options):
    """A padding has no weights, so that they would fit the other net."""
    (tiny_build.folder / "nets" / "config.yaml").write_bytes(tiny_build.config.read_bytes())
    tiny_build.config.write_text(tiny_build.config.read_text() + "net: {padding: same}\n")
    best = tiny_build.folder / "best" / "final.caffemodel"
    best.parent.mkdir()
    best.write_bytes((tiny_build.folder / "control" / "final.caffemodel").read_bytes())
    status, _, errors = run(tiny_build, command, photograph(tmp_path / "street.png", (24, 32)), *options)
    assert status == 1 and "in which the key 'net' differs" in errors


def test_a_row_that_is_no_net_is_refused(tiny_build, command, tmp_path):
    status, _, errors = run(tiny_build, command, photograph(tmp_path / "street.png", (24, 32)), "--row", "cnn+dense")
    assert status == 1 and "has the dense CRF, which is no net" in errors


def test_bad_photographs_do_not_stop_the_others(tiny_build, command, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    good = photograph(tmp_path / "good.png", (20, 20))
    status, output, error = run(tiny_build, command, tmp_path / "text.png", good, tmp_path / "none.png")
    assert status == 1
    assert [line.split(":")[0] for line in error.splitlines()] == ["error", "error"]
    assert "text.png" in error and "none.png" in error and "good.png: 20 x 20" in output
    assert (tiny_build.folder / "predictions" / "good-labels.png").exists()
    assert not (tiny_build.folder / "predictions" / "text-labels.png").exists()


def test_scale(tiny_build, command, tmp_path):
    path = photograph(tmp_path / "street.png", (100, 200))
    assert "net at 100 x 50" in run(tiny_build, command, path, "--scale", 0.5)[1]
    status, _, error = run(tiny_build, command, path, "--scale", 100)
    assert status == 1 and error.startswith("error: At scale 100") and "at most 10" in error
    for scale in ("0", "-1", "nan", "inf"):
        assert run(tiny_build, command, path, "--scale", scale)[0] == 2


def test_missing_weights_name_the_target(tiny_build, command, tmp_path):
    (tiny_build.folder / "control" / "final.caffemodel").unlink()
    status, _, error = run(tiny_build, command, photograph(tmp_path / "a.png", (9, 9)), "--weights", "control")
    assert status == 1 and error.count("\n") == 1 and "make train-control" in error
