"""Where Caffe's nets run: what the environment's variables DEVICE and GPU say, as docker/run says it to Theano."""

import os

import caffe

from experiments.communication import communicator


def use_device(environment=os.environ):
    """Let this process's nets run on the processor, or with DEVICE=cuda on a GPU, before any net is made.

    Of several processes on a machine, the first takes the GPU whose number GPU is (0 if not set), the next the next.

    Returns
    -------
    int or None
        The GPU's number; None for the processor.
    """
    if environment.get("DEVICE", "cpu") != "cuda" or environment.get("GPU") == "none":
        caffe.set_mode_cpu()
        return None
    number = int(environment.get("GPU") or 0) + communicator().rank_on_machine
    caffe.set_device(number)
    caffe.set_mode_gpu()
    return number
