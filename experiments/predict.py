"""Segment photographs of any size: `python3 -m experiments.predict --dataset camvid IMAGE...`.

A photograph is scaled so that its longer side is that of the training images, as a net knows objects in the
size they had there (--scale sets another factor), and CNN and CRF both run at that scale. The CRF stays at
the scale it was trained at since its costs depend on it: in a larger raster neighbours differ less, and areas
grow faster than their borders. Its labels are then brought to the photograph's size with smooth borders.

Writes <name>-overlay.png and <name>-labels.png (the dataset's label values, with a palette) for each
photograph, and legend.png.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import argparse
import sys
from pathlib import Path

import numpy as np

from data_prep.atomic_files import write_atomically
from data_prep.number_types import positive_real
from experiments.mpi.processes import communicator, share_out
from experiments.nets.segmenter import Segmenter
from experiments.prediction.label_images import colour_table, encode_label_png, encode_png, overlay
from experiments.prediction.photographs import (PhotographError, indicators, labels_at_size, read_photograph,
                                                scale_to_net)
from experiments.reporting.plots import legend
from experiments.runtime.command_line import run_command
from experiments.settings.build_paths import Build
from experiments.settings.config import load_config
from prototxt.stages import CNN, CONTROL, JOINT

STAGES = {"joint": JOINT, CNN: CNN, CONTROL: CONTROL}


class Predictor:
    """Segments photographs and writes the pictures.

    Parameters
    ----------
    segmenter : experiments.nets.segmenter.Segmenter
        Where its net has the CRF the CRF's labels are taken, else the CNN's most probable ones.
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
        small = scale_to_net(image, self.segmenter.size, self.scale)
        segmentation = self.segmenter(small)
        description = f"net at {small.shape[1]} x {small.shape[0]}"
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
    """Give each file the name of its pictures: its own without suffix, numbered where two are alike."""
    names = []
    for path in paths:
        stem, number = Path(path).stem, 2
        name = stem
        while name in names:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names


def _parser():
    summary, _, rest = __doc__.partition("\n")
    parser = argparse.ArgumentParser(description=summary, epilog=rest,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--dataset", help="dataset that the net was trained on")
    source.add_argument("--config", type=Path, help="the experiment, instead of --dataset")
    parser.add_argument("--build", type=Path, help="folder of nets and weights (default: build/<dataset>)")
    parser.add_argument("--output", type=Path, help="folder of the pictures (default: <build>/predictions)")
    parser.add_argument("--weights", choices=sorted(STAGES), default="joint",
                        help="joint: CNN and CRF trained together (default); stage3: the CNN before that; "
                             "control: the CNN trained on without the CRF")
    parser.add_argument("--crf", action=argparse.BooleanOptionalAction, default=True,
                        help="take the CRF's labels (default), or the CNN's alone")
    parser.add_argument("--scale", type=positive_real, help="factor between photograph and net's input")
    return parser


def main(arguments=None):
    options = _parser().parse_args(arguments)
    dataset = options.dataset or load_config(options.config).dataset
    build = Build(options.build or Path("build") / dataset)
    output = options.output or build.predictions
    metadata = build.metadata()
    weights = build.weights(STAGES[options.weights])
    net = build.deploy_net(options.crf)
    segmenter = Segmenter(net, weights, metadata.mean_bgr)
    predictor = Predictor(segmenter, metadata, output, options.scale)
    print(f"{weights}, trained on images of {segmenter.size[1]} x {segmenter.size[0]}")
    processes, failed = communicator(), 0
    for line, error in share_out(processes, list(zip(options.images, output_names(options.images))), predictor.attempt):
        if error is None:
            print(line, flush=True)
        else:
            failed += 1
            if processes.rank == 0:
                print(f"error: {error}", file=sys.stderr)
    if failed < len(options.images) and processes.rank == 0:
        write_atomically(output / "legend.png", legend(metadata.classes, metadata.label_ids))
        print(f"pictures are in {output}")
    return 1 if failed else 0


if __name__ == "__main__":
    run_command(main)
