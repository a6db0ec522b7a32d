"""An experiment that is trained in a second per stage."""

import yaml

from experiments.nets.definitions import generate_nets
from experiments.settings.config import load_config

STAGE = dict(type="Adam", base_lr=1e-3, iterations=4, batch=2, validate_every=2)
CONFIG = dict(dataset="tiny", seed=1, net=dict(width=1 / 64, padding="same"), crf=dict(iterations=3),
              stage1=STAGE, stage2=STAGE, stage3=STAGE, stage4=dict(STAGE, type="SGD", weight_decay=0))


def make_experiment(folder, make_dataset, **changes):
    """Write <folder>/tiny.yaml, with `changes` of CONFIG, and <folder>/build with a dataset and nets.

    Returns
    -------
    config : experiments.settings.config.Config
    build : pathlib.Path
    """
    build = folder / "build"
    if not build.exists():
        make_dataset({"train": [(40, 48)] * 5, "val": [(40, 48)] * 2}, build)
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump({**CONFIG, **changes}))
    config = load_config(path)
    generate_nets(config, build)
    return config, build
