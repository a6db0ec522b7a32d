"""Folders laid out as Cityscapes, with small frames."""

from pathlib import Path

import numpy as np
from PIL import Image

CITIES = {"train": ("aachen", "bremen"), "val": ("frankfurt",), "test": ("berlin",)}
LABEL_IDS = 34  # 0 to 33


def frame_name(split, number):
    """Frames alternate between the split's cities."""
    cities = CITIES[split]
    return f"{cities[number % len(cities)]}_{number:06d}_000019"


def make_tree(root, counts, size=(12, 16), ids=range(LABEL_IDS)):
    """Make leftImg8bit/ and gtFine/ with `counts` (split to number) frames of (height, width) `size`.

    Labels are blocks of 4 x 4 pixels of random `ids`; those of the test split are 0 and 3 as in the published package,
    which has no true ones. Instances are whole classes.
    """
    generator = np.random.default_rng(7)
    for split, count in counts.items():
        for number in range(count):
            frame = frame_name(split, number)
            image = generator.integers(0, 256, (*size, 3), dtype=np.uint8)
            blocks = generator.choice(ids if split != "test" else (0, 3), (-(-size[0] // 4), -(-size[1] // 4)))
            labels = blocks.repeat(4, 0).repeat(4, 1)[:size[0], :size[1]].astype(np.uint8)
            instances = np.where((24 <= labels) & (labels <= 33), labels.astype(np.int32) * 1000 + 1, labels)
            save(root, "leftImg8bit", split, frame, "leftImg8bit", image)
            save(root, "gtFine", split, frame, "gtFine_labelIds", labels)
            save(root, "gtFine", split, frame, "gtFine_instanceIds", instances.astype(np.int32))
    return Path(root)


def save(root, kind, split, frame, ending, pixels):
    path = Path(root) / kind / split / frame.split("_")[0] / f"{frame}_{ending}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
