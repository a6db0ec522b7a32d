"""Ends of a stage: convergence, seen in its validations, and divergence, seen in its loss."""

import math

from prototxt.stages import LOVASZ, SSVM

# The loss is smoothed over about this many iterations.
SMOOTHING = 20
# A loss does not come down again once it has grown by this factor since the stage's beginning and is above the loss of
# a net that knows nothing.
EXPLOSION = 10


def rounds(log):
    """Return a log's validations without the one of iteration 0, since nothing is trained there yet."""
    return [record for record in log.of_kind("validation") if record["iteration"] > 0]


def best_round(validations):
    """Return the validation of the highest IoU over classes, the first of several.

    Parameters
    ----------
    validations : list of dict
        Records of the log, in their order.
    """
    return max(validations, key=_score)


def has_converged(validations, patience):
    """Say whether the IoU over classes has not risen for `patience` validations; with None it never has converged."""
    if patience is None or not validations:
        return False
    best = validations.index(best_round(validations))
    return len(validations) - 1 - best >= patience


def _score(record):
    return -math.inf if record["classes"] is None else record["classes"]


def loss_range(loss, classes, gamma):
    """Return two losses per labelled pixel: of a net that knows nothing, and the greatest that there is.

    Parameters
    ----------
    loss : str
        Of a stage, see `prototxt.stages.Stage`.
    classes : int
    gamma : float
        The structured loss's margin.
    """
    if loss == LOVASZ:
        return 1 - 1 / classes, 1
    return 1 + gamma if loss == SSVM else math.log(classes), math.inf


class LossWatch:
    """Smooths the loss per labelled pixel and notices when it explodes.

    Parameters
    ----------
    ignorant : float
        The loss of a net that gives all classes the same probability.
    start : float, optional
        The loss at the stage's beginning, where a run goes on; else the first loss that is added.
    greatest : float
        No loss is above it. Where it leaves no room to grow by `EXPLOSION`, the loss has exploded halfway from
        ignorance, or from a start that was worse, to there.
    """

    def __init__(self, ignorant, start=None, greatest=math.inf):
        self.ignorant, self.start, self.greatest = ignorant, start, greatest
        self.smoothed = None

    def add(self, loss):
        """Add the loss of the next iteration.

        Raises
        ------
        FloatingPointError
            If it is not finite, or the smoothed loss explodes.
        """
        if not math.isfinite(loss):
            raise FloatingPointError(f"is {loss}")
        self.start = loss if self.start is None else self.start
        before = loss if self.smoothed is None else self.smoothed
        self.smoothed = before + (loss - before) / SMOOTHING
        if self.smoothed > self._limit():
            raise FloatingPointError(f"has grown to {self.smoothed:.4g} per labelled pixel, from {self.start:.4g} at "
                                     "the stage's beginning")

    def _limit(self):
        limit = max(EXPLOSION * min(self.start, self.ignorant), self.ignorant)
        return limit if limit < self.greatest else (max(self.start, self.ignorant) + self.greatest) / 2
