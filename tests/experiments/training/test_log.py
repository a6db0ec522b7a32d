"""The log of a stage."""

import json

from experiments.training.log import read_log


def test_a_log_cut_short_can_be_read(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"kind": "train", "iteration": 1}) + '\n{"kind": "tr')
    assert [record["iteration"] for record in read_log(path)] == [1]
