"""The logs of all stages, laid end to end: what the paper's figure 3 plots."""

from pathlib import Path
from typing import List, NamedTuple, Tuple

from experiments.settings.config import STAGES
from experiments.training.log import read_log

TITLES = {"stage1": "FCN-32s", "stage2": "skip: FCN-16s", "stage3": "skip: FCN-8s", "stage4": "CRF",
          "control": "control"}


class StageCurve(NamedTuple):
    """What one stage logged.

    Attributes
    ----------
    stage, title : str
    start : int
        Iterations of all stages before it; the control starts where stage 4 does.
    end : int
        `start` plus its own iterations.
    train, validation : list of dict
        Its records of either kind, `iteration` counted from the stage's own start.
    """

    stage: str
    title: str
    start: int
    end: int
    train: List[dict]
    validation: List[dict]

    def series(self, kind, key) -> Tuple[List[int], List[float]]:
        """Return (iterations over all stages, values) of the records that have a number at `key`."""
        known = [record for record in getattr(self, kind) if record.get(key) is not None]
        return [self.start + record["iteration"] for record in known], [record[key] for record in known]


def read_curves(build):
    """Read the logs of an experiment.

    Parameters
    ----------
    build : path
        Its build folder.

    Returns
    -------
    list of StageCurve
        Of the stages that have a log, in their order, the control last.
    """
    curves, start = [], 0
    for stage in STAGES:
        records = read_log(Path(build) / stage / "log.jsonl")
        if not records:
            continue
        if stage == "control":
            start = next((curve.start for curve in curves if curve.stage == "stage4"), start)
        end = start + max(record["iteration"] for record in records)
        train, validation = ([record for record in records if record["kind"] == kind]
                             for kind in ("train", "validation"))
        curves.append(StageCurve(stage, TITLES[stage], start, end, train, validation))
        start = end
    return curves
