"""Denormal numbers are zero in the processes that train, in the threads of BLAS too; processes share the threads."""

import os
import platform
import subprocess
import sys

import pytest

from experiments.runtime.process_setup import share_machine

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


@pytest.mark.parametrize("threads, share",
                         [("6", "3"), ("1", "1"), ("4,2", "2"), ("", "4"), ("many", "4"), (None, "4")])
def test_processes_of_one_machine_share_its_threads(monkeypatch, threads, share):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    environment = {"OMPI_COMM_WORLD_LOCAL_SIZE": "2", **({} if threads is None else {"OMP_NUM_THREADS": threads})}
    share_machine(environment)
    assert environment["OMP_NUM_THREADS"] == share
