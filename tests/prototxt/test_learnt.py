"""Learnt terms in nets: the same layers in training and deployment, with rates of their own; none by default."""

import caffe
import pytest

from prototxt.fcn import Architecture
from prototxt.learnt import LEARNT_LAYERS, compatibility_fields, compatibility_parameters, learnt_layers
from prototxt.nets import crf_net, deploy_net, train_net
from tests.prototxt.test_fcn import CRF, layers, load_net
from tests.prototxt.test_nets import SMALL, data_parameters
from tests.prototxt.test_pairwise import KINDS

RATES = dict(contrast_rate=7.0, pairwise_rate=11.0, compatibility_rate=13.0, class_bias_rate=17.0)


def with_blobs(net):
    return {name: [blob.data.shape for blob in blobs] for name, blobs in net.params.items()
            if not name.startswith("data_")}


@pytest.mark.parametrize("kind", KINDS)
def test_the_named_layers_are_those_that_every_net_has_more(tmp_path, make_dataset, kind):
    data = data_parameters(tmp_path, make_dataset({"train": [(24, 24)]}))
    architecture, crf = Architecture(**SMALL), {**CRF, **KINDS[kind]}
    found = []
    for settings in (crf, CRF):
        nets = (train_net("stage4", architecture, data, settings, True), deploy_net("stage4", architecture, (24, 24),
                                                                                    settings))
        trained, deployed = (with_blobs(load_net(tmp_path, net, phase)) for net, phase in zip(nets, (
            caffe.TRAIN, caffe.TEST)))
        assert trained == deployed
        found.append(trained)
    more = found[0].keys() - found[1].keys()
    assert more == learnt_layers(crf) <= LEARNT_LAYERS and more and learnt_layers(CRF) == set()
    alone = with_blobs(load_net(tmp_path, crf_net(SMALL["classes"], (24, 24), crf)))
    assert alone == {name: found[0][name] for name in more}


@pytest.mark.parametrize("kind", KINDS)
def test_each_term_has_its_own_rate(tmp_path, make_dataset, kind):
    data = data_parameters(tmp_path, make_dataset({"train": [(24, 24)]}))
    crf = {**CRF, **RATES, **KINDS[kind]}
    net = layers(train_net("stage4", Architecture(**SMALL), data, crf, True))
    rates = {name: [blob.lr_mult for blob in net[name].param] for name in learnt_layers(crf)}
    others = {"contrast": [7] * 3, "compatibility": [13], "class_bias": [17]}
    assert rates == {name: others.get(name, [11] * 2) for name in rates}
    assert all(blob.lr_mult in (1, 2) for name in ("conv1_1", "score_fr") for blob in net[name].param)


def test_a_fixed_compatibility_adds_nothing_and_only_directed_compatibilities_are_directed():
    assert compatibility_parameters(CRF) == compatibility_fields(CRF) == {}
    for kind, directed in (("symmetric", False), ("directed", True)):
        crf = {**CRF, "learn_compatibility": kind}
        assert compatibility_parameters(crf) == {"learn_compatibility": True, "directed": directed,
                                                 "learn_diagonal": True}
