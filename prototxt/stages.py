"""The table of training stages: nets, configuration, training, curves and the Makefile's targets follow from it."""

from typing import FrozenSet, NamedTuple, Optional

SOFTMAX, SSVM = "softmax", "ssvm"


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
    loss : {"softmax", "ssvm"}
    crf : bool
        Whether it is validated, and deployed, with the CRF.
    control_of : str or None
        The stage that it is the control of. Its curve starts at the same iteration, and it takes as many iterations as
        that stage did; where the configuration has no settings for it, it takes those of that stage.
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


CNN, JOINT, CONTROL = "stage3", "stage4", "control"

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
