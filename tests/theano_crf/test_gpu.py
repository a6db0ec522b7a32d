"""The CRF with a GPU as Theano's device: the files gpu_..._cases.py, and tests that run on any device."""
import os

from tests.opencl import run_on_device

FOLDER = os.path.dirname(os.path.abspath(__file__))
FILES = ("gpu_cases.py", "gpu_neighbour_cases.py", "gpu_loss_cases.py", "test_bad_input.py", "test_ssvm.py",
         "test_void.py")


def test_on_the_device():
    status, output = run_on_device("-m", "pytest", "-q", "-p", "no:cacheprovider",
                                   *[os.path.join(FOLDER, file) for file in FILES])
    assert status == 0, output
