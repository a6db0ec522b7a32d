"""Time to the first result of a process, with an empty compile folder of Theano and with a filled one."""

import os
import subprocess
import sys
import tempfile

FIRST_RESULT = """
import time
begin = time.perf_counter()
import numpy, theano_crf
ready = time.perf_counter()
unary, weights = numpy.zeros((1, 2, 3, 3)), numpy.zeros((1, 2, 3, 3))
theano_crf.{call}
print(ready - begin, time.perf_counter() - ready)
"""
CALLS = {"dual_mm": "dual_mm(unary, weights)",
         "ssvm": "ssvm(unary, weights, numpy.zeros((1, 3, 3), int))"}


def first_result_seconds(call, compile_folder):
    """Start a process that calls one of `CALLS` once.

    Parameters
    ----------
    call : str
    compile_folder : path
        Theano's.

    Returns
    -------
    imports, first_call : float
        Seconds for importing Theano and the library, and for the first call, on a problem of 3 x 3 pixels.

    Raises
    ------
    RuntimeError
        If the process fails.
    """
    flags = f"base_compiledir={compile_folder}"
    environment = dict(os.environ, THEANO_FLAGS=",".join(filter(None, [os.environ.get("THEANO_FLAGS"), flags])))
    done = subprocess.run([sys.executable, "-c", FIRST_RESULT.format(call=CALLS[call])], env=environment,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"The process that times the first call of {call} failed: {done.stderr.strip()[-300:]}")
    return tuple(float(word) for word in done.stdout.split())


def compile_times(rounds, folder, progress):
    """Measure the seconds of the imports and the first calls, cold and warm.

    Parameters
    ----------
    rounds : int
        Fresh compile folders per call; a process finds each empty, another finds it filled.
    folder : path
        Holds the compile folders while they are needed.
    progress : data_prep.progress.Progress
        Advanced for each process: 2 * len(CALLS) * rounds times.

    Returns
    -------
    dict of str to list of float
        "import", and for each call "<call> cold" and "<call> warm".
    """
    seconds = {"import": []}
    for _ in range(rounds):
        for call in CALLS:
            with tempfile.TemporaryDirectory(dir=folder) as compile_folder:
                for state in ("cold", "warm"):
                    imports, first_call = first_result_seconds(call, compile_folder)
                    seconds["import"].append(imports)
                    seconds.setdefault(f"{call} {state}", []).append(first_call)
                    progress.advance(f"{call} {state}")
    return seconds
