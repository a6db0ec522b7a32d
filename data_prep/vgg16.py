"""VGG16's weights, from which FCN-32s starts: `python3 -m data_prep.vgg16 --output build/weights/vgg16.caffemodel`.

Downloads the weights trained on ImageNet (continuing an interrupted download), verifies them, and turns the fully
connected layers fc6 and fc7 into convolutions, as in FCN.
"""

import argparse
import os
import sys

from caffe.proto import caffe_pb2
from google.protobuf.message import DecodeError

from data_prep.atomic_files import write_atomically
from data_prep.download import Source, check_file, download
from data_prep.errors import DataError
from data_prep.interruption import exit_status, raise_at_sigterm

SOURCE = Source("http://www.robots.ox.ac.uk/~vgg/software/very_deep/caffe/VGG_ILSVRC_16_layers.caffemodel", 553432081,
                "9363e1f6d65f7dba68c4f27a1e62105cdf6c4e24",
                "a6196bc498e45ea4cb2637114ae8db9410cf1556fd60a55ae93272371beba197")
CONVOLUTIONS = ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3", "conv4_1", "conv4_2",
                "conv4_3", "conv5_1", "conv5_2", "conv5_3")
# Height and width of a layer's windows. fc6 sees all of pool5, which is 7 x 7 for VGG16's image of 224 x 224.
WINDOWS = {**dict.fromkeys(CONVOLUTIONS, 3), "fc6": 7, "fc7": 1}
DROPPED = ("fc8",)  # scores of ImageNet's classes
COLOURS = 3


def convert(model):
    """Make VGG16 fully convolutional.

    The weights of a fully connected layer have the order channel, row, column, like those of a convolution's kernels,
    so only shapes change.

    Parameters
    ----------
    model : caffe.proto.caffe_pb2.NetParameter
        VGG16 in either of Caffe's formats, old (`layers`) or new (`layer`), with any numbers of channels.

    Returns
    -------
    converted : caffe.proto.caffe_pb2.NetParameter
        The layers of `WINDOWS`, with weights (out, in, window, window) and biases (out,).
    report : list of str
        One line per blob: copied, reshaped or dropped.

    Raises
    ------
    DataError
        Where a layer is missing, unknown or there twice, or a blob's shape does not fit the layer below.
    """
    layers = [layer for layer in list(model.layers) + list(model.layer) if layer.blobs]
    stored = {layer.name: layer.blobs for layer in layers}
    if len(stored) < len(layers):
        raise DataError(f"The model's {len(layers)} layers with weights have only {len(stored)} different names: it is "
                        "not VGG16.")
    for names, verb in ((set(WINDOWS) - set(stored), "lacks"), (set(stored) - set(WINDOWS) - set(DROPPED), "also has")):
        if names:
            raise DataError(f"The model {verb} the layer {sorted(names)[0]}: it is not VGG16; its layers with weights "
                            f"must be {', '.join([*WINDOWS, *DROPPED])}.")
    converted, report, channels = caffe_pb2.NetParameter(name="VGG16, fully convolutional"), [], COLOURS
    for name, window in WINDOWS.items():
        layer = converted.layer.add(name=name, type="Convolution")
        channels, lines = _convert_layer(name, stored[name], channels, window, layer)
        report += lines
    report += [f"{name} {_shape_text(_shape(blob))}: dropped" for name in DROPPED for blob in stored.get(name, ())]
    return converted, report


def _convert_layer(name, blobs, channels, window, layer):
    """Add a layer's blobs to `layer`; return its number of outputs and its lines of the report."""
    if len(blobs) != 2:
        raise DataError(f"The layer {name} has {len(blobs)} blobs: VGG16's have 2, weights and biases.")
    outputs = len(blobs[1].data)
    if outputs == 0:
        raise DataError(f"The layer {name} has no biases: VGG16's have one per output.")
    lines = []
    for blob, wanted, role in ((blobs[0], (outputs, channels, window, window), "weights"),
                               (blobs[1], (outputs,), "biases")):
        shape = _shape(blob)
        flat = (outputs, channels * window * window)
        reshaped = role == "weights" and name.startswith("fc") and _means(shape, flat)
        if not (_means(shape, wanted) or reshaped) or len(blob.data) != _product(wanted):
            raise DataError(f"The {role} of {name} have the shape {_shape_text(shape)} and {len(blob.data)} values: "
                            f"above {channels} channels VGG16 has {_shape_text(wanted)} there.")
        copy = layer.blobs.add()
        copy.shape.dim.extend(wanted)
        copy.data.MergeFrom(blob.data)
        lines.append(f"{name} {role} {_shape_text(shape)}: copied"
                     + (f" as {_shape_text(wanted)}" if shape != wanted else ""))
    return outputs, lines


def _shape(blob):
    """Return a blob's shape; in the old format it has four axes, of which unused ones come first and have length 1."""
    return tuple(blob.shape.dim) if blob.HasField("shape") else (blob.num, blob.channels, blob.height, blob.width)


def _means(shape, wanted):
    return shape in (wanted, (1,) * (4 - len(wanted)) + wanted)


def _product(shape):
    product = 1
    for length in shape:
        product *= length
    return product


def _shape_text(shape):
    return " x ".join(map(str, shape))


def read_model(path):
    """Read a caffemodel as a NetParameter; raise a DataError where the file is not one."""
    model = caffe_pb2.NetParameter()
    try:
        with open(path, "rb") as stream:
            content = stream.read()
        if model.ParseFromString(content) != len(content):
            raise DecodeError("Error parsing message")
    except DecodeError as error:
        raise DataError(f"{path} is not a caffemodel ({error}): remove it and start the command again.") from None
    return model


def convert_file(original, output):
    """Read a caffemodel, convert it and write it, whole or not at all; return the report of `convert`."""
    model = read_model(original)
    try:
        converted, report = convert(model)
    except DataError as error:
        raise DataError(f"{original}: {error}") from None
    write_atomically(output, converted.SerializeToString(), sync=True)
    return report


def main(arguments=None, source=SOURCE):
    """Run the command line; return 0, 1 after one sentence on stderr, or 128 + n after the signal n."""
    parser = argparse.ArgumentParser(prog="python3 -m data_prep.vgg16", description=__doc__.partition("\n")[0])
    parser.add_argument("--output", required=True, help="the caffemodel to write")
    parser.add_argument("--file", help="a copy of VGG_ILSVRC_16_layers.caffemodel, where it can't be downloaded")
    options = parser.parse_args(arguments)
    raise_at_sigterm()
    if os.path.exists(options.output):  # and it is whole, since it got its name last
        print(f"{options.output} is there, nothing to do")
        return 0
    original = options.file or os.path.join(os.path.dirname(options.output), os.path.basename(source.address))
    try:
        if options.file:
            check_file(options.file, source)
        else:
            download(source, original)
        report = convert_file(original, options.output)
    except (DataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        print("error: interrupted; the same command goes on.", file=sys.stderr)
        return exit_status(interrupt)
    print("\n".join(report))
    print(f"written to {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
