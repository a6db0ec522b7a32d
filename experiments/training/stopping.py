"""Ends of a stage: convergence, seen in its validations, and divergence, seen in its loss."""

import math

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


class LossWatch:
    """Smooths the loss per labelled pixel and notices when it explodes.

    Parameters
    ----------
    ignorant : float
        The loss of a net that gives all classes the same probability.
    start : float, optional
        The loss at the stage's beginning, where a run goes on; else the first loss that is added.
    """

    def __init__(self, ignorant, start=None):
        self.ignorant, self.start = ignorant, start
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
        if self.smoothed > max(EXPLOSION * min(self.start, self.ignorant), self.ignorant):
            raise FloatingPointError(f"has grown to {self.smoothed:.4g} per labelled pixel, from {self.start:.4g} at "
                                     "the stage's beginning")
