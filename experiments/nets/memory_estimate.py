"""Memory that training a stage needs, compared with what is free: Caffe ends the process where it gets none."""

import math

from experiments.mpi.sum_in_pairs import sums_put_away
from theano_crf.checks import directions
from theano_crf.memory import available_bytes, needed_bytes

FLOAT = 4  # bytes
GIGABYTE = 1e9
# Taken by a process besides the net: Python, Caffe, Theano and their libraries, and the process that reads the data.
PROGRAM_BYTES = 0.5e9
# Numbers that a solver keeps for each weight, besides the weight and its gradient.
HISTORY = {"SGD": 1, "Adam": 3}


def check_memory(solver, solver_type, training, validation, images, processes=1):
    """Check that a stage fits into memory, before Caffe takes it.

    Parameters
    ----------
    solver : caffe.Solver
        Not used yet, since Caffe allocates blobs when they are first used.
    solver_type : {"SGD", "Adam"}
    training, validation : sequence of (int, int)
        Height and width of the images that the training net and the validation net take; the largest counts.
    images : int
        That each process takes in an iteration.
    processes : int
        That train together on this machine, each with the whole net.

    Raises
    ------
    RuntimeError
        One sentence with both figures.
    """
    needed = processes * training_bytes(solver, solver_type, training, validation, images)
    available = available_bytes()
    if needed > available:
        height, width = max([*training, *validation], key=math.prod)
        raise RuntimeError(f"Training on images of {width} x {height} needs about {needed / GIGABYTE:.1f} GB of memory "
                           f"and {available / GIGABYTE:.1f} GB are free; take smaller images, a narrower net or fewer "
                           "processes (NP), or end other programs.")


def training_bytes(solver, solver_type, training, validation, images):
    """Estimate the memory that a solver's training and validation take in one process, in bytes.

    Parameters are as of `check_memory`.
    """
    parameters = sum(blob.count for blobs in solver.net.params.values() for blob in blobs)
    activations = _training_numbers(solver.net) * _growth(solver.net, training) + sum(
        _inference_numbers(net) * _growth(net, validation) for net in solver.test_nets)
    return PROGRAM_BYTES + FLOAT * (parameters * (2 + HISTORY[solver_type] + sums_put_away(images)) + activations)


def _growth(net, sizes):
    """Return how many times as many pixels as the net's present images the largest of `sizes` has."""
    return max(map(math.prod, sizes)) / math.prod(net.blobs["data"].shape[2:])


def _training_numbers(net):
    gradients = sum(blob.count for name, blob in net.blobs.items() if name not in ("data", "label"))
    return gradients + _inference_numbers(net)


def _inference_numbers(net):
    """Numbers in the blobs of a net and in its layers' buffers."""
    shared = {top for index, layer in enumerate(net.layers) if layer.type in ("Split", "Reshape")
              for top in net.top_names[net._layer_names[index]]}
    return (sum(blob.count for name, blob in net.blobs.items() if name not in shared)
            + sum(_buffer_numbers(net, index) for index in range(len(net.layers))))


def _buffer_numbers(net, index):
    layer, name = net.layers[index], net._layer_names[index]
    bottoms, tops = ([net.blobs[blob] for blob in names[name]] for names in (net.bottom_names, net.top_names))
    if layer.type in ("Convolution", "Deconvolution"):
        return _column_numbers(layer.blobs[0].shape, bottoms[0].shape, tops[0].shape, layer.type == "Deconvolution")
    if layer.type in ("Pooling", "Dropout"):
        return tops[0].count
    if layer.type in ("SoftmaxWithLoss", "InfogainLoss"):
        return bottoms[0].count
    if layer.type == "Python" and "unary" in net.bottom_names[name]:
        return _crf_numbers(layer, *bottoms)
    if layer.type == "Python" and "prob" in net.bottom_names[name]:
        return bottoms[0].count  # the gradient of the Lovász-softmax loss
    return 0


def _crf_numbers(layer, unary, weights, label=None):
    """Numbers that a CRF's layer holds: while a loss is computed, the gradients of the one before are still there."""
    options = layer.parameters
    solver = dict(directions=directions(options.neighbours, layer.compatibility.values()),
                  iterations=options.iterations, decode=options.decode)
    if label is None:
        return needed_bytes("dual_mm", unary.shape, **solver) // FLOAT
    return needed_bytes("ssvm", unary.shape, with_void=True, **solver) // FLOAT + unary.count + weights.count


def _column_numbers(kernel, bottom, top, transposed):
    """Numbers in the matrix that Caffe makes of one image for a convolution: a column per position of the kernel."""
    places, channels = (bottom, top[1]) if transposed else (top, bottom[1])
    if kernel[2] == kernel[3] == 1:
        return 0  # the image is that matrix
    return channels * kernel[2] * kernel[3] * math.prod(places[2:])
