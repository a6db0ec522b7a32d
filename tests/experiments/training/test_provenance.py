"""Provenance of a run: equal where training would take the same steps, different where it would not."""

import hashlib
import json
import shutil

import pytest
from caffe.proto import caffe_pb2
from google.protobuf import text_format

from data_prep.store.metadata import read_metadata
from experiments.training.provenance import Origin, read_origin

SOLVER = """
train_net: "build/nets/stage1/train.prototxt" test_net: "build/nets/stage1/val.prototxt" test_iter: 2
test_interval: 10 max_iter: 100 base_lr: 0.001 momentum: 0.9 type: "SGD" snapshot: 10 snapshot_prefix: "build/stage1"
"""
NET = """
layer { name: "data_train" type: "Python" top: "data" top: "label"
        python_param { module: "python_layers" layer: "SegmentationData" param_str: '{"source": "build", "seed": 1}' } }
layer { name: "score" type: "Convolution" bottom: "data" top: "score" convolution_param { num_output: 3 } }
"""


@pytest.fixture
def origin(tmp_path, make_dataset):
    """Return a function that reads the origin of a run, of other texts where they are given."""
    make_dataset({"train": [(8, 8)] * 2, "val": [(8, 8)]})
    (tmp_path / "start.caffemodel").write_bytes(b"weights")

    def read(solver=SOLVER, net=NET, lmdb=tmp_path / "lmdb", start=tmp_path / "start.caffemodel"):
        return read_origin(text_format.Parse(solver, caffe_pb2.SolverParameter()),
                           text_format.Parse(net, caffe_pb2.NetParameter()), read_metadata(str(lmdb)), lmdb, start)
    return read


@pytest.mark.parametrize("old, new", [
    ("max_iter: 100", "max_iter: 900"), ("test_interval: 10", "test_interval: 3"), ("snapshot: 10", "snapshot: 3"),
    ('snapshot_prefix: "build/stage1"', 'snapshot_prefix: "moved/stage1"'),
    ('train_net: "build/', 'train_net: "moved/'), ('test_net: "build/', 'test_net: "moved/'),
    ('"source": "build"', '"source": "moved"')])
def test_limits_and_paths_do_not_count(origin, old, new):
    assert origin(SOLVER.replace(old, new), NET.replace(old, new)) == origin()
    assert old in SOLVER + NET


@pytest.mark.parametrize("old, new, difference", [
    ("base_lr: 0.001", "base_lr: 0.002",
     "was made with another configuration: 'base_lr: 0.001' there, 'base_lr: 0.002' here"),
    ("momentum: 0.9", "", "was made with another configuration: 'momentum: 0.9' there, 'type: \"SGD\"' here"),
    ("num_output: 3", "num_output: 4", "belongs to another net: 'num_output: 3' there, 'num_output: 4' here"),
    ('"seed": 1', '"seed": 2', "belongs to another net: ")])
def test_what_changes_the_steps_is_named(origin, old, new, difference):
    changed = origin(SOLVER.replace(old, new), NET.replace(old, new))
    record = json.loads(json.dumps(origin()._asdict()))  # as snapshots keep it
    assert changed.difference(record).startswith(difference)
    assert origin().difference(record) == ""


def test_a_longer_net_differs_where_the_shorter_one_ends():
    short, long = Origin("", "a\nb", "", ""), Origin("", "a\nb\n  c", "", "")
    assert long.difference(short._asdict()) == "belongs to another net: 'nothing' there, 'c' here"
    assert short.difference(long._asdict()) == "belongs to another net: 'c' there, 'nothing' here"


def test_starting_weights_count_by_their_contents(origin, tmp_path):
    assert origin().start == hashlib.sha256(b"weights").hexdigest() and origin(start=None).start == ""
    shutil.copy(tmp_path / "start.caffemodel", tmp_path / "copy.caffemodel")
    assert origin(start=tmp_path / "copy.caffemodel") == origin()
    (tmp_path / "copy.caffemodel").write_bytes(b"Weights")
    assert origin(start=tmp_path / "copy.caffemodel").difference(origin()._asdict()) == (
        "started from other weights than those that are there now")


def test_data_count_by_their_description_and_their_images_keys(origin, tmp_path, make_dataset):
    shutil.copytree(tmp_path / "lmdb", tmp_path / "copy")
    assert origin(lmdb=tmp_path / "copy") == origin()
    description = tmp_path / "copy" / "dataset.json"
    description.write_text(description.read_text().replace('"seed": 0', '"seed": 1'))
    assert origin(lmdb=tmp_path / "copy").difference(origin()._asdict()) == (
        "was trained on other data than the LMDB now holds")
    make_dataset({"train": [(8, 8)] * 3, "val": [(8, 8)]}, tmp_path / "more")
    shutil.copy(tmp_path / "lmdb" / "dataset.json", tmp_path / "more" / "lmdb" / "dataset.json")
    assert origin(lmdb=tmp_path / "more" / "lmdb").dataset != origin().dataset


def test_a_record_without_fields_is_of_another_run(origin):
    assert origin().difference({}).startswith("belongs to another net")
