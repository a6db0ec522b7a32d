"""Fake dataset folders."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def camvid_root(tmp_path):
    """A folder laid out as CamVid: five images for training, two for validation, 12 x 8 pixels."""
    generator = np.random.default_rng(3)
    for split, count in (("train", 5), ("val", 2)):
        for folder in (split, split + "annot"):
            (tmp_path / "camvid" / folder).mkdir(parents=True)
        for number in range(count):
            image = generator.integers(0, 256, (8, 12, 3), dtype=np.uint8)
            labels = generator.integers(0, 12, (8, 12), dtype=np.uint8)
            Image.fromarray(image).save(tmp_path / "camvid" / split / f"frame_{number}.png")
            Image.fromarray(labels).save(tmp_path / "camvid" / (split + "annot") / f"frame_{number}.png")
    return tmp_path / "camvid"
