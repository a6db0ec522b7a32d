"""Nets and solvers read from files: Caffe itself ends the process where one is missing or damaged."""

from pathlib import Path

from google.protobuf import text_format

from data_prep import cityscapes
from data_prep.atomic_files import write_atomically
from data_prep.store.metadata import Metadata
from experiments.settings.build_paths import Build
from prototxt.fcn import Architecture
from prototxt.nets import deploy_net, train_net, validation_net
from prototxt.solver import solver
from prototxt.stages import STAGES

KINDS = ("train", "val", "deploy", "solver")


def read_prototxt(path, message):
    """Read a text file into a protobuf message of the type `message`.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    ValueError
        If it is not such a message.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}; run `make nets` with the same DATASET first.")
    try:
        return text_format.Parse(path.read_text(), message())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a {message.DESCRIPTOR.name} ({error}); remove it and run `make nets` again.") \
            from None


def generate_nets(config, build):
    """Write the nets and solvers of all stages, and make the folders that they are trained in.

    Parameters
    ----------
    config : experiments.settings.config.Config
    build : pathlib.Path
        Build folder of the experiment; its lmdb/ must exist.
    """
    build = Build(build)
    write_nets(config, build.metadata(), build, build.nets)
    for stage in STAGES:
        build.stage(stage).mkdir(parents=True, exist_ok=True)


def write_nets(config, metadata, build, folder):
    """Write the nets and solvers of all stages.

    Parameters
    ----------
    config : experiments.settings.config.Config
    metadata : data_prep.store.metadata.Metadata
        Of the dataset; `splits`, `sizes` and the number of classes matter.
    build : pathlib.Path
        Where the dataset is and the snapshots will be, as the nets and solvers name it.
    folder : pathlib.Path
        Where to write; the solvers name it too.
    """
    for stage in STAGES:
        for kind, message in _messages(stage, config, metadata, Build(build), folder / stage).items():
            write_atomically(folder / stage / f"{kind}.prototxt", text_format.MessageToString(message))


def nominal_metadata(name):
    """Return what is known of a dataset before its LMDB is made; its mean colour is not.

    Raises
    ------
    ValueError
        If the dataset has not always the same images.
    """
    if name != "cityscapes":
        raise ValueError(f"The images of {name} are known from its LMDB alone; leave out --nominal.")
    size = tuple(length // cityscapes.SUBSAMPLING for length in cityscapes.FRAME_SIZE)
    return Metadata(name=name, classes=list(cityscapes.CLASSES.values()), label_ids=list(cityscapes.CLASSES),
                    mean_bgr=None, splits=cityscapes.FRAMES, sizes={split: [size] for split in cityscapes.FRAMES},
                    seed=0, subsampling=cityscapes.SUBSAMPLING)


def _messages(stage, config, metadata, build, folder):
    settings = config.stage(stage)
    architecture = Architecture(len(metadata.classes), **config.net.dict())
    crf = config.crf.dict()
    data = {"source": str(build.split("train")), "batch": settings.batch, "shuffle": True,
            "mirror": settings.mirror, "seed": config.seed}
    validation_data = dict(data, source=str(build.split("val")), batch=1, shuffle=False, mirror=False)
    messages = (
        train_net(stage, architecture, data, crf, settings.normalise),
        validation_net(stage, architecture, validation_data, crf),
        deploy_net(stage, architecture, metadata.sizes["train"][0], crf),
        solver(
            str(folder / "train.prototxt"), str(folder / "val.prototxt"), metadata.splits["val"],
            str(build.stage(stage) / "snapshot"), config.seed, type=settings.type, base_lr=settings.base_lr,
            iterations=settings.iterations, momentum=settings.momentum, weight_decay=settings.weight_decay,
            iter_size=settings.iter_size, snapshot=settings.validate_every, steps=settings.steps,
            step_factor=settings.step_factor))
    return dict(zip(KINDS, messages))
