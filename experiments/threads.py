"""How many threads a process may have."""

import os


def share_threads(environment):
    """Share the threads that OMP_NUM_THREADS gives a machine out to the processes that `mpirun` started on it.

    Without it each process would take all processors. Call it before NumPy is imported.

    Parameters
    ----------
    environment : dict
        The environment variables, `os.environ`; OMP_NUM_THREADS is changed.
    """
    processes = int(environment.get("OMPI_COMM_WORLD_LOCAL_SIZE", 1))
    if processes > 1:
        threads = int(environment.get("OMP_NUM_THREADS") or os.cpu_count())
        environment["OMP_NUM_THREADS"] = str(max(1, threads // processes))
