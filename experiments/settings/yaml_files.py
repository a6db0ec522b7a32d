"""YAML files that users write: read strictly, with one sentence for what is wrong."""

from pathlib import Path

import yaml


def read_yaml(path):
    """Return what a YAML file holds.

    Raises
    ------
    ValueError
        One sentence saying why the file is not YAML, or which key is there twice, of which the last would count.
    OSError
        If it can't be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        _check_keys(yaml.compose(text, Loader=yaml.SafeLoader))
        return yaml.safe_load(text)
    except OSError:
        raise
    except Exception as error:  # of any kind: PyYAML leaves what its readers of dates and numbers raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path} is not YAML: {reason}") from None


def _check_keys(node):
    """Raise a ValueError if a mapping below `node` has a key twice."""
    nodes, seen = [node], set()
    while nodes:
        node = nodes.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):  # an alias may lead back
            continue
        seen.add(id(node))
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)] \
            if isinstance(node, yaml.MappingNode) else []
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise ValueError(f"the key '{min(twice)}' is there twice in one mapping, remove one")
        nodes += node.value if isinstance(node, yaml.SequenceNode) else [value for _, value in node.value]
