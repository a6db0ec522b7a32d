"""Growth of the solver's time with pixels and labels."""

import functools

from benchmarks.measuring.problem import Source
from benchmarks.measuring.timing import Run, time_in_turns
from benchmarks.solvers import methods

SIZES = ((256, 512), (512, 1024), (1024, 2048))  # height, width
LABELS = (11, 19, 150)
USUAL_SIZE, USUAL_LABELS = (512, 1024), 19


def growth_sources(sizes=SIZES, labels=LABELS, usual_size=USUAL_SIZE, usual_labels=USUAL_LABELS):
    """List drawn frames: of all sizes with the usual labels, and of the usual size with all numbers of labels."""
    frames = [Source(None, *size, usual_labels) for size in sizes]
    frames += [Source(None, *usual_size, count) for count in labels]
    return list(dict.fromkeys(frames))


def measure_growth(sources, rounds, threads, progress):
    """Time 15 iterations with argmin on each frame, all in turns.

    Parameters
    ----------
    sources : sequence of Source
    rounds, threads : int
    progress : data_prep.progress.Progress
        Advanced (rounds + 1) * len(sources) times.

    Returns
    -------
    list of dict
        height, width, labels, seconds (a list) and nanoseconds per pixel, label and iteration (the median).
    """
    method = methods.dual_mm("argmin", threads=threads)
    runs = [Run(str(source), functools.partial(method.on, source.load())) for source in sources]
    timings, _ = time_in_turns(runs, rounds, progress)
    rows = []
    for source in sources:
        timing = timings[str(source)]
        values = source.height * source.width * source.labels
        rows.append({"height": source.height, "width": source.width, "labels": source.labels,
                     "seconds": list(timing.seconds),
                     "nanoseconds": 1e9 * timing.median / values / methods.ITERATIONS})
    return rows
