"""Set-up of a process before it imports NumPy, Caffe or Theano: floating point, threads, GPU, Caffe's messages.

Every entry point calls `prepare_process` above its other imports; nothing else changes the environment's variables.
"""

import ctypes
import os
import platform
import re

# glibc's fenv_t on x86-64: 28 bytes of the x87 unit, then MXCSR, the control register of SSE and AVX.
FENV_SIZE, MXCSR_OFFSET = 32, 28
FLUSH_TO_ZERO, DENORMALS_ARE_ZERO = 0x8000, 0x0040


def prepare_process(environment=os.environ):
    """Set up this process for training or inference; call it before NumPy, Caffe and Theano are imported.

    Parameters
    ----------
    environment : dict
        The environment variables; GLOG_minloglevel, OMP_NUM_THREADS and THEANO_FLAGS are changed.
    """
    environment.setdefault("GLOG_minloglevel", "2")  # Caffe would print each layer of each net
    flush_denormals()
    share_machine(environment)


def flush_denormals():
    """Make this thread, and those it starts later, treat denormal numbers as zero.

    A processor is a hundred times slower with denormal numbers. Adam's moments of weights without a gradient, and the
    gradients of a confident net, become denormal; after two thousand iterations a step took three times as long. Call
    it before NumPy is imported, which starts the threads of BLAS. It has no effect on processors other than x86-64.
    """
    if platform.machine() != "x86_64":
        return
    library, environment = ctypes.CDLL("libm.so.6"), (ctypes.c_ubyte * FENV_SIZE)()
    library.fegetenv(environment)
    control = ctypes.c_uint32.from_buffer(environment, MXCSR_OFFSET)
    control.value |= FLUSH_TO_ZERO | DENORMALS_ARE_ZERO
    library.fesetenv(environment)


def gpu_number(environment):
    """Return the number of the GPU of this process, None for the processor.

    With DEVICE=cuda, the first process on a machine takes the GPU that the variable GPU numbers (default 0), the second
    process the next GPU.
    """
    if environment.get("DEVICE", "cpu") != "cuda" or environment.get("GPU") == "none":
        return None
    return int(environment.get("GPU") or 0) + int(environment.get("OMPI_COMM_WORLD_LOCAL_RANK", 0))


def named_threads(environment):
    """Return the number of threads that OMP_NUM_THREADS names, of "4,2" the outer 4; None where it names none."""
    found = re.fullmatch(r"\s*([1-9]\d*)\s*(,.*)?", environment.get("OMP_NUM_THREADS", ""))
    return int(found.group(1)) if found else None


def share_machine(environment):
    """Share a machine out among the processes that `mpirun` starts on it: threads, GPUs, Theano's compile folder.

    Without it each process would start threads for all processors, Theano would take the same GPU in all of them, and
    each would wait five seconds or more whenever another one loads what Theano compiled.

    Parameters
    ----------
    environment : dict
        The environment variables; OMP_NUM_THREADS and THEANO_FLAGS are changed.
    """
    processes = int(environment.get("OMPI_COMM_WORLD_LOCAL_SIZE", 1))
    if processes == 1:
        return
    threads = named_threads(environment) or os.cpu_count()
    environment["OMP_NUM_THREADS"] = str(max(1, threads // processes))
    flags = [environment["THEANO_FLAGS"]] if environment.get("THEANO_FLAGS") else []
    number = gpu_number(environment)
    if number is not None:
        flags = [re.sub(r"\bdevice=cuda\d*", f"device=cuda{number}", text) for text in flags]
    environment["THEANO_FLAGS"] = ",".join([*flags, "compile.wait=1"])
