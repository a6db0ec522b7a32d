"""Edits of a CRF's parameters in a configuration file that leave its comments and layout as they are."""

from pathlib import Path

import yaml

from data_prep.atomic_files import write_atomically
from experiments.settings.config import load_config


def write_section(path, section, values):
    """Set keys of a section of a configuration.

    Parameters
    ----------
    path : path
        The YAML file. It is replaced as a whole or not at all.
    section : {"crf", "dense_crf"}
    values : dict of str to number
        Keys of `experiments.settings.crf_config.CRFConfig` or `DenseCRFConfig`.

    Raises
    ------
    ValueError
        If the file is no configuration, or has a layout in which the values can't be changed alone.
    """
    path = Path(path).resolve()  # a link stays a link
    load_config(path)
    with open(path, newline="") as file:  # line ends stay as they are
        text = file.read()
    expected = yaml.safe_load(text)
    expected[section] = {**expected.get(section, {}), **values}
    try:
        changed = _with_values(text, section, values)
        as_expected = yaml.safe_load(changed) == expected
    except yaml.YAMLError:
        as_expected = False
    if not as_expected:
        raise ValueError(f"The {section} of {path} has a layout in which its values can't be changed alone; write them "
                         f"there by hand: {', '.join(_pairs(values))}.")
    write_atomically(path, changed)


def _with_values(text, section, values):
    """Return the text with the values: those that the section has replaced in their places, the others added."""
    mapping, newline = _value(yaml.compose(text), section), "\r\n" if "\r\n" in text else "\n"
    if mapping is None:
        return text + newline * (not text.endswith("\n")) + f"{section}: {{{', '.join(_pairs(values))}}}{newline}"
    nodes = {key: _value(mapping, key) for key in values}
    added = _pairs({key: value for key, value in values.items() if nodes[key] is None})
    edits = [(node.start_mark.index, node.end_mark.index, _scalar(values[key])) for key, node in nodes.items() if node]
    if added:
        edits.append(_addition(text, mapping, added, newline))
    for start, end, content in sorted(edits, reverse=True):
        text = text[:start] + content + text[end:]
    return text


def _addition(text, mapping, added, newline):
    """Return the edit (start, end, text) that adds pairs after a mapping's own: within its braces, or a line each."""
    if mapping.flow_style or not mapping.value:
        end = mapping.end_mark.index - 1
        return end, end, ", ".join([""] * bool(mapping.value) + added)
    first, last = mapping.value[0][0], mapping.value[-1][1]
    end = text.find("\n", last.end_mark.index)
    end = len(text) if end < 0 else end - len(newline) + 1
    return end, end, "".join(newline + " " * first.start_mark.column + pair for pair in added)


def _value(mapping, name):
    return next((value for key, value in mapping.value if key.value == name), None)


def _pairs(values):
    return [f"{key}: {_scalar(value)}" for key, value in values.items()]


def _scalar(value):
    return yaml.safe_dump(value).split("\n")[0]
