"""Scores of many sets of the CRF's parameters on one image, the grid search's unit of work."""

import itertools

import numpy as np
from PIL import Image

import theano_crf
from data_prep.store.metadata import VOID
from experiments.prediction.photographs import enlarged_labels
from experiments.scoring.metrics import confusion_matrix
from experiments.search.results import SetResult
from prototxt.unary import cooled, unary_costs
from theano_crf.defaults import NEIGHBOURS


def score_sets(image, truth, probability, kind, sets, decode, before_set=lambda parameters: None,
               neighbours=NEIGHBOURS):
    """Label an image with each set of parameters.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    truth : (H', W') uint8
        True labels, 255 where void; where their size is another one than the image's, labels are enlarged to it.
    probability : (K, H, W) float32
        The CNN's.
    kind : {"-p", "-log p"}
        The costs of a probability (eq. 4).
    sets : list of experiments.search.parameter_sets.ParameterSet or None
        None stands for the CNN alone: the most probable label.
    decode, neighbours
        As of `theano_crf.dual_mm`.
    before_set : callable
        Called with each set, without its gamma, before the image is labelled with it; with None for the CNN alone.

    Returns
    -------
    list of experiments.search.results.SetResult
        One per set.
    """
    colours, results, cooled_costs = image.transpose(2, 0, 1)[np.newaxis] / np.float32(255), [], {}
    # Neighbours that differ in gamma alone have the same labels.
    for shared, group in itertools.groupby(sets, key=lambda parameters: parameters and parameters.of_labels):
        before_set(shared)
        if shared is None:
            labels = probability.argmax(axis=0)
        else:
            costs = cooled_costs.get(shared.temperature)
            if costs is None:
                costs = unary_costs(cooled(probability, shared.temperature), kind)[np.newaxis]
                cooled_costs[shared.temperature] = costs
            weights = theano_crf.contrast_weights(colours, shared.alpha, shared.beta, shared.lam, neighbours,
                                                  shared.relative_contrast)
            labels = theano_crf.dual_mm(costs, weights, shared.iterations, decode, neighbours=neighbours).labels[0]
        confusion = confusion_of(truth, labels, len(probability))
        for parameters in group:
            has_gamma = parameters is not None and parameters.gamma is not None
            bound = _bound(costs, weights, truth, parameters, neighbours) if has_gamma else None
            results.append(SetResult(confusion, bound))
    return results


def confusion_of(truth, labels, classes):
    """Return the confusion matrix (K, K) int64 of labels, which are enlarged where the truth's size is another one."""
    return confusion_matrix(truth, enlarged_labels(labels, classes, *truth.shape), classes)


def _bound(costs, weights, truth, parameters, neighbours):
    """Return the bound on the number of wrong pixels, in the truth's pixels, of which several may share one's costs."""
    smaller = np.asarray(Image.fromarray(truth).resize(costs.shape[:1:-1], Image.NEAREST), np.int32)
    structured = theano_crf.ssvm(costs, weights, smaller[np.newaxis], parameters.gamma,
                                 iterations=parameters.iterations, neighbours=neighbours)
    pixels = np.count_nonzero(truth != VOID) / max(1, np.count_nonzero(smaller != VOID))
    return pixels * float(structured.loss[0]) / parameters.gamma
