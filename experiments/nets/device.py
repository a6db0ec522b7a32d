"""The device that Caffe's nets run on, by the variables DEVICE and GPU; docker/run tells Theano the same."""

import os

import caffe

from experiments.runtime.process_setup import gpu_number


def use_device(environment=os.environ):
    """Let this process's nets run on the processor, or with DEVICE=cuda on its GPU, before any net is made.

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
