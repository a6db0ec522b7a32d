"""The layers in which a CRF's learnt terms lie: the same names in training, validation and deployment.

All of them start as the paper's model, so weights that lack such a layer are those of the paper's model.
"""

NONE = "none"
OF_IMAGE, OF_IMAGE_AND_PROBABILITIES = "image", "image and probabilities"
SYMMETRIC, DIRECTED = "symmetric", "directed"
PAIRWISE_NETS = NONE, OF_IMAGE, OF_IMAGE_AND_PROBABILITIES    # what the pairwise net sees
COMPATIBILITIES = NONE, SYMMETRIC, DIRECTED

CONTRAST, COMPATIBILITY, CLASS_BIAS = "contrast", "compatibility", "class_bias"
PAIRWISE_SCORE = "pairwise_score"
PAIRWISE_LAYERS = ("pairwise_conv1", "pairwise_conv2", "pairwise_conv3", PAIRWISE_SCORE)
LEARNT_LAYERS = frozenset({CONTRAST, *PAIRWISE_LAYERS, COMPATIBILITY, CLASS_BIAS})
# Their weights are all zero before the first step.
FROM_ZERO = frozenset({CONTRAST, PAIRWISE_SCORE, CLASS_BIAS})


def learnt_layers(crf):
    """Return the names of the layers that a CRF's learnt terms add to a net.

    Parameters
    ----------
    crf : dict
        As of `prototxt.nets.train_net`.
    """
    layers = {CONTRAST} if crf["learn_contrast"] else set()
    layers.update(PAIRWISE_LAYERS if crf["pairwise_net"] != NONE else ())
    layers.update({COMPATIBILITY} if crf["learn_compatibility"] != NONE else ())
    layers.update({CLASS_BIAS} if crf["learn_class_bias"] else ())
    return frozenset(layers)


def costs_name(crf):
    """Return the blob with the costs (N, K, H, W) of eq. 4: `unary`, unless a learnt bias of each class makes that."""
    return "costs" if crf["learn_class_bias"] else "unary"


def blob_at(rate):
    """Return the `param` of a learnt blob without weight decay, which would pull it towards the paper's model."""
    return dict(lr_mult=rate, decay_mult=0)


def compatibility_parameters(crf):
    """Return the layer's parameters that a CRF's compatibility adds to those of the loss and of inference."""
    if crf["learn_compatibility"] == NONE:
        return {}
    return {"learn_compatibility": True, "directed": crf["learn_compatibility"] == DIRECTED,
            "learn_diagonal": crf["learn_diagonal"]}


def compatibility_fields(crf):
    """Return the name and `param` of the loss's or inference's layer: by its name they share a learnt compatibility."""
    if crf["learn_compatibility"] == NONE:
        return {}
    return {"name": COMPATIBILITY, "param": [blob_at(crf["compatibility_rate"])]}
