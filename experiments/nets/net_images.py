"""Images of a split at the size that the nets work at."""

from data_prep.store.records import open_records
from python_layers.augmentation import scaled_pair


class NetImages:
    """The images of a split and their labels, in the order of its records.

    Parameters
    ----------
    folder : path
        The split's LMDB.
    scale : float
        `image_scale` of the configuration.
    """

    def __init__(self, folder, scale):
        self._records, self._scale = open_records(str(folder)), scale

    def __len__(self):
        return len(self._records)

    def name(self, index):
        """Return the name of the image at place `index`."""
        return self._records.name(index)

    def __getitem__(self, index):
        """Return (image (H, W, 3) RGB, labels (H, W)) at place `index`, both uint8, both at the nets' size."""
        return self._at_scale(*self._records[index])

    def to_score(self, index):
        """Return (image, truth) at place `index`: the image at the nets' size, the truth at the dataset's."""
        image, truth = self._records[index]
        return self._at_scale(image, truth)[0], truth

    def _at_scale(self, image, labels):
        return (image, labels) if self._scale == 1 else scaled_pair(image, labels, self._scale)
