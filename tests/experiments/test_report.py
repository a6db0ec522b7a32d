"""The report: its files, its page's contents, and what is refused."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from data_prep.metadata import LabelClass
from experiments import evaluate, report
from experiments.curves import read_curves
from experiments.figures import health_curve, training_curve
from experiments.report_pictures import choose_examples
from experiments.training_log import TrainingLog

ITERATIONS = {"stage1": 40, "stage2": 20, "stage3": 30, "stage4": 10, "control": 10}


class Page(HTMLParser):
    """Collects what a page refers to, the alternative texts and the rows of its tables."""

    def __init__(self, text):
        super().__init__()
        self.references, self.alts, self.rows, self.open_tags = set(), [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.references |= {attributes[key] for key in ("src", "href") if key in attributes}
        if tag == "img":
            self.alts.append(attributes.get("alt"))
        elif tag != "meta" and tag != "br":
            self.open_tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag

    def handle_data(self, data):
        if {"th", "td"} & set(self.open_tags):
            self.rows[-1][-1] += data.strip()


def write_logs(folder):
    for stage, iterations in ITERATIONS.items():
        (folder / stage).mkdir(exist_ok=True)
        log = TrainingLog(folder / stage / "log.jsonl", 0)
        for iteration in range(0, iterations + 1, 5):
            log.append("validation", iteration, classes=float(iteration), categories=float(2 * iteration),
                       confidence=0.9)
            log.append("train", iteration, loss=1 / (1 + iteration))


@pytest.fixture
def evaluated(tiny_build, command):
    write_logs(tiny_build.folder)
    assert command(evaluate.main, "--config", tiny_build.config, "--build", tiny_build.folder)[0] == 0
    return tiny_build


def run(build, command):
    return command(report.main, "--config", build.config, "--build", build.folder)


def test_page_holds_the_scores_and_refers_only_to_its_own_folder(evaluated, command):
    status, output, error = run(evaluated, command)
    folder = evaluated.folder / "report"
    assert (status, error) == (0, "") and str(folder / "index.html") in output
    page = Page((folder / "index.html").read_text())
    assert page.open_tags == []
    assert page.references | {"index.html"} == {path.name for path in folder.iterdir()}
    assert all(page.alts)
    result = json.loads((evaluated.folder / "evaluation-val.json").read_text())
    joint = next(row for row in page.rows if row[0] == "CNN + CRF (joint)")
    assert joint[1:3] == [f"{result['joint'][key]:.1f}" for key in ("classes", "categories")]
    assert joint[5] == "+0.60"
    gain = float(joint[3].replace("\N{MINUS SIGN}", "-"))
    assert gain == pytest.approx(result["joint"]["classes"] - result["cnn"]["classes"], abs=0.006)
    bus = next(row for row in page.rows if row[0] == "bus")
    assert bus[2:] == [f"{result[key]['per_class']['bus']:.1f}" for key in ("cnn", "cnn+crf", "joint", "control")]


def test_pictures_are_those_of_the_labels(evaluated, command):
    run(evaluated, command)
    folder = evaluated.folder / "report"
    for kind in ("truth", "cnn", "joint"):
        picture = Image.open(folder / f"figure4-1-{kind}.png")
        assert picture.size == (480, 360)
    assert len(list(folder.glob("figure4-*.png"))) == 3 * 4
    weights = np.asarray(Image.open(folder / "figure5-A-weights.png"))
    assert weights.ndim == 2 and weights.shape[0] == weights.shape[1]


def test_is_written_anew_and_reproducible(evaluated, command):
    run(evaluated, command)
    folder = evaluated.folder / "report"
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "left over.png").write_text("of an earlier report")
    run(evaluated, command)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_report_without_logs_says_so(tiny_build, command):
    assert command(evaluate.main, "--config", tiny_build.config, "--build", tiny_build.folder)[0] == 0
    assert run(tiny_build, command)[0] == 0
    assert "There is no log" in (tiny_build.folder / "report" / "index.html").read_text()


def test_class_names_are_escaped(evaluated, command):
    path = evaluated.folder / "evaluation-val.json"
    metadata = evaluated.folder / "lmdb" / "dataset.json"
    for file in (path, metadata):
        file.write_text(file.read_text().replace('"bus"', '"<b>bus"'))
    run(evaluated, command)
    text = (evaluated.folder / "report" / "index.html").read_text()
    assert "&lt;b&gt;bus" in text and "<b>bus" not in text


@pytest.mark.parametrize("content, words", [
    (None, "make evaluate"), ("no JSON", "lacks"), ("[]", "lacks"), ('{"cnn": {}}', "lacks cnn+crf"),
])
def test_missing_or_broken_evaluation_is_refused(evaluated, command, content, words):
    path = evaluated.folder / "evaluation-val.json"
    path.unlink() if content is None else path.write_text(content)
    status, _, error = run(evaluated, command)
    assert status == 1 and error.count("\n") == 1 and words in error
    assert not (evaluated.folder / "report").exists()


def test_evaluation_of_other_images_is_refused(evaluated, command):
    path = evaluated.folder / "evaluation-val.json"
    path.write_text(path.read_text().replace('"val3"', '"other"'))
    status, _, error = run(evaluated, command)
    assert status == 1 and "is of other images" in error


def test_best_rows():
    per_class = {"cnn": {"a": 1.0, "b": 5.0, "c": None}, "cnn+crf": {"a": 3.0, "b": 5.0, "c": None},
                 "joint": {"a": 3.0, "b": 5.0, "c": 0.5}, "control": {"a": None, "b": 5.0, "c": 0.4}}
    result = {key: {"per_class": value} for key, value in per_class.items()}
    classes = [LabelClass(name, "flat", (0, 0, 0)) for name in "abc"]
    assert report.best_rows(result, classes) == {"a": ["cnn+crf", "joint"], "b": [], "c": ["joint"]}


def test_curves_are_laid_end_to_end_and_the_control_beside_stage_4(tmp_path):
    write_logs(tmp_path)
    curves = {curve.stage: curve for curve in read_curves(tmp_path)}
    assert {stage: (curve.start, curve.end) for stage, curve in curves.items()} == {
        "stage1": (0, 40), "stage2": (40, 60), "stage3": (60, 90), "stage4": (90, 100), "control": (90, 100)}
    assert curves["stage4"].series("validation", "categories") == ([90, 95, 100], [0, 10, 20])
    assert curves["stage4"].series("train", "augmented_error") == ([], [])


def test_curve_of_an_unfinished_training(tmp_path):
    (tmp_path / "stage1").mkdir()
    TrainingLog(tmp_path / "stage1" / "log.jsonl", 0).append("validation", 0, classes=None, categories=None)
    curves = read_curves(tmp_path)
    assert b"<svg" in training_curve(curves)
    assert health_curve(curves) is None


def test_examples_differ_most_and_are_not_alike():
    generator = np.random.RandomState(0)
    truths = {name: generator.randint(0, 5, (10, 10)) for name in "abcd"}
    truths["b"] = truths["a"].copy()
    truths["b"][0, 0] += 1
    gaps = {"a": 9, "b": -8, "c": 2, "d": -3}
    per_image = {name: {"cnn": 50, "joint": 50 + gap} for name, gap in gaps.items()}
    assert choose_examples(per_image, truths.get, 3) == ["a", "d", "c"]
    assert choose_examples(per_image, truths.get, 4) == ["a", "d", "c", "b"]
