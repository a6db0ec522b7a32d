"""The kernels of folder ``kernels``, compiled while the program runs: for CUDA by NVRTC, for OpenCL by its driver."""
import functools
import os
import re

from pygpu.gpuarray import SIZE, SSIZE, GpuArray, GpuKernel

from .. import constants

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernels")
TYPES = {"ga_size": SIZE, "ga_ssize": SSIZE, "ga_int": "int32", "ga_float": "float32", "ga_double": "float64"}
LOCAL_MEMORY = 48 * 1024  # what CUDA gives every block unasked
WARP = 32
HELD = 8                  # labels a thread, at most: they and the costs asked for ahead lie in registers
FINISHING = 256           # threads of a block that finishes segments


class Kernel:
    """A compiled kernel. Call it with the number of blocks and the arguments, a GpuArray for each array."""

    def __init__(self, context, files, name, threads, definitions):
        parts = ["#define %s %s\n" % item for item in sorted(dict(constants.KERNELS, **definitions).items())]
        for file in files:
            with open(os.path.join(FOLDER, file + ".cluda")) as source:
                parts.append(source.read())
        source = "".join(parts)
        self.threads = threads
        self.function = GpuKernel(source, name, _argument_types(source, name), context=context, have_double=True)

    def __call__(self, blocks, *arguments):
        flat = []
        for argument in arguments:
            flat.append(argument)
            if isinstance(argument, GpuArray):
                flat.append(argument.offset)
        self.function(*flat, gs=blocks, ls=self.threads)


def _argument_types(source, name):
    """The types that pygpu wants to know, from the kernel's own head."""
    head = re.search(r"KERNEL void %s\(([^)]*)\)" % name, source).group(1)
    return [GpuArray if "*" in argument else TYPES[argument.split()[-2]] for argument in head.split(",")]


class Teams:
    """Threads' shares of a chain's labels, and the length of segment that local memory holds; see chains.cluda."""

    def __init__(self, labels):
        self.labels = labels
        self.groups = 1
        while self.groups * HELD < labels or (self.groups == 1 and labels > HELD // 2):
            self.groups *= 2
        self.held = -(-labels // self.groups)
        # Memory is read 32 bytes at a time: 8 chains. With most labels there is local memory for 4 only.
        self.lanes = max(WARP // self.groups, 8 if labels <= 128 else 4)
        self.tile = 64
        while self._local_memory() > LOCAL_MEMORY:
            self.tile //= 2

    @property
    def slots(self):
        """Teams of a block that finishes segments: no more than segments are cut at once."""
        return max(1, min(FINISHING // (self.lanes * self.groups), self.tile // 2))

    def _local_memory(self):
        """Bytes that finish.cluda declares, and some to align them."""
        pitch = self.labels * self.lanes + 1
        exchange = 4 * self.slots * self.groups * self.lanes
        return 4 * ((2 * self.tile + 1) * pitch + self.tile * self.lanes + exchange + 2)

    def definitions(self, slots):
        return dict(LABELS=self.labels, GROUPS=self.groups, HELD=self.held, LANES=self.lanes, SLOTS=slots,
                    TILE=self.tile)


@functools.lru_cache(maxsize=None)
def chain_kernels(context, labels):
    """The teams for that number of labels, and the kernels of a half step: pass_messages and finish."""
    teams = Teams(labels)
    team = teams.groups * teams.lanes
    return (teams,
            Kernel(context, ("arrays", "chains", "messages"), "pass_messages", team, teams.definitions(1)),
            Kernel(context, ("arrays", "chains", "finish"), "finish", team * teams.slots,
                   teams.definitions(teams.slots)))


@functools.lru_cache(maxsize=None)
def pixel_kernel(context, file, name):
    """A kernel that works on pixels and takes any number of labels."""
    return Kernel(context, ("arrays", "pixels", file), name, constants.PIXELS, {})
