"""SegmentationData: images and labels from LMDBs, one record per pair."""

import caffe
import numpy as np

from python_layers.batches import DataParameters, mean_bgr, open_batches
from python_layers.blobs import check_blob_counts
from python_layers.errors import shows_errors
from python_layers.order import next_position
from python_layers.parameters import parse_param_str
from python_layers.prefetch import Prefetcher


class SegmentationData(caffe.Layer):
    """Tops: image (N, 3, H, W), BGR in 0 to 255 less the mean; labels (N, H, W), 255 = void.

    Parameters in `param_str`: see `python_layers.batches.DataParameters`. The one parameter blob of the layer counts
    batches, so it is saved and restored with the weights and `caffe train -snapshot` goes on with the next image; give
    it `lr_mult: 0` and `decay_mult: 0`. A batch of several images needs images of one size, or crops.

    Of several processes (`caffe.set_solver_rank` and `caffe.set_solver_count`), each takes its share of the batches
    that one process would take one after the other, consecutive ones of each round; the count is that of all processes
    together, so that a run can go on with another number of them.
    """

    @shows_errors
    def setup(self, bottom, top):
        check_blob_counts(self, bottom, top, (0,), (2,))
        self.parameters = parse_param_str(DataParameters, self)
        self.mean = np.float32(mean_bgr(self.parameters))[:, None, None]
        self.blobs.add_blob(1)
        self.blobs[0].data[...] = 0
        self.prefetcher = Prefetcher(lambda: open_batches(self.parameters))
        self.loaded = None

    @shows_errors
    def reshape(self, bottom, top):
        batch = self._next_batch()
        if self.loaded != batch:
            self.images, self.labels = self.prefetcher.get(batch)
            self.loaded = batch
        top[0].reshape(*self.images.shape)
        top[1].reshape(*self.labels.shape)

    @shows_errors
    def forward(self, bottom, top):
        top[0].data[...] = self.images
        top[0].data[...] -= self.mean
        top[1].data[...] = self.labels
        self.blobs[0].data[...] += caffe.solver_count()
        self.prefetcher.request(self._next_batch())

    def backward(self, top, propagate_down, bottom):
        pass

    def _next_batch(self):
        processes = caffe.solver_count()
        return next_position(int(self.blobs[0].data[0]), self.parameters.round or processes, caffe.solver_rank(),
                             processes)
