"""The report's page: its files, its contents, and what is refused."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from data_prep.store.metadata import LabelClass
from experiments import evaluate, report
from experiments.reporting.page import best_rows
from experiments.scoring.result_rows import FULL_SIZE_ROWS
from tests.experiments.reporting.logs import write_logs


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
    assert joint[7] == "+0.60"
    edges = result["details"]["edges"]["joint"]
    assert joint[5:7] == [f"{edges[key]:.1f}" for key in ("band", "axis_aligned")]
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
    (json.dumps({key: {} for key in ("cnn", "cnn+crf", "joint", "control", "details")}), "lacks the scores of edges"),
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


def test_weights_that_the_scored_split_chose_are_named(evaluated, command):
    path = evaluated.folder / "evaluation-val.json"
    result = json.loads(path.read_text())
    page = evaluated.folder / "report" / "index.html"
    run(evaluated, command)
    assert "has chosen the weights" not in page.read_text()
    result["details"]["configuration"]["stage3"]["patience"] = 2
    path.write_text(json.dumps(result))
    run(evaluated, command)
    assert page.read_text().count("on val has chosen the weights of stage3, and") == 1


def test_best_rows():
    per_class = {"cnn": {"a": 1.0, "b": 5.0, "c": None}, "cnn+crf": {"a": 3.0, "b": 5.0, "c": None},
                 "joint": {"a": 3.0, "b": 5.0, "c": 0.5}, "control": {"a": None, "b": 5.0, "c": 0.4}}
    result = {key: {"per_class": value} for key, value in per_class.items()}
    classes = [LabelClass(name, "flat", (0, 0, 0)) for name in "abc"]
    assert best_rows(result, classes) == {"a": ["cnn+crf", "joint"], "b": [], "c": ["joint"]}


TABLE_1 = [  # method, coarse, stereo, half resolution, split, IoU over classes and over categories
    ("CNN only", "", "", "✱", "val", "63.8", "81.5"), ("CNN + CRF", "", "", "✱", "val", "64.1", "81.2"),
    ("CNN + CRF (joint)", "", "", "✱", "val", "64.4", "81.9"),
    ("Ours (the paper's joint model)", "", "", "✱", "test", "62.4", "82.3"),
    ("Papandreou et al. [19]", "✱", "", "✱", "test", "64.8", "81.3"),
    ("DeepLab [3]", "", "", "✱", "test", "63.1", "81.2"), ("CRF as RNN [32]", "", "", "✱", "test", "62.5", "82.7"),
    ("FCN 8s [18]", "", "", "✱", "test", "61.9", "–"), ("LRR-4x [6]", "✱", "", "", "test", "71.8", "88.4"),
    ("Adelaide [16]", "", "", "", "test", "71.6", "51.7"), ("DeepLab [3]", "", "", "", "test", "70.4", "86.4"),
    ("Dilation10 [31]", "", "", "", "test", "67.1", "86.5"), ("Krešo et al. [13]", "", "✱", "", "test", "66.3", "85.0"),
    ("FCN 8s [18]", "", "", "", "test", "65.3", "85.7"), ("Uhrig et al. [30]", "", "✱", "", "test", "64.3", "85.9")]


def rows_of_table_1(build):
    rows = Page((build.folder / "report" / "index.html").read_text()).rows
    start = next(place for place, row in enumerate(rows) if row[:2] == ["Method", "Coarse"]) + 2
    return rows[start:start + len(TABLE_1)]


def shown(scores):
    return [f"{scores[key]:.1f}" for key in ("classes", "categories")]


def test_table_1_has_all_published_rows_and_ours_only_where_measured(evaluated, command):
    run(evaluated, command)
    result = json.loads((evaluated.folder / "evaluation-val.json").read_text())
    ours = [shown(result[key]) for key in ("cnn", "cnn+crf", "joint")] + (len(TABLE_1) - 3) * [["", ""]]
    assert rows_of_table_1(evaluated) == [[*row, *scores] for row, scores in zip(TABLE_1, ours)]


def write_official(build, enlarged=True, **weights):
    """Official scores over classes of 0.5, 1.5, ... in the order of the rows, by labels and then interpolated.

    They are of the evaluation's weights but for stages whose digests are given.
    """
    evaluated = json.loads((build.folder / "evaluation-val.json").read_text())["details"]
    official = {row.key: {"classes": place + 0.5, "categories": None,
                          **({"enlarged_by": row.enlarged_by} if enlarged else {})}
                for place, row in enumerate(FULL_SIZE_ROWS)}
    official["details"] = {"weights": {**evaluated["weights"], **weights}}
    (build.folder / "official-evaluation-val.json").write_text(json.dumps(official))


def test_official_scores_stand_beside_them_named_as_such(evaluated, command):
    write_official(evaluated)
    run(evaluated, command)
    assert [row[9:] for row in rows_of_table_1(evaluated)[:4]] == [
        ["0.5", "–", "4.5", "–"], ["1.5", "–", "5.5", "–"], ["2.5", "–", "6.5", "–"], ["", "", "", ""]]
    text = (evaluated.folder / "report" / "index.html").read_text()
    assert "officially<br>at full resolution,<br>by nearest labels" in text and "interpolated<br>probabilities" in text


def test_official_scores_that_do_not_say_how_rows_were_enlarged_are_left_out(evaluated, command):
    write_official(evaluated, enlarged=False)
    status, output, _ = run(evaluated, command)
    assert status == 0 and "run `make official-evaluation` again" in output
    assert "officially" not in (evaluated.folder / "report" / "index.html").read_text()


def test_official_scores_of_other_weights_are_left_out(evaluated, command):
    write_official(evaluated, stage4="another")
    status, output, _ = run(evaluated, command)
    assert status == 0 and "of other weights than the evaluation" in output
    assert "officially" not in (evaluated.folder / "report" / "index.html").read_text()


def test_the_test_servers_score_has_a_place_in_cityscapes_table_alone(evaluated, command):
    run(evaluated, command)
    page = evaluated.folder / "report" / "index.html"
    assert "test server" not in page.read_text() and "Adelaide's 51.7 over categories is as printed" in page.read_text()
    lmdb = evaluated.folder / "lmdb" / "dataset.json"
    lmdb.write_text(lmdb.read_text().replace('"tiny"', '"cityscapes"'))
    run(evaluated, command)
    assert "not known; note it in <code>test-server.yaml" in page.read_text()
    place = next(place for place, row in enumerate(TABLE_1) if row[5] == "62.4")
    cells = [row[9:] for row in rows_of_table_1(evaluated)]
    assert cells.pop(place) == ["–", "–"] and all(row == ["", ""] for row in cells)
    (evaluated.folder / "test-server.yaml").write_text("classes: 61.54\ncategories: 82.0\n")
    run(evaluated, command)
    assert rows_of_table_1(evaluated)[place][9:] == ["61.5", "82.0"] and "as it was noted in" in page.read_text()
    (evaluated.folder / "test-server.yaml").write_text("classes: 0.6\n")
    status, _, error = run(evaluated, command)
    assert status == 1 and "test-server.yaml" in error and error.count("\n") == 1


def write_search(build, cnn):
    sets = [{"parameters": {"alpha": alpha, "beta": 0.9, "lam": 2.5, "iterations": 15}, "classes": classes,
             "categories": 60.0} for alpha, classes in ((20.0, 55.25), (35.0, 54.0))]
    scored = {"paper": {**sets[1], "per_class": {}}, "best": {**sets[0], "per_class": {}}}
    gain = dict(classes=1.25, low=0.5, high=2.0)
    differences = [dict(first=first, second=second, **gain) for first, second in (
        ("paper", "cnn"), ("best", "cnn"), ("best", "paper"))]
    (build.folder / "grid-search-val.json").write_text(json.dumps({
        "cnn": cnn, **scored, "sets": sets, "differences": differences,
        "held_out": [dict(first="best", second=second, **gain) for second in ("cnn", "paper")],
        "details": {"images": 5, "split": "val", "resolution": "full resolution (9 x 17, 32 x 24)",
                    "edges": ["alpha", "lam"]}}))


def test_parameter_search_is_shown_where_there_was_one(evaluated, command):
    assert run(evaluated, command)[0] == 0
    assert "Parameter search" not in (evaluated.folder / "report" / "index.html").read_text()
    write_search(evaluated, json.loads((evaluated.folder / "evaluation-val.json").read_text())["cnn"])
    run(evaluated, command)
    text = (evaluated.folder / "report" / "index.html").read_text()
    page = Page(text)
    assert page.open_tags == [] and "grid-search.svg" in page.references
    assert "The best α and λ are at the edge of the grid;" in " ".join(text.split())
    assert ["the best set", "20", "0.9", "2.5", "15", "55.2", "60.0", "+1.25", "+0.50 to +2.00"] in page.rows
    assert ["2", "35", "0.9", "2.5", "15", "54.00", "60.00"] in page.rows
    assert (evaluated.folder / "report" / "grid-search.svg").exists()


def test_the_dense_crfs_search_has_its_own_section(evaluated, command):
    cnn = json.loads((evaluated.folder / "evaluation-val.json").read_text())["cnn"]
    write_search(evaluated, cnn)
    sets = [{"parameters": {"smoothness": 3.0, "smoothness_distance": 3.0, "appearance": appearance,
                            "appearance_distance": 80.0, "appearance_colour": 13.0, "iterations": 10},
             "classes": classes, "categories": 60.0} for appearance, classes in ((5.0, 57.5), (10.0, 54.0))]
    search = json.loads((evaluated.folder / "grid-search-val.json").read_text())
    for key in ("differences", "held_out"):
        for entry in search[key]:
            entry.update({name: "example" for name in ("first", "second") if entry[name] == "paper"})
    search.update(cnn=cnn, best={**sets[0], "per_class": {}}, example={**sets[1], "per_class": {}}, sets=sets)
    search["details"]["edges"] = ["appearance"]
    (evaluated.folder / "dense-grid-search-val.json").write_text(json.dumps(search))
    assert run(evaluated, command)[0] == 0
    text = (evaluated.folder / "report" / "index.html").read_text()
    page = Page(text)
    assert page.open_tags == [] and {"grid-search.svg", "dense-grid-search.svg"} <= page.references
    assert ["the best set", "3", "3", "5", "80", "13", "10", "57.5", "60.0", "+1.25", "+0.50 to +2.00"] in page.rows
    assert "Parameter search: CNN + dense CRF" in text and "dashed: pydensecrf&#39;s example." in text


def test_parameter_search_on_other_weights_is_left_out(evaluated, command):
    write_search(evaluated, {"classes": 1.0, "categories": 1.0, "per_class": {}})
    status, output, _ = run(evaluated, command)
    assert status == 0 and "on other weights than the evaluation" in output
    assert "Parameter search" not in (evaluated.folder / "report" / "index.html").read_text()
