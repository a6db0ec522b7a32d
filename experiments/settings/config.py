"""The configuration of an experiment: one small YAML file, typed, unknown keys rejected."""

import re
from typing import Any, Dict, Literal, Optional, Tuple

import pydantic

from data_prep.strict_model import StrictModel, parse
from experiments.settings.crf_config import CRFConfig, DenseCRFConfig, DenseGridConfig, GridConfig
from experiments.settings.yaml_files import read_yaml
from prototxt.stages import CNN, JOINT, SSVM, STAGES, find_stage
from python_layers.augmentation import Augmentation, scaled_size


class NetConfig(StrictModel):
    width: float = pydantic.Field(1.0, gt=0, le=8)
    padding: Literal["fcn", "same"] = "fcn"
    dropout: float = pydantic.Field(0.5, ge=0, lt=1)


class BestConfig(StrictModel):
    """Settings of the row `best` that differ from the configuration's own, by their keys there."""

    crf: Dict[str, Any] = {}
    net: Dict[str, Any] = {}
    augmentation: Dict[str, Any] = {}
    stage4: Dict[str, Any] = {}


class StageConfig(StrictModel):
    type: Literal["SGD", "Adam"] = "SGD"
    base_lr: float = pydantic.Field(..., gt=0)
    iterations: int = pydantic.Field(..., ge=1)
    steps: Tuple[int, ...] = ()
    step_factor: float = pydantic.Field(0.1, gt=0)
    momentum: float = pydantic.Field(0.9, ge=0, lt=1)
    weight_decay: float = pydantic.Field(0.0005, ge=0)
    batch: int = pydantic.Field(1, ge=1)
    iter_size: int = pydantic.Field(1, ge=1)
    mirror: bool = True
    # of the training images; without its own a stage has the experiment's
    augmentation: Optional[Augmentation] = None
    # From this iteration on, `late_augmentation` takes its place.
    late_from: Optional[int] = pydantic.Field(None, ge=1)
    late_augmentation: Optional[Augmentation] = None
    # Exponent of the classes' weights in the softmax loss, (median frequency / frequency) ^ balance.
    balance: float = pydantic.Field(0, ge=0, le=1)
    normalise: bool = True    # the loss per labelled pixel; false: the published sum
    validate_every: int = pydantic.Field(..., ge=1)
    # The stage ends when so many validations in a row have not raised the IoU over classes; without it, at its limit.
    patience: Optional[int] = pydantic.Field(None, ge=1)

    @pydantic.validator("steps")
    def check_order(cls, steps):
        if list(steps) != sorted(set(steps)) or (steps and steps[0] < 1):
            raise ValueError(f"{list(steps)} are no iterations one after the other, from 1 on")
        return steps

    @pydantic.validator("late_augmentation", always=True)
    def check_late(cls, augmentation, values):
        if "late_from" in values and (augmentation is None) != (values["late_from"] is None):
            raise ValueError("late_from and late_augmentation go together; set both or none")
        return augmentation


class ValidationConfig(StrictModel):
    """Images that a stage is validated on.

    The first split is the one that decides: its IoU over classes says which weights are best, and when a stage has
    converged. The others are logged and drawn beside it, "train" among them to show overfitting.
    """

    splits: Tuple[str, ...] = ("val",)
    images: Optional[int] = pydantic.Field(None, ge=1)    # the first so many of each split; without it all

    @pydantic.validator("splits")
    def check_splits(cls, splits):
        if not splits or len(set(splits)) < len(splits):
            raise ValueError(f"{list(splits)} must name one split or several different ones")
        return splits


class _Experiment(StrictModel):
    dataset: str
    seed: int = pydantic.Field(0, ge=0)
    net: NetConfig = NetConfig()
    crf: CRFConfig = CRFConfig()
    dense_crf: DenseCRFConfig = DenseCRFConfig()
    grid: GridConfig = GridConfig()
    dense_grid: DenseGridConfig = DenseGridConfig()
    validation: ValidationConfig = ValidationConfig()
    # So many images of train, spread evenly over it, are trained on; without it all.
    training_images: Optional[int] = pydantic.Field(None, ge=1)
    augmentation: Augmentation = Augmentation()
    # Size of the nets' images as a factor of the dataset's, at whose size labels are scored.
    image_scale: float = pydantic.Field(1, gt=0, le=1)
    initial_weights: Optional[str] = None    # stage 1 starts from these, VGG16's; without them from random ones

    @pydantic.validator("dataset")
    def check_name(cls, name):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):  # it names the build folder
            raise ValueError("a dataset's name has letters, digits, dots, dashes and underscores only")
        return name

    @pydantic.validator("initial_weights")
    def check_width(cls, path, values):
        if path is not None and "net" in values and values["net"].width != 1:
            raise ValueError(f"the net has width {values['net'].width}, weights of VGG16 fit width 1 alone")
        return path

    @property
    def scored_splits(self):
        """The splits that results are reported of: those of validation but for the training images, or val."""
        return tuple(split for split in self.validation.splits if split != "train") or ("val",)

    def stage(self, name):
        """Return a stage's settings, a `StageConfig`; without its own, a control has those of its own stage."""
        stage = find_stage(name)
        if stage.variant_of:
            settings = self.stage(stage.variant_of)
            rate = float(f"{stage.rate * settings.base_lr:.12g}")  # 3 times 2e-5 is 6e-5
            length = self._stretched(settings, stage.as_long_as) if stage.as_long_as else {}
            return _changed(settings, {"base_lr": rate, **length, **self._changes(name).get("stage", {})})
        settings = getattr(self, name)
        return self.stage(stage.control_of) if settings is None else settings

    def _stretched(self, settings, stages):
        """Return the iterations of stages together, and a stage's steps and `late_from` at the same shares of those."""
        iterations = sum(self.stage(name).iterations for name in stages)

        def stretched(iteration):
            return max(1, round(iteration * iterations / settings.iterations))

        return {"iterations": iterations, "steps": tuple(dict.fromkeys(map(stretched, settings.steps))),
                "late_from": settings.late_from and stretched(settings.late_from)}

    def of_stage(self, name):
        """Return the configuration with a variant's own `crf`, `net` and `augmentation`; for other stages, this one."""
        changes = {key: _changed(getattr(self, key), values) for key, values in self._changes(name).items()
                   if key != "stage"}
        return self.copy(update=changes)

    def _changes(self, name):
        """Return what a variant changes, see `prototxt.stages.Stage.settings`."""
        stage = find_stage(name)
        if not stage.configured:
            return stage.settings
        return {**self.best.dict(exclude={JOINT}), "stage": self.best.stage4}

    def check_trainable(self, name):
        """Raise a ValueError where a stage's settings are to come from `best`, which has none."""
        if find_stage(name).configured and self.best == BestConfig():
            raise ValueError(f"The configuration of {self.dataset} has nothing under 'best', so the row {name} would "
                             "be joint once more; write there what differs, of "
                             f"{', '.join(BestConfig.__fields__)}.")

    def loss_crf(self, name):
        """Return the `CRFConfig` of a stage's structured loss."""
        return _changed(self.of_stage(name).crf, find_stage(name).loss_settings)

    def stage_augmentation(self, name):
        """Return the `Augmentation` of a stage's training images."""
        own = self.stage(name).augmentation
        return (self.of_stage(name).augmentation if own is None else own).of_scaled_images(self.image_scale)

    def late_augmentation(self, name):
        """Return the `Augmentation` of a stage's last training images, None where it is that of all."""
        late = self.stage(name).late_augmentation
        return late and late.of_scaled_images(self.image_scale)

    def training_sizes(self, name, sizes):
        """Return the largest sizes (height, width) of a stage's training images, those of the dataset being `sizes`."""
        both = self.stage_augmentation(name), self.late_augmentation(name)
        return list(dict.fromkeys(size for one in both if one is not None for size in (
            [one.crop] if one.crop else [scaled_size(size, one.scale[1]) for size in sizes])))

    def net_sizes(self, sizes):
        """Return sizes (height, width) of the dataset's images as the nets see them."""
        return [scaled_size(size, self.image_scale) for size in sizes]


def _changed(model, values):
    """Return a `StrictModel` with other values, which are checked."""
    return type(model)(**{**model.dict(), **values})


def make_config_model():
    """Return the model of a configuration, a pydantic class: an experiment's settings, a key per stage, and `best`."""
    def check_balance(cls, settings):
        if settings.balance:
            raise ValueError("balance weighs the classes of a softmax loss, and this stage has the structured one")
        return settings

    def check_best(cls, best, values):
        for key, changes in best:
            if key in values:  # else it is wrong itself
                changed = _checked_change(key, values[key], changes)
                if key == JOINT:
                    check_balance(cls, changed)
        fixed = sorted(best.net.keys() - {"dropout"})
        if fixed:
            raise ValueError(f"net.{fixed[0]}: it starts from {CNN}'s weights, and its CNN is labelled with that "
                             "stage's net; only the dropout may differ")
        own = {**(values[JOINT].dict() if JOINT in values else {}), **best.stage4}.get("augmentation")
        if best.augmentation and own is not None:
            raise ValueError(f"augmentation: {JOINT} has an augmentation of its own, which comes first; write what "
                             f"differs under best.{JOINT}.augmentation")
        return best

    structured = [name for name, stage in STAGES.items() if stage.loss == SSVM]
    stages = {name: (Optional[StageConfig], None) if stage.control_of else (StageConfig, ...)
              for name, stage in STAGES.items()}
    validators = {"check_balance": pydantic.validator(*structured, allow_reuse=True)(check_balance),
                  "check_best": pydantic.validator("best", allow_reuse=True)(check_best)}
    # `best` is last, as it is checked with the values of all other keys.
    return pydantic.create_model("Config", __base__=_Experiment, __module__=__name__, **stages,
                                 best=(BestConfig, BestConfig()), __validators__=validators)


def _checked_change(section, model, values):
    """Return a section with other values; a ValueError names the first key that is wrong."""
    try:
        return _changed(model, values)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{section}.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


Config = make_config_model()


def load_config(path):
    """Read a configuration.

    Raises
    ------
    ValueError
        One sentence naming the first key that is unknown, missing or wrong, or why the file is not YAML.
    FileNotFoundError
    """
    try:
        values = read_yaml(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no configuration {path}; name one with --config.") from None
    return parse(Config, values, str(path))
