"""Scores of Cityscapes' official evaluation, the package cityscapesscripts, and their table."""

import copy
from pathlib import Path

import numpy as np

from data_prep import cityscapes
from data_prep.progress import with_progress
from experiments.scoring.result_rows import FULL_SIZE_ROWS
from experiments.scoring.text import aligned_table, percent
from experiments.scoring.training_notes import training_notes


def import_evaluation():
    """Return cityscapesscripts' module of the pixel-level evaluation.

    Raises
    ------
    ValueError
        If the package is not installed.
    """
    try:
        from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling
    except ImportError as error:
        raise ValueError("The official evaluation needs the package cityscapesscripts, which can't be imported "
                         f"({error}); build the environment again with make docker, or install it.") from None
    return evalPixelLevelSemanticLabeling


class _PathsWithProgress:
    """A sequence of paths that shows progress as cityscapesscripts takes one after the other."""

    def __init__(self, paths, name):
        self._paths = [str(path) for path in paths]
        self._progress = with_progress(self._paths, name)

    def __len__(self):
        return len(self._paths)

    def __getitem__(self, index):
        next(self._progress)
        return self._paths[index]

    def finish(self):
        next(self._progress, None)


def score_officially(predictions, truths, output, name):
    """Have cityscapesscripts score PNG files of label ids.

    Parameters
    ----------
    predictions, truths : sequences of path
        In the same order; truths are gtFine's labelIds, and where their instanceIds are all beside them there are
        instance-level scores too.
    output : path
        JSON file that the package writes all of its results to.
    name : str
        Shown with the progress.

    Returns
    -------
    dict
        ``classes``, ``categories``, ``per_class``, ``per_category``, ``instance_classes`` and
        ``instance_categories``, IoU in percent or None.
    """
    evaluation = import_evaluation()
    settings = copy.copy(evaluation.args)
    settings.exportFile, settings.JSONOutput, settings.quiet = str(output), True, True
    settings.evalInstLevelScore = all(_instances(path).exists() for path in map(Path, truths))
    paths = _PathsWithProgress(predictions, name)
    try:
        official = evaluation.evaluateImgLists(paths, [str(path) for path in truths], settings)
    except SystemExit:
        raise RuntimeError("cityscapesscripts' evaluation ended with the error above; mend what it names and start the "
                           "same command again.") from None
    paths.finish()
    return {"classes": _percent(official["averageScoreClasses"]),
            "categories": _percent(official["averageScoreCategories"]),
            "per_class": {entry.name: _percent(official["classScores"][entry.name])
                          for entry in cityscapes.CLASSES.values()},
            "per_category": {entry.category: _percent(official["categoryScores"][entry.category])
                             for entry in cityscapes.CLASSES.values()},
            **{f"instance_{level.lower()}": _percent(official[f"averageScoreInst{level}"])
               if settings.evalInstLevelScore else None for level in ("Classes", "Categories")}}


def _instances(path):
    return path.with_name(path.name.replace(cityscapes.LABEL_ENDING, cityscapes.INSTANCE_ENDING))


def _percent(share):
    return None if np.isnan(share) else 100 * float(share)


def format_table(result):
    """Lay out the scores as text, a line per row, with the way that its labels came to full resolution."""
    details, keys = result["details"], ("classes", "categories", "instance_classes", "instance_categories")
    lines = [(row.row.title, result[row.key]["enlarged_by"], *(percent(result[row.key][key]) for key in keys))
             for row in FULL_SIZE_ROWS]
    header = ("", "enlarged by", "IoU classes", "IoU categories", "iIoU classes", "iIoU categories")
    return "\n".join([f"{details['dataset']}, {details['split']}: {details['images']} of {details['frames_of_split']} "
                      f"frames at {details['resolution']}, cityscapesscripts' IoU and instance-level iIoU in percent",
                      "", aligned_table(header, lines), *training_notes(details)])
