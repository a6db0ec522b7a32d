"""TensorFlow's net: as many weights as ours, and steps that learn; where its packages are there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[3] / "build" / "tensorflow" / "packages"
SETTINGS = dict(width=1 / 32, classes=3, dropout=0.2, height=40, width_of_image=48, batch=2, base_lr=1e-3,
                weight_decay=0, threads=1, warm_up=1, iterations=2)
PROGRAM = """
import json, sys
sys.path.insert(0, "benchmarks/measuring")
import tensorflow as tf
from tensorflow_steps import build_net, time_steps
settings = json.loads(sys.argv[1])
seconds = time_steps(settings)  # sets the threads, which is possible before anything else is done
variables, net = build_net(tf, settings)
scores = net(tf.zeros((1, 41, 47, 3)))
print(json.dumps([sum(int(tf.size(variable)) for variable in variables), list(scores.shape), seconds]))
"""


@pytest.mark.skipif(not PACKAGES.is_dir(), reason="TensorFlow is installed by `make bench-training` alone")
def test_the_net_has_the_weights_of_ours():
    import caffe

    from prototxt.fcn import Architecture
    from prototxt.nets import deploy_net
    done = subprocess.run([sys.executable, "-S", "-c", PROGRAM, json.dumps(SETTINGS)], stdout=subprocess.PIPE,
                          env={"PYTHONPATH": str(PACKAGES), "TF_CPP_MIN_LOG_LEVEL": "3"}, check=True)
    weights, shape, seconds = json.loads(done.stdout.splitlines()[-1])
    caffe_net = deploy_net("stage3", Architecture(3, 1 / 32, "same"), (41, 47), {})
    path = Path(PACKAGES.parents[1] / "home" / "tensorflow-steps.prototxt")
    path.write_text(str(caffe_net))
    net = caffe.Net(str(path), caffe.TEST)
    path.unlink()
    assert weights == sum(blob.count for name, blobs in net.params.items() if not name.startswith("upscore")
                          for blob in blobs)
    assert shape == [1, 41, 47, 3] and len(seconds) == 2 and min(seconds) > 0
