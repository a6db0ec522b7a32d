"""Where an experiment's files lie below its build folder, and what to run where one is missing."""

from pathlib import Path

# FCN-8s with the CRF and without: the weights of stages 3, 4 and of the control fit both.
NET_WITH_CRF, NET_WITHOUT_CRF = "stage4", "stage3"


def deploy_net_path(build, stage):
    """Return the path of a stage's deploy net.

    Raises
    ------
    FileNotFoundError
        If it was not generated.
    """
    return existing(Path(build) / "nets" / stage / "deploy.prototxt", "nets")


def weights_path(build, stage):
    """Return the path of a stage's final weights.

    Raises
    ------
    FileNotFoundError
        If the stage was not trained to its end.
    """
    return existing(Path(build) / stage / "final.caffemodel", f"train-{stage}")


def evaluation_path(build, split):
    """Return the path that the scores of a split are written to."""
    return Path(build) / f"evaluation-{split}.json"


def existing(path, target):
    """Return `path`, or raise a FileNotFoundError that names the make target that makes it."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}; run `make {target}` with the same DATASET first.")
    return path
