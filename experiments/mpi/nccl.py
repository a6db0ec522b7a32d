"""Gradients summed by NCCL over the GPUs of one machine, where Caffe was built with it.

NCCL is used where CAFFE_NCCL is 1 in the processes' environment (make: MPI_ARGS="-x CAFFE_NCCL=1"). It is not the
default since it has not been tried on GPUs. Without it, and between machines, MPI sums the gradients
(`experiments.mpi.gradients`).
"""

import ctypes
import os
import time

import caffe
import numpy as np


class NCCLSum:
    """Replaces the gradients of a net by their sum over all processes, each layer's while the next is computed.

    Caffe calls NCCL after the backward pass of each layer, for every image of an iteration, and NCCL averages. A
    gradient that was averaged at an earlier image is equal on all processes, so averaging it once more changes nothing,
    and the gradients of several images add up as they should; the mean times the number of processes is the sum.

    Parameters
    ----------
    solver : caffe.Solver
        On this process's own GPU.
    processes : experiments.mpi.processes.MPIProcesses

    Attributes
    ----------
    seconds : float
        Time spent so far on waiting for NCCL.
    """

    def __init__(self, solver, processes):
        group = processes.from_first(caffe.NCCL.new_uid() if processes.rank == 0 else None)
        self._nccl = caffe.NCCL(solver, group)
        self._net, self._size = solver.net, processes.size
        self._last_layer = len(solver.net.layers) - 1
        self._driver = ctypes.CDLL("libcuda.so.1")
        self.seconds = 0.0
        solver.net.before_backward(self._before_layer)
        solver.net.after_backward(self._nccl)

    def begin(self):
        """Do nothing: Caffe calls NCCL by itself."""

    def finish(self, factor=1):
        """Wait for NCCL, which works beside Caffe's stream, and replace the gradients by `factor` times the sums."""
        self._wait()
        for name, blobs in self._net.params.items():
            for blob in () if name.startswith("data_") else blobs:
                diff = blob.diff
                diff *= np.float32(self._size * factor)

    def _wait(self):
        began = time.perf_counter()
        status = self._driver.cuCtxSynchronize()
        self.seconds += time.perf_counter() - began
        if status:
            raise RuntimeError(f"The GPU failed while gradients were summed (CUDA's error {status}); the last snapshot "
                               "is kept, so start the same command again.")

    def _before_layer(self, layer):
        if layer == self._last_layer:
            self._wait()  # this backward pass adds to the means of the image before


def nccl_wanted(processes):
    """Say whether NCCL sums the gradients.

    Raises
    ------
    RuntimeError
        If CAFFE_NCCL is 1 where NCCL can't sum them: Caffe was built without it, or there are several machines.
    """
    if processes.size == 1 or os.environ.get("CAFFE_NCCL") != "1":
        return False
    if not caffe.has_nccl():
        raise RuntimeError("CAFFE_NCCL is 1, but this Caffe was built without NCCL; leave CAFFE_NCCL out.")
    if processes.size_on_machine < processes.size:
        raise RuntimeError("CAFFE_NCCL is 1, but the processes are on several machines, where only MPI can sum; leave "
                           "CAFFE_NCCL out.")
    return True
