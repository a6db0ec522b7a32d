"""The device that Caffe's nets run on, chosen by the variables DEVICE and GPU; docker/run tells Theano the same."""

import os

import caffe

from experiments.runtime.process_setup import gpu_number


def use_device(environment=os.environ):
    """Choose the processor, or with DEVICE=cuda this process's GPU, for all nets that are made from now on.

    Returns
    -------
    int or None
        The GPU's number; None for the processor.
    """
    number = gpu_number(environment)
    if number is None:
        caffe.set_mode_cpu()
        return None
    caffe.set_device(number)
    caffe.set_mode_gpu()
    return number
