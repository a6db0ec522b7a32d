"""The CUDA image by Docker's own builder, for one GPU architecture: with the option --cuda, as it takes long."""

import time

import pytest


def test_the_cuda_image(built, request, note):
    if not request.config.getoption("cuda"):
        pytest.skip("the CUDA image takes a quarter of an hour or more: make test-engines PYTEST_ARGS=--cuda builds it")
    began = time.monotonic()
    variables = {"DEVICE": "cuda", "GPU_ARCHITECTURES": "90"}
    made = built.run("make", "docker", seconds=7200, **variables)
    assert made.returncode == 0, made.stderr
    tested = built.docker_run("python3", "-m", "pytest", "-q", "tests/docker/test_cuda_image.py", GPU="none",
                              **variables)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    note(f"make docker DEVICE=cuda for one architecture, and its tests: {time.monotonic() - began:.0f} s")
