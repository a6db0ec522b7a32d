"""The general CRF: time and memory of neighbourhoods with Potts and with a compatibility, and its peers."""

import functools

from benchmarks.measuring.neighbours import NEIGHBOURHOODS
from benchmarks.measuring.peak_memory import peak_extra_bytes
from benchmarks.measuring.problem import Source
from benchmarks.measuring.timing import Run, time_in_turns
from benchmarks.solvers import methods

SMALL = dict(height=180, width=240, labels=11)  # CamVid's at half resolution: compatibilities cost labels squared
PEERS = "8"                                     # the neighbourhood that is compared with other methods
ICM_EFFORTS = (15, 30, 60)
TRWS_EFFORTS = (15, 60)


def model_sources(frame):
    """List the sources that are measured: the frame with Potts, and a small one with Potts and with a compatibility.

    Parameters
    ----------
    frame : benchmarks.measuring.problem.Source

    Returns
    -------
    list of benchmarks.measuring.problem.Source
        In each of the three groups, of all `NEIGHBOURHOODS`, the usual one first.
    """
    return [source._replace(neighbours=neighbours, general=general)
            for source, general in ((frame, False), (Source(**SMALL), False), (Source(**SMALL), True))
            for neighbours in NEIGHBOURHOODS.values()]


def measure_models(sources, rounds, progress):
    """Measure time and memory of 15 iterations with argmin on 2 threads.

    Parameters
    ----------
    sources : sequence of benchmarks.measuring.problem.Source
    rounds : int
    progress : data_prep.progress.Progress
        Advanced (rounds + 2) * len(sources) times.

    Returns
    -------
    list of dict
        height, width, labels, neighbours (their name), general (bool), seconds (a list), bytes (beyond the input) and
        volume_bytes.
    """
    names = {neighbours: name for name, neighbours in NEIGHBOURHOODS.items()}
    method, problems = methods.dual_mm("argmin"), [source.load() for source in sources]
    runs = [Run(str(number), functools.partial(method.on, problem)) for number, problem in enumerate(problems)]
    timings, _ = time_in_turns(runs, rounds, progress)
    rows = []
    for number, (source, problem) in enumerate(zip(sources, problems)):
        _, labels, height, width = problem.probability.shape
        rows.append({"height": height, "width": width, "labels": labels, "neighbours": names[source.neighbours],
                     "general": source.general, "seconds": list(timings[str(number)].seconds),
                     "bytes": peak_extra_bytes(source, method), "volume_bytes": problem.volume_bytes})
        progress.advance(names[source.neighbours])
    return rows


def peer_sources(frame):
    """List the frames with 8 neighbours on which other methods are measured: a drawn one, and a given frame."""
    sources = {Source(), frame}
    return sorted((source._replace(neighbours=NEIGHBOURHOODS[PEERS]) for source in sources),
                  key=lambda source: source.folder or "")


def compared_peers():
    """Return the methods that are compared with 8 neighbours."""
    return [*(methods.dual_mm("icm", effort) for effort in ICM_EFFORTS),
            *(methods.trws(effort) for effort in TRWS_EFFORTS), methods.alpha_expansion()]
