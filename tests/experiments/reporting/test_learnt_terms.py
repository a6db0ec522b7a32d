"""The section of learnt terms: what weights hold, in words and pictures; nothing where nothing is learnt."""

import io

import caffe
import numpy as np
import pytest
from PIL import Image

import theano_crf
from data_prep.store.records import open_records
from experiments.prediction.row_labels import write_row_net
from experiments.reporting.learnt_terms import compatibility_sentences, learnt_terms, weights_pictures
from experiments.scoring.result_rows import find_rows
from experiments.settings.build_paths import Build
from experiments.settings.crf_config import CRFConfig
from experiments.training.log import TrainingLog

STAGES = ("joint-learnt-contrast", "joint-pairwise", "joint-compatibility-directed", "joint-class-bias")


def save_weights(config, build, stage):
    """Write weights of a row as if it had learnt: alpha twice the paper's, all factors e, car above road 3."""
    row, = find_rows([stage])
    net = caffe.Net(str(write_row_net(config, build, row)), caffe.TEST)
    if "contrast" in net.params:
        net.params["contrast"][0].data[...] = np.log(2)
    if "pairwise_score" in net.params:
        net.params["pairwise_score"][1].data[...] = 1
    if "compatibility" in net.params:
        net.params["compatibility"][0].data[1, 1, 0] = 3
    if "class_bias" in net.params:
        net.params["class_bias"][0].data[1] = 0.25
    (build / stage).mkdir()
    net.save(str(build / stage / "final.caffemodel"))
    TrainingLog(build / stage / "log.jsonl", None).append("train", 20, alpha=70.0, beta=0.9, lam=[2.5, 2.5])


@pytest.fixture
def images(experiment):
    _, build = experiment
    records = open_records(str(build / "lmdb" / "val"))
    return [(records.name(index), records[index][0]) for index in range(2)]


def test_what_each_trained_stage_has_learnt_is_shown(experiment, images):
    config, build = experiment
    assert learnt_terms(config, build, images) == ([], {})
    for stage in STAGES:
        save_weights(config, build, stage)
    terms, files = learnt_terms(config, build, images)
    contrast, pairwise, directed, bias = terms
    assert [term.stage for term in terms] == list(STAGES)
    assert contrast.sentences == ["α went from 35 to 70, β from 0.9 to 0.9, and λ from 2.5 to 2.5 for (0, 1), 2.5 for "
                                  "(1, 0)."]
    assert [len(term.pictures) for term in terms] == [2, 2, 0, 0]
    assert [len(term.plots) for term in terms] == [1, 0, 1, 0]
    names = [entry.name for entry in Build(build).metadata().classes]
    others = ", ".join(f"{name} +0" for name in names[:1] + names[2:])
    assert bias.sentences == [
        f"To the unary costs of each class were added: {names[1]} +0.25, {others}."]
    named = {picture["file"] for term in terms for row in term.pictures for picture in row}
    assert named | {file for term in terms for file, _ in term.plots} == set(files)
    captions = [picture["caption"] for picture in pairwise.pictures[0]]
    whites = [float(caption.rpartition(" ")[2]) for caption in captions[1:]]
    assert captions[0] == "image" and whites[1] / whites[0] == pytest.approx(np.e, rel=0.02)
    papers, learnt = (np.asarray(Image.open(io.BytesIO(files[f"learnt-weights-joint-pairwise-1-{kind}.png"])), float)
                      for kind in ("papers", "learnt"))
    assert np.abs(papers - learnt).max() <= 1 and np.ptp(papers) > 100


def test_a_control_of_a_crf_that_learns_has_nothing_to_show(experiment, images):
    config, build = experiment
    learning = CRFConfig(learn_contrast=True, pairwise_net="image", learn_compatibility="symmetric",
                         learn_class_bias=True)
    own = config.copy(update={"crf": learning})
    (build / "control-x3").mkdir()
    row, = find_rows(["cnn"])
    caffe.Net(str(write_row_net(config, build, row)), caffe.TEST).save(str(build / "control-x3" / "final.caffemodel"))
    assert learnt_terms(own, build, images) == ([], {})


def test_each_kind_of_weights_has_its_own_scale(images):
    image, crf = images[0][1], CRFConfig()
    papers = theano_crf.contrast_weights(image.transpose(2, 0, 1)[np.newaxis] / np.float32(255))[0]
    (_, _, shown), (_, caption, own), (_, halved_caption, halved) = weights_pictures(image, papers / 2, crf)
    np.testing.assert_array_equal(own, halved)
    white = np.percentile(papers, 99)
    assert caption == f"weights of equation 6; white: {white:.3g}"
    assert halved_caption == f"learnt weights; white: {white / 2:.3g}"
    factor = len(shown) // len(image)
    np.testing.assert_array_equal(shown[::factor, ::factor], image)


def test_pairs_of_labels_by_hand():
    names, matrices = ["road", "car", "rider"], np.zeros((2, 3, 3))
    matrices[0, 0, 1] = matrices[0, 1, 0] = 1          # to the right
    matrices[1, 1, 0], matrices[1, 0, 1] = 0.5, 1.5    # car above road, road above car
    matrices[:, 1, 2] = matrices[:, 2, 1] = 0.25
    assert compatibility_sentences(matrices, names, ((0, 1), (1, 0))) == [
        "In the mean over neighbours car beside road costs 1.00 and car beside rider costs 0.25 times an edge's "
        "weight; with Potts both cost 1.", "Car above road costs 0.50, road above car 1.50."]
    assert compatibility_sentences(matrices, ["road", "car", "bus"], ((0, 1), (1, 0))) == []
