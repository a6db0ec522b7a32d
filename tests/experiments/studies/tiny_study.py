"""A study of a tiny experiment whose weights are put there untrained, and one that is run as a process."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import caffe
import numpy as np

from experiments.nets.definitions import generate_nets
from experiments.studies.folders import StudyFolder
from prototxt.stages import stages_before


def make_study(config, build, seeds, stages=("stage3", "stage4")):
    """Prepare a study and give each stage of each seed random weights; return (folder, configurations)."""
    folder = StudyFolder(build)
    configs = folder.prepare(config, seeds)
    for seed in seeds:
        of_seed = folder.seed(seed)
        wanted = dict.fromkeys(name for stage in stages for name in (*stages_before(stage), stage))
        generate_nets(configs[seed], of_seed, wanted)
        for number, stage in enumerate(wanted):
            random_weights(of_seed, stage, [seed, number])
    return folder, configs


def random_weights(build, stage, seed):
    """Give a stage of a `Build` random weights; upsampling stays bilinear."""
    net = caffe.Net(str(build.net("stage3", "deploy")), caffe.TEST)
    generator = np.random.default_rng(seed)
    for blobs in net.params.values():
        for blob in blobs:
            if blob.data.ndim < 4 or blob.data.shape[2:] != (4, 4) and blob.data.shape[2:] != (16, 16):
                blob.data[...] = generator.normal(0, 0.1, blob.data.shape)
    build.stage(stage).mkdir(exist_ok=True)
    net.save(str(build.stage(stage) / "final.caffemodel"))


class StudyProcess:
    """Starts `experiments.study` on a configuration file.

    Parameters
    ----------
    config, build : path
    words : str
        More options.
    """

    def __init__(self, config, build, *words):
        self.words = [sys.executable, "-m", "experiments.study", "--config", str(config), "--build", str(build),
                      *words]

    def start(self):
        return subprocess.Popen(self.words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)

    def run(self):
        """Run to the end; return (status, output, errors)."""
        process = self.start()
        output, errors = process.communicate()
        return process.returncode, output, errors

    def kill_after(self, seconds, generator):
        """Start, and after a time kill the study or one of its runs; return which, None where it had ended."""
        process = self.start()
        try:
            process.communicate(timeout=seconds)
            return None
        except subprocess.TimeoutExpired:
            runs = children(process.pid)
        if runs and generator.random() < 0.5:
            kill(generator.choice(runs))
            process.communicate()
            return "a run"
        process.kill()
        process.communicate()
        return "the study"


def make_remote_shell(path):
    """Write a stand-in for ssh, for which every machine is this one, but "gone", which is none; return its path."""
    path.write_text("""#!/bin/sh
machine=$1
shift
[ "$machine" != gone ] || { echo "ssh: connect to host gone port 22: No route to host" >&2; exit 255; }
exec sh -c "$*"
""")
    path.chmod(0o755)
    return path


def children(process):
    """Return the numbers of a process's children."""
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def kill(process):
    """Kill a process, unless it has ended."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
