"""Gradients of a net summed over processes, while the backward pass still computes those of earlier layers."""

import time

import numpy as np

from experiments.mpi.nccl import NCCLMean, nccl_wanted

# A bucket is full when it holds as much.
BUCKET_BYTES = 4 << 20


class GradientMean:
    """Replaces the gradients of a net by their mean over all processes.

    The gradients of layers that follow each other are summed in one message, a bucket, as small messages cost much;
    it is sent as soon as the last of them is ready. A blob that fills a bucket alone is summed where it is.

    Parameters
    ----------
    solver : caffe.Solver
    processes : experiments.mpi.processes.SingleProcess or MPIProcesses

    Attributes
    ----------
    seconds : float
        Spent so far on sending, and on waiting for the sums.
    """

    def __init__(self, solver, processes):
        self._processes = processes
        self._buckets = _buckets(solver.net, BUCKET_BYTES) if processes.size > 1 else []
        self._waiting, self._sent = [], []
        self.seconds = 0.0
        if self._buckets:
            solver.net.after_backward(self._after_layer)

    def begin(self):
        """Call it before the last backward pass of an iteration: the sums begin while it runs."""
        self._waiting, self._sent = list(self._buckets), []

    def finish(self):
        """Wait for all sums, after the backward pass, and put the means in the place of the gradients."""
        began = time.perf_counter()
        for bucket, request in self._sent:
            request.Wait()
            bucket.unpack(np.float32(1 / self._processes.size))
        self.seconds += time.perf_counter() - began

    def _after_layer(self, layer):
        began = time.perf_counter()
        while self._waiting and self._waiting[0].first_layer >= layer:
            bucket = self._waiting.pop(0)
            self._sent.append((bucket, self._processes.start_sum(bucket.pack())))
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

    def pack(self):
        if self._buffer is None:
            return self._blobs[0].diff.reshape(-1)
        return np.concatenate([blob.diff.reshape(-1) for blob in self._blobs], out=self._buffer)

    def unpack(self, scale):
        if self._buffer is None:
            self._blobs[0].diff[...] *= scale
            return
        for blob, part in zip(self._blobs, np.split(self._buffer, self._ends[:-1])):
            np.multiply(part.reshape(blob.diff.shape), scale, out=blob.diff)


def gradient_mean(solver, processes):
    """Return what sums a solver's gradients over processes: `GradientMean`, or NCCL's `NCCLMean` where asked for."""
    return (NCCLMean if nccl_wanted(processes) else GradientMean)(solver, processes)


def gradient_bytes(net):
    """Return how many bytes of gradients a net has."""
    return sum(bucket.bytes for bucket in _buckets(net, BUCKET_BYTES))


def _buckets(net, bucket_bytes):
    """Put the parameters of a net into buckets, in the order of the backward pass."""
    buckets, blobs, first_layer = [], [], None
    for layer in reversed(range(len(net.layers))):
        own = list(net.layers[layer].blobs)
        if not own or net._layer_names[layer].startswith("data_"):
            continue  # a data layer's blob counts batches
        blobs, first_layer = blobs + own, layer
        if 4 * sum(blob.count for blob in blobs) >= bucket_bytes:
            buckets.append(_Bucket(blobs, first_layer))
            blobs = []
    if blobs:
        buckets.append(_Bucket(blobs, first_layer))
    return buckets
