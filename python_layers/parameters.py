"""Typed parameters of layers and experiments: unknown keys and wrong types are rejected with one sentence."""

import json

import pydantic


class StrictModel(pydantic.BaseModel):
    """A set of named, typed, immutable values; a key that is not declared is an error."""

    class Config:
        extra = "forbid"
        allow_mutation = False


def parse(model, values, where):
    """Build `model` from a dictionary.

    Parameters
    ----------
    model : type
        A subclass of `StrictModel`.
    values : dict
        The values as read from a file.
    where : str
        Names the source of the values in the error.

    Raises
    ------
    ValueError
        One sentence naming the first key that is unknown, missing or of the wrong type.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{where} holds {type(values).__name__}, allowed is a mapping of keys to values.")
    try:
        return model(**values)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        allowed = ", ".join(sorted(model.__fields__))
        raise ValueError(f"{where}: the key '{key}' is wrong: {first['msg']}; "
                         f"the keys on its first level are {allowed}.") from None


def parse_param_str(model, layer):
    """Read a Caffe Python layer's `param_str`, a JSON object, into `model`."""
    text = layer.param_str or "{}"
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ValueError(f"The param_str of a {type(layer).__name__} layer is not JSON ({error}); "
                         f"it reads: {text}") from None
    return parse(model, values, f"The param_str of a {type(layer).__name__} layer")
