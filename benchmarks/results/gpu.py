"""Results of benchmarks.gpu as text."""

from benchmarks.measuring.timing import Timing
from experiments.scoring.text import aligned_table

MOST_SECONDS = 0.008  # for DualMM on the first size, where the memory is an H200's
MOST_RATIO = 2.5      # of DualMM on 8 neighbours to that on 4, whose directions are half as many
MOST_SHARE = 0.15     # of a joint step
MILLISECONDS = 1000
COLUMNS = ("DualMM", "8 neighbours", "SSVM")


def report(results):
    """Return the lines of a table of the solver and, where the nets were timed, of the training step.

    Parameters
    ----------
    results : dict
        As bench-gpu.json holds it.
    """
    rows = [(f"{row['width']} x {row['height']} x {results['labels']}, batch {row['batch']}",
             *(f"{MILLISECONDS * _median(row['seconds'][name]):.2f}" for name in COLUMNS),
             f"{MILLISECONDS * row['floor']:.2f}") for row in results["solver"]]
    lines = [f"{results['device']}: {results['bandwidth'] / 1e9:.0f} GB/s", "",
             aligned_table((f"ms, {results['iterations']} iterations", *COLUMNS, "floor"), rows)]
    first, eight = (_median(results["solver"][0]["seconds"][name]) for name in ("DualMM", "8 neighbours"))
    lines += ["", f"target on an H200: the first DualMM within {MILLISECONDS * MOST_SECONDS:.0f} ms: "
              + _verdict(first <= MOST_SECONDS),
              f"target: DualMM on 8 neighbours within {MOST_RATIO} times that on 4: {eight / first:.2f}, "
              + _verdict(eight <= MOST_RATIO * first)]
    if results["nets"]:
        lines += ["", *_training_step({part: _median(seconds) for part, seconds in results["nets"].items()})]
    return lines


def _training_step(medians):
    share = medians["crf"] / medians["step"]
    parts = ", ".join(f"{part} {MILLISECONDS * seconds:.1f} ms" for part, seconds in medians.items())
    return [f"joint training step, FCN-8s: {parts}",
            f"target: the CRF's share within {MOST_SHARE:.0%}: {share:.1%}, {_verdict(share <= MOST_SHARE)}"]


def _median(seconds):
    return Timing(tuple(seconds)).median


def _verdict(met):
    return "met" if met else "missed"
