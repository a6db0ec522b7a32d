"""Results of inference and learning, of NumPy arrays or of Theano variables."""
from collections import namedtuple

Solution = namedtuple("Solution", "labels lower_bound energy")
Solution.__doc__ = """A labelling with its certificate: lower_bound <= optimal energy <= energy.

Attributes
----------
labels : (N, H, W) int32
lower_bound, energy : (N,) float64
    No labelling has an energy below the bound, so energy - lower_bound is how far from the optimum it can be.
"""

Structured = namedtuple("Structured", "loss grad_unary grad_weights labels certificate")
Structured.__doc__ = """The structured SVM loss of each image with its gradients and its certificate.

Attributes
----------
loss : (N,) float64
    A sum over pixels, not a mean.
grad_unary : (N, K, H, W) float32
grad_weights : (N, 2, H, W) float32
labels : (N, H, W) int32
    Of the loss-augmented inference. How many labelled pixels differ from the truth is a sign of health:
    none means that training has ended, many that the margin rules.
certificate : (N,) float64
    No less than the loss that exact inference would give, but for rounding: certificate - loss is how much of it
    inference can have missed.
"""
