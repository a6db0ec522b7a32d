"""Cityscapes' official evaluation: `python3 -m experiments.official_evaluation --config CONFIG --root FOLDER`.

Labels the frames at full resolution, writes the label ids as PNG files below <build>/official/<split>, checks them and
has the package cityscapesscripts score them against gtFine. The scores land in
<build>/official-evaluation-<split>.json. Interrupted, it goes on when started again.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import copy
import json
from pathlib import Path

import numpy as np

from data_prep import cityscapes
from data_prep.atomic_files import write_atomically
from data_prep.progress import with_progress
from experiments.mpi.processes import communicator
from experiments.prediction.cityscapes_files import check_benchmark, frame_sizes, prediction_name
from experiments.prediction.full_resolution import frames_of_lmdb, write_predictions
from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.scoring.result_rows import ROWS
from experiments.scoring.text import aligned_table, percent
from experiments.settings.build_paths import Build
from experiments.settings.config import load_config


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
        raise ValueError(f"The official evaluation needs the package cityscapesscripts, which can't be imported "
                         f"({error}); build the environment again with make docker, or install it.") from None
    return evalPixelLevelSemanticLabeling


class _Shown:
    """Paths as cityscapesscripts takes them, one after the other, with progress."""

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
        For the progress.

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
    shown = _Shown(predictions, name)
    try:
        official = evaluation.evaluateImgLists(shown, [str(path) for path in truths], settings)
    except SystemExit:
        raise RuntimeError("cityscapesscripts' evaluation ended with the error above.") from None
    shown.finish()
    return {"classes": _percent(official["averageScoreClasses"]),
            "categories": _percent(official["averageScoreCategories"]),
            "per_class": {entry.name: _percent(official["classScores"][entry.name])
                          for entry in cityscapes.CLASSES.values()},
            "per_category": {entry.category: _percent(official["categoryScores"][entry.category])
                             for entry in cityscapes.CLASSES.values()},
            **{f"instance_{what.lower()}": _percent(official[f"averageScoreInst{what}"])
               if settings.evalInstLevelScore else None for what in ("Classes", "Categories")}}


def _instances(path):
    return path.with_name(path.name.replace(cityscapes.LABEL_ENDING, cityscapes.INSTANCE_ENDING))


def _percent(share):
    return None if np.isnan(share) else 100 * float(share)


def evaluate_officially(config, build, split, root):
    """Score all rows of the paper's table 1 and the control at full resolution.

    Returns
    -------
    dict
        The result of `score_officially` for each row of `experiments.scoring.result_rows.ROWS`, by its key; under
        ``details`` how. Of several processes rank 0 alone scores, the others return None.
    """
    metadata = Build(build).metadata()
    check_benchmark(metadata, root)
    if split in cityscapes.WITHOUT_LABELS:
        raise ValueError(f"The split {split} has no published labels; `make submission` makes the archive for the test "
                         "server instead.")
    import_evaluation()
    truths = cityscapes.frame_labels(str(root), split)
    sizes = frames_of_lmdb(build, split, frame_sizes(root, split))
    folders = write_predictions(build, split, ROWS, sizes, metadata)
    if communicator().rank:
        return None
    result = {row.key: score_officially([folders[row.key] / prediction_name(frame) for frame in sizes],
                                        [truths[frame] for frame in sizes],
                                        folders[row.key].with_name(f"{row.key}.json"), f"score {row.title}")
              for row in ROWS}
    resolution = ", ".join(f"{width} x {height}" for width, height in sorted(set(sizes.values())))
    details = {"dataset": metadata.name, "split": split, "images": len(sizes),
               "frames_of_split": cityscapes.FRAMES[split], "resolution": f"full resolution ({resolution})",
               "configuration": json.loads(config.json())}
    return {**result, "details": details}


def format_table(result):
    """Lay out the scores as text, a line per row."""
    details, keys = result["details"], ("classes", "categories", "instance_classes", "instance_categories")
    lines = [(row.title, *(percent(result[row.key][key]) for key in keys)) for row in ROWS]
    header = ("", "IoU classes", "IoU categories", "iIoU classes", "iIoU categories")
    return "\n".join([f"{details['dataset']}, {details['split']}: {details['images']} of {details['frames_of_split']} "
                      f"frames at {details['resolution']}, cityscapesscripts' IoU and instance-level iIoU in percent",
                      "", aligned_table(header, lines)])


def main(arguments=None):
    parser = experiment_parser(__doc__)
    parser.add_argument("--root", required=True, help="folder of Cityscapes")
    parser.add_argument("--split", default="val", help="split of the dataset (default: val)")
    options = parser.parse_args(arguments)
    config = load_config(options.config)
    build = build_folder(options, config)
    result = evaluate_officially(config, build, options.split, options.root)
    if result is None:
        return 0
    path = Build(build).official_evaluation(options.split)
    write_atomically(path, json.dumps(result, indent=2, allow_nan=False) + "\n")
    print(format_table(result))
    print(f"\nwritten to {path}")
    return 0


if __name__ == "__main__":
    run_command(main)
