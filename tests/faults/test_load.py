"""Load: memory stays flat over many calls and iterations, and a batch of 16 equals 16 single images."""

import os
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

import theano_crf
from experiments.training.log import read_log
from tests.experiments.runs import Runs
from tests.experiments.tiny_experiment import STAGE
from theano_crf.memory import needed_bytes

CALLS, ITERATIONS = 20000, 2000
MEGABYTE = 1e6
GROWTH = 4 * MEGABYTE  # allowed while Python and the allocator settle: 200 bytes per call


def problems():
    """Yield problems of several shapes: unary costs, weights and truth."""
    generator = np.random.default_rng(0)
    for shape in ((1, 5, 24, 32), (2, 3, 17, 9), (16, 4, 12, 20), (1, 19, 8, 40)):
        yield (generator.normal(size=shape).astype(np.float32),
               generator.random((shape[0], 2, *shape[2:])).astype(np.float32),
               generator.integers(0, shape[1], (shape[0], *shape[2:])))


def test_memory_is_flat_over_calls(fault):
    process = psutil.Process()
    given = list(problems())
    calls = {"dual_mm": lambda unary, weights, truth: theano_crf.dual_mm(unary, weights, 2),
             "ssvm": lambda unary, weights, truth: theano_crf.ssvm(unary, weights, truth, iterations=2)}
    for name, call in calls.items():
        used = []
        for number in range(CALLS + 1):
            call(*given[number % len(given)])
            if number % (CALLS // 10) == 0:
                used.append(process.memory_info().rss)
        fault(f"{CALLS} calls of {name}, memory in MB after each tenth: "
              + ", ".join(f"{size / MEGABYTE:.1f}" for size in used))
        assert used[-1] - used[1] < GROWTH


def test_a_batch_of_16_is_16_images(fault):
    generator = np.random.default_rng(1)
    unary = generator.normal(size=(16, 19, 64, 128)).astype(np.float32)
    weights = generator.random((16, 2, 64, 128)).astype(np.float32)
    truth = generator.integers(0, 19, (16, 64, 128))
    together, learnt = theano_crf.dual_mm(unary, weights), theano_crf.ssvm(unary, weights, truth)
    for n in range(16):
        alone = theano_crf.dual_mm(unary[n:n + 1], weights[n:n + 1])
        assert (alone.labels[0] == together.labels[n]).all() and alone.energy[0] == together.energy[n]
        one = theano_crf.ssvm(unary[n:n + 1], weights[n:n + 1], truth[n:n + 1])
        assert one.loss[0] == learnt.loss[n] and (one.grad_unary[0] == learnt.grad_unary[n]).all()
    fault("a batch of 16 images of 19 classes: labels, energies, losses and gradients are those of the single images")


def test_memory_is_flat_over_training(make_tiny_experiment, fault):
    """The joint stage is trained with batches of 16."""
    runs = Runs(*make_tiny_experiment(stage4=dict(STAGE, type="SGD", weight_decay=0, batch=16, iterations=ITERATIONS,
                                                  validate_every=500)))
    for stage in ("stage1", "stage2", "stage3"):
        runs.train(stage)
    run = runs.start("stage4", env=dict(os.environ, OMP_NUM_THREADS="1"))
    process, used = psutil.Process(run.pid), {}
    while run.poll() is None:
        time.sleep(0.1)
        records = read_log(runs.build / "stage4" / "log.jsonl")
        iteration = records[-1]["iteration"] if records else 0
        try:
            used.setdefault(iteration - iteration % 250, process.memory_info().rss)
        except psutil.Error:  # it has just ended
            break
    output, errors = run.communicate()
    assert run.returncode == 0, errors
    fault(f"{ITERATIONS} iterations of the joint stage, batch 16, memory in MB at iteration: "
          + ", ".join(f"{iteration}: {size / MEGABYTE:.0f}" for iteration, size in sorted(used.items())))
    last = used[max(used)]
    assert max(used) >= 1500 and last - used[500] < 2 * GROWTH


MEASURE = """
import resource, sys
import numpy as np
import theano_crf
function, with_void, (n, k, h, w) = sys.argv[1], sys.argv[2] == "True", map(int, sys.argv[3:])
def solve(n, k, h, w):
    arguments = [np.full((n, k, h, w), 0.5, np.float32), np.full((n, 2, h, w), 0.5, np.float32)]
    if function == "ssvm":
        arguments.append(np.full((n, h, w), 1, np.int32))
        arguments[-1][:, ::2] = 255 if with_void else 1
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    getattr(theano_crf, function)(*arguments, iterations=1)
    return 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
solve(1, 2, 8, 8)
print(solve(n, k, h, w))
"""


@pytest.mark.parametrize("function, with_void", [("dual_mm", False), ("ssvm", False), ("ssvm", True)])
@pytest.mark.parametrize("shape", [(1, 19, 1024, 1024), (4, 5, 700, 1001)])
def test_the_memory_of_a_call_is_what_is_checked(function, with_void, shape, fault):
    done = subprocess.run([sys.executable, "-c", MEASURE, function, str(with_void), *map(str, shape)], check=True,
                          stdout=subprocess.PIPE, env=dict(os.environ, OMP_NUM_THREADS="1"))
    measured, needed = int(done.stdout), needed_bytes(function, shape, with_void=with_void)
    fault(f"{function} of {shape}{' with void pixels' if with_void else ''}: {measured / MEGABYTE:.0f} MB measured, "
          f"{needed / MEGABYTE:.0f} MB checked")
    assert 0.9 * needed - 10 * MEGABYTE < measured < 1.1 * needed + 10 * MEGABYTE
