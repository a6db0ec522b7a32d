"""Work in a process of its own, whose memory begins small and ends with it."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool


def in_fresh_process(function, *arguments):
    """Call `function(*arguments)` in a new Python process, which shares nothing with this one, and return its result.

    Raises
    ------
    RuntimeError
        If the process is killed; what the function raises is raised here, too.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as processes:
        try:
            return processes.submit(function, *arguments).result()
        except BrokenProcessPool:
            raise RuntimeError("A process of the benchmark was killed, for want of memory perhaps; end other programs "
                               "and start the benchmark again: what is finished is kept.") from None
