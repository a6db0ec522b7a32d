"""The folders of a study: one build folder per seed below <build>/study, all with the same data."""

import json
import os
import re

import yaml

from data_prep.atomic_files import write_atomically
from experiments.settings.build_paths import FINAL, Build
from experiments.settings.config import load_config
from prototxt.stages import BEST, STAGES

CONFIG = "config.yaml"
# Keys of a configuration that weights do not depend on; with `patience` validation chooses them.
WITHOUT_EFFECT = {"dense_crf", "dense_grid", "grid"}
VALIDATION = "validation"


class StudyFolder:
    """The paths of a study.

    Parameters
    ----------
    build : path
        The experiment's build folder.
    """

    def __init__(self, build):
        self.experiment = Build(build)
        self.folder = self.experiment.folder / "study"

    def seed(self, seed):
        """The `Build` of a seed."""
        return Build(self.folder / f"seed{seed}")

    def config(self, seed):
        """The configuration of a seed."""
        return self.seed(seed).folder / CONFIG

    def log(self, run):
        """The messages of a run."""
        return self.seed(run.seed).folder / "messages" / run.log_name

    def results(self, split):
        """The results of a split."""
        return self.folder / f"results-{split}.json"

    @property
    def report(self):
        """The folder of the page."""
        return self.folder / "report"

    def seeds(self):
        """Return the seeds that have been begun, in their order."""
        names = (re.fullmatch(r"seed(\d+)", path.parent.name) for path in self.folder.glob(f"seed*/{CONFIG}"))
        return sorted(int(name.group(1)) for name in names if name)

    def prepare(self, config, seeds):
        """Make the seeds' folders with their configurations and, unless the study has data of its own, link the LMDB.

        Returns
        -------
        dict of int to experiments.settings.config.Config
            Of each seed.

        Raises
        ------
        ValueError
            If a seed was trained with another configuration, or data are missing.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        _link(self.folder / "lmdb")
        configs = {seed: config.copy(update={"seed": seed}) for seed in seeds}
        for seed, own in configs.items():
            self._check(seed, own)
        for seed, own in configs.items():
            values = json.loads(own.json(exclude_unset=True))
            write_atomically(self.config(seed), yaml.safe_dump(values, sort_keys=False))
            _link(self.seed(seed).lmdb)
        return configs

    def _check(self, seed, config):
        path = self.config(seed)
        if not path.exists():
            return
        # The settings under `best` have an effect on the weights of that row alone.
        trained = (self.seed(seed).stage(BEST) / FINAL).exists()
        without_effect = WITHOUT_EFFECT if trained else {*WITHOUT_EFFECT, "best"}
        if all(config.stage(stage).patience is None for stage in (*STAGES, *([BEST] if trained else []))):
            without_effect = {*without_effect, VALIDATION}
        before, now = (own.dict(exclude=without_effect) for own in (load_config(path), config))
        changed = [key for key in now if now[key] != before[key]]
        if changed:
            raise ValueError(f"{path.parent} was made with another configuration, in which the key '{changed[0]}' "
                             "differs; take that configuration, remove the folder, or name another one "
                             "(make: BUILD=<folder>).")


def _link(lmdb):
    """Let <folder>/lmdb be that of the folder above, unless there is one."""
    if not os.path.lexists(lmdb):
        lmdb.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(os.path.join("..", "lmdb"), lmdb)
