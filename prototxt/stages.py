"""The table of training stages: nets, configuration, training, curves and the Makefile's targets follow from it.

Variants of them, for further rows of results, are stages of their own; what they need is made when a row asks for it.
"""

from types import MappingProxyType
from typing import Any, FrozenSet, Mapping, NamedTuple, Optional, Tuple

from prototxt.learnt import DIRECTED, OF_IMAGE, OF_IMAGE_AND_PROBABILITIES, SYMMETRIC
from prototxt.learnt import NONE as WITHOUT
from prototxt.unary import NEGATIVE_PROBABILITY

SOFTMAX, SSVM, LOVASZ = "softmax", "ssvm", "lovasz"
NONE = MappingProxyType({})
# Lambdas of rows beside the configuration's, the same for each row; the joint row, whose best was the largest of these,
# has larger ones, too.
LAMBDAS = (5, 10, 20)
JOINT_LAMBDAS = (*LAMBDAS, 40, 80)
# The CRF of the paper (section 5), where a configuration has another.
PAPERS_CRF = MappingProxyType({
    "alpha": 35, "beta": 0.9, "lam": 2.5, "neighbours": ((0, 1), (1, 0)), "unary": NEGATIVE_PROBABILITY,
    "temperature": 1, "iterations": 15, "decode": "argmin", "gamma": 0.1, "margin": "hamming", "margin_balance": 0,
    "relative_contrast": False, "learn_contrast": False, "pairwise_net": WITHOUT, "learn_compatibility": WITHOUT,
    "learn_class_bias": False})
NEIGHBOURS_8 = ((0, 1), (1, 0), (1, 1), (1, -1))


class Stage(NamedTuple):
    """One stage of training (the paper's section 4.1).

    Attributes
    ----------
    name : str
        Its key in configurations and its folder below the build folder.
    title : str
        Its name beside the report's curves (figure 3).
    stride : {32, 16, 8}
        Of the scores that are upsampled to the image: FCN-32s, FCN-16s, FCN-8s.
    predecessor : str or None
        The stage whose weights it starts from; None: VGG16's, or random ones.
    new_layers : frozenset of str
        Layers that its predecessor's net (or VGG16) lacks; scores among them start at zero.
    dropped_layers : frozenset of str
        Layers of its predecessor's net that its own lacks.
    loss : {"softmax", "ssvm", "lovasz"}
    crf : bool
        Whether it is validated, and deployed, with the CRF.
    control_of : str or None
        The stage that it is the control of. Its curve starts at the same iteration, and it takes as many iterations as
        that stage did; where the configuration has no settings for it, it takes those of that stage.
    variant_of : str or None
        The stage whose settings it has but for those below; the configuration has no key for it.
    as_long_as : tuple of str
        Stages whose iterations together it takes, at most; that stage's steps of the rate are stretched to as many.
    from_random : bool
        True where it starts from random weights though the configuration has initial ones.
    rate : float
        Factor of that stage's base_lr.
    loss_settings : mapping
        Keys of the configuration's crf that differ in the structured loss alone, so not in validation and deployment.
    settings : mapping of str to mapping
        Keys that differ of the configuration's `crf`, `net` and `augmentation`, and of the stage's own as `stage`.
    configured : bool
        Whether these keys are those under `best` in the configuration instead.
    """

    name: str
    title: str
    stride: int
    predecessor: Optional[str]
    new_layers: FrozenSet[str] = frozenset()
    dropped_layers: FrozenSet[str] = frozenset()
    loss: str = SOFTMAX
    crf: bool = False
    control_of: Optional[str] = None
    variant_of: Optional[str] = None
    as_long_as: Tuple[str, ...] = ()
    from_random: bool = False
    rate: float = 1
    loss_settings: Mapping[str, Any] = NONE
    settings: Mapping[str, Mapping[str, Any]] = NONE
    configured: bool = False


CNN, JOINT, CONTROL, BEST = "stage3", "stage4", "control", "best"

_ROWS = (
    Stage("stage1", "FCN-32s", 32, None, frozenset({"score_fr", "upscore32"})),
    Stage("stage2", "skip: FCN-16s", 16, "stage1", frozenset({"score_pool4", "upscore2", "upscore16"}),
          frozenset({"upscore32"})),
    Stage(CNN, "skip: FCN-8s", 8, "stage2", frozenset({"score_pool3", "upscore_pool4", "upscore8"}),
          frozenset({"upscore16"})),
    Stage(JOINT, "CRF", 8, CNN, loss=SSVM, crf=True),
    # Validated with the CRF, too, so that its curve can be compared with the joint stage's.
    Stage(CONTROL, "control", 8, CNN, crf=True, control_of=JOINT),
)
STAGES = {stage.name: stage for stage in _ROWS}


def _variant(stage, name, title, **changes):
    return STAGES[stage]._replace(name=name, title=title, variant_of=stage, **changes)


def _at_lambdas(variant, lambdas=LAMBDAS):
    """Return a variant at the configuration's lambda, then at each of `lambdas`."""
    crf = variant.settings.get("crf", {})
    return (variant, *(variant._replace(
        name=f"{variant.name}-lam{lam}", title=f"{variant.title}, lambda {lam}",
        settings={**variant.settings, "crf": {**crf, "lam": lam}}) for lam in lambdas))


_VARIANTS = (
    # The control's best rate is not known beforehand; the paper's joint rate need not suit it.
    _variant(CONTROL, "control-x3", "control, 3 times the rate", rate=3),
    _variant(CONTROL, "control-x10", "control, 10 times the rate", rate=10),
    # Measures the share of the joint gain that is the structured loss, not the CRF in it.
    _variant(JOINT, "joint-without-edges", "structured loss without edges", loss_settings={"lam": 0}),
    # Measure the share that approximate inference in the loss costs.
    _variant(JOINT, "joint-trained-icm", "joint, ICM in training", loss_settings={"decode": "icm"}),
    _variant(JOINT, "joint-trained-50", "joint, 50 iterations of inference in training",
             loss_settings={"iterations": 50}),
    # Nearer to IoU than the softmax loss is; as the control, without the CRF in it.
    _variant(JOINT, "lovasz", "Lovász-softmax", loss=LOVASZ),
    # The paper calls training without the stages before impracticable. All that has a weight is new.
    _variant(CNN, "scratch", "CNN and CRF from random weights", loss=SSVM, crf=True, predecessor=None, from_random=True,
             new_layers=frozenset({"score_fr", "score_pool3", "score_pool4", "upscore2", "upscore_pool4", "upscore8"}),
             dropped_layers=frozenset(), as_long_as=("stage1", "stage2", CNN, JOINT),
             settings={"stage": {"balance": 0}}),
    _variant(JOINT, "joint-paper", "joint, the paper's CRF", settings={"crf": PAPERS_CRF}),
    # The margin 0 makes the structured loss the perceptron's.
    _variant(JOINT, "perceptron", "structured perceptron", loss_settings={"gamma": 0}),
    *_at_lambdas(_variant(JOINT, "joint", "joint"), JOINT_LAMBDAS)[1:],
    *_at_lambdas(_variant(JOINT, "joint-balanced-05", "joint, balanced margins, exponent 0.5",
                          loss_settings={"margin": "hamming", "margin_balance": 0.5})),
    *_at_lambdas(_variant(JOINT, "joint-balanced-1", "joint, balanced margins, exponent 1",
                          loss_settings={"margin": "hamming", "margin_balance": 1})),
    *_at_lambdas(_variant(JOINT, "joint-iou", "joint, margins by IoU",
                          loss_settings={"margin": "iou", "margin_balance": 0})),
    *_at_lambdas(_variant(JOINT, "joint-8", "joint, 8 neighbours", settings={"crf": {"neighbours": NEIGHBOURS_8}})),
    *_at_lambdas(_variant(JOINT, "joint-8-long", "joint, 8 neighbours and 2 far ones",
                          settings={"crf": {"neighbours": (*NEIGHBOURS_8, (0, 4), (4, 0))}})),
    _variant(JOINT, "joint-learnt-contrast", "joint, learnt contrast", settings={"crf": {"learn_contrast": True}}),
    *_at_lambdas(_variant(JOINT, "joint-pairwise-image", "joint, pairwise net on the image",
                          settings={"crf": {"pairwise_net": OF_IMAGE}})),
    *_at_lambdas(_variant(JOINT, "joint-pairwise", "joint, pairwise net on image and probabilities",
                          settings={"crf": {"pairwise_net": OF_IMAGE_AND_PROBABILITIES}})),
    *_at_lambdas(_variant(JOINT, "joint-compatibility", "joint, learnt compatibilities",
                          settings={"crf": {"learn_compatibility": SYMMETRIC}})),
    *_at_lambdas(_variant(JOINT, "joint-compatibility-directed", "joint, learnt directed compatibilities",
                          settings={"crf": {"learn_compatibility": DIRECTED}})),
    # Measures how much of the gain comes from the costs of equal labels, which every edge inside a region pays.
    *_at_lambdas(_variant(JOINT, "joint-compatibility-pairs", "joint, learnt compatibilities of unequal labels",
                          settings={"crf": {"learn_compatibility": SYMMETRIC, "learn_diagonal": False}})),
    # Measures whether a bias, the same everywhere, gains as much as those.
    *_at_lambdas(_variant(JOINT, "joint-class-bias", "joint, a learnt bias of each class",
                          settings={"crf": {"learn_class_bias": True}})),
    # All that helped together, of each dataset.
    _variant(JOINT, BEST, "best settings", configured=True),
)
VARIANTS = {stage.name: stage for stage in _VARIANTS}


def find_stage(name):
    """Return the `Stage` of that name, from `STAGES` or `VARIANTS`."""
    return STAGES[name] if name in STAGES else VARIANTS[name]


def stages_before(name):
    """Return the names of the stages that must be trained before a stage, in their order."""
    stage, before = find_stage(name), {}
    for other in (stage.predecessor, stage.control_of):
        if other is not None:
            before.update(dict.fromkeys([*stages_before(other), other]))
    return list(before)
