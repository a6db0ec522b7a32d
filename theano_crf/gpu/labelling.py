"""The energy of a labelling and the structured loss on the GPU."""
from ..constants import PIXELS
from .device import Findings, add_up, allocate
from .kernels import pixel_kernel


def block_sums(unary):
    """Return the number of blocks for all images, and room for one sum per block."""
    images, _, height, width = unary.shape
    blocks = images * -(-height * width // PIXELS)
    return blocks, allocate(unary.context, "float64", blocks)


def energy(unary, weights, labels, energies):
    """Write the energies, equation 2 with 5, to energies (N,); raise a ValueError if a label is not one of the K."""
    findings = Findings(unary.context)
    blocks, sums = block_sums(unary)
    pixel_kernel(unary.context, "labelling", "energy")(
        blocks, unary, weights, labels, sums, findings.array, *unary.shape[1:])
    add_up(sums, energies)
    findings.check()


def structured_loss(unary, weights, truth, completed, labels, gamma, void, losses, grad_unary, grad_weights):
    """Write losses (N,) and gradients, equations 7 to 10; raise a ValueError if a label is not allowed."""
    findings = Findings(unary.context)
    blocks, sums = block_sums(unary)
    pixel_kernel(unary.context, "labelling", "structured_loss")(
        blocks, unary, weights, truth, completed, labels, sums, grad_unary, grad_weights, findings.array,
        *unary.shape[1:], gamma, void)
    add_up(sums, losses)
    findings.check()
