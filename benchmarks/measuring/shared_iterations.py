"""An iteration of training that several processes share: its seconds, and how many of them the sums take."""

import json
import os
import subprocess
import sys
import time

import caffe
import numpy as np

from experiments.mpi.data_parallel import start_alike, tell_caffe
from experiments.mpi.gradients import gradient_bytes, gradient_sum
from experiments.mpi.processes import communicator
from experiments.nets.device import use_device

WARM_UP = 3  # iterations: Theano compiles, memory is allocated


def time_iterations(solver_path, iterations):
    """Time iterations of a stage in this process, one of several or alone.

    Returns
    -------
    dict
        ``processes``; ``bytes`` of gradients that are summed per iteration; ``seconds`` per iteration, the median; and
        ``communication``, the mean of the seconds that a process spends on the sums per iteration, waiting included.
    """
    processes = communicator()
    tell_caffe(processes)
    use_device()
    solver = caffe.get_solver(str(solver_path))
    start_alike(processes, solver.net, None)
    total, seconds, communication = gradient_sum(solver, processes), [], []
    for _ in range(WARM_UP + iterations):
        began, spent = time.perf_counter(), total.seconds
        solver.net.clear_param_diffs()
        solver.net.forward()
        total.begin()
        solver.net.backward()
        total.finish()
        solver.apply_update()
        seconds.append(time.perf_counter() - began)
        communication.append(total.seconds - spent)
    gathered = processes.gather((np.median(seconds[WARM_UP:]), np.mean(communication[WARM_UP:])))
    return {"processes": processes.size, "bytes": gradient_bytes(solver.net) if processes.size > 1 else 0,
            "seconds": float(np.mean([one for one, _ in gathered])),
            "communication": float(np.mean([one for _, one in gathered]))}


def on_processes(processes, words):
    """Run a module on new processes of one thread each and return the JSON object that it prints last.

    Parameters
    ----------
    processes : int
    words : sequence of str
        The module and its arguments.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    command = [sys.executable, "-m", "experiments.parallel", "--processes", str(processes), *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True,
                          env={**os.environ, "OMP_NUM_THREADS": str(processes)})
    if done.returncode:
        raise RuntimeError(f"The measurement on {processes} processes ended with status {done.returncode}; the lines "
                           "above say why.")
    return json.loads(done.stdout.splitlines()[-1])
