"""Waits for a signal, as training does: `python3 -m tests.experiments.studies.waiting`."""

import os
import signal
import time

from experiments.mpi.processes import communicator
from experiments.training.signals import Interrupted, Interruption

if __name__ == "__main__":
    communicator()
    with Interruption() as interruption:
        print(f"waits with {os.environ['OMP_NUM_THREADS']} thread", flush=True)
        try:
            while True:
                interruption.check()
                time.sleep(0.1)
        except Interrupted as interrupted:
            print(f"got {signal.Signals(interrupted.args[0]).name}", flush=True)
