"""The gradients of an iteration's images, which several processes share out: the same whatever their number."""

import os
from contextlib import contextmanager

import caffe
import numpy as np

from data_prep.store.metadata import VOID
from experiments.mpi.data_parallel import data_count, dropout_seed
from experiments.mpi.gradients import gradient_sum
from experiments.mpi.sum_in_pairs import SumInPairs
from experiments.runtime.process_setup import gpu_number
from experiments.training.adam import AdamSolver

MEASURED = ("loss", "augmented_error", "certificate")  # tops of a training net, where it has them


class SharedIteration:
    """Forward and backward for the images of an iteration, one image at a time.

    An iteration has iter_size batches. Of its images the first process takes the first ones, the second the next. Their
    gradients are added up in pairs (`SumInPairs`, `add_in_pairs`).
    A batch's loss is that of all of its images, normalised by the number of its labelled pixels where the configuration
    says so: the loss of an image with m of the batch's M labelled pixels counts m/M. Caffe's solver divides the
    gradients by iter_size.

    Parameters
    ----------
    solver : caffe.Solver
        Its training net takes one image at a time, see `experiments.nets.definitions.image_by_image`.
    settings : experiments.settings.config.StageConfig
    seed : int
        Of dropout.
    processes : experiments.mpi.processes.SingleProcess or MPIProcesses
    """

    def __init__(self, solver, settings, seed, processes):
        self._net, self._seed, self._processes = solver.net, seed, processes
        self._batch, self._batches = settings.batch, settings.iter_size
        self._images = settings.batch * settings.iter_size
        own = self._images // processes.size
        images = range(processes.rank * own, (processes.rank + 1) * own)
        self._batch_of = [image // settings.batch for image in images]  # of each of this process's images
        # A GPU's own sums vary, and its gradients would have to leave it.
        self._own_sum = SumInPairs(solver.net, own, in_pairs=gpu_number(os.environ) is None)
        self._normalises = settings.normalise and settings.batch > 1
        self.sum = gradient_sum(solver, processes, by_shares=isinstance(solver, AdamSolver))

    def gradients(self, per_labelled_pixel):
        """Put the gradients into the net of each process; return the means of `MEASURED` over the iteration's images.

        A loss that is not finite is returned at once, alone: in Caffe's own step it goes on to the backward pass, where
        max pooling of NaN writes outside its memory.

        Parameters
        ----------
        per_labelled_pixel : callable
            Called with the net and a top's name after an image's forward pass; returns the top per labelled pixel.

        Returns
        -------
        dict
            ``{top: mean per labelled pixel}`` of the tops that the net has.
        """
        net, last = self._net, len(self._batch_of) - 1
        tops = [top for top in MEASURED if top in net.blobs]
        sums, labelled = np.zeros((len(tops), self._batches)), np.zeros(self._batches)
        # Of a single batch the number of labelled pixels is needed in the end only; it divides all gradients alike.
        known = self._count_labelled() if self._normalises and self._batches > 1 else np.ones(self._batches)
        self._own_sum.begin()
        for place, batch in enumerate(self._batch_of):
            caffe.set_random_seed(dropout_seed(self._seed, net, self._images))
            net.forward()
            values, count = np.array([per_labelled_pixel(net, top) for top in tops]), labelled_pixels(net)
            if not np.isfinite(values[0]):
                return {"loss": float(values[0])}
            sums[:, batch] += values * count
            labelled[batch] += count
            if self._normalises:
                net.blobs["loss"].diff[...] = count / known[batch]
            if place == last and not self._own_sum.adds:
                self.sum.begin()
            net.backward()
            self._own_sum.after_image(place)
        *sums, labelled = self._processes.sum(np.vstack([sums, labelled]))
        labelled = np.maximum(1, labelled)
        self.sum.finish(1 / labelled[0] if self._normalises and self._batches == 1 else 1)
        return {top: float(np.mean(of_batches / labelled)) for top, of_batches in zip(tops, sums)}

    def _count_labelled(self):
        """Return the number of labelled pixels of each batch, for which the data are loaded once more."""
        count, counts = data_count(self._net), np.zeros(self._batches)
        start = count[0]
        layer = next(index for index, name in enumerate(self._net._layer_names) if name.startswith("data_"))
        for batch in self._batch_of:
            self._net._forward(layer, layer)
            counts[batch] += labelled_pixels(self._net)
        count[0] = start
        return np.maximum(1, self._processes.sum(counts))

    def begin_at_batch(self):
        """Take the net's count of data for that of batches, as a snapshot has it, and count images from now on."""
        data_count(self._net)[...] *= self._batch

    @contextmanager
    def counted_in_batches(self):
        """Let the net count batches for a while, as snapshots do, those of Caffe's own command too."""
        data_count(self._net)[...] /= self._batch
        try:
            yield
        finally:
            self.begin_at_batch()


def labelled_pixels(net):
    """Return the number of pixels with a label of the images that a net has loaded."""
    return np.count_nonzero(net.blobs["label"].data != VOID)
