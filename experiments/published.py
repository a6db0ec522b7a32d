"""The paper's table 1 as it was published, with the rows that are measured here."""

from typing import NamedTuple, Optional

from experiments.rows import CNN, CNN_CRF, JOINT


class PublishedRow(NamedTuple):
    """A line of table 1: IoU in percent on Cityscapes.

    Attributes
    ----------
    title : str
    coarse, stereo, half_resolution : bool
        Whether it has the coarse annotations, has stereo, works on images of half the resolution.
    split : str
        Of Cityscapes.
    classes, categories : float or None
    key : str or None
        Of the row of `experiments.rows` that is measured here.
    """

    title: str
    coarse: bool
    stereo: bool
    half_resolution: bool
    split: str
    classes: float
    categories: Optional[float]
    key: Optional[str] = None


def _measured(row):
    return PublishedRow(row.title, False, False, True, "val", *row.published, row.key)


# title, coarse, stereo, half resolution, split, IoU classes, IoU categories
TABLE_1 = (
    _measured(CNN),
    _measured(CNN_CRF),
    _measured(JOINT),
    PublishedRow("Ours (the paper's joint model)", False, False, True, "test", 62.4, 82.3),
    PublishedRow("Papandreou et al. [19]", True, False, True, "test", 64.8, 81.3),
    PublishedRow("DeepLab [3]", False, False, True, "test", 63.1, 81.2),
    PublishedRow("CRF as RNN [32]", False, False, True, "test", 62.5, 82.7),
    PublishedRow("FCN 8s [18]", False, False, True, "test", 61.9, None),
    PublishedRow("LRR-4x [6]", True, False, False, "test", 71.8, 88.4),
    PublishedRow("Adelaide [16]", False, False, False, "test", 71.6, 51.7),
    PublishedRow("DeepLab [3]", False, False, False, "test", 70.4, 86.4),
    PublishedRow("Dilation10 [31]", False, False, False, "test", 67.1, 86.5),
    PublishedRow("Krešo et al. [13]", False, True, False, "test", 66.3, 85.0),
    PublishedRow("FCN 8s [18]", False, False, False, "test", 65.3, 85.7),
    PublishedRow("Uhrig et al. [30]", False, True, False, "test", 64.3, 85.9),
)
