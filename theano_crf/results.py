"""Results of inference and learning; their fields are NumPy arrays or Theano variables."""
from collections import namedtuple


class Solution(namedtuple("Solution", "labels lower_bound energy")):
    """A labelling with its certificate: lower_bound <= optimal energy <= energy.

    A tuple of the first three attributes.

    Attributes
    ----------
    labels : (N, H, W) int32
    lower_bound, energy : (N,) float64
        No labelling has an energy below the bound, so this one's is at most energy - lower_bound above the optimum.
    proven : (N,) bool
        Whether the bound has reached the energy, so that the labels are optimal. Costs and duals are single precision:
        the energy may exceed the bound by their rounding, 2 ** -24 of the sum of the labels' absolute unary costs and
        of all weights (times the largest compatibility). Where costs are whole numbers and this is far less than
        1, so in practice where they are far below 2 ** 24, the labels are optimal.
    """

    proven = None

    def __new__(cls, labels, lower_bound, energy, proven=None):
        solution = super().__new__(cls, labels, lower_bound, energy)
        solution.proven = proven
        return solution


class Structured(namedtuple("Structured", "loss grad_unary grad_weights labels certificate")):
    """The structured SVM loss of each image with its gradients and its certificate.

    A tuple of the first five attributes, whether there is a compatibility or not.

    Attributes
    ----------
    loss : (N,) float64
        A sum over pixels, not a mean.
    grad_unary : (N, K, H, W) float32
    grad_weights : (N, D, H, W) float32
    labels : (N, H, W) int32
        Of the loss-augmented inference. The number of labelled pixels that differ from the truth tells how training
        stands: at none there is nothing left to learn, at many the margin dominates the costs.
    certificate : (N,) float64
        But for rounding, at least the loss that exact inference would give; so inference has missed at most
        certificate - loss of it.
    grad_compatibility : float32, of the compatibility's shape
        The gradient of the sum of all images' losses; None without a compatibility.
    """

    grad_compatibility = None

    def __new__(cls, loss, grad_unary, grad_weights, labels, certificate, grad_compatibility=None):
        structured = super().__new__(cls, loss, grad_unary, grad_weights, labels, certificate)
        structured.grad_compatibility = grad_compatibility
        return structured
