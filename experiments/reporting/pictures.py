"""Pictures of the report: overlays of whole images (the paper's figure 4) and enlarged regions (figure 5)."""

import string
from typing import NamedTuple, Optional

import numpy as np
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from experiments.prediction.label_images import colour_table, encode_png, enlarge, overlay, weights_picture
from experiments.reporting.disagreements import choose_regions
from experiments.scoring.result_rows import BEST, CNN, JOINT

OVERLAY_WIDTH = 480
REGION_WIDTH = 300
REGIONS = 4
# Side of a region as a share of the image's height.
REGION_SHARE = 0.3
# Share of equal true labels from which two images are alike.
ALIKE = 0.8
# Labels that are shown, and their captions.
SHOWN = (("truth", "ground truth"), *((row.key, row.title) for row in (CNN, JOINT, BEST)))
MARK_SIZE = 18
SUMMARY_GAP = 6


class Example(NamedTuple):
    """An image with all that is shown of it: arrays (H, W, ...), and its scores.

    Attributes
    ----------
    name : str
    image : (H, W, 3) uint8
    truth, cnn, joint : (H, W) integer
        Labels: the true ones, the CNN's of stage 3, those of CNN + CRF trained jointly.
    weights : (D, H, W) float32
    accuracies : dict of str to float
        Share of labelled pixels that are right in percent, a row's key each.
    best : (H, W) integer or None
        Labels of the row with the best settings, where it is trained.
    """

    name: str
    image: np.ndarray
    truth: np.ndarray
    cnn: np.ndarray
    joint: np.ndarray
    weights: np.ndarray
    accuracies: dict
    best: Optional[np.ndarray] = None

    @property
    def shown(self):
        """The labels that are shown: (attribute, caption) pairs."""
        return SHOWN[:-1] if self.best is None else SHOWN


def choose_examples(per_image, truths, count, first="cnn", second="joint"):
    """Choose images whose pixel accuracies in two rows differ most, either way, and that are not alike.

    Parameters
    ----------
    per_image : dict of str to dict of str to float
        For each image its accuracies by row.
    truths : callable
        Returns an image's true labels (H, W) for its name.
    count : int
        How many are wanted.
    first, second : str
        The rows' keys.

    Returns
    -------
    list of str
        Names. Datasets hold neighbouring frames of a film: one whose true labels are nearly another's is
        taken only where there are not enough without it.
    """
    gaps = {name: abs(rows[first] - rows[second]) for name, rows in per_image.items()}
    chosen, alike = {}, []
    for name in sorted(gaps, key=lambda name: (-gaps[name], name)):
        if len(chosen) == count:
            break
        truth = truths(name)
        if any(_are_alike(truth, other) for other in chosen.values()):
            alike.append(name)
        else:
            chosen[name] = truth
    return (list(chosen) + alike)[:count]


def _are_alike(first, second):
    return first.shape == second.shape and np.mean(first == second) > ALIKE


class ReportPictures:
    """Draws figures 4 and 5.

    Parameters
    ----------
    examples : list of Example
    classes : list of data_prep.store.metadata.LabelClass
    crf : experiments.settings.crf_config.CRFConfig
        Its lambda is the largest pairwise weight.
    """

    def __init__(self, examples, classes, crf):
        self._examples, self._colours, self._crf = examples, colour_table(classes), crf
        side = max([int(REGION_SHARE * example.truth.shape[0]) for example in examples], default=1)
        self._regions = choose_regions(*zip(*[(example.truth, example.cnn, example.joint)
                                              for example in examples]), REGIONS, max(side, 1))
        self.files = {}

    def summary(self):
        """Return the picture of the example that is most right, or None: image, truth, CNN only, CNN + CRF (joint)."""
        if not self._examples:
            return None
        example = max(self._examples, key=lambda example: example.accuracies["joint"])
        panels = [example.image] + [overlay(example.image, labels, self._colours, opacity=0.8)
                                    for labels in (example.truth, example.cnn, example.joint)]
        factor = max(1, round(OVERLAY_WIDTH / 2 / example.truth.shape[1]))
        gap = np.full((example.truth.shape[0] * factor, SUMMARY_GAP, 3), 255, np.uint8)
        row = [part for panel in panels for part in (gap, enlarge(panel, factor))][1:]
        return self._keep("summary.png", np.concatenate(row, axis=1),
                          "image, ground truth, CNN only, CNN + CRF (joint)", f"{example.name} and its labels")

    def overlays(self):
        """Return a row per image: {"name", "accuracies", "pictures": [{"file", "caption", "alt"}, ...]}."""
        return [{"name": example.name, "accuracies": example.accuracies,
                 "pictures": [self._overlay(index, key, caption) for key, caption in example.shown]}
                for index, example in enumerate(self._examples)]

    def _overlay(self, index, key, caption):
        example = self._examples[index]
        height, width = example.truth.shape
        factor = max(1, round(OVERLAY_WIDTH / width))
        # The photograph is smoothed when it is enlarged, the labels keep their pixels.
        image = Image.fromarray(example.image).resize((width * factor, height * factor), Image.BICUBIC)
        picture = overlay(np.asarray(image), enlarge(getattr(example, key), factor), self._colours)
        marked = self._mark_regions(picture, index, factor)
        return self._keep(f"figure4-{index + 1}-{key}.png", marked, caption, f"{caption} over {example.name}")

    def _mark_regions(self, picture, index, factor):
        canvas = Image.fromarray(picture)
        draw = ImageDraw.Draw(canvas)
        font = ImageFont.truetype(font_manager.findfont("DejaVu Sans:bold"), MARK_SIZE)
        for letter, region in zip(string.ascii_uppercase, self._regions):
            if region.image != index:
                continue
            left, top, side = (factor * length for length in (region.left, region.top, region.side))
            draw.rectangle((left, top, left + side - 1, top + side - 1), outline="white", width=3)
            draw.rectangle((left, top, left + MARK_SIZE + 4, top + MARK_SIZE + 4), fill="white")
            draw.text((left + MARK_SIZE / 2 + 2, top + MARK_SIZE / 2 + 2), letter, fill="black", font=font,
                      anchor="mm")
        return np.asarray(canvas)

    def regions(self):
        """Return a row per region: {"letter", "name", "pictures": [{"file", "caption", "alt"}, ...]}."""
        return [{"letter": letter, "name": self._examples[region.image].name,
                 "pictures": self._region(letter, region)}
                for letter, region in zip(string.ascii_uppercase, self._regions)]

    def _region(self, letter, region):
        example = self._examples[region.image]
        image = region.cut(example.image)
        pictures = [("image", "image", image)]
        for key, caption in example.shown:
            pictures.append((key, caption, overlay(image, region.cut(getattr(example, key)), self._colours)))
        pictures.append(("weights", "pairwise weights",
                         region.cut(weights_picture(example.weights, self._crf.lam, self._crf.neighbours))))
        factor = max(1, round(REGION_WIDTH / region.side))
        return [self._keep(f"figure5-{letter}-{key}.png", enlarge(picture, factor), caption,
                           f"region {letter}: {caption}") for key, caption, picture in pictures]

    def _keep(self, name, picture, caption, alt):
        self.files[name] = encode_png(picture)
        height, width = picture.shape[:2]
        return {"file": name, "caption": caption, "alt": alt, "width": width, "height": height}
