"""Where an experiment's files lie below its build folder, and what to run where one is missing."""

import json
from pathlib import Path

from data_prep.store.metadata import read_metadata
from prototxt.stages import CNN, JOINT

# FCN-8s with the CRF and without: the weights of stages 3, 4 and of the control fit both.
NET_WITH_CRF, NET_WITHOUT_CRF = JOINT, CNN
# How a stage ended, and which of its weights are taken.
OUTCOME = "outcome.json"


def deploy_net_path(build, stage):
    """Return the path of a stage's deploy net.

    Raises
    ------
    FileNotFoundError
        If it was not generated.
    """
    return existing(Path(build) / "nets" / stage / "deploy.prototxt", "nets")


def weights_path(build, stage):
    """Return the path of a stage's weights: the final ones, or the best where its outcome says so.

    Raises
    ------
    FileNotFoundError
        If the stage was not trained to its end, or the weights are gone.
    ValueError
        If outcome.json is damaged.
    """
    target, folder = f"train-{stage}", Path(build) / stage
    final = existing(folder / "final.caffemodel", target)
    try:
        return existing(folder / json.loads((folder / OUTCOME).read_text())["weights"], target)
    except FileNotFoundError:
        if (folder / OUTCOME).exists():
            raise
        return final  # weights that someone put there
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder / OUTCOME} is damaged ({error}); remove it to take {final}.") from None


def evaluation_path(build, split):
    """Return the path that the scores of a split are written to."""
    return Path(build) / f"evaluation-{split}.json"


def official_evaluation_path(build, split):
    """Return the path that a split's scores at full resolution are written to."""
    return Path(build) / f"official-evaluation-{split}.json"


def grid_search_path(build, split):
    """Return the path that the results of the grid search on a split are written to."""
    return Path(build) / f"grid-search-{split}.json"


def metadata_with_split(build, split):
    """Return the description of an experiment's LMDB.

    Raises
    ------
    ValueError
        If the LMDB lacks the split.
    """
    metadata = read_metadata(str(Path(build) / "lmdb"))
    if split not in metadata.splits:
        raise ValueError(f"The dataset {metadata.name} has no split {split}; its splits are "
                         f"{', '.join(metadata.splits)}.")
    return metadata


def existing(path, target):
    """Return `path`, or raise a FileNotFoundError that names the make target that makes it."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}; run `make {target}` with the same DATASET first.")
    return path
