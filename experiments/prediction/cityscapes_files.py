"""Predictions in the form of Cityscapes' benchmark: a single-channel PNG of label ids per frame, at full resolution."""

from pathlib import Path

import numpy as np
from PIL import Image

from data_prep import cityscapes

BENCHMARK = "cityscapes"
ENDING = "_pred_labelIds.png"  # the benchmark asks for <city>_<sequence>_<frame>*.png


def check_benchmark(metadata, root):
    """Raise a ValueError unless the LMDB holds Cityscapes and the dataset's folder `root` is named."""
    if metadata.name != BENCHMARK:
        raise ValueError(f"{metadata.name} has no official evaluation and no test server; only {BENCHMARK} has.")
    if not str(root):
        raise ValueError("The folder of Cityscapes is not named; give CITYSCAPES=<folder> to make, or --root <folder>.")


def prediction_name(frame):
    """Return the file name of the prediction for a frame, such as that for frankfurt_000000_000294."""
    return frame + ENDING


def frame_sizes(root, split):
    """Return {frame: (width, height)} of the images in Cityscapes' folder.

    Raises
    ------
    data_prep.errors.DataError
        Where folders are missing.
    ValueError
        Where an image cannot be read.
    """
    return {frame: _open(path).size for frame, path in cityscapes.frame_images(str(root), split).items()}


def check_predictions(folder, sizes, label_ids):
    """Check that a folder holds the predictions for some frames, in the benchmark's form, and no other file.

    Parameters
    ----------
    folder : path
    sizes : dict of str to (int, int)
        Width and height of each frame.
    label_ids : collection of int
        Those of the classes; any other id would count as wrong.

    Raises
    ------
    ValueError
        One sentence naming the first file that is missing, foreign, damaged, of another size, not of one channel
        of 8 bits, or holds another id.
    """
    expected = {prediction_name(frame): size for frame, size in sizes.items()}
    present = {path.name for path in Path(folder).iterdir()} if Path(folder).is_dir() else set()
    for names, fault in ((sorted(set(expected) - present), "is missing"),
                         (sorted(present - set(expected)), "is for no frame")):
        if names:
            raise ValueError(f"In {folder} the prediction {names[0]} {fault} ({len(names)} such in all); remove the "
                             "folder and start the command again.")
    for name, size in expected.items():
        _check_prediction(Path(folder) / name, size, label_ids)


def _check_prediction(path, size, label_ids):
    picture = _open(path)
    if picture.mode != "L":
        raise ValueError(f"The prediction {path} has mode {picture.mode}; it must have one channel of 8 bits.")
    if picture.size != tuple(size):
        raise ValueError(f"The prediction {path} has {picture.width} x {picture.height} pixels but its frame has "
                         f"{size[0]} x {size[1]}; predictions must be at full resolution.")
    try:
        counts = np.array(picture.histogram())
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"The prediction {path} is damaged ({error}); remove it and start the command again."
                         ) from None
    wrong = sorted(set(np.flatnonzero(counts)) - set(label_ids))
    if wrong:
        raise ValueError(f"The prediction {path} holds the value {wrong[0]}, which is the label id of no class; "
                         f"allowed are {', '.join(map(str, sorted(label_ids)))}.")


def _open(path):
    try:
        return Image.open(path)
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{path} can't be read as an image ({error}); give another copy.") from None
