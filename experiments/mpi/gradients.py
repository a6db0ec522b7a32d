"""Gradients summed over processes, while the backward pass still computes those of earlier layers."""

import time

import numpy as np

from experiments.mpi.nccl import NCCLSum, nccl_wanted

# A bucket is full when it holds this much.
BUCKET_BYTES = 4 << 20


class GradientSum:
    """Replaces the gradients of a net by their sum over all processes, times a factor.

    Small messages are slow, so the gradients of consecutive layers are summed in one message, a bucket, which is sent
    as soon as its last gradient is ready. A blob that fills a bucket alone is summed in place, and by shares where it
    may be: then only a process's own share of it becomes the sum.

    Parameters
    ----------
    solver : caffe.Solver
    processes : experiments.mpi.processes.SingleProcess or MPIProcesses
    by_shares : bool
        True where each process updates its share of the weights alone. All processes must be on one machine.

    Attributes
    ----------
    seconds : float
        Time spent so far on sending gradients and on waiting for their sums.
    """

    def __init__(self, solver, processes, by_shares=False):
        self._processes = processes
        self._buckets = _buckets(solver.net, BUCKET_BYTES)
        for bucket in self._buckets if by_shares else ():
            bucket.share_out(processes)
        self._waiting, self._sent = [], []
        self.seconds = 0.0
        if processes.size > 1:
            solver.net.after_backward(self._after_layer)

    def begin(self):
        """Get ready for the last backward pass of an iteration, during which the sums begin."""
        self._waiting, self._sent = list(self._buckets), []

    def finish(self, factor=1):
        """Wait, after the backward pass, for all sums, and replace the gradients by `factor` times these.

        Without `begin` the sums begin here.
        """
        began = time.perf_counter()
        if not self._sent and self._processes.size > 1:
            self._sent = [(bucket, bucket.start_sum(self._processes)) for bucket in self._buckets]
        if self._processes.size == 1:
            for bucket in self._buckets:
                bucket.scale(factor)
        for bucket, request in self._sent:
            request.Wait()
            bucket.unpack()
            bucket.scale(factor)
        self._sent = []
        self.seconds += time.perf_counter() - began

    def _after_layer(self, layer):
        began = time.perf_counter()
        while self._waiting and self._waiting[0].first_layer >= layer:
            bucket = self._waiting.pop(0)
            self._sent.append((bucket, bucket.start_sum(self._processes)))
        for _, request in self._sent:
            request.Test()  # MPI moves data on in its calls alone
        self.seconds += time.perf_counter() - began


class _Bucket:
    """Gradients of one or more blobs that are summed together."""

    def __init__(self, blobs, first_layer):
        self._blobs, self.first_layer = blobs, first_layer
        sizes = [blob.count for blob in blobs]
        self._ends = np.cumsum(sizes)
        self.bytes = 4 * int(self._ends[-1])
        self._buffer = np.empty(self._ends[-1], np.float32) if len(blobs) > 1 else None
        self._share, self._others = slice(None), None

    def share_out(self, processes):
        """Let a process sum its share alone, if that is worth it and the gradients are those of one blob."""
        if self._buffer is None and processes.are_shared(self._blobs[0].count):
            self._share = processes.share(self._blobs[0].count)
            self._others = np.empty((processes.size_on_machine - 1, self._share.stop - self._share.start), np.float32)

    def start_sum(self, processes):
        gradients = self._pack()
        return processes.start_sum(gradients) if self._others is None \
            else processes.start_sum_of_share(gradients, self._others)

    def _pack(self):
        if self._buffer is None:
            return self._blobs[0].diff.reshape(-1)
        return np.concatenate([blob.diff.reshape(-1) for blob in self._blobs], out=self._buffer)

    def unpack(self):
        if self._buffer is not None:
            for blob, part in zip(self._blobs, np.split(self._buffer, self._ends[:-1])):
                blob.diff[...] = part.reshape(blob.diff.shape)

    def scale(self, factor):
        if factor != 1:
            for blob in self._blobs:
                diff = blob.diff.reshape(-1)[self._share]
                diff *= np.float32(factor)


def gradient_sum(solver, processes, by_shares=False):
    """Return the object that sums a solver's gradients: a `GradientSum`, or an `NCCLSum` where NCCL is wanted.

    With `by_shares` a process needs no more than its share of the sums, see `GradientSum`.
    """
    if nccl_wanted(processes):
        return NCCLSum(solver, processes)
    return GradientSum(solver, processes, by_shares and processes.size == processes.size_on_machine)


def gradient_bytes(net):
    """Return the size of a net's gradients in bytes."""
    return sum(bucket.bytes for bucket in _buckets(net, BUCKET_BYTES))


def _buckets(net, bucket_bytes):
    """Put the parameters of a net into buckets, in the order of the backward pass."""
    buckets, blobs, first_layer = [], [], None
    for layer in reversed(range(len(net.layers))):
        parameters = list(net.layers[layer].blobs)
        if not parameters or net._layer_names[layer].startswith("data_"):
            continue  # a data layer's blob counts batches
        blobs, first_layer = blobs + parameters, layer
        if 4 * sum(blob.count for blob in blobs) >= bucket_bytes:
            buckets.append(_Bucket(blobs, first_layer))
            blobs = []
    if blobs:
        buckets.append(_Bucket(blobs, first_layer))
    return buckets
