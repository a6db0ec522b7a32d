"""Notes on scores that follow from how the weights were trained: chosen on the scored split, or for unequal lengths."""

from prototxt.stages import STAGES


def training_notes(details):
    """Return what to know of the training behind an evaluation's scores.

    Parameters
    ----------
    details : dict
        Of an evaluation: ``split``, ``configuration`` and, where it is known, ``iterations`` that each stage took.

    Returns
    -------
    list of str
        A sentence each; none where there is nothing to say.
    """
    return [*_selection(details["split"], details["configuration"]), *_lengths(details.get("iterations", {}))]


def _selection(split, configuration):
    chosen = [name for name, stage in STAGES.items()
              if (configuration.get(name) or configuration[stage.control_of])["patience"] is not None]
    if chosen and configuration["validation"]["splits"][0] == split:
        yield (f"With `patience` the IoU over classes on {split} has chosen the weights of {', '.join(chosen)}, and "
               f"has said when stages end: {split} is scored here too, so these figures flatter the weights.")


def _lengths(iterations):
    for name, stage in STAGES.items():
        own, other = iterations.get(name), iterations.get(stage.control_of)
        if own is not None and other is not None and own != other:
            yield (f"The {name} was trained for {own} iterations and {stage.control_of} for {other}: remove the "
                   f"{name}'s folder and run `make train-{name}` for equal lengths.")
