"""The GPU kernels of the folder ``kernels``, compiled at run time: by NVRTC for CUDA, by the driver for OpenCL."""
import functools
import os
import re

from pygpu.gpuarray import SIZE, SSIZE, GpuArray, GpuKernel

from .. import constants

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernels")
TYPES = {"ga_size": SIZE, "ga_ssize": SSIZE, "ga_int": "int32", "ga_float": "float32", "ga_double": "float64"}
# Files of the kernels on chains, by the kernel's name; and of those on pixels that take more than one.
CHAIN_FILES = {"pass_messages": ("messages",), "finish": ("segments", "finish"),
               "finish_direction": ("directions", "segments", "finish_direction")}
PIXEL_FILES = {"prepare_direction": ("directions", "prepare_direction")}
LOCAL_MEMORY = 48 * 1024  # bytes that CUDA gives every block without being asked
WARP = 32
HELD = 8                  # most labels per thread; their costs, and those prefetched, are held in registers
FINISHING = 256           # threads per block that finishes segments


class Kernel:
    """A compiled kernel, called with the number of blocks and the kernel's arguments; arrays are GpuArrays."""

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
    """Return the types of a kernel's arguments, which pygpu needs, as the kernel's source declares them."""
    head = re.search(r"KERNEL void %s\(([^)]*)\)" % name, source).group(1)
    return [GpuArray if "*" in argument else TYPES[argument.split()[-2]] for argument in head.split(",")]


class Teams:
    """Division of a chain's labels among threads, and the longest segment that local memory holds; see chains.cluda."""

    def __init__(self, labels):
        self.labels = labels
        self.groups = 1
        while self.groups * HELD < labels or (self.groups == 1 and labels > HELD // 2):
            self.groups *= 2
        self.held = -(-labels // self.groups)
        # Memory is read 32 bytes, or 8 chains, at a time. With many labels, local memory holds 4 chains only.
        self.lanes = max(WARP // self.groups, 8 if labels <= 128 else 4)
        self.tile = 64
        while self._local_memory() > LOCAL_MEMORY:
            self.tile //= 2

    @property
    def slots(self):
        """Teams per block that finishes segments: at most as many as it ever cuts segments at once."""
        return max(1, min(FINISHING // (self.lanes * self.groups), self.tile // 2))

    def _local_memory(self):
        """Return the bytes of local memory that finish.cluda declares, alignment included."""
        pitch = self.labels * self.lanes + 1
        exchange = 4 * self.slots * self.groups * self.lanes
        return 4 * ((2 * self.tile + 1) * pitch + self.tile * self.lanes + exchange + 2)

    def definitions(self, slots):
        return dict(LABELS=self.labels, GROUPS=self.groups, HELD=self.held, LANES=self.lanes, SLOTS=slots,
                    TILE=self.tile)


@functools.lru_cache(maxsize=None)
def chain_kernel(context, labels, name):
    """Return a kernel on chains: pass_messages, finish or finish_direction."""
    teams = Teams(labels)
    slots = 1 if name == "pass_messages" else teams.slots
    return Kernel(context, ("arrays", "chains") + CHAIN_FILES[name], name, teams.groups * teams.lanes * slots,
                  teams.definitions(slots))


@functools.lru_cache(maxsize=None)
def pixel_kernel(context, file, name, neighbours=None):
    """Return a kernel that works on pixels and takes any number of labels; some are compiled for their neighbours."""
    definitions = {}
    if neighbours is not None:
        pairs = ", ".join("{%d, %d}" % pair for pair in neighbours)
        definitions = dict(DIRECTIONS=len(neighbours), OFFSETS="{%s}" % pairs)
    return Kernel(context, ("arrays", "pixels") + PIXEL_FILES.get(file, (file,)), name, constants.PIXELS, definitions)
