"""What the processes that `mpirun` starts on one machine leave to each other: threads, GPUs, compiled files."""

import os
import re


def gpu_number(environment):
    """Return the number of the GPU of this process, None for the processor.

    With DEVICE=cuda, the first process on a machine takes the GPU whose number GPU is (0 if not set), the second the
    next.
    """
    if environment.get("DEVICE", "cpu") != "cuda" or environment.get("GPU") == "none":
        return None
    return int(environment.get("GPU") or 0) + int(environment.get("OMPI_COMM_WORLD_LOCAL_RANK", 0))


def share_machine(environment):
    """Share out what a machine has to the processes on it: the threads of OMP_NUM_THREADS, GPUs, Theano's compile folder.

    Without it each process would take all processors and Theano the same GPU, and each would wait five seconds and more
    whenever another one loads what Theano compiled. Call it before NumPy and Theano are imported.

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
        number = gpu_number(environment)
        if number is not None:
            flags = [re.sub(r"\bdevice=cuda\d*", f"device=cuda{number}", one) for one in flags]
        environment["THEANO_FLAGS"] = ",".join([*flags, "compile.wait=1"])
