"""The page of a study: seeds as dots, paired differences, each class."""

import json

from experiments.nets.net_images import NetImages
from experiments.reporting.learnt_terms import learnt_terms
from experiments.reporting.page import LEARNT, render, write_folder
from experiments.reporting.study_plots import differences_plot, scores_plot
from experiments.scoring.edges import LEGEND
from experiments.scoring.study_table import paired, references, spread
from experiments.settings.config import load_config


def read_results(path):
    """Return the results of a study on a split.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, it is damaged, or no row is labelled yet.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}; run `make study` with the same DATASET first.")
    try:
        result = json.loads(path.read_text())
        labelled = result["details"]["means"] and result["details"]["edges"]
    except (ValueError, TypeError, KeyError):
        raise ValueError(f"{path} is not a study's results, or those of an older version; remove it and run "
                         "`make study` again.") from None
    if not labelled:
        raise ValueError(f"In {path} no row is labelled yet; run `make study` on.")
    return result


def write_study_report(folder, splits):
    """Write the page's folder, whole or not at all.

    Parameters
    ----------
    folder : experiments.studies.folders.StudyFolder
    splits : sequence of str
        Those whose results are shown.

    Returns
    -------
    pathlib.Path
        The page.
    """
    results, plots = [read_results(folder.results(split)) for split in splits], {}
    for split, result in zip(splits, results):
        plots[f"scores-{split}.svg"] = scores_plot(result)
        for number, reference in enumerate(references(result["details"])):
            plots[f"differences-{split}-{number}.svg"] = differences_plot(result["details"], reference)
    terms, drawn_terms = _learnt_terms(folder, splits[0])
    page = render("study.html", results=results, splits=splits, spread=spread, paired=paired, references=references,
                  class_means=class_means, terms=terms, edges_legend=LEGEND)
    write_folder(folder.report, {**plots, **drawn_terms, "index.html": page.encode()})
    return folder.report / "index.html"


def _learnt_terms(folder, split):
    """Return the learnt terms of the first seed, and their files; none where no seed has any."""
    for seed in folder.seeds():
        build = folder.seed(seed)
        config = load_config(folder.config(seed))
        of_split = NetImages(build.split(split), config.image_scale)
        images = [(of_split.name(index), of_split[index][0]) for index in range(min(LEARNT, len(of_split)))]
        terms, files = learnt_terms(config, build, images)
        if terms:
            return terms, files
    return [], {}


def class_means(result, key):
    """Return {class: mean IoU over the seeds that have one}, None where none has, of a row."""
    seeds = [scores["per_class"] for scores in result[key].values()]
    known = {name: [scores[name] for scores in seeds if scores[name] is not None] for name in seeds[0]}
    return {name: sum(values) / len(values) if values else None for name, values in known.items()}
