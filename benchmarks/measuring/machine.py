"""The machine that is measured, for whoever reads the figures."""

import os


def machine(cpuinfo="/proc/cpuinfo"):
    """Return the processor's name and the number of cores.

    Parameters
    ----------
    cpuinfo : path
        Of Linux.

    Returns
    -------
    dict
        ``processor``, "unknown" where Linux does not name it, and ``cores``.
    """
    with open(cpuinfo) as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return {"processor": names[0] if names else "unknown", "cores": os.cpu_count()}
