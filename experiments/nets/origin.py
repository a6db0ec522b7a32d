"""The configuration that the nets on disk were made from: with another one's they would not have the settings it names.
"""

from experiments.settings.build_paths import Build
from experiments.settings.config import load_config
from prototxt.stages import find_stage

# Keys of the configuration that every net follows from, and those that one for training follows from besides.
OF_ALL = ("net", "image_scale")
OF_TRAINING = ("seed", "training_images", "augmentation", "validation")


def check_labelling_nets(config, build, crf):
    """Check that the nets that label images, with the CRF or without, are those of the configuration.

    Nets without a record of their configuration count as one's own and pass.

    Parameters
    ----------
    config : experiments.settings.config.Config
    build : path
    crf : bool

    Raises
    ------
    ValueError
        One sentence that names the first key that differs.
    """
    _check(build, config, lambda one: {key: getattr(one, key) for key in (*OF_ALL, *(("crf",) if crf else ()))})


def check_training_nets(config, build, stage):
    """Check that a stage's nets and solver are those of the configuration; parameters and errors as above.

    Parameters
    ----------
    stage : str
        Of `prototxt.stages.STAGES`.
    """
    keys = (*OF_ALL, *OF_TRAINING, *(("crf",) if find_stage(stage).crf else ()))
    _check(build, config, lambda one: {**{key: getattr(one, key) for key in keys}, stage: one.stage(stage)})


def _check(build, config, settings):
    path = Build(build).nets_configuration
    if not path.exists():
        return
    try:
        made, now = settings(load_config(path)), settings(config)
    except ValueError as error:
        raise ValueError(f"{error} It tells what the nets beside it were made from; run `make nets` to make them "
                         "anew.") from None
    different = [key for key in now if made[key] != now[key]]
    if different:
        raise ValueError(f"The nets in {path.parent} were made from another configuration, in which the key "
                         f"'{different[0]}' differs; run `make nets` with this one to make them anew, or take that "
                         f"one, {path}.")
