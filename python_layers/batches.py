"""Batches of a dataset's images and labels: which records, in which order, how augmented."""

from pathlib import Path
from typing import Optional, Tuple, Union

import numpy as np
import pydantic

from data_prep.store.datum import planes_to_pair
from data_prep.store.metadata import read_metadata
from data_prep.store.records import open_records
from data_prep.strict_model import StrictModel
from python_layers.augmentation import Augmentation
from python_layers.order import Order, evenly_spread


class DataParameters(StrictModel):
    """Parameters of a `SegmentationData` layer."""

    # folder of the LMDB; of several, their records follow one another
    source: Union[str, Tuple[str, ...]]
    records: Optional[int] = pydantic.Field(None, ge=1)  # so many of each folder; without it all
    spread: bool = False  # these are spread evenly over the folder; without it they are its first
    # subtracted from the image, 0 to 255; without it that of dataset.json beside the folder
    mean_bgr: Optional[Tuple[float, float, float]] = None
    batch: int = pydantic.Field(1, ge=1)
    shuffle: bool = True
    mirror: bool = False
    augmentation: Augmentation = Augmentation()
    # After so many images of the stream, `late_augmentation` takes the place of `augmentation`.
    late_from: Optional[int] = pydantic.Field(None, ge=1)
    late_augmentation: Augmentation = Augmentation()
    seed: int = pydantic.Field(0, ge=0)
    # batches that several processes share out at a time; without it one for each process
    round: Optional[int] = pydantic.Field(None, ge=1)

    @pydantic.validator("source")
    def check_source(cls, value):
        if not value:
            raise ValueError("it must be a folder or a list of folders, not an empty list")
        return value

    @pydantic.validator("late_augmentation")
    def check_late(cls, value, values):
        if value != Augmentation() and "late_from" in values and values["late_from"] is None:
            raise ValueError("it begins at late_from; set that, too")
        return value

    def chosen(self, records):
        """Return the indices of a folder's records that are taken; the folder has `records`."""
        count = records if self.records is None else self.records
        return evenly_spread(count, records) if self.spread else range(min(count, records))

    def augmentation_at(self, position):
        """Return the `Augmentation` of the image at a position of the stream."""
        late = self.late_from is not None and position >= self.late_from
        return self.late_augmentation if late else self.augmentation


def _folders(parameters):
    return [parameters.source] if isinstance(parameters.source, str) else list(parameters.source)


def mean_bgr(parameters):
    """Return the mean colour that is subtracted, (blue, green, red) in 0 to 255."""
    if parameters.mean_bgr is not None:
        return parameters.mean_bgr
    return read_metadata(str(Path(_folders(parameters)[0]).parent)).mean_bgr


def open_batches(parameters):
    """Open the LMDBs and return `load(batch) -> (images (N, 3, H, W), labels (N, H, W))`, both uint8."""
    places = [(records, index) for records in map(open_records, _folders(parameters))
              for index in parameters.chosen(len(records))]
    order = Order(len(places), parameters.shuffle, parameters.mirror, parameters.seed)
    padding = np.clip(np.rint(mean_bgr(parameters)), 0, 255).astype(np.uint8)[::-1]

    def load_pair(position):
        place, mirrored = order.at(position)
        records, index = places[place]
        planes = records.planes(index)
        if mirrored:
            planes = planes[:, :, ::-1]
        augmentation = parameters.augmentation_at(position)
        if augmentation == Augmentation():
            return planes[:3], planes[3]
        change = augmentation.draw(parameters.seed, position)
        image, labels = change.apply(*planes_to_pair(planes), padding)
        return image[:, :, ::-1].transpose(2, 0, 1), labels

    def load(batch):
        positions = range(batch * parameters.batch, (batch + 1) * parameters.batch)
        pairs = [load_pair(position) for position in positions]
        shapes = {labels.shape for _, labels in pairs}
        if len(shapes) > 1:
            raise ValueError(f"A batch of {len(pairs)} images from {parameters.source} mixes the sizes (height, "
                             f"width) {sorted(shapes)}; use batch 1 and iter_size {len(pairs)} for such images, or "
                             "crops of one size.")
        return tuple(np.stack(arrays) for arrays in zip(*pairs))

    return load
