"""The report's page, with all that it shows, as a folder."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import jinja2
import yaml

from experiments.nets.net_images import NetImages
from experiments.nets.origin import check_labelling_nets
from experiments.nets.segmenter import Segmenter
from experiments.prediction.cityscapes_files import BENCHMARK
from experiments.prediction.label_images import VOID_COLOUR
from experiments.prediction.row_labels import write_row_net
from experiments.reporting.contact_sheet import training_sheet
from experiments.reporting.curves import read_curves
from experiments.reporting.heat_map import SYMBOLS, heat_map
from experiments.reporting.learnt_terms import learnt_terms
from experiments.reporting.pictures import Example, ReportPictures, choose_examples
from experiments.reporting.plots import health_curve, joint_stage_curve, splits_curve, training_curve
from experiments.scoring.edges import LEGEND
from experiments.scoring.result_rows import BEST, CNN, FULL_SIZE_ROWS, JOINT, ROWS, ROWS_BY_KEY, TABLE_1
from experiments.scoring.server_score import read_server_score
from experiments.scoring.training_notes import training_notes
from experiments.search.methods import METHODS
from experiments.settings.build_paths import Build

EXAMPLES = 4
LEARNT = 2    # images of which learnt weights are drawn
TEMPLATES = Path(__file__).with_name("templates")


def read_evaluation(build, split):
    """Return what `experiments.evaluate` wrote for a split.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, or it is not an evaluation.
    """
    path = build.evaluation(split)
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}; run `make evaluate` with the same DATASET first.")
    try:
        result = json.loads(path.read_text())
        missing = [key for key in [row.key for row in ROWS] + ["details"] if key not in result]
        missing += [] if missing or "edges" in result["details"] else ["the scores of edges"]
    except (ValueError, TypeError):
        missing = ["JSON"]
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}; remove it and run `make evaluate` again.")
    return result


def read_further(build, split, result):
    """Return what there is beside the evaluation: (official evaluation or None, {method's name: its grid search}).

    A grid search or an official evaluation of other weights than those that were evaluated counts as none, and so does
    an official evaluation that does not say how its rows were brought to full resolution.
    """
    official = _read_if_there(build.official_evaluation(split))
    searches = {name: _read_if_there(build.grid_search(split, name=method.file))
                for name, method in METHODS.items()}
    if official and any(official.get(row.key, {}).get("enlarged_by") != row.enlarged_by for row in FULL_SIZE_ROWS):
        print("the official evaluation is of an older version, which did not enlarge all rows alike, so the report "
              "leaves it out; run `make official-evaluation` again")
        official = None
    if official and official["details"].get("weights") != result["details"].get("weights"):
        print("the official evaluation was of other weights than the evaluation, so the report leaves it out; run "
              "`make official-evaluation` again")
        official = None
    for name, search in searches.items():
        if search and search["cnn"] != result[CNN.key]:
            print("the grid search was on other weights than the evaluation, so the report leaves it out; run "
                  "`make grid-search` again")
            searches[name] = None
    return official, {name: search for name, search in searches.items() if search}


def _read_if_there(path):
    return json.loads(path.read_text()) if path.is_file() else None


def read_examples(config, build, split, metadata, result):
    """Run the nets on the images that are shown: those in which CNN and CNN + CRF (joint) differ most."""
    records = NetImages(build.split(split), config.image_scale)
    per_image = result["details"]["per_image"]
    places = {records.name(index): index for index in range(len(records))}
    if set(places) != set(per_image):
        raise ValueError(f"{build.evaluation(split)} is of other images than {build.split(split)}; "
                         "run `make evaluate` again.")
    chosen = choose_examples(per_image, lambda name: records[places[name]][1], EXAMPLES, CNN.key, JOINT.key)
    pairs = [records[places[name]] for name in chosen]
    nets = {row: build.deploy_net(crf=True) for row in (CNN, JOINT)}
    if BEST.key in result["details"]["further_rows"]:
        nets[BEST] = write_row_net(config, build, BEST)
    segmentations = {}
    for row, net in nets.items():
        segmenter = Segmenter(net, build.weights(row.stage), metadata.mean_bgr)
        segmentations[row] = [segmenter(image) for image, _ in pairs]
    best = [segmentation.labels for segmentation in segmentations.get(BEST, ())] or [None] * len(pairs)
    return [Example(name, image, truth, cnn.cnn_labels, joint.labels, joint.weights, per_image[name], labels)
            for name, (image, truth), cnn, joint, labels in zip(chosen, pairs, segmentations[CNN],
                                                                segmentations[JOINT], best)]


def write_report(config, build, splits):
    """Write the report's folder, whole or not at all.

    Parameters
    ----------
    config : experiments.settings.config.Config
    build : path
        Build folder of the experiment, with its evaluations of `splits`.
    splits : sequence of str
        The pictures are of the first.

    Returns
    -------
    pathlib.Path
        The page.
    """
    build = Build(build)
    results, metadata = [read_evaluation(build, split) for split in splits], build.metadata()
    check_labelling_nets(config, build, crf=True)
    split, result = splits[0], results[0]
    official, searches = read_further(build, split, result)
    examples = read_examples(config, build, split, metadata, result)
    pictures = ReportPictures(examples, metadata.classes, config.crf)
    terms, drawn_terms = learnt_terms(config, build, [(example.name, example.image) for example in examples[:LEARNT]])
    sheet = training_sheet(config, build, metadata.classes)
    summary, overlays, regions = pictures.summary(), pictures.overlays(), pictures.regions()
    plots = _plots(read_curves(build), config.validation.splits, searches)
    notes = dict.fromkeys(note for one in results for note in training_notes(one["details"]))
    page = render("report.html", rows=ROWS, further_rows=further_rows(results), differences=differences(results),
                  table_1=TABLE_1, symbols=SYMBOLS, methods=METHODS, notes=notes, results=results,
                  edges_legend=LEGEND, result=result, official=official, searches=searches,
                  on_server=metadata.name == BENCHMARK, server=read_server_score(build.server_score),
                  best=[best_rows(one, metadata.classes) for one in results], metadata=metadata, summary=summary,
                  overlays=overlays, regions=regions, terms=terms, plots=plots, sheet=bool(sheet),
                  void_colour=VOID_COLOUR,
                  configuration=yaml.safe_dump(json.loads(config.json()), sort_keys=False))
    write_folder(build.report, {**pictures.files, **plots, **drawn_terms, **sheet, "index.html": page.encode()})
    return build.report / "index.html"


def _plots(curves, splits, searches):
    """Return {file name: SVG} of the plots that there is something for."""
    plots = {"figure3.svg": training_curve(curves), "joint-stage.svg": joint_stage_curve(curves),
             "splits.svg": splits_curve(curves, splits), "health.svg": health_curve(curves)} if curves else {}
    for name, search in searches.items():
        plots[f"{METHODS[name].file}.svg"] = heat_map(search, METHODS[name])
    return {name: content for name, content in plots.items() if content}


def further_rows(results):
    """Return the rows beside the paper's of the evaluations of several splits."""
    return [ROWS_BY_KEY[key] for key in dict.fromkeys(key for one in results for key in one["details"]["further_rows"])]


def differences(results):
    """Return (title, an entry or None per result) for each two rows that an evaluation compares."""
    compared = [{(entry["first"], entry["second"]): entry for entry in one["details"]["differences"]}
                for one in results]
    return [(" minus ".join(ROWS_BY_KEY[key].title for key in pair), [entries.get(pair) for entries in compared])
            for pair in dict.fromkeys(pair for entries in compared for pair in entries)]


def best_rows(result, classes):
    """Return {class name: keys of the rows that score highest}; none where no row is below them."""
    best = {}
    for name in (entry.name for entry in classes):
        values = {row.key: result[row.key]["per_class"][name] for row in ROWS}
        known = [value for value in values.values() if value is not None]
        differ = known and max(known) > min(known)
        best[name] = [key for key, value in values.items() if differ and value == max(known)]
    return best


def render(template, **content):
    """Return the page of a template."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(str(TEMPLATES)), autoescape=True,
                                     undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["percent"] = lambda value: "–" if value is None else f"{value:.1f}"
    environment.filters["precise"] = lambda value: "–" if value is None else f"{value:.2f}"
    environment.filters["gain"] = lambda value: f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
    return environment.get_template(template).render(**content)


def write_folder(folder, files):
    """Write files into a folder beside `folder`, then put it in that one's place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
        temporary.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
