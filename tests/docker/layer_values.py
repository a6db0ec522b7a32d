"""Values and gradients of single layers of Caffe with random weights: `python3 -m tests.docker.layer_values FILE.npz`.

A module of its own, since which definitions Caffe takes is decided once a process.
"""

import sys
import tempfile

import caffe
import numpy as np

CONVOLUTION = 'type: "Convolution" convolution_param { %s weight_filler { type: "gaussian" } }'
DECONVOLUTION = 'type: "Deconvolution" convolution_param { %s weight_filler { type: "gaussian" } }'
POOLING = 'type: "Pooling" pooling_param { %s }'
LARGE = (2, 6, 24, 19)  # large enough for oneDNN to take a convolution over

# Name: the layer, and the shape of what it is given.
CASES = {
    "3 x 3": (CONVOLUTION % "num_output: 5 kernel_size: 3 pad: 1", LARGE),
    "first": (CONVOLUTION % "num_output: 16 kernel_size: 3 pad: 1", (1, 3, 18, 24)),
    "padded by 100": (CONVOLUTION % "num_output: 4 kernel_size: 3 pad: 100", (1, 3, 7, 9)),
    "1 x 1": (CONVOLUTION % "num_output: 11 kernel_size: 1", LARGE),
    "without bias": (CONVOLUTION % "num_output: 5 kernel_size: 3 bias_term: false", LARGE),
    "stride": (CONVOLUTION % "num_output: 4 kernel_size: 3 pad: 1 stride: 2", LARGE),
    "dilation": (CONVOLUTION % "num_output: 4 kernel_size: 3 pad: 2 dilation: 2", LARGE),
    "groups": (CONVOLUTION % "num_output: 4 kernel_size: 3 group: 2", LARGE),
    "uneven": (CONVOLUTION % "num_output: 4 kernel_h: 2 kernel_w: 5 pad_h: 1 pad_w: 0 stride_h: 1 stride_w: 2", LARGE),
    "few pixels": (CONVOLUTION % "num_output: 4 kernel_size: 7 pad: 3", (1, 6, 6, 8)),
    "few pixels, kernels of one": (CONVOLUTION % "num_output: 11 kernel_size: 1", (2, 40, 6, 7)),
    "few pixels, stride": (
        CONVOLUTION % "num_output: 3 kernel_size: 3 pad: 1 stride: 2 bias_term: false", (2, 5, 9, 8)),
    "few pixels, groups": (CONVOLUTION % "num_output: 4 kernel_size: 3 group: 2", (1, 6, 6, 8)),
    "few pixels, many outputs": (CONVOLUTION % "num_output: 600 kernel_size: 7 pad: 3", (1, 40, 6, 8)),
    "many outputs": (CONVOLUTION % "num_output: 96 kernel_size: 3 pad: 1", (2, 32, 45, 60)),
    "three axes": (CONVOLUTION % "num_output: 2 kernel_size: 2", (1, 2, 6, 7, 8)),
    "interpolation": (DECONVOLUTION % "num_output: 6 group: 6 kernel_size: 4 stride: 2 pad: 1 bias_term: false", LARGE),
    "interpolation without pad": (
        DECONVOLUTION % "num_output: 6 group: 6 kernel_size: 16 stride: 8 bias_term: false", LARGE),
    "kernel narrower than the stride": (
        DECONVOLUTION % "num_output: 6 group: 6 kernel_size: 2 stride: 3 pad: 1 bias_term: false", LARGE),
    "deconvolution over channels": (DECONVOLUTION % "num_output: 3 kernel_size: 4 stride: 2 pad: 1", LARGE),
    "pooling": (POOLING % "pool: MAX kernel_size: 2 stride: 2", LARGE),
    "pooling of odd sizes": (POOLING % "pool: MAX kernel_size: 2 stride: 2", (2, 3, 13, 7)),
    "pooling of one pixel": (POOLING % "pool: MAX kernel_size: 2 stride: 2", (1, 2, 1, 1)),
    "pooling by mean": (POOLING % "pool: AVE kernel_size: 2 stride: 2", LARGE),
    "overlapping pooling": (POOLING % "pool: MAX kernel_size: 3 stride: 2", LARGE),
    "ReLU": ('type: "ReLU"', LARGE),
    "leaky ReLU": ('type: "ReLU" relu_param { negative_slope: 0.25 }', LARGE),
}


def random_values(shape, seed):
    """Return random numbers, many of them equal or zero, so that poolings meet equal values."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float32)


def layer_values(layer, shape):
    """Return `top`, `bottom_gradient` and the gradients of the weights, added to ones that are there already."""
    dims = " ".join(f"dim: {length}" for length in shape)
    learns = "param { lr_mult: 0 }" if "group: 6" in layer else ""  # as FCN's interpolation, which does not learn
    with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as file:
        file.write(f'force_backward: true layer {{ name: "bottom" type: "Input" top: "bottom" input_param {{ shape {{ '
                   f'{dims} }} }} }} layer {{ name: "layer" bottom: "bottom" top: "top" {learns} {layer} }}')
        file.flush()
        net = caffe.Net(file.name, caffe.TEST)
    weights = net.params["layer"] if "layer" in net.params else []
    for index, blob in enumerate(weights):
        blob.data[...] = np.random.default_rng(index).normal(size=blob.data.shape)
        blob.diff[...] = 1
    net.blobs["bottom"].data[...] = random_values(shape, 7)
    net.forward()
    net.blobs["top"].diff[...] = random_values(net.blobs["top"].data.shape, 8)
    net.backward()
    found = {"weights": weights[0].data} if len(weights) else {}
    found.update({f"gradient {index}": blob.diff for index, blob in enumerate(weights)})
    return {**found, "top": net.blobs["top"].data, "bottom gradient": net.blobs["bottom"].diff}


def main():
    caffe.set_mode_cpu()
    np.savez(sys.argv[1], **{f"{name}: {part}": values.copy() for name, case in CASES.items()
                             for part, values in layer_values(*case).items()})


if __name__ == "__main__":
    main()
