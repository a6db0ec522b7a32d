"""Nets and solvers read from files: Caffe itself ends the process where one is missing or damaged."""

import json
from pathlib import Path

from google.protobuf import text_format

from data_prep import cityscapes
from data_prep.atomic_files import write_atomically
from data_prep.store.metadata import Metadata
from data_prep.store.records import open_records
from experiments.nets.class_balance import FILE_NAME as CLASS_WEIGHTS
from experiments.nets.class_balance import balanced_weights, class_frequencies, infogain_matrix, margin_matrix
from experiments.settings.build_paths import Build
from prototxt.fcn import Architecture
from prototxt.nets import deploy_net, train_net, validation_net
from prototxt.solver import solver
from prototxt.stages import SSVM, STAGES, find_stage
from python_layers.augmentation import Augmentation
from python_layers.batches import DataParameters

DATA_LAYER = "SegmentationData"
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


def image_by_image(net, images):
    """Return a training net (a NetParameter) that takes the images of the given one's batches one at a time.

    Several processes share out `images` images, those of an iteration, at a time.
    """
    copy = type(net)()
    copy.CopyFrom(net)
    for layer in copy.layer:
        if layer.python_param.layer == DATA_LAYER:
            values = json.loads(layer.python_param.param_str)
            layer.python_param.param_str = json.dumps({**values, "batch": 1, "round": images}, sort_keys=True)
    return copy


def generate_nets(config, build, stages=STAGES):
    """Write the nets and solvers of stages, and make the folders that they are trained in.

    Parameters
    ----------
    config : experiments.settings.config.Config
    build : pathlib.Path
        Build folder of the experiment; its lmdb/ must exist.
    stages : iterable of str
        Names of `prototxt.stages.STAGES` and `VARIANTS`.
    """
    build = Build(build)
    write_nets(config, build.metadata(), build, build.nets, stages)
    for stage in stages:
        build.stage(stage).mkdir(parents=True, exist_ok=True)


def write_nets(config, metadata, build, folder, stages=STAGES):
    """Write the nets and solvers of stages.

    Parameters
    ----------
    config : experiments.settings.config.Config
    metadata : data_prep.store.metadata.Metadata
        Of the dataset; `splits`, `sizes` and the number of classes matter.
    build : pathlib.Path
        Where the dataset is and the snapshots will be, as the nets and solvers name it.
    folder : pathlib.Path
        Where to write; the solvers name it too.
    stages : iterable of str
        As of `generate_nets`.

    Raises
    ------
    ValueError
        If the configuration is for another dataset, validates on a split that this one lacks, or trains on more images
        than this one has.
    """
    if config.dataset != metadata.name:
        raise ValueError(f"The configuration is for the dataset {config.dataset}, but the LMDBs in {Build(build).lmdb} "
                         f"hold {metadata.name}; name the configuration's dataset (make: DATASET={config.dataset}), or "
                         "take another configuration or build folder.")
    if config.training_images is not None and config.training_images > metadata.splits["train"]:
        raise ValueError(f"The configuration's training_images is {config.training_images}, but {metadata.name} has "
                         f"{metadata.splits['train']} images to train on; take fewer, or leave the key out for all.")
    for stage in stages:
        if config.stage(stage).balance:
            write_atomically(folder / stage / CLASS_WEIGHTS, _class_weights(stage, config, metadata, Build(build)))
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


def net_crf(crf, metadata):
    """Return a `CRFConfig` as a net takes it, a dict, with the mean colour that the net's images lack."""
    return {**crf.dict(), "mean_bgr": metadata.mean_bgr}


def validation_counts(validation, metadata):
    """Return {split: number of its images that a stage is validated on}, in the order of the splits.

    Raises
    ------
    ValueError
        If the dataset lacks a split.
    """
    missing = [split for split in validation.splits if split not in metadata.splits]
    if missing:
        raise ValueError(f"The configuration validates on the split {missing[0]}, which the dataset {metadata.name} "
                         f"has not; its splits are {', '.join(metadata.splits)}.")
    return {split: min(metadata.splits[split], validation.images or metadata.splits[split])
            for split in validation.splits}


def training_data(config, stage, build):
    """Return the parameters of the `SegmentationData` layer that a stage is trained on."""
    settings, augmentation = config.stage(stage), config.stage_augmentation(stage)
    data = {"source": str(build.split("train")), "batch": settings.batch, "shuffle": True,
            "mirror": settings.mirror, "seed": config.seed}
    changed = {"augmentation": augmentation.dict(exclude_defaults=True)}
    if config.training_images is not None:
        changed.update(records=config.training_images, spread=True)
    if settings.late_from is not None:
        changed["late_from"] = settings.late_from * settings.batch * settings.iter_size
        changed["late_augmentation"] = config.late_augmentation(stage).dict(exclude_defaults=True)
    return {**data, **{key: value for key, value in changed.items() if value}}


def _validation_data(config, build):
    folders = [str(build.split(split)) for split in config.validation.splits]
    data = {"source": folders[0] if len(folders) == 1 else folders, "batch": 1, "shuffle": False, "mirror": False,
            "seed": config.seed}
    scaled = Augmentation().of_scaled_images(config.image_scale).dict(exclude_defaults=True)
    changed = {"records": config.validation.images, "augmentation": scaled}
    return {**data, **{key: value for key, value in changed.items() if value}}


def _class_counts(stage, config, metadata, build):
    data = DataParameters(**training_data(config, stage, build))
    records = open_records(data.source)
    return class_frequencies(records, data.chosen(len(records)), len(metadata.classes), metadata.void)


def _class_weights(stage, config, metadata, build):
    counts = _class_counts(stage, config, metadata, build)
    return infogain_matrix(balanced_weights(*counts, config.stage(stage).balance))


def _loss_crf(stage, config, metadata, build):
    """Return the crf of a stage's structured loss, a dictionary; balanced margins are gamma as a matrix (K, K)."""
    crf = net_crf(config.loss_crf(stage), metadata)
    if find_stage(stage).loss != SSVM or not crf["margin_balance"]:
        return crf
    counts = _class_counts(stage, config, metadata, build)
    return {**crf, "gamma": margin_matrix(balanced_weights(*counts, crf["margin_balance"]), crf["gamma"])}


def _messages(stage, config, metadata, build, folder):
    settings, own = config.stage(stage), config.of_stage(stage)
    architecture = Architecture(len(metadata.classes), **own.net.dict())
    crf = net_crf(own.crf, metadata)
    messages = (
        train_net(stage, architecture, training_data(config, stage, build), _loss_crf(stage, config, metadata, build),
                  settings.normalise, str(folder / CLASS_WEIGHTS) if settings.balance else None),
        validation_net(stage, architecture, _validation_data(config, build), crf),
        deploy_net(stage, architecture, config.net_sizes(metadata.sizes["train"])[0], crf),
        solver(
            str(folder / "train.prototxt"), str(folder / "val.prototxt"),
            sum(validation_counts(config.validation, metadata).values()),
            str(build.stage(stage) / "snapshot"), config.seed, type=settings.type, base_lr=settings.base_lr,
            iterations=settings.iterations, momentum=settings.momentum, weight_decay=settings.weight_decay,
            iter_size=settings.iter_size, snapshot=settings.validate_every, steps=settings.steps,
            step_factor=settings.step_factor))
    return dict(zip(KINDS, messages))
