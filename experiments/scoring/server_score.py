"""The score that Cityscapes' test server has given to the joint row, as the user has noted it in a small file."""

import pydantic

from data_prep.strict_model import StrictModel, parse
from experiments.settings.yaml_files import read_yaml


class ServerScore(StrictModel):
    """IoU in percent, as the server shows it; a share, 0.624 for 62.4, is refused."""

    classes: float = pydantic.Field(..., gt=1, le=100)
    categories: float = pydantic.Field(..., gt=1, le=100)


def read_server_score(path):
    """Return the `ServerScore` in a file, None where there is no such file.

    Raises
    ------
    ValueError
        One sentence naming the key that is unknown, missing or no percentage, or why the file is not YAML.
    """
    return parse(ServerScore, read_yaml(path), str(path)) if path.is_file() else None
