"""Training in processes of its own: started, killed at random moments, started again."""

import shutil
import subprocess
import sys
import time

from experiments.training.log import read_log


class Runs:
    """Training runs of one experiment.

    Parameters
    ----------
    config : pathlib.Path
        The configuration file.
    build : pathlib.Path
        With LMDB and nets. It keeps its path, since nets name it.
    """

    def __init__(self, config, build):
        self.config, self.build = config, build

    def start(self, stage, **options):
        words = [sys.executable, "-m", "experiments.train", "--config", str(self.config), "--build", str(self.build),
                 "--stage", stage.replace("stage", "")]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
                                **options)

    def finish(self, stage, **options):
        """Train to the end; return (status, output, errors)."""
        run = self.start(stage, **options)
        output, errors = run.communicate()
        return run.returncode, output, errors

    def final(self, stage):
        return self.build / stage / "final.caffemodel"

    def train(self, stage):
        """Train to the end without a break; return seconds and the weights as bytes."""
        began = time.monotonic()
        status, _, errors = self.finish(stage)
        assert status == 0, errors
        return time.monotonic() - began, self.final(stage).read_bytes()

    def forget(self, stages):
        for stage in stages:
            shutil.rmtree(self.build / stage, ignore_errors=True)

    def kill_after(self, stage, seconds):
        """Start, and kill after a time; return the last logged iteration, or None if it had ended by itself."""
        run = self.start(stage)
        try:
            _, errors = run.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            run.kill()
            run.communicate()
            log = read_log(self.build / stage / "log.jsonl")
            return log[-1]["iteration"] if log else 0
        assert run.returncode == 0, errors
        return None
