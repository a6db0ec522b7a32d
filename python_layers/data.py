"""SegmentationData: images and labels from an LMDB, one record per pair."""

from pathlib import Path
from typing import Optional, Tuple

import caffe
import numpy as np

from data_prep.store.metadata import read_metadata
from data_prep.store.records import open_records
from data_prep.strict_model import StrictModel
from python_layers.blobs import check_blob_counts
from python_layers.errors import shows_errors
from python_layers.order import Order
from python_layers.parameters import parse_param_str
from python_layers.prefetch import Prefetcher


class DataParameters(StrictModel):
    source: str                              # folder of the LMDB
    # subtracted from the image, 0 to 255; without it that of dataset.json beside the folder
    mean_bgr: Optional[Tuple[float, float, float]] = None
    batch: int = 1
    shuffle: bool = True
    mirror: bool = False
    seed: int = 0


class SegmentationData(caffe.Layer):
    """Tops: image (N, 3, H, W), BGR in 0 to 255 less the mean; labels (N, H, W), 255 = void.

    Parameters in `param_str`: see `DataParameters`. The one parameter blob of the layer counts batches, so it is
    saved and restored with the weights and `caffe train -snapshot` goes on with the next image; give it
    `lr_mult: 0` and `decay_mult: 0`. A batch of several images needs images of one size.

    Of several processes (`caffe.set_solver_rank` and `caffe.set_solver_count`), each takes its share of the batches
    that one process would take one after the other; the count is that of all processes together, so that a run
    can go on with another number of them.
    """

    @shows_errors
    def setup(self, bottom, top):
        check_blob_counts(self, bottom, top, (0,), (2,))
        self.parameters = parse_param_str(DataParameters, self)
        self.mean = np.float32(_mean_bgr(self.parameters))[:, None, None]
        self.blobs.add_blob(1)
        self.blobs[0].data[...] = 0
        self.prefetcher = Prefetcher(lambda: _open_source(self.parameters))
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
        return int(self.blobs[0].data[0]) + caffe.solver_rank()


def _mean_bgr(parameters):
    if parameters.mean_bgr is not None:
        return parameters.mean_bgr
    return read_metadata(str(Path(parameters.source).parent)).mean_bgr


def _open_source(parameters):
    """Open the LMDB and return `load(batch) -> (images (N, 3, H, W), labels (N, H, W))`, both uint8."""
    records = open_records(parameters.source)
    order = Order(len(records), parameters.shuffle, parameters.mirror, parameters.seed)

    def load(batch):
        positions = range(batch * parameters.batch, (batch + 1) * parameters.batch)
        pairs = [_load_pair(records, *order.at(position)) for position in positions]
        shapes = {labels.shape for _, labels in pairs}
        if len(shapes) > 1:
            raise ValueError(f"A batch of {len(pairs)} images from {parameters.source} mixes the sizes (height, "
                             f"width) {sorted(shapes)}; use batch 1 and iter_size {len(pairs)} for such images.")
        return tuple(np.stack(arrays) for arrays in zip(*pairs))

    return load


def _load_pair(records, index, mirrored):
    planes = records.planes(index)
    if mirrored:
        planes = planes[:, :, ::-1]
    return planes[:3], planes[3]
