"""The rows of results: which weights, with the CRF or without, with which of its settings, and the paper's figures."""

from typing import Any, Mapping, NamedTuple, Optional, Tuple

from prototxt import stages


class Row(NamedTuple):
    """One way to label an image.

    Attributes
    ----------
    key : str
        Its key in the evaluation's JSON file.
    title : str
        As the paper's table 1 has it.
    stage : str
        Whose weights it takes, one of `prototxt.stages.STAGES` or `VARIANTS`.
    crf : bool
        Labels from the CRF; else the CNN's most probable ones.
    published : (float, float) or None
        The paper's IoU over classes and over categories on Cityscapes' validation set. Its models operate on half-sized
        images; at which resolution their labels were scored it does not say.
    labelling : mapping
        Keys of the configuration's crf that differ where it labels.
    dense : bool
        Labels from the fully connected CRF instead.
    candidates : tuple of Row
        Rows at several lambdas, of which each half of the images takes the one that is best on the other half: it has
        no labels of its own, see `experiments.scoring.cross_fitting`.
    """

    key: str
    title: str
    stage: str
    crf: bool
    published: Optional[Tuple[float, float]] = None
    labelling: Mapping[str, Any] = stages.NONE
    dense: bool = False
    candidates: Tuple["Row", ...] = ()

    def __hash__(self):
        return hash(self.key)  # a mapping has no hash


CNN = Row("cnn", "CNN only", stages.CNN, False, (63.8, 81.5))
CNN_CRF = Row("cnn+crf", "CNN + CRF", stages.CNN, True, (64.1, 81.2))
JOINT = Row("joint", "CNN + CRF (joint)", stages.JOINT, True, (64.4, 81.9))
# Trained on for as many iterations as the joint stage took, but with the softmax loss: what more training alone
# would give.
CONTROL = Row("control", "Control + CRF", stages.CONTROL, True)
ROWS = (CNN, CNN_CRF, JOINT, CONTROL)

# The CNNs of the last two rows without the CRF.
JOINT_CNN = Row("joint-cnn", "CNN of the joint row", stages.JOINT, False)
CONTROL_CNN = Row("control-cnn", "CNN of the control", stages.CONTROL, False)
FURTHER_ROWS = (JOINT_CNN, CONTROL_CNN)

WEIGHT_SETS = tuple(dict.fromkeys(row.stage for row in ROWS))
# Differences worth an interval, such as what joint training gains over mere further training.
COMPARISONS = ((CNN_CRF, CNN), (JOINT, CNN), (JOINT, CNN_CRF), (JOINT, CONTROL))

# Above 1: softmax(score / T) of a CNN that is too sure of itself.
TEMPERATURES = (2, 3, 5)


def _cooled(row, title):
    key = row.key.replace("+crf", "")
    return tuple(row._replace(key=f"{key}-t{temperature}", title=f"{title}, T = {temperature}, + CRF",
                              published=None, labelling={"temperature": temperature}) for temperature in TEMPERATURES)


# The control at several rates. The joint row is compared with the best of them, which favours the control.
CONTROLS = (CONTROL, *(Row(name, f"{title} + CRF", name, True) for name, title in (
    ("control-x3", "Control at 3 times the rate"), ("control-x10", "Control at 10 times the rate"))))
COOLED_CNNS = _cooled(CNN_CRF, "CNN")
COOLED_CONTROLS = tuple(row for control in CONTROLS for row in _cooled(control, control.title.replace(" + CRF", "")))
WITHOUT_EDGES = Row("joint-without-edges", "Structured loss without edges, then CRF", "joint-without-edges", True)
# Of a configuration whose CRF is not the paper's.
PAPERS_ROWS = (Row("cnn+crf-paper", "CNN + the paper's CRF", stages.CNN, True, labelling=stages.PAPERS_CRF),
               Row("joint-paper", "CNN + the paper's CRF (joint)", "joint-paper", True),
               Row("control-paper", "Control + the paper's CRF", stages.CONTROL, True, labelling=stages.PAPERS_CRF))
DENSE = Row("cnn+dense", "CNN + dense CRF", stages.CNN, False, dense=True)
# Better inference: where the joint model labels, and in its training.
DECODED_BETTER = (
    Row("joint-icm", "Joint, labelled by ICM", stages.JOINT, True, labelling={"decode": "icm"}),
    Row("joint-100", "Joint, labelled by 100 iterations", stages.JOINT, True, labelling={"iterations": 100}))
TRAINED_BETTER = (
    Row("joint-trained-icm", "Joint, ICM in training", "joint-trained-icm", True),
    Row("joint-trained-50", "Joint, 50 iterations in training", "joint-trained-50", True))


def _at_lambdas(key, title, lambdas=stages.LAMBDAS):
    return (Row(key, title, key, True), *(Row(f"{key}-lam{lam}", f"{title}, λ = {lam}", f"{key}-lam{lam}", True)
                                          for lam in lambdas))


def _own_lambda(title, candidates):
    first = candidates[0]
    return Row(f"{first.key}-own", f"{title}, its own λ", first.stage, True, candidates=candidates)


# Each at several lambdas, so that a gain over the joint row is not just more smoothing.
JOINT_LAMBDAS = _at_lambdas("joint", "Joint", stages.JOINT_LAMBDAS)[1:]
_FAMILIES = {title: _at_lambdas(key, title) for key, title in (
    ("joint-8", "Joint, 8 neighbours"), ("joint-8-long", "Joint, 8 neighbours, (0, 4) and (4, 0)"),
    ("joint-balanced-05", "Joint, balanced margins, exponent 0.5"),
    ("joint-balanced-1", "Joint, balanced margins, exponent 1"), ("joint-iou", "Joint, margins by IoU"),
    ("joint-pairwise-image", "Joint, pairwise net on the image"),
    ("joint-pairwise", "Joint, pairwise net on image and probabilities"),
    ("joint-compatibility", "Joint, learnt compatibilities"),
    ("joint-compatibility-directed", "Joint, learnt directed compatibilities"),
    ("joint-compatibility-pairs", "Joint, learnt compatibilities of unequal labels"),
    ("joint-class-bias", "Joint, a learnt bias of each class"))}
# Each at its best, on the same footing.
JOINT_OWN = _own_lambda("Joint", (JOINT, *JOINT_LAMBDAS))
OWN_LAMBDAS = (JOINT_OWN, *(_own_lambda(title, rows) for title, rows in _FAMILIES.items()))
LOVASZ = Row("lovasz", "Lovász-softmax, then CRF", "lovasz", True)
SCRATCH = Row("scratch", "CNN + CRF (joint) from random weights", "scratch", True)
LEARNT_CONTRAST = Row("joint-learnt-contrast", "Joint, learnt contrast", "joint-learnt-contrast", True)
PERCEPTRON = Row("perceptron", "Structured perceptron", "perceptron", True)
# All that helped together, as the configuration has it under `best`.
BEST = Row("best", "Joint, the best settings", stages.BEST, True)
# Rows that a study trains and labels for each seed, with the configuration's settings unless a key says otherwise:
# those that the paper's claim rests on, which it takes when none are named, those with the paper's CRF, and those of
# its future work.
CLAIM_ROWS = (CNN, CNN_CRF, *COOLED_CNNS, JOINT, *CONTROLS, *COOLED_CONTROLS, WITHOUT_EDGES, *DECODED_BETTER,
              *TRAINED_BETTER, DENSE)
FUTURE_ROWS = (*JOINT_LAMBDAS, *(row for rows in _FAMILIES.values() for row in rows), *OWN_LAMBDAS, LEARNT_CONTRAST,
               LOVASZ, SCRATCH, PERCEPTRON, BEST)
STUDY_ROWS = (*CLAIM_ROWS, *PAPERS_ROWS, *FUTURE_ROWS)
ROWS_BY_KEY = {row.key: row for row in (*STUDY_ROWS, *FURTHER_ROWS)}


def find_rows(keys):
    """Return the rows of these keys, in the table's order.

    Raises
    ------
    ValueError
        If there is no such row.
    """
    unknown = [key for key in keys if key not in ROWS_BY_KEY]
    if unknown:
        raise ValueError(f"There is no row '{unknown[0]}'; the rows are {', '.join(ROWS_BY_KEY)}.")
    return tuple(row for key, row in ROWS_BY_KEY.items() if key in keys)


def labelled_rows(rows):
    """Return the rows that label images for these: each itself, or its candidates, none twice."""
    return tuple(dict.fromkeys(own for row in rows for own in (row.candidates or (row,))))


# Ways to bring a row's labels to the full resolution of a frame.
BY_LABELS = "nearest labels"
BY_PROBABILITIES, BY_COSTS = "interpolated probabilities", "interpolated costs"


class FullSizeRow(NamedTuple):
    """A row whose labels are brought from the net's resolution to the frames' full one.

    Attributes
    ----------
    key : str
        Its key in the official evaluation's JSON file, and the folder of its label images.
    row : Row
    enlarged_by : {"nearest labels", "interpolated probabilities", "interpolated costs"}
        Probabilities of rows without the CRF; costs of rows with it, which then runs at full resolution.
    """

    key: str
    row: Row
    enlarged_by: str


def enlarged_by_labels(row):
    """Return a `FullSizeRow`, brought to full resolution in the one way that all rows have in common."""
    return FullSizeRow(row.key, row, BY_LABELS)


def interpolated(row):
    """Return a `FullSizeRow` for which what comes before the labels is interpolated."""
    return FullSizeRow(f"{row.key}-interpolated", row, BY_COSTS if row.crf else BY_PROBABILITIES)


FULL_SIZE_ROWS = (*map(enlarged_by_labels, ROWS), *map(interpolated, ROWS))


class PublishedRow(NamedTuple):
    """A line of table 1: IoU in percent on Cityscapes.

    Attributes
    ----------
    title : str
    coarse, stereo, half_resolution : bool
        True where the method was trained on the coarse annotations too, uses stereo, operates on half-sized images.
    split : str
        Of Cityscapes.
    classes, categories : float or None
    key : str or None
        Of the row of `experiments.scoring.result_rows` that is measured here.
    by_server : bool
        True where the test server can measure the same here, see `experiments.scoring.server_score`.
    """

    title: str
    coarse: bool
    stereo: bool
    half_resolution: bool
    split: str
    classes: float
    categories: Optional[float]
    key: Optional[str] = None
    by_server: bool = False


def _measured(row):
    return PublishedRow(row.title, False, False, True, "val", *row.published, row.key)


# title, coarse, stereo, half resolution, split, IoU classes, IoU categories
TABLE_1 = (
    _measured(CNN),
    _measured(CNN_CRF),
    _measured(JOINT),
    PublishedRow("Ours (the paper's joint model)", False, False, True, "test", 62.4, 82.3, by_server=True),
    PublishedRow("Papandreou et al. [19]", True, False, True, "test", 64.8, 81.3),
    PublishedRow("DeepLab [3]", False, False, True, "test", 63.1, 81.2),
    PublishedRow("CRF as RNN [32]", False, False, True, "test", 62.5, 82.7),
    PublishedRow("FCN 8s [18]", False, False, True, "test", 61.9, None),
    PublishedRow("LRR-4x [6]", True, False, False, "test", 71.8, 88.4),
    PublishedRow("Adelaide [16]", False, False, False, "test", 71.6, 51.7),  # as printed, 51.7 included
    PublishedRow("DeepLab [3]", False, False, False, "test", 70.4, 86.4),
    PublishedRow("Dilation10 [31]", False, False, False, "test", 67.1, 86.5),
    PublishedRow("Krešo et al. [13]", False, True, False, "test", 66.3, 85.0),
    PublishedRow("FCN 8s [18]", False, False, False, "test", 65.3, 85.7),
    PublishedRow("Uhrig et al. [30]", False, True, False, "test", 64.3, 85.9),
)
