"""The completed truth, with labels at void pixels, on the GPU; computes what native/completion.hpp does."""
import numpy as np
import pygpu

from .device import Findings, add_up, allocate, size_of_parts
from .general import problem_of
from .kernels import pixel_kernel
from .labelling import block_sums, energy


def any_void(unary, truth, void):
    """Return whether any pixel of the truth (N, H, W) is void; waits for the device."""
    blocks, sums = block_sums(unary)
    counts = allocate(unary.context, "float64", unary.shape[0])
    _kernel(unary, "count_void")(blocks, truth, sums, *unary.shape[2:], void)
    add_up(sums, counts)
    return bool(np.asarray(counts).any())


def void_problem(unary, weights, truth, neighbours, void):
    """Return the void pixels as a problem of their own.

    Raises a ValueError if a label is neither one of the K nor void.
    """
    findings = Findings(unary.context)
    costs, edges = (allocate(unary.context, "float32", *array.shape) for array in (unary, weights))
    pixel_kernel(unary.context, "void_problem", "void_problem", neighbours)(
        block_sums(unary)[0], unary, weights, truth, costs, edges, findings.array, *unary.shape[1:], void)
    findings.check()
    return problem_of(costs, edges, neighbours)


def workspace_size(problem):
    """Return the number of floats of workspace that :func:`complete` needs for a problem of :func:`void_problem`."""
    return size_of_parts(problem.workspace_sizes())


def complete(unary, weights, truth, labels, problem, iterations, void, workspace, completed):
    """Write the completed truth to `completed` (N, H, W).

    The void pixels of each image get DualMM's labels or `labels`, whichever have less energy. Raises a ValueError if
    a label is not one of the K.
    """
    context, images = unary.context, unary.shape[0]
    other = allocate(context, "int32", *truth.shape)
    problem.dual_mm(iterations, -np.inf, workspace, other, allocate(context, "float64", images))
    blocks, energies = block_sums(unary)[0], []
    for filling, filled in ((labels, completed), (other, other)):
        _kernel(unary, "fill_void")(blocks, truth, filling, filled, *truth.shape[1:], void)
        energies.append(pygpu.zeros((images,), "float64", context=context))
        energy(unary, weights, filled, problem.neighbours, energies[-1])
    _kernel(unary, "take_cheaper")(blocks, *energies, other, completed, *truth.shape[1:])


def _kernel(unary, name):
    return pixel_kernel(unary.context, "completion", name)
