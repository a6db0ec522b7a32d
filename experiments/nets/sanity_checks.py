"""Sanity checks of a net before it is trained: mistakes here give black or blank predictions, not errors."""

import numpy as np


def check_upsampling(net):
    """Raise a ValueError unless each upsampling kernel is bilinear, one per class."""
    for name, blobs in net.params.items():
        if not name.startswith("upscore"):
            continue
        kernel = blobs[0].data
        size = kernel.shape[-1]
        ramp = 1 - np.abs(np.arange(size) - (size - 1) / 2) / (size // 2)
        if kernel.shape[1] != 1 or not np.allclose(kernel, np.outer(ramp, ramp), atol=1e-5):
            raise ValueError(f"The kernel of {name} is not bilinear, so its scores would be wrong; "
                             "generate the nets again with `make nets`.")


def check_not_zero(net, new_layers):
    """Raise a ValueError if a layer's weights are all zero; only those of `new_layers`, which give scores, may be."""
    for name, blobs in net.params.items():
        if name not in new_layers and not name.startswith("data_") and not blobs[0].data.any():
            raise ValueError(f"The weights of {name} are all zero, so the net can't learn; remove the weights that the "
                             "stage starts from and train them again.")


def check_finite(net, path):
    """Raise a ValueError if a weight that was copied from a file is not finite."""
    for name, blobs in net.params.items():
        if not all(np.isfinite(blob.data).all() for blob in blobs):
            raise ValueError(f"A weight of {name} in {path} is not finite; take another copy of it, or train the "
                             "stage it comes from again.")
