"""docker/run: the folders and variables that a command sees, its user, and errors."""

import os
import re

import pytest

from tests.docker.fakes import check_sentence, values


def container(machine, engine="docker"):
    """Words of the only `<engine> run` call."""
    call, = machine.calls(engine, "run")
    return call


def own_mounts(machine):
    """The mounts of every container: the repository read-only, build/ in it not."""
    folder = machine.repository
    return [f"{folder}:{folder}:ro", f"{folder}/build:{folder}/build:rw"]


def test_without_image(machine):
    machine.add_engine("docker")
    check_sentence(machine.docker_run("true"), "make docker")


def test_without_command(built):
    check_sentence(built.docker_run(), "docker/run")


def test_forced_engine_that_is_missing(built):
    check_sentence(built.docker_run("true", ENGINE="podman"), "ENGINE is podman")


def test_command_runs_in_the_repository_as_the_caller(built):
    assert built.docker_run("caffe", "train", "-solver", "a b").returncode == 0
    call = container(built)
    image, = [name for name in built.images() if name.startswith("hybrid-cnn-crf:")]
    assert call[call.index(image):] == [image, "caffe", "train", "-solver", "a b"]
    assert values(call, "--workdir") == [str(built.repository)]
    assert values(call, "--user") == ["1000:1000"]
    assert values(call, "--volume") == own_mounts(built)
    assert "--rm" in call and "--tty" not in call


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_a_command_reaches_nothing_but_its_mounts(machine, engine):
    machine.add_engine(engine, pull="true")
    machine.docker_build()
    machine.docker_run("true")
    call = machine.calls(engine, "run")[-1]
    assert "--read-only" in call
    assert values(call, "--tmpfs") == (["/tmp:exec"] if engine == "docker" else ["/tmp:exec", "/dev/shm"])
    assert ("--read-only-tmpfs=false" in call) == (engine == "podman")  # its own word for /run and /var/tmp
    assert values(call, "--cap-drop") == ["ALL"] and values(call, "--cap-add") == []
    assert "no-new-privileges" in values(call, "--security-opt")
    assert values(call, "--network") == ["none"]


@pytest.mark.parametrize("network, words", [("none", ["none"]), ("default", []), ("host", ["host"])])
def test_a_network_is_there_where_it_is_asked_for(built, network, words):
    built.docker_run("true", NETWORK=network)
    assert values(container(built), "--network") == words


def test_an_unknown_network(built):
    check_sentence(built.docker_run("true", NETWORK="some"), "'some'", "none, default")


def test_further_folders_are_writable_where_it_is_asked_for(built):
    (built.repository / "prototxt" / "nets").mkdir(parents=True)
    built.docker_run("true", WRITABLE="prototxt/nets missing")
    folder = f"{built.repository}/prototxt/nets"
    assert values(container(built), "--volume") == [*own_mounts(built), f"{folder}:{folder}:rw"]


def test_root_may_use_the_files_of_others(built):
    built.become(0, "root")
    built.docker_run("true")
    try:
        os.chown(built.repository / "build", 1000, 1000)
    except PermissionError:
        pytest.skip("only root can give files away, and not in docker/run's own container")
    built.docker_run("true")
    own, others = built.calls("docker", "run")
    assert values(own, "--cap-add") == [] and values(others, "--cap-add") == ["DAC_OVERRIDE"]


@pytest.mark.parametrize("engine", ["docker", "podman", "buildah"])
def test_an_image_that_another_checkout_has_built_is_found(machine, engine):
    machine.become(0, "root")
    for name in ("docker", "podman", "buildah"):
        machine.add_engine(name, pull="true")
    machine.add("unshare")
    machine.docker_build(ENGINE=engine)
    for record in (machine.repository / "build" / "docker").glob("cpu-*"):
        record.unlink()
    if engine != "docker":  # the fakes share their images
        machine.add("docker", "exit 1")
    if engine == "buildah":
        machine.add("podman", "exit 1")
    assert machine.docker_run("true").returncode == 0
    assert machine.calls("unshare") if engine == "buildah" else machine.calls(engine, "run", "--rm", "--interactive")


def test_everything_generated_is_below_build(built):
    built.docker_run("true", THEANO_FLAGS="device=cpu")
    variables = dict(entry.split("=", 1) for entry in values(container(built), "--env"))
    build = f"{built.repository}/build"
    assert variables["THEANO_FLAGS"] == f"base_compiledir={build}/theano,device=cpu"
    for name in ("HOME", "MPLCONFIGDIR", "HYPOTHESIS_STORAGE_DIRECTORY"):
        assert variables[name].startswith(f"{build}/")
    assert variables["PYTHONPATH"] == str(built.repository)
    assert (built.repository / "build" / "home").is_dir()


def test_variables_are_passed_on(built):
    built.docker_run("true", GPU=1, NP=4, HOSTS="a:2,b", MPI_ARGS="-v -x A", OMP_NUM_THREADS=3, SECRET="x")
    entries = values(container(built), "--env")
    assert {"GPU=1", "NP=4", "HOSTS=a:2,b", "MPI_ARGS=-v -x A", "OMP_NUM_THREADS=3"} <= set(entries)
    assert not [entry for entry in entries if entry.startswith(("SECRET", "CAMVID", "DEVICE"))]


def test_blas_kernels_follow_from_the_processor_unless_named(built):
    built.docker_run("true", OPENBLAS_CORETYPE="Zen")
    built.docker_run("true")
    named, chosen = [[entry for entry in values(call, "--env") if entry.startswith("OPENBLAS_CORETYPE")]
                     for call in built.calls("docker", "run")]
    with open("/proc/cpuinfo") as file:
        flags = re.search(r"^flags.*$", file.read(), re.M).group().split()
    expected = "SkylakeX" if {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= set(flags) else \
        "Haswell" if {"avx2", "fma"} <= set(flags) else None
    assert named == ["OPENBLAS_CORETYPE=Zen"]
    assert chosen == ([f"OPENBLAS_CORETYPE={expected}"] if expected else [])


def test_exit_status_is_the_commands(machine):
    machine.add_engine("docker", pull="true", run="exit 42")
    machine.docker_build()
    assert machine.docker_run("true").returncode == 42


def test_rootless_docker_maps_the_caller_to_root(machine):
    machine.add_engine("docker", security="name=rootless", pull="true")
    machine.docker_build()
    machine.docker_run("true")
    assert values(container(machine), "--user") == []


@pytest.mark.parametrize("user, kept", [(1000, ["keep-id"]), (0, [])])
def test_podman_keeps_the_callers_id(machine, user, kept):
    machine.add_engine("podman", pull="true")
    machine.docker_build()
    machine.become(user, "someone")
    machine.docker_run("false")
    assert values(machine.calls("podman", "run")[-1], "--userns") == kept


@pytest.mark.parametrize("variable", ["CITYSCAPES", "CAMVID", "FRANKFURT", "MRF"])
def test_dataset_folders_are_mounted_read_only(variable, built, tmp_path):
    (tmp_path / "data" / "dataset").mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    built.docker_run("true", folder=elsewhere, **{variable: "../data/dataset"})
    call = container(built)
    folder = f"{tmp_path}/data/dataset"
    assert f"{folder}:{folder}:ro" in values(call, "--volume")
    assert f"{variable}={folder}" in values(call, "--env")


def test_linked_parts_of_a_dataset_are_mounted(built, tmp_path):
    (tmp_path / "disk" / "train").mkdir(parents=True)
    (tmp_path / "camvid").mkdir()
    (tmp_path / "camvid" / "train").symlink_to(tmp_path / "disk" / "train")
    built.docker_run("true", CAMVID=tmp_path / "camvid")
    assert f"{tmp_path}/disk/train:{tmp_path}/disk/train:ro" in values(container(built), "--volume")


def test_missing_dataset_folder_is_left_to_the_command(built, tmp_path):
    assert built.docker_run("true", CAMVID="missing").returncode == 0
    call = container(built)
    assert f"CAMVID={built.repository}/missing" in values(call, "--env")
    assert values(call, "--volume") == own_mounts(built)


def test_files_in_arguments_are_mounted_read_only(built, tmp_path):
    photo, weights = tmp_path / "a photo.jpg", tmp_path / "final.caffemodel"
    photo.touch()
    weights.touch()
    built.docker_run("predict", "../a photo.jpg", f"--weights={weights}")
    call = container(built)
    assert {f"{path}:{path}:ro" for path in (photo, weights)} < set(values(call, "--volume"))
    assert call[-3:] == ["predict", "../a photo.jpg", f"--weights={weights}"]


def test_arguments_from_another_folder_become_absolute(built, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("photo.jpg", "predict"):
        (elsewhere / name).touch()
    (elsewhere / "camvid").mkdir()
    words = ["python3", "-m", "predict", "--rows", "cnn", "camvid", "--dataset", "camvid"]  # names, not paths
    built.docker_run(*words, "photo.jpg", "camvid", "--weights=photo.jpg", "--crf", folder=elsewhere)
    assert container(built)[-12:] == [*words, f"{elsewhere}/photo.jpg", f"{elsewhere}/camvid",
                                      f"--weights={elsewhere}/photo.jpg", "--crf"]


def test_names_of_several_rows_and_splits_are_no_paths(built, tmp_path):
    """A build folder has folders of the stages' names, and a dataset's folder those of its splits."""
    elsewhere = tmp_path / "elsewhere"
    for name in ("joint", "control", "drive", "val", "predict"):
        (elsewhere / name).mkdir(parents=True)
    words = ["python3", "-m", "evaluate", "--rows", "joint", "control", "--split", "drive", "val"]
    built.docker_run(*words, "--config", "val", folder=elsewhere)
    assert container(built)[-11:] == [*words, "--config", f"{elsewhere}/val"]


@pytest.mark.parametrize("word", ["/usr/bin", "/etc/passwd", "/", "/dev/null", "/tmp"])
def test_folders_of_the_system_are_the_images_own(built, word):
    built.docker_run("ls", word)
    assert values(container(built), "--volume") == own_mounts(built)


def test_linked_build_folder_is_mounted(built, tmp_path):
    (tmp_path / "scratch").mkdir()
    (built.repository / "build").rename(tmp_path / "scratch" / "build")
    (built.repository / "build").symlink_to(tmp_path / "scratch" / "build")
    built.docker_run("true")
    assert f"{tmp_path}/scratch/build:{tmp_path}/scratch/build:rw" in values(container(built), "--volume")


def test_buildah_mounts_the_image_and_steps_inside(machine, tmp_path):
    machine.become(0, "root")
    machine.add_engine("buildah", pull="true")
    machine.add("unshare")
    machine.docker_build()
    (tmp_path / "camvid").mkdir()
    assert machine.docker_run("python3", "-V", CAMVID="../camvid").returncode == 0
    call, = machine.calls("unshare")
    assert call[call.index("/container") + 1:][:3] == [f"ro:{tmp_path}/camvid", f"ro:{machine.repository}",
                                                       f"rw:{machine.repository}/build"]
    assert call[-2:] == ["python3", "-V"]
    assert f"CAMVID={tmp_path}/camvid" in call and f"--chdir={machine.repository}" in call


def test_inside_the_environment_the_command_runs_as_it_is(machine, tmp_path):
    machine.add("python3", "exit 0")
    (tmp_path / "photo.jpg").touch()
    done = machine.docker_run("sh", "-c", 'echo "$PWD $1 $THEANO_FLAGS $PYTHONPATH"; exit 3', "name", "photo.jpg",
                              folder=tmp_path, PYTHONPATH="/caffe/python")
    assert done.returncode == 3
    assert done.stdout.split() == [str(machine.repository), f"{tmp_path}/photo.jpg",
                                   f"base_compiledir={machine.repository}/build/theano",
                                   f"{machine.repository}:/caffe/python"]


def test_an_engine_can_be_forced_inside_the_environment(built):
    built.add("python3", "exit 0")
    built.docker_run("true", ENGINE="docker")
    assert container(built)
