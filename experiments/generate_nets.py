"""Write the nets and solvers of an experiment: `python3 -m experiments.generate_nets --config CONFIG`.

They land in <build>/nets/<stage>/ as train.prototxt, val.prototxt, deploy.prototxt and solver.prototxt, and
`caffe train -solver <build>/nets/<stage>/solver.prototxt` takes them as they stand.
"""

from google.protobuf import text_format

from data_prep.metadata import read_metadata
from experiments.command_line import build_folder, experiment_parser, run_command
from experiments.config import STAGES, load_config
from experiments.files import write_atomically
from prototxt.fcn import Architecture
from prototxt.nets import deploy_net, train_net, validation_net
from prototxt.solver import solver


def generate_nets(config, build):
    """Write the nets and solvers of all stages.

    Parameters
    ----------
    config : experiments.config.Config
    build : pathlib.Path
        Build folder of the experiment; its lmdb/ must exist.
    """
    metadata = read_metadata(build / "lmdb")
    for stage in STAGES:
        folder = build / "nets" / stage
        (build / stage).mkdir(parents=True, exist_ok=True)
        for name, message in _messages(stage, config, metadata, build).items():
            write_atomically(folder / f"{name}.prototxt", text_format.MessageToString(message))


def _messages(stage, config, metadata, build):
    settings = config.stage(stage)
    architecture = Architecture(len(metadata.classes), **config.net.dict())
    crf = config.crf.dict()
    data = {"source": str(build / "lmdb" / "train"), "mean_bgr": list(metadata.mean_bgr), "batch": settings.batch,
            "shuffle": True, "mirror": settings.mirror, "seed": config.seed}
    validation_data = dict(data, source=str(build / "lmdb" / "val"), batch=1, shuffle=False, mirror=False)
    folder = build / "nets" / stage
    return {
        "train": train_net(stage, architecture, data, crf, settings.normalise),
        "val": validation_net(stage, architecture, validation_data, crf),
        "deploy": deploy_net(stage, architecture, metadata.sizes["train"][0], crf),
        "solver": solver(
            str(folder / "train.prototxt"), str(folder / "val.prototxt"), metadata.splits["val"],
            str(build / stage / "snapshot"), config.seed, type=settings.type, base_lr=settings.base_lr,
            iterations=settings.iterations, momentum=settings.momentum, weight_decay=settings.weight_decay,
            iter_size=settings.iter_size, snapshot=settings.validate_every, steps=settings.steps,
            step_factor=settings.step_factor)}


def main(arguments=None):
    options = experiment_parser(__doc__).parse_args(arguments)
    config = load_config(options.config)
    generate_nets(config, build_folder(options, config))
    return 0


if __name__ == "__main__":
    run_command(main)
