"""The energy of a labelling and the structured loss on the GPU."""
from ..constants import PIXELS
from .device import Findings, add_up, allocate
from .kernels import pixel_kernel


def block_sums(unary):
    """Return the number of blocks for all images, and room for one sum per block."""
    images, _, height, width = unary.shape
    blocks = images * -(-height * width // PIXELS)
    return blocks, allocate(unary.context, "float64", blocks)


def margin_arguments(gamma, unused):
    """Return the array of margins, or `unused`, and the kernels' three arguments of a margin.

    `gamma` is a number, or an array on the device, (1 or N, K, K).
    """
    if isinstance(gamma, float):
        return unused, (gamma, False, 0)
    return gamma, (0.0, True, gamma.shape[1] * gamma.shape[2] if gamma.shape[0] > 1 else 0)


def energy(unary, weights, labels, neighbours, energies):
    """Write the energies, equation 2 with 5, to energies (N,); raise a ValueError if a label is not one of the K."""
    _sum_over_pixels("energy", unary, weights, labels, neighbours, energies)


def magnitudes(unary, weights, labels, neighbours, sums):
    """Write the sums of the labels' absolute unary costs and of all weights to sums (N,); raises as :func:`energy`."""
    _sum_over_pixels("magnitudes", unary, weights, labels, neighbours, sums)


def _sum_over_pixels(kernel, unary, weights, labels, neighbours, out):
    findings = Findings(unary.context)
    blocks, sums = block_sums(unary)
    pixel_kernel(unary.context, "labelling", kernel, neighbours)(
        blocks, unary, weights, labels, sums, findings.array, *unary.shape[1:])
    add_up(sums, out)
    findings.check()


def structured_loss(unary, weights, truth, completed, labels, neighbours, gamma, void, losses, grad_unary,
                    grad_weights):
    """Write losses (N,) and gradients, equations 7 to 10; raise a ValueError if a label is not allowed."""
    findings = Findings(unary.context)
    blocks, sums = block_sums(unary)
    margins, margin = margin_arguments(gamma, unused=unary)
    pixel_kernel(unary.context, "labelling", "structured_loss", neighbours)(
        blocks, unary, weights, truth, completed, labels, margins, sums, grad_unary, grad_weights, findings.array,
        *margin, *unary.shape[1:], void)
    add_up(sums, losses)
    findings.check()
