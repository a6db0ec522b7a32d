"""Programs that tests run on several processes: `python3 -m tests.experiments.ranks NAME`; rank 0 prints JSON."""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import json
import os
import sys
import time

import numpy as np

from data_prep.progress import Progress
from experiments.mpi.processes import SHARED, communicator, share_out
from experiments.runtime.command_line import run_command


def talk():
    """All ways to talk; every rank's findings."""
    processes = communicator()
    copied = np.full(3, processes.rank, np.float32)
    processes.copy_from_first(copied)
    heard = {"rank": processes.rank, "size": processes.size, "threads": os.environ["OMP_NUM_THREADS"],
             "places": [processes.rank_on_machine, processes.size_on_machine],
             "sum": processes.sum(np.array([processes.rank, 10.5])).tolist(),
             "first": processes.from_first(f"from {processes.rank}"), "copied": copied.tolist(),
             "gathered": processes.gather("x" * processes.rank),
             "shared": list(share_out(processes, range(7), lambda item: [item, processes.rank])),
             "vectors": [by_shares(processes, SHARED + 5), by_shares(processes, 3)]}
    print(json.dumps(processes.gather(heard)))
    return 0


def by_shares(processes, length):
    """Sum a vector by shares where it is shared out, and exchange these; return [is it shared, is all right]."""
    vector = np.arange(length, dtype=np.float32) + 2 ** processes.rank
    share, own = processes.share(length), vector.copy()
    if not processes.are_shared(length):
        return [False, share == slice(0, length)]
    total = np.arange(length) * processes.size + 2 ** processes.size - 1
    others = np.empty((processes.size - 1, share.stop - share.start), np.float32)
    transfer = processes.start_sum_of_share(vector, others)
    transfer.Test()
    transfer.Wait()
    own[share] = total[share]
    summed = np.array_equal(vector, own)
    processes.start_exchange(vector).Wait()
    return [True, summed and np.array_equal(vector, total)]


def devices():
    """The GPUs that each rank names to Caffe and to Theano."""
    import caffe
    import theano

    from experiments.nets.device import use_device
    told = []
    caffe.set_device, caffe.set_mode_gpu = told.append, lambda: None  # without CUDA the real ones end the process
    use_device()
    print(json.dumps(communicator().gather([*told, theano.config.device])))
    return 0


def advance():
    """Each rank's progress, of which rank 0's is shown."""
    processes = communicator()
    with Progress("cables", 0, 3, "cable") as progress:
        for number in range(3):
            processes.sum(np.zeros(1))
            progress.advance(f"after {number}, rank {processes.rank}")
            time.sleep(0.2)
    return 0


def fail():
    """Rank 1 finds an error while the others wait for it."""
    processes = communicator()
    if processes.rank == 1:
        raise ValueError("The cat sat on the cable.")
    processes.sum(np.zeros(1))


def fail_everywhere():
    raise ValueError("There is no such thing.")


def crash():
    """An error that is no sentence, while the others wait."""
    processes = communicator()
    if processes.rank == 1:
        {}["missing"]
    processes.sum(np.zeros(1))


def wait():
    """Rank 1 notes its number and never comes to where rank 0 waits."""
    processes = communicator()
    processes.note("what was before, which was longer")
    processes.note("the cables")
    if processes.rank == 1:
        with open(sys.argv[2], "w") as file:
            file.write(str(os.getpid()))
        time.sleep(300)
    processes.sum(np.zeros(1))


def probabilities():
    """For each image of the split val, true if every rank has its probabilities in the end."""
    from data_prep.store.metadata import read_metadata
    from experiments.search.cnn_probabilities import Probabilities
    kept = Probabilities(sys.argv[2], "val", read_metadata(f"{sys.argv[2]}/lmdb"), 1)
    there = communicator().gather([bool(kept[index][2].size) for index in range(len(kept))])
    print(json.dumps([all(seen) for seen in zip(*there)]))
    return 0


if __name__ == "__main__":
    run_command(globals()[sys.argv[1]])
