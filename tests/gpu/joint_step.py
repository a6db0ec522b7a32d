"""One iteration of stage 4 on the device of this process: `python3 -m tests.gpu.joint_step BUILD OUTPUT`."""

import sys
from pathlib import Path

import caffe
import numpy as np

from experiments.nets.device import use_device
from tests.gpu.nets import randomise


def main(build, output):
    device = use_device()
    solver = caffe.get_solver(str(Path(build) / "nets" / "stage4" / "solver.prototxt"))
    net = solver.net
    randomise(net, np.random.default_rng(0))
    before = {name: [blob.data.copy() for blob in blobs] for name, blobs in net.params.items()}
    solver.step(1)
    changes = {f"{name} {index}": blob.data - before[name][index]
               for name, blobs in net.params.items() if not name.startswith("data_")
               for index, blob in enumerate(blobs)}
    print(f"Caffe on {'the processor' if device is None else f'GPU {device}'}")
    np.savez(output, loss=net.blobs["loss"].data, unary=net.blobs["unary"].data, weights=net.blobs["weights"].data,
             unary_gradient=net.blobs["unary"].diff, **changes)


if __name__ == "__main__":
    main(*sys.argv[1:])
