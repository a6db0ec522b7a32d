"""Means over seeds with their standard deviations, and t-intervals of paired differences."""

import math

import numpy as np
from scipy import stats


def summary(values, level=0.95):
    """Summarise the values of several seeds.

    Parameters
    ----------
    values : sequence of n float
    level : float
        Share of such intervals that hold the true mean, where values are normal and independent.

    Returns
    -------
    dict
        ``n``; ``mean``; ``sd``, the standard deviation with n - 1 degrees of freedom; ``low`` and ``high``, the
        t-interval of the mean. The last three are None for a single value.
    """
    values = np.asarray(values, float)
    n, mean = len(values), float(values.mean())
    if n < 2:
        return {"n": n, "mean": mean, "sd": None, "low": None, "high": None}
    deviation = float(values.std(ddof=1))
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * deviation / math.sqrt(n)
    return {"n": n, "mean": mean, "sd": deviation, "low": mean - half, "high": mean + half}
