"""Segmentation of photographs, written as overlays and label images."""

from pathlib import Path

import numpy as np

from data_prep.atomic_files import write_atomically
from experiments.prediction.label_images import colour_table, encode_label_png, encode_png, overlay
from experiments.prediction.photographs import (PhotographError, indicators, labels_at_size, read_photograph,
                                                scale_to_net)


class Predictor:
    """Segments photographs and writes the pictures.

    Parameters
    ----------
    segmenter : experiments.nets.segmenter.Segmenter
        Where its net has the CRF, the CRF's labels are taken, else the CNN's most probable ones.
    metadata : data_prep.store.metadata.Metadata
        Of the dataset that the net was trained on.
    output : path
        Folder of the pictures; made where it is missing.
    scale : float, optional
        Factor between photograph and net's input, see `experiments.prediction.photographs.scale_to_net`.
    """

    def __init__(self, segmenter, metadata, output, scale=None):
        self.segmenter, self.metadata, self.output = segmenter, metadata, Path(output)
        self.scale = scale
        self._colours = colour_table(metadata.classes)

    def labels(self, image):
        """Segment an image (H, W, 3) uint8.

        Returns
        -------
        labels : (H, W) uint8
        description : str
            The net's input size and, with the CRF, energy, lower bound and their gap.
        """
        scaled = scale_to_net(image, self.segmenter.size, self.scale)
        segmentation = self.segmenter(scaled)
        description = f"net at {scaled.shape[1]} x {scaled.shape[0]}"
        planes = segmentation.prob
        if self.segmenter.has_crf:
            planes = indicators(segmentation.labels, len(segmentation.prob))
            gap = segmentation.energy - segmentation.lower_bound
            description += (f", energy {segmentation.energy:.2f}, lower bound {segmentation.lower_bound:.2f}, "
                            f"gap {gap:.2f} ({100 * gap / max(abs(segmentation.energy), 1e-9):.3f} %)")
        return labels_at_size(planes, *image.shape[:2]), description

    def predict(self, path, name):
        """Segment a file and write its pictures under `name`; return a line that describes the result."""
        image = read_photograph(path)
        labels, description = self.labels(image)
        pictures = {"overlay": encode_png(overlay(image, labels, self._colours)),
                    "labels": encode_label_png(labels, self.metadata.classes, self.metadata.label_ids)}
        for kind, content in pictures.items():
            write_atomically(self.output / f"{name}-{kind}.png", content)
        return f"{path}: {image.shape[1]} x {image.shape[0]}, {description}: {self._shares(labels)}"

    def attempt(self, task):
        """Predict for a pair (path, name); return (line, None), or (None, sentence) where the file is no photograph."""
        try:
            return self.predict(*task), None
        except PhotographError as error:
            return None, str(error)

    def _shares(self, labels):
        counts = np.bincount(labels.ravel(), minlength=len(self.metadata.classes))
        present = [label for label in np.argsort(-counts, kind="stable") if counts[label]]
        return ", ".join(f"{self.metadata.classes[label].name} {100 * counts[label] / labels.size:.1f} %"
                         for label in present)


def output_names(paths):
    """Return a name for the pictures of each file: the file's own without suffix, numbered where two are alike."""
    names = []
    for path in paths:
        stem, number = Path(path).stem, 2
        name = stem
        while name in names:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names
