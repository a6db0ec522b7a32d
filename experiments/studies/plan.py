"""The runs of a study, and which of them must come before others."""

from typing import NamedTuple, Tuple

from experiments.scoring.result_rows import labelled_rows
from prototxt.stages import stages_before

NETS, TRAIN, LABEL = "nets", "train", "label"


class Run(NamedTuple):
    """A piece of a study that one process does.

    Attributes
    ----------
    seed : int
    kind : {"nets", "train", "label"}
        Nets are generated, a stage is trained, or a split is labelled with a stage's weights.
    stage : str
        What is trained, or whose weights label; empty for nets.
    rows : tuple of experiments.scoring.result_rows.Row
        That are labelled.
    split : str
        That is labelled.
    """

    seed: int
    kind: str
    stage: str = ""
    rows: Tuple = ()
    split: str = ""

    @property
    def title(self):
        """Its name in messages."""
        what = {NETS: "nets", TRAIN: f"train {self.stage}",
                LABEL: f"label {self.split} as {', '.join(row.key for row in self.rows)}"}[self.kind]
        return f"seed {self.seed}, {what}"

    @property
    def log_name(self):
        """The name of the file of its messages."""
        return "-".join(filter(None, (self.kind, self.stage, self.split))) + ".txt"

    def needs(self):
        """Return the (seed, kind, stage) of the runs that must have ended well before."""
        if self.kind == NETS:
            return set()
        earlier = {(self.seed, NETS, ""), *((self.seed, TRAIN, stage) for stage in stages_before(self.stage))}
        return earlier | ({(self.seed, TRAIN, self.stage)} if self.kind == LABEL else set())


def identity(run):
    """Return (seed, kind, stage) of a run, as `Run.needs` has them."""
    return run.seed, run.kind, run.stage


def plan(rows, seeds, splits):
    """Return the runs of a study, one seed after the other, each after those that it needs.

    Parameters
    ----------
    rows : sequence of experiments.scoring.result_rows.Row
    seeds : sequence of int
    splits : sequence of str
        That are labelled.

    Returns
    -------
    list of Run
        Stages that several rows share are there once a seed.
    """
    rows = labelled_rows(rows)
    runs, labelling = [], dict.fromkeys(row.stage for row in rows)
    for seed in seeds:
        of_seed = {NETS: Run(seed, NETS)}
        for stage in labelling:
            for trained in (*stages_before(stage), stage):
                of_seed.setdefault(trained, Run(seed, TRAIN, trained))
            for split in splits:
                of_stage = tuple(row for row in rows if row.stage == stage)
                of_seed[stage, split] = Run(seed, LABEL, stage, of_stage, split)
        runs += of_seed.values()
    return runs
