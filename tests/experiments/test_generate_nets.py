"""The command that writes nets and solvers: where they land, and what they name."""

import pytest
import yaml
from caffe.proto import caffe_pb2
from google.protobuf import text_format

from experiments.generate_nets import main
from prototxt.stages import STAGES
from tests.experiments.tiny_experiment import CONFIG

FILES = {f"{stage}/{kind}.prototxt" for stage in STAGES for kind in ("train", "val", "deploy", "solver")}


def read(path, message=caffe_pb2.NetParameter):
    return text_format.Parse(path.read_text(), message())


def files_below(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def tiny(tmp_path, make_dataset):
    """A configuration and a build folder that holds nothing but its LMDB."""
    make_dataset({"train": [(40, 48)] * 3, "val": [(40, 48)] * 2}, tmp_path / "build")
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path, tmp_path / "build"


def test_nets_land_in_the_build_folder_and_stages_have_theirs(tiny, command):
    config, build = tiny
    assert command(main, "--config", config, "--build", build) == (0, "", "")
    assert files_below(build / "nets") == FILES | {"config.yaml"}
    assert (build / "nets" / "config.yaml").read_bytes() == config.read_bytes()
    for stage in STAGES:
        assert (build / stage).is_dir()
        solver = read(build / "nets" / stage / "solver.prototxt", caffe_pb2.SolverParameter)
        nets = build / "nets" / stage
        assert [solver.train_net or solver.net, *solver.test_net] == [str(nets / "train.prototxt"),
                                                                      str(nets / "val.prototxt")]
        assert solver.snapshot_prefix == str(build / stage / "snapshot")
        assert list(solver.test_iter) == [2]  # images of the split val
        shape, = read(nets / "deploy.prototxt").layer[0].input_param.shape
        assert list(shape.dim) == [1, 3, 40, 48]


def test_nets_can_be_written_elsewhere(tiny, command, tmp_path):
    config, build = tiny
    assert command(main, "--config", config, "--build", build, "--nets", tmp_path / "nets")[0] == 0
    assert files_below(tmp_path / "nets") == FILES and not (build / "nets").exists()
    solver = read(tmp_path / "nets" / "stage3" / "solver.prototxt", caffe_pb2.SolverParameter)
    assert list(solver.test_net) == [str(tmp_path / "nets" / "stage3" / "val.prototxt")]
    assert solver.snapshot_prefix == str(build / "stage3" / "snapshot")


def test_without_an_lmdb_the_target_that_makes_it_is_named(tiny, command, tmp_path):
    status, output, errors = command(main, "--config", tiny[0], "--build", tmp_path / "empty")
    assert (status, output, errors.count("\n")) == (1, "", 1) and "make lmdb" in errors


def test_a_configuration_for_another_dataset_is_refused(tiny, command):
    """As where CONFIG names a file and DATASET is forgotten."""
    config, build = tiny
    config.write_text(yaml.safe_dump(dict(CONFIG, dataset="camvid")))
    status, _, errors = command(main, "--config", config, "--build", build)
    assert status == 1 and errors.count("\n") == 1 and not (build / "nets").exists()
    assert f"for the dataset camvid, but the LMDBs in {build / 'lmdb'} hold tiny" in errors


def test_cityscapes_nets_need_no_lmdb(command, tmp_path):
    config = tmp_path / "cityscapes.yaml"
    config.write_text(yaml.safe_dump(dict(CONFIG, dataset="cityscapes")))
    build = tmp_path / "build"
    assert command(main, "--config", config, "--build", build, "--nominal")[0] == 0
    assert files_below(build) == {f"nets/{name}" for name in FILES}
    shape, = read(build / "nets" / "stage4" / "deploy.prototxt").layer[0].input_param.shape
    assert list(shape.dim) == [1, 3, 512, 1024]  # half of 1024 x 2048
    solver = read(build / "nets" / "stage1" / "solver.prototxt", caffe_pb2.SolverParameter)
    assert list(solver.test_iter) == [500]
    status, _, errors = command(main, "--config", config, "--build", build, "--nets", tmp_path / "nets", "--nominal")
    assert status == 0 and files_below(tmp_path / "nets") == FILES


def test_other_datasets_need_their_lmdb(tiny, command):
    config, build = tiny
    status, _, errors = command(main, "--config", config, "--build", build, "--nominal")
    assert status == 1 and "leave out --nominal" in errors and not (build / "nets").exists()
