"""Predictions at full resolution, Cityscapes' official evaluation and the archive for its test server.

A net of 1 x 1 convolutions with 19 classes, on small frames in Cityscapes' layout.
"""

import json
import shutil
import zipfile
from types import SimpleNamespace

import caffe
import numpy as np
import pytest
import yaml
from PIL import Image

from data_prep import cityscapes
from data_prep.__main__ import main as data_prep
from data_prep.store.metadata import read_metadata
from data_prep.store.records import open_records
from experiments import official_evaluation, submission
from experiments.official_evaluation import score_officially
from experiments.prediction.cityscapes_files import frame_sizes, prediction_name
from experiments.prediction.full_resolution import frames_of_lmdb, write_predictions
from experiments.scoring.metrics import confusion_matrix, scores
from experiments.scoring.result_rows import CNN, JOINT, ROWS
from tests.cityscapes_tree import frame_name, make_tree, save
from tests.experiments.conftest import CNN as CNN_NET
from tests.experiments.conftest import CRF, STAGE

LABEL_IDS = list(cityscapes.CLASSES)
SIZE = 24, 40  # of a frame; its record has half of it
WEIGHTS = np.random.default_rng(5).normal(0, 0.05, (3, 19, 3))


@pytest.fixture
def build(tmp_path):
    """Cityscapes' folder, a configuration and a build folder with nets and weights of all stages."""
    root = make_tree(tmp_path / "cityscapes", {"train": 2, "val": 3, "test": 2}, SIZE)
    folder = tmp_path / "build"
    assert data_prep(["--dataset", "cityscapes", "--root", str(root), "--output", str(folder / "lmdb"), "--jobs", "1",
                      "--count", "train=2", "val=3", "test=2"]) == 0
    for stage, definition in (("stage3", CNN_NET), ("stage4", CNN_NET + CRF)):
        path = folder / "nets" / stage / "deploy.prototxt"
        path.parent.mkdir(parents=True)
        path.write_text(definition.replace("num_output: 3", "num_output: 19"))
    for stage, weights in zip(("stage3", "stage4", "control"), WEIGHTS):
        net = caffe.Net(str(folder / "nets" / "stage3" / "deploy.prototxt"), caffe.TEST)
        net.params["score"][0].data[...] = weights[:, :, np.newaxis, np.newaxis]
        (folder / stage).mkdir()
        net.save(str(folder / stage / "final.caffemodel"))
    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump({"dataset": "cityscapes", **{f"stage{n}": STAGE for n in (1, 2, 3, 4)}}))
    return SimpleNamespace(root=root, folder=folder, config=config, metadata=read_metadata(str(folder / "lmdb")))


def probabilities(build, stage, image):
    data = image[:, :, ::-1].astype(np.float32) - np.float32(build.metadata.mean_bgr)
    score = np.einsum("kc,yxc->kyx", WEIGHTS[("stage3", "stage4", "control").index(stage)], data)
    exponential = np.exp(score - score.max(axis=0))
    return exponential / exponential.sum(axis=0)


def doubled(plane):
    """Bilinear interpolation to twice the size: a pixel is 3/4 its own and 1/4 its neighbour's, along each axis."""
    for axis in (0, 1):
        padded = np.concatenate([plane.take([0], axis), plane, plane.take([-1], axis)], axis)
        count = plane.shape[axis]
        own, before, after = (padded.take(np.arange(count) + shift, axis) for shift in (1, 0, 2))
        plane = np.stack([0.75 * own + 0.25 * before, 0.75 * own + 0.25 * after], axis + 1).reshape(
            [length * (2 if number == axis else 1) for number, length in enumerate(plane.shape)])
    return plane


def records(build, split):
    stored = open_records(str(build.folder / "lmdb" / split))
    return {stored.name(index): stored[index][0] for index in range(len(stored))}


def predict(build, rows=(CNN, JOINT), split="val"):
    sizes = frames_of_lmdb(build.folder, split, frame_sizes(build.root, split))
    return write_predictions(build.folder, split, rows, sizes, build.metadata), sizes


def test_the_cnn_labels_interpolated_probabilities_and_the_crf_the_nearest_of_its_own(build):
    folders, sizes = predict(build)
    assert sizes == {frame_name("val", number): SIZE[::-1] for number in range(3)}
    for frame, image in records(build, "val").items():
        cnn, joint = (np.asarray(Image.open(folders[key] / prediction_name(frame))) for key in ("cnn", "joint"))
        planes = np.stack([doubled(plane) for plane in probabilities(build, "stage3", image)])
        ordered = np.sort(planes, axis=0)
        clear = ordered[-1] - ordered[-2] > 1e-4
        assert clear.mean() > 0.9
        np.testing.assert_array_equal(cnn[clear], np.array(LABEL_IDS)[planes.argmax(axis=0)][clear])
        crf = np.array(LABEL_IDS)[probabilities(build, "stage4", image).argmin(axis=0)]  # the tests' CRF
        np.testing.assert_array_equal(joint, crf.repeat(2, 0).repeat(2, 1))


def test_what_is_predicted_is_not_predicted_again(build, monkeypatch):
    folders, _ = predict(build)
    lost, kept = (folders["cnn"] / prediction_name(frame_name("val", number)) for number in (0, 1))
    content, kept_at = lost.read_bytes(), kept.stat().st_mtime_ns
    lost.unlink()
    (folders["cnn"] / ".half.123").touch()
    predict(build)
    assert lost.read_bytes() == content and kept.stat().st_mtime_ns == kept_at
    monkeypatch.setattr("experiments.prediction.full_resolution.Segmenter", None)
    predict(build)


def test_other_weights_give_other_predictions(build):
    folders, _ = predict(build)
    path = folders["cnn"] / prediction_name(frame_name("val", 0))
    before = path.read_bytes()
    shutil.copy(build.folder / "control" / "final.caffemodel", build.folder / "stage3" / "final.caffemodel")
    predict(build)
    assert path.read_bytes() != before


def test_another_folder_than_that_of_the_lmdb_is_refused(build):
    for kind, ending in (("leftImg8bit", "leftImg8bit"), ("gtFine", "gtFine_labelIds")):
        path = build.root / kind / "val" / "frankfurt" / f"{frame_name('val', 1)}_{ending}.png"
        path.rename(path.with_name(path.name.replace("000001", "000009")))
    with pytest.raises(ValueError, match="has the frame frankfurt_000001_000019, but the dataset's folder does not"):
        predict(build)
    save(build.root, "leftImg8bit", "val", frame_name("val", 1), "leftImg8bit", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match="has 8 x 8 pixels in the dataset's folder and 20 x 12 in the LMDB"):
        predict(build)


def needs_package():
    pytest.importorskip("cityscapesscripts", reason="cityscapesscripts is not installed")


@pytest.mark.parametrize("seed, ids", [(0, LABEL_IDS), (1, LABEL_IDS[:3] + [26, 27]), (2, [7])])
def test_our_scores_equal_the_official_ones(tmp_path, seed, ids):
    needs_package()
    generator = np.random.default_rng(seed)
    root = make_tree(tmp_path / "cityscapes", {"val": 4}, (20, 36), ids=[*ids, 0, 4, 10])
    to_class = np.full(34, 255)
    to_class[LABEL_IDS] = np.arange(19)
    confusion, predictions, truths = 0, [], []
    for frame, path in cityscapes.frame_labels(str(root), "val").items():
        truth = np.asarray(Image.open(path))
        guess = np.where(generator.random(truth.shape) < 0.6, truth, generator.choice(LABEL_IDS, truth.shape))
        guess = np.where(np.isin(guess, LABEL_IDS), guess, generator.choice(ids, truth.shape)).astype(np.uint8)
        predictions.append(tmp_path / prediction_name(frame))
        Image.fromarray(guess).save(predictions[-1])
        truths.append(path)
        confusion = confusion + confusion_matrix(to_class[truth], to_class[guess], 19)
    table = cityscapes.CLASSES.values()
    ours = scores(confusion, [entry.name for entry in table], [entry.category for entry in table])
    official = score_officially(predictions, truths, tmp_path / "results.json", "score")
    assert {key: official[key] for key in ("classes", "categories", "per_class")} == approx(ours.to_json())
    assert official["per_category"] == approx({key: None if np.isnan(value) else value
                                               for key, value in ours.per_category.items()})
    assert json.loads((tmp_path / "results.json").read_text())["averageScoreClasses"] == pytest.approx(
        ours.classes / 100)


def approx(value):
    if isinstance(value, dict):
        return {key: approx(entry) for key, entry in value.items()}
    return None if value is None else pytest.approx(value, abs=1e-9)


def arguments(build, *more):
    return ["--config", build.config, "--build", build.folder, "--root", build.root, *more]


def test_official_evaluation_from_the_command_line(build, command):
    needs_package()
    status, output, error = command(official_evaluation.main, *arguments(build))
    assert status == 0, error
    assert "val: 3 of 500 frames at full resolution (40 x 24)" in output
    result = json.loads((build.folder / "official-evaluation-val.json").read_text())
    to_class = np.full(34, 255)
    to_class[LABEL_IDS] = np.arange(19)
    for row in ROWS:
        confusion = sum(confusion_matrix(to_class[np.asarray(Image.open(path))], to_class[np.asarray(Image.open(
            build.folder / "official" / "val" / row.key / prediction_name(frame)))], 19)
            for frame, path in cityscapes.frame_labels(str(build.root), "val").items())
        table = cityscapes.CLASSES.values()
        ours = scores(confusion, [entry.name for entry in table], [entry.category for entry in table])
        assert result[row.key]["classes"] == pytest.approx(ours.classes)
        assert result[row.key]["categories"] == pytest.approx(ours.categories)
        assert result[row.key]["instance_classes"] is not None
        line, = [line for line in output.splitlines() if line.startswith(row.title + "  ")]
        assert line[len(row.title):].split()[:2] == [f"{ours.classes:.2f}", f"{ours.categories:.2f}"]
    assert list((build.root / "gtFine").iterdir()) and not (build.root / "evaluationResults").exists()


def test_without_instances_there_are_no_instance_scores(build, command):
    needs_package()
    for path in build.root.glob("gtFine/val/*/*instanceIds.png"):
        path.unlink()
    status, output, error = command(official_evaluation.main, *arguments(build))
    assert status == 0, error
    assert json.loads((build.folder / "official-evaluation-val.json").read_text())["cnn"]["instance_classes"] is None


def test_without_the_package_there_is_one_sentence(build, command, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cityscapesscripts.evaluation", None)
    status, _, error = command(official_evaluation.main, *arguments(build))
    assert status == 1 and "needs the package cityscapesscripts" in error and error.count("\n") == 1
    assert not (build.folder / "official").exists()


@pytest.mark.parametrize("tool", [official_evaluation, submission])
def test_other_datasets_and_no_folder_are_refused(build, command, tool):
    status, _, error = command(tool.main, "--config", build.config, "--build", build.folder, "--root", "")
    assert status == 1 and "CITYSCAPES=<folder>" in error
    path = build.folder / "lmdb" / "dataset.json"
    path.write_text(path.read_text().replace('"cityscapes"', '"camvid"'))
    status, _, error = command(tool.main, *arguments(build))
    assert status == 1 and "camvid has no official evaluation and no test server" in error


def test_the_test_split_is_not_scored(build, command):
    status, _, error = command(official_evaluation.main, *arguments(build, "--split", "test"))
    assert status == 1 and "make submission" in error


def test_the_archive_holds_the_label_ids_of_the_test_split(build, command):
    status, output, error = command(submission.main, *arguments(build, "--subset"))
    assert status == 0, error
    assert "2 frames" in output
    with zipfile.ZipFile(build.folder / "submission-joint.zip") as archive:
        assert archive.namelist() == [f"berlin_{number:06d}_000019_pred_labelIds.png" for number in range(2)]
        images = records(build, "test")
        for name in archive.namelist():
            picture = Image.open(archive.open(name))
            assert picture.mode == "L" and picture.size == SIZE[::-1]
            crf = probabilities(build, "stage4", images[name.replace("_pred_labelIds.png", "")]).argmin(axis=0)
            np.testing.assert_array_equal(np.asarray(picture)[::2, ::2], np.array(LABEL_IDS)[crf])
    content = (build.folder / "submission-joint.zip").read_bytes()
    assert command(submission.main, *arguments(build, "--subset"))[0] == 0
    assert (build.folder / "submission-joint.zip").read_bytes() == content
    assert command(submission.main, *arguments(build, "--subset", "--row", "cnn"))[0] == 0
    assert (build.folder / "submission-cnn.zip").read_bytes() != content


def test_what_the_server_would_refuse_is_not_packed(build, command, monkeypatch):
    status, _, error = command(submission.main, *arguments(build))
    assert status == 1 and "has 2 frames of the split test, but the test server wants 1525" in error
    monkeypatch.setitem(cityscapes.FRAMES, "test", 2)
    status, _, error = command(submission.main, *arguments(build))
    assert status == 1 and "has 40 x 24 pixels, but the test server wants 2048 x 1024" in error
    assert not list(build.folder.glob("*.zip"))
    monkeypatch.setattr(submission, "FRAME_SIZE", SIZE[::-1])
    assert command(submission.main, *arguments(build))[0] == 0


def test_an_lmdb_without_test_split_is_named(build, command):
    path = build.folder / "lmdb" / "dataset.json"
    fields = json.loads(path.read_text())
    del fields["splits"]["test"]
    path.write_text(json.dumps(fields))
    status, _, error = command(submission.main, *arguments(build))
    assert status == 1 and "has no split test" in error
