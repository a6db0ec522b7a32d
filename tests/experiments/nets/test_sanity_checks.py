"""Sanity checks of a net, on arrays in place of Caffe's blobs."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.nets.sanity_checks import check_not_zero, check_upsampling

# Bilinear interpolation by 2, by hand.
BILINEAR = np.outer([0.25, 0.75, 0.75, 0.25], [0.25, 0.75, 0.75, 0.25])


def net(**layers):
    return SimpleNamespace(params={name: [SimpleNamespace(data=np.asarray(data, np.float32))]
                                   for name, data in layers.items()})


def test_bilinear_kernels_pass_and_other_layers_may_hold_anything():
    check_upsampling(net(upscore2=np.stack([[BILINEAR]] * 3), conv1_1=np.zeros((1, 1, 3, 3))))


@pytest.mark.parametrize("kernel", [
    np.zeros((3, 1, 4, 4)), np.full((3, 1, 4, 4), 1 / 16), np.stack([[BILINEAR] * 3] * 3),
    np.stack([[2 * BILINEAR]] * 3)])
def test_other_kernels_are_refused(kernel):
    with pytest.raises(ValueError, match="The kernel of upscore2 is not bilinear"):
        check_upsampling(net(upscore2=kernel))


def test_only_new_layers_and_the_count_of_batches_may_be_all_zero():
    zero = net(conv1_1=np.ones(3), score_fr=np.zeros(3), data_stage1_train=np.zeros(1))
    check_not_zero(zero, {"score_fr"})
    with pytest.raises(ValueError, match="The weights of score_fr are all zero"):
        check_not_zero(zero, {"score_pool4"})
