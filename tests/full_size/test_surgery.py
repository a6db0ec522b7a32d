"""VGG16's weights at their true shapes, made fully convolutional."""

import hashlib

import caffe
import numpy as np

from data_prep.download import Source
from data_prep.vgg16 import main
from tests.made_vgg16 import check_fcn_32s, vgg16_definition

FC8 = """
layer { name: "fc8" type: "InnerProduct" bottom: "fc7" top: "fc8" inner_product_param { num_output: 1000 } }
"""
PARAMETERS = 138357544  # as published


def test_fcn_32s_gives_in_the_middle_what_vgg16_gives(tmp_path, tell, capsys):
    original, converted = tmp_path / "VGG.caffemodel", tmp_path / "vgg16.caffemodel"
    assert make_model(tmp_path, original) == PARAMETERS
    digests = [hashlib.new(name, original.read_bytes()).hexdigest() for name in ("sha1", "sha256")]
    source = Source("http://127.0.0.1:9/none", original.stat().st_size, *digests)
    assert main(["--output", str(converted), "--file", str(original)], source) == 0
    assert "fc6 weights 4096 x 25088: copied as 4096 x 512 x 7 x 7" in capsys.readouterr().out.splitlines()
    check_fcn_32s(tmp_path, 1, original, converted)
    tell(f"VGG16 of {PARAMETERS / 1e6:.0f} million weights made fully convolutional: FCN-32s' fc6 and fc7 as before")


def make_model(folder, path):
    """Write VGG16 with random weights that keep the activations' scale; return their number."""
    (folder / "vgg16.prototxt").write_text(vgg16_definition(1) + FC8)
    net, generator, count = caffe.Net(str(folder / "vgg16.prototxt"), caffe.TEST), np.random.default_rng(1), 0
    for blobs in net.params.values():
        for blob in blobs:
            inputs = np.prod(blob.shape[1:])
            blob.data[...] = generator.standard_normal(blob.data.shape, np.float32) / inputs ** 0.5
            count += blob.count
    net.save(str(path))
    return count
