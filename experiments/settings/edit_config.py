"""Change the CRF's parameters in a configuration file and nothing else: comments and layout stay."""

from pathlib import Path

import yaml

from data_prep.atomic_files import write_atomically
from experiments.settings.config import load_config


def write_crf(path, values):
    """Set keys under `crf` in a configuration.

    Parameters
    ----------
    path : path
        The YAML file. It is replaced as a whole or not at all.
    values : dict of str to number
        Keys of `experiments.settings.config.CRFConfig`.

    Raises
    ------
    ValueError
        If the file is no configuration, or laid out such that the values can't be put in by themselves.
    """
    path = Path(path).resolve()  # a link stays a link
    load_config(path)
    with open(path, newline="") as file:  # line ends stay as they are
        text = file.read()
    expected = yaml.safe_load(text)
    expected["crf"] = {**expected.get("crf", {}), **values}
    try:
        changed = _with_values(text, values)
        right = yaml.safe_load(changed) == expected
    except yaml.YAMLError:
        right = False
    if not right:
        raise ValueError(f"The crf of {path} is laid out such that values can't be put in by themselves; write them "
                         f"there by hand: {', '.join(_pairs(values))}.")
    write_atomically(path, changed)


def _with_values(text, values):
    """Replace values that `crf` has, at their places in the text, and add those that it has not."""
    crf, newline = _value(yaml.compose(text), "crf"), "\r\n" if "\r\n" in text else "\n"
    if crf is None:
        return text + newline * (not text.endswith("\n")) + f"crf: {{{', '.join(_pairs(values))}}}{newline}"
    known = {key: _value(crf, key) for key in values}
    added = _pairs({key: value for key, value in values.items() if known[key] is None})
    edits = [(node.start_mark.index, node.end_mark.index, _scalar(values[key])) for key, node in known.items() if node]
    if added:
        edits.append(_addition(text, crf, added, newline))
    for start, end, content in sorted(edits, reverse=True):
        text = text[:start] + content + text[end:]
    return text


def _addition(text, crf, added, newline):
    """The edit that adds pairs behind those of a mapping: within its braces, or on lines of their own."""
    if crf.flow_style or not crf.value:
        end = crf.end_mark.index - 1
        return end, end, ", ".join([""] * bool(crf.value) + added)
    first, last = crf.value[0][0], crf.value[-1][1]
    end = text.find("\n", last.end_mark.index)
    end = len(text) if end < 0 else end - len(newline) + 1
    return end, end, "".join(newline + " " * first.start_mark.column + pair for pair in added)


def _value(mapping, name):
    return next((value for key, value in mapping.value if key.value == name), None)


def _pairs(values):
    return [f"{key}: {_scalar(value)}" for key, value in values.items()]


def _scalar(value):
    return yaml.safe_dump(value).split("\n")[0]
