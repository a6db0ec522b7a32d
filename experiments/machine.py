"""What the processes that `mpirun` starts on one machine leave to each other."""

import os


def share_machine(environment):
    """Share the threads that OMP_NUM_THREADS gives a machine out to the processes on it, and Theano's compile folder.

    Without it each process would take all processors, and wait five seconds and more whenever another one loads what
    Theano compiled. Call it before NumPy is imported.

    Parameters
    ----------
    environment : dict
        The environment variables, `os.environ`; OMP_NUM_THREADS and THEANO_FLAGS are changed.
    """
    processes = int(environment.get("OMPI_COMM_WORLD_LOCAL_SIZE", 1))
    if processes > 1:
        threads = int(environment.get("OMP_NUM_THREADS") or os.cpu_count())
        environment["OMP_NUM_THREADS"] = str(max(1, threads // processes))
        flags = [environment["THEANO_FLAGS"]] if environment.get("THEANO_FLAGS") else []
        environment["THEANO_FLAGS"] = ",".join([*flags, "compile.wait=1"])
