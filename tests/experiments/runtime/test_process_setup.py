"""Denormal numbers are zero in the processes that train, in the threads of BLAS too."""

import platform
import subprocess
import sys

import pytest

PREPARED = "from experiments.runtime.process_setup import prepare_process; prepare_process()"
PROGRAM = """
{before}
import numpy as np
small = np.full((400, 400), 1e-33, np.float32)
print(np.count_nonzero(small * np.float32(1e-8)), np.count_nonzero(small @ (np.float32(1e-8) * np.eye(400, dtype="f"))))
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86-64 has the register")
@pytest.mark.parametrize("before, kept", [("", 400 * 400), (PREPARED, 0)])
def test_products_below_the_normal_numbers(before, kept):
    out = subprocess.run([sys.executable, "-c", PROGRAM.format(before=before)], check=True, stdout=subprocess.PIPE)
    assert [int(count) for count in out.stdout.split()] == [kept, kept]
