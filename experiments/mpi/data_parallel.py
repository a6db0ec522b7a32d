"""Training by several processes: each takes its share of the images, and all have the same weights."""

import caffe
import numpy as np

from python_layers.order import next_position


def tell_caffe(processes):
    """Tell Caffe this process's rank and the number of processes, by which data layers share out what they load.

    Call it before a solver is made.
    """
    caffe.set_multiprocess(processes.size > 1)
    caffe.set_solver_count(processes.size)
    caffe.set_solver_rank(processes.rank)


def start_alike(processes, net, restored):
    """Copy rank 0's weights into the net of every process.

    Parameters
    ----------
    processes : experiments.mpi.processes.SingleProcess or MPIProcesses
    net : caffe.Net
    restored : int or None
        The iteration that this process goes on from; None where it starts.

    Raises
    ------
    ValueError
        If the processes go on from different iterations.
    """
    iterations = processes.gather(restored)
    for rank, iteration in enumerate(iterations):
        if iteration != iterations[0]:
            raise ValueError(f"Rank {rank} goes on from {_place(iteration)}, rank 0 from {_place(iterations[0])}, as "
                             "they see different files; the build folder must be one that all machines share.")
    for blobs in net.params.values():
        for blob in blobs:
            processes.copy_from_first(blob.data)


def _place(iteration):
    return "the start" if iteration is None else f"iteration {iteration}"


def data_count(net):
    """Return the array (1,) in which a net's data layer counts the batches of all processes; set it to rewind."""
    return next(blobs[0].data for name, blobs in net.params.items() if name.startswith("data_"))


def dropout_seed(seed, net, images):
    """Return the seed of dropout in a net's next pass over one of an iteration's `images` images.

    It follows from the place of the image that this process takes next. A resumed run therefore draws what an unbroken
    one draws, and several processes draw what one process draws for the same images. NumPy's SeedSequence gives the
    same seeds in each of its versions.
    """
    place = next_position(int(data_count(net)[0]), images, caffe.solver_rank(), caffe.solver_count())
    return int(np.random.SeedSequence([seed, place]).generate_state(1)[0]) & 0x7FFFFFFF
