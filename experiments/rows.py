"""The rows of the table of results: which weights, with the CRF or without, and the paper's figures."""

from typing import NamedTuple, Optional, Tuple


class Row(NamedTuple):
    """One way to label an image.

    Attributes
    ----------
    key : str
        Its key in the evaluation's JSON file.
    title : str
        As the paper's table 1 has it.
    stage : str
        Whose weights it takes.
    crf : bool
        Labels from the CRF; else the CNN's most probable ones.
    published : (float, float) or None
        The paper's IoU over classes and over categories, Cityscapes' validation set at half resolution.
    """

    key: str
    title: str
    stage: str
    crf: bool
    published: Optional[Tuple[float, float]] = None


CNN = Row("cnn", "CNN only", "stage3", False, (63.8, 81.5))
CNN_CRF = Row("cnn+crf", "CNN + CRF", "stage3", True, (64.1, 81.2))
JOINT = Row("joint", "CNN + CRF (joint)", "stage4", True, (64.4, 81.9))
# Trained on for as long as the joint stage, but with the softmax loss: what more training alone would give.
CONTROL = Row("control", "Control + CRF", "control", True)
ROWS = (CNN, CNN_CRF, JOINT, CONTROL)

# What the CNNs of the last two rows would say without the CRF.
JOINT_CNN = Row("joint-cnn", "CNN of the joint row", "stage4", False)
CONTROL_CNN = Row("control-cnn", "CNN of the control", "control", False)
FURTHER_ROWS = (JOINT_CNN, CONTROL_CNN)

WEIGHT_SETS = tuple(dict.fromkeys(row.stage for row in ROWS))
# Differences worth an interval, such as what joint training gains over mere further training.
COMPARISONS = ((CNN_CRF, CNN), (JOINT, CNN), (JOINT, CNN_CRF), (JOINT, CONTROL))
