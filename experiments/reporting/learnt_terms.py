"""The report's section of a CRF's learnt terms: what they became, beside those of the paper they began as."""

import itertools
from typing import List, NamedTuple, Tuple

import numpy as np

import theano_crf
from experiments.nets.caffemodel import read_learnt_blobs
from experiments.nets.segmenter import Segmenter
from experiments.prediction.label_images import encode_png, enlarge, weights_picture
from experiments.prediction.row_labels import write_row_net
from experiments.reporting.learnt_plots import compatibility_plot, contrast_plot
from experiments.scoring.result_rows import ROWS_BY_KEY
from experiments.settings.build_paths import FINAL, Build
from experiments.training.log import read_log
from prototxt.learnt import CLASS_BIAS, COMPATIBILITY, CONTRAST, DIRECTED, PAIRWISE_SCORE, learnt_layers
from prototxt.stages import JOINT, VARIANTS, find_stage
from python_layers.compatibility import put_in_order
from python_layers.contrast import learnt_parameters

PICTURE_WIDTH = 320
# Percentile of the weights that is shown white.
WHITE = 99
# Pairs of labels that are compared where a dataset has both pairs, by the names that datasets give them.
COMPARED = (("car", "road"), ("car", ("bicycle", "bicyclist", "rider")))


class LearntTerms(NamedTuple):
    """The learnt terms of a stage.

    Attributes
    ----------
    stage, title : str
    sentences : list of str
    plots : list of (str, str)
        File and caption.
    pictures : list of list of dict
        A row per image, as `experiments.reporting.pictures.ReportPictures` has them.
    """

    stage: str
    title: str
    sentences: List[str]
    plots: List[Tuple[str, str]]
    pictures: List[List[dict]]


def learnt_terms(config, build, images):
    """Draw the learnt terms of all trained stages of a build folder.

    Parameters
    ----------
    config : experiments.settings.config.Config
    build : path
    images : list of (str, (H, W, 3) uint8)
        Names and images of which the weights are drawn.

    Returns
    -------
    terms : list of LearntTerms
    files : dict of str to bytes
    """
    build, terms, files = Build(build), [], {}
    for stage in (JOINT, *VARIANTS):
        if learnt_layers(config.of_stage(stage).crf.dict()) and (build.stage(stage) / FINAL).exists():
            blobs = read_learnt_blobs(build.weights(stage))
            if blobs:  # a control's CRF learns nothing
                of_stage, of_files = _of_stage(config, build, stage, blobs, images)
                terms.append(of_stage)
                files.update(of_files)
    return terms, files


def _of_stage(config, build, stage, blobs, images):
    crf = config.of_stage(stage).crf
    names, files = [entry.name for entry in build.metadata().classes], {}
    sentences, plots = [], []
    if CONTRAST in blobs:
        learnt = learnt_parameters(crf, blobs[CONTRAST])
        sentences.append(_contrast_sentence(crf, learnt))
        begin = {"iteration": 0, "alpha": crf.alpha, "beta": crf.beta, "lam": [crf.lam] * len(crf.neighbours)}
        records = [record for record in read_log(build.log(stage)) if "alpha" in record]
        plots.append((f"learnt-contrast-{stage}.svg", "The parameters of equation 6 over the iterations."))
        files[plots[-1][0]] = contrast_plot([begin, *records], crf.neighbours)
    if COMPATIBILITY in blobs:
        matrices = blobs[COMPATIBILITY][0]
        put_in_order(matrices, crf.learn_compatibility == DIRECTED)  # as the layers do before they use them
        sentences += compatibility_sentences(matrices, names, crf.neighbours)
        plots.append((f"learnt-compatibility-{stage}.svg", "The cost of each pair of labels, a matrix per neighbour."))
        files[plots[-1][0]] = compatibility_plot(matrices, names, crf.neighbours)
    if CLASS_BIAS in blobs:
        sentences.append(class_bias_sentence(blobs[CLASS_BIAS][0], names))
    pictures = []
    if CONTRAST in blobs or PAIRWISE_SCORE in blobs:
        row = next(row for row in ROWS_BY_KEY.values() if row.stage == stage and row.crf)
        segmenter = Segmenter(write_row_net(config, build, row), build.weights(stage), build.metadata().mean_bgr)
        for number, (name, image) in enumerate(images):
            pictures.append([])
            for key, caption, picture in weights_pictures(image, segmenter(image).weights, crf):
                file = f"learnt-weights-{stage}-{number + 1}-{key}.png"
                files[file] = encode_png(picture)
                pictures[-1].append({"file": file, "caption": caption, "alt": f"{name}: {caption}",
                                     "width": picture.shape[1], "height": picture.shape[0]})
    return LearntTerms(stage, _title(stage), sentences, plots, pictures), files


def _title(stage):
    title = find_stage(stage).title if stage != JOINT else "joint"
    return title[0].upper() + title[1:]


def _contrast_sentence(crf, learnt):
    lambdas = ", ".join(f"{value:.3g} for {offset}" for value, offset in zip(learnt["lam"], crf.neighbours))
    return (f"α went from {crf.alpha:g} to {learnt['alpha']:.3g}, β from {crf.beta:g} to {learnt['beta']:.3g}, and λ "
            f"from {crf.lam:g} to {lambdas}.")


def class_bias_sentence(bias, names):
    """Return a sentence with what each class costs everywhere, the dearest first: `bias` (K,), `names` K strings."""
    costs = ", ".join(f"{names[k]} {bias[k]:+.3g}" for k in np.argsort(-bias, kind="stable"))
    return f"To the unary costs of each class were added: {costs}."


def compatibility_sentences(matrices, names, neighbours):
    """Say what a car beside the road and a car beside a bicycle cost, as far as there are such classes.

    Parameters
    ----------
    matrices : (D, K, K) array
        Learnt compatibilities; Potts would give each pair of labels the cost 1.
    names : sequence of K str
    neighbours : sequence of D (int, int)

    Returns
    -------
    list of str
    """
    pairs = [tuple(_first_known(names, choice) for choice in pair) for pair in COMPARED]
    if None in itertools.chain(*pairs):
        return []
    mean = (matrices + matrices.swapaxes(1, 2)).mean(axis=0) / 2
    costs = [f"{first} beside {second} costs {mean[names.index(first), names.index(second)]:.2f}"
             for first, second in pairs]
    sentences = [f"In the mean over neighbours {costs[0]} and {costs[1]} times an edge's weight; with Potts both cost "
                 "1."]
    down = neighbours.index((1, 0)) if (1, 0) in neighbours else None
    upper, lower = (names.index(name) for name in pairs[0])
    if down is not None and matrices[down, upper, lower] != matrices[down, lower, upper]:
        sentences.append(f"{pairs[0][0].capitalize()} above {pairs[0][1]} costs {matrices[down, upper, lower]:.2f}, "
                         f"{pairs[0][1]} above {pairs[0][0]} {matrices[down, lower, upper]:.2f}.")
    return sentences


def _first_known(names, choice):
    choices = (choice,) if isinstance(choice, str) else choice
    return next((name for name in choices if name in names), None)


def weights_pictures(image, weights, crf):
    """Return an image, the weights of equation 6 and learnt ones, (key, caption, picture) each.

    Each kind of weights has a scale of its own, named in its caption.

    Parameters
    ----------
    image : (H, W, 3) uint8
    weights : (D, H, W) float32
    crf : experiments.settings.crf_config.CRFConfig
    """
    colours = image.transpose(2, 0, 1)[np.newaxis] / np.float32(255)
    papers = theano_crf.contrast_weights(colours, crf.alpha, crf.beta, crf.lam, crf.neighbours,
                                         crf.relative_contrast)[0]
    lengths = np.hypot(*np.transpose(crf.neighbours)).reshape(-1, 1, 1)
    factor = max(1, round(PICTURE_WIDTH / image.shape[1]))
    pictures = [("image", "image", enlarge(image, factor))]
    for key, caption, shown in (("papers", "weights of equation 6", papers), ("learnt", "learnt weights", weights)):
        white = float(np.percentile(lengths * shown, WHITE))
        picture = enlarge(weights_picture(shown, white, crf.neighbours), factor)
        pictures.append((key, f"{caption}; white: {white:.3g}", picture))
    return pictures
