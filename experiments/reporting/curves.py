"""Curves of training: the logs of all stages laid end to end, as the paper's figure 3 plots them."""

from typing import List, NamedTuple, Tuple

from experiments.settings.build_paths import Build
from experiments.training.log import read_log
from prototxt.stages import STAGES


class StageCurve(NamedTuple):
    """The log of one stage.

    Attributes
    ----------
    stage, title : str
    start : int
        Iterations of all stages before it; a control starts where the stage does that it is the control of.
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

    @property
    def is_control(self):
        """True for the control of another stage."""
        return STAGES[self.stage].control_of is not None

    def series(self, kind, key) -> Tuple[List[int], List[float]]:
        """Return (iterations over all stages, values) of the records that have a number at `key`."""
        known = [record for record in getattr(self, kind) if record.get(key) is not None]
        return [self.start + record["iteration"] for record in known], [record[key] for record in known]

    def split_series(self, split, first):
        """Return (iterations over all stages, IoU over classes) on a split.

        A stage may have been validated before the configuration was changed. Records of an earlier version do not name
        their images: their deciding split counts as `first`, the configuration's.
        """
        records = [record if split == next(iter(record.get("images", [first]))) else
                   {"iteration": record["iteration"], **record.get("further", {}).get(split, {})}
                   for record in self.validation]
        return self._replace(validation=records).series("validation", "classes")


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
    build, curves, start = Build(build), [], 0
    for stage in STAGES.values():
        records = read_log(build.log(stage.name))
        if not records:
            continue
        if stage.control_of:
            start = next((curve.start for curve in curves if curve.stage == stage.control_of), start)
        end = start + max(record["iteration"] for record in records)
        train, validation = ([record for record in records if record["kind"] == kind]
                             for kind in ("train", "validation"))
        curves.append(StageCurve(stage.name, stage.title, start, end, train, validation))
        start = end
    return curves
