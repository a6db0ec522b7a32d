"""Sums in an order that is the same whether one process adds up all, or several add up their shares first."""

import numpy as np


class SumInPairs:
    """Adds up the gradients of a process's images two by two, these sums two by two, and so on.

    Sums of floating point numbers depend on the order. In this one, half of the images are added up apart from the
    other half, whether one process has both halves or each of two has one; and so on for quarters. Numbers of images
    that are not powers of two are halved as often as they can be; what is left is added up one by one.

    Caffe adds an image's gradients to those that the net holds, so only sums of two images or more are put away.

    Parameters
    ----------
    net : caffe.Net
    images : int
        Of this process, in an iteration.
    in_pairs : bool
        False to add up one by one.
    """

    def __init__(self, net, images, in_pairs=True):
        self._net = net
        self._blobs = [blob for name, blobs in net.params.items() if not name.startswith("data_") for blob in blobs]
        self._images, self._run = images, _run(images) if in_pairs else images
        self._kept, self._free = [], []

    @property
    def adds(self):
        """True if sums are put away, to be added when the last image's gradients are there."""
        return self._run < self._images

    def begin(self):
        """Get ready for an iteration: set the net's gradients to zero, and forget sums of one that was broken off."""
        self._free += self._kept
        self._kept = []
        self._net.clear_param_diffs()

    def after_image(self, place):
        """Add or put away the net's gradients after the backward pass of the process's image `place`, from 0."""
        runs, rest = divmod(place + 1, self._run)
        if rest:
            return
        while runs % 2 == 0:
            self._add(self._kept.pop())
            runs //= 2
        if place + 1 < self._images:
            self._put_away()

    def _add(self, kept):
        for blob, array in zip(self._blobs, kept):
            blob.diff[...] += array
        self._free.append(kept)

    def _put_away(self):
        kept = self._free.pop() if self._free else [np.empty(blob.diff.shape, np.float32) for blob in self._blobs]
        for blob, array in zip(self._blobs, kept):
            array[...] = blob.diff
        self._kept.append(kept)
        self._net.clear_param_diffs()


def _run(images):
    """Return how many images are added up one by one."""
    odd = images // (images & -images)
    return odd if odd > 1 else min(2, images)


def sums_put_away(images):
    """Return how many sums of all gradients a process of so many images keeps at most."""
    return (images // _run(images)).bit_length() - 1


def add_in_pairs(parts, result):
    """Add up vectors into `result`, which is one of them: two by two, these sums two by two, and so on.

    The sum of the first half does not depend on the other half, so where parts are sums of such halves themselves, the
    result is that of all in pairs, to the last bit. The other parts are overwritten.
    """
    while len(parts) > 1:
        for first, second in zip(parts[::2], parts[1::2]):
            np.add(first, second, out=result if second is result else first)
        parts = [result if any(part is result for part in parts[at:at + 2]) else parts[at]
                 for at in range(0, len(parts), 2)]
