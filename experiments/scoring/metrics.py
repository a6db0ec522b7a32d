"""Scores of a segmentation: confusion matrix and intersection over union, over classes and over categories.

The rules are those of Cityscapes' official evaluation, so that the figures can stand beside published ones:

- pixels whose truth is void count nowhere;
- a class (or category) that occurs neither in the truth nor in the prediction has no score: it is NaN and
  left out of the mean, whereas one that is only predicted or only missed scores 0;
- a category's true positives are all pixels whose truth and prediction are classes of that category, the
  same class or not.
"""

from dataclasses import dataclass
from typing import Dict, Mapping, Optional, Sequence

import numpy as np

from data_prep.store.metadata import VOID


def confusion_matrix(truth, predicted, classes, void=VOID):
    """Count how often each class was taken for each.

    Parameters
    ----------
    truth : array of whole numbers, any shape
        True labels, 0 to ``classes - 1``, or `void`.
    predicted : array of whole numbers, the shape of `truth`
        Predicted labels, 0 to ``classes - 1``; checked everywhere, though they count nowhere at void.
    classes : int
        Number of classes in the class table. The matrix has that size whatever labels occur.
    void : int
        Label of pixels without truth.

    Returns
    -------
    (classes, classes) int64
        Rows are true classes, columns predicted ones. Matrices of several images add up.

    Raises
    ------
    ValueError
        If the shapes differ or a label is no class of the table.
    """
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if truth.shape != predicted.shape:
        raise ValueError(f"The truth has shape {truth.shape} and the prediction {predicted.shape}; "
                         "they must be equal.")
    labelled = truth != void
    counted = _checked_labels(truth[labelled], classes, f"truth (which may also be {void}, void)")
    predicted = _checked_labels(predicted, classes, "prediction")[labelled]
    pairs = np.bincount(counted * classes + predicted, minlength=classes * classes)
    return pairs.reshape(classes, classes).astype(np.int64)


def _checked_labels(labels, classes, what):
    whole = labels.astype(np.int64)
    wrong = (whole != labels) | (whole < 0) | (whole >= classes)
    if wrong.any():
        raise ValueError(f"Label {labels[wrong][0]} was found in the {what}; labels must be "
                         f"0 to {classes - 1}, the rows of the dataset's class table.")
    return whole


def intersection_over_union(confusion):
    """Intersection over union of each class, TP / (TP + FP + FN) (eq. 11).

    Parameters
    ----------
    confusion : (..., K, K) number
        Counts as from `confusion_matrix`, of one set of images or of several.

    Returns
    -------
    (..., K) float64
        Between 0 and 1; NaN for a class that is neither in the truth nor in the prediction.
    """
    confusion = np.asarray(confusion)
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    union = confusion.sum(axis=-2) + confusion.sum(axis=-1) - right
    return np.divide(right, union, out=np.full(right.shape, np.nan), where=union > 0)


def merge_categories(confusion, categories):
    """Add up the rows and columns of classes that share a category.

    Parameters
    ----------
    confusion : (K, K) int
        Counts over classes.
    categories : sequence of K str
        Category of each class.

    Returns
    -------
    names : list of C str
        The categories, in the order of their first class.
    merged : (C, C) int
        Counts over categories; its diagonal counts confusions within a category as right.

    Raises
    ------
    ValueError
        If there is not one category per class.
    """
    confusion = np.asarray(confusion)
    if confusion.shape != (len(categories), len(categories)):
        raise ValueError(f"The confusion matrix has shape {confusion.shape} but the class table has "
                         f"{len(categories)} rows; compute it with that number of classes.")
    names = list(dict.fromkeys(categories))
    member = np.array([[category == name for category in categories] for name in names], dtype=np.int64)
    return names, member @ confusion @ member.T


@dataclass(frozen=True)
class Scores:
    """Intersection over union in percent.

    Attributes
    ----------
    classes, categories : float
        Means over the classes and over the categories that have a score; NaN if none has.
    per_class, per_category : mapping of str to float
        Score of each, NaN where it has none.
    pixel_accuracy : float
        Share of labelled pixels with the right class.
    """

    classes: float
    categories: float
    per_class: Mapping[str, float]
    per_category: Mapping[str, float]
    pixel_accuracy: float

    def to_json(self) -> Dict[str, object]:
        """Return ``{"classes": .., "categories": .., "per_class": {..}}``, None (JSON's null) for NaN."""
        return {"classes": _number_or_none(self.classes), "categories": _number_or_none(self.categories),
                "per_class": {name: _number_or_none(value) for name, value in self.per_class.items()}}


def _number_or_none(value) -> Optional[float]:
    return None if np.isnan(value) else float(value)


def scores(confusion, names: Sequence[str], categories: Sequence[str]) -> Scores:
    """Score a confusion matrix.

    Parameters
    ----------
    confusion : (K, K) int
        Counts as from `confusion_matrix`, added up over all images; the mean of the images' scores is
        another figure.
    names, categories : sequences of K str
        Name and category of each class.

    Returns
    -------
    Scores

    Raises
    ------
    ValueError
        If `names`, `categories` and the matrix differ in size.
    """
    if len(names) != len(categories):
        raise ValueError(f"There are {len(names)} class names but {len(categories)} categories; "
                         "give one category per class.")
    category_names, merged = merge_categories(confusion, categories)
    over_classes = 100 * intersection_over_union(confusion)
    over_categories = 100 * intersection_over_union(merged)
    labelled = np.sum(confusion)
    return Scores(classes=_mean_of_known(over_classes), categories=_mean_of_known(over_categories),
                  per_class=dict(zip(names, over_classes.tolist())),
                  per_category=dict(zip(category_names, over_categories.tolist())),
                  pixel_accuracy=100 * float(np.trace(confusion) / labelled) if labelled else float("nan"))


def scores_of(confusions, classes):
    """Score the confusion matrices of all images together.

    Parameters
    ----------
    confusions : (N, K, K) int
    classes : sequence of K data_prep.store.metadata.LabelClass

    Returns
    -------
    Scores
    """
    return scores(np.sum(confusions, axis=0), [entry.name for entry in classes], [entry.category for entry in classes])


def _mean_of_known(values):
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
