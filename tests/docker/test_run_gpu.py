"""docker/run: the GPU that a command sees, or none."""

import pytest

from tests.docker.fakes import check_sentence, values


@pytest.mark.parametrize("engine, option, value", [("docker", "--gpus", "all"),
                                                   ("podman", "--device", "nvidia.com/gpu=all")])
def test_cuda_runs_on_the_gpu_that_is_named(machine, engine, option, value):
    machine.add_engine(engine, pull="true")
    assert machine.docker_build(DEVICE="cuda").returncode == 0
    machine.docker_run("true", DEVICE="cuda", GPU="1", THEANO_FLAGS="floatX=float32")
    call = machine.calls(engine, "run")[-1]
    assert values(call, option) == [value]
    flags, = [word for word in values(call, "--env") if word.startswith("THEANO_FLAGS=")]
    assert "device=cuda1" in flags and flags.endswith(",floatX=float32")
    assert {"DEVICE=cuda", "GPU=1"} <= set(values(call, "--env"))


def test_cuda_image_runs_without_a_gpu(machine):
    machine.add_engine("docker", pull="true")
    assert machine.docker_build(DEVICE="cuda").returncode == 0
    machine.docker_run("true", DEVICE="cuda", GPU="none")
    call = machine.calls("docker", "run")[-1]
    assert values(call, "--gpus") == []
    assert not any("device=" in word for word in values(call, "--env"))


def test_cpu_asks_for_no_gpu(built):
    built.docker_run("true")
    assert values(built.calls("docker", "run")[-1], "--gpus") == []


def test_driver_is_mounted_where_the_engine_does_not(machine):
    machine.become(0, "root")
    machine.add_engine("buildah", pull="true")
    assert machine.docker_build(DEVICE="cuda").returncode == 0
    machine.add("ldconfig", "cat <<'LIST'\n"
                "\tlibcuda.so.1 (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/libcuda.so.1\n"
                "\tlibcuda.so.1 (libc6) => /usr/lib/i386-linux-gnu/libcuda.so.1\n"
                "\tlibcudart.so.13 (libc6,x86-64) => /usr/local/cuda/lib64/libcudart.so.13\nLIST")
    machine.add("unshare")
    machine.docker_run("true", DEVICE="cuda")
    words = machine.calls("unshare")[-1]
    assert "ro:/usr/lib/x86_64-linux-gnu/libcuda.so.1" in words
    assert not any("i386" in word or "cudart" in word for word in words)


def test_gpu_that_is_no_number(built):
    check_sentence(built.docker_run("true", GPU="first"), "'first'", "number", "none")
