"""The command that scores the rows: its files and its table."""

import json

from experiments import evaluate


def test_each_split_has_its_file_and_its_columns(tiny_build, command):
    status, output, _ = command(evaluate.main, "--config", tiny_build.config, "--build", tiny_build.folder,
                                "--split", "train", "val")
    assert status == 0
    for split, images in (("train", 2), ("val", 5)):
        result = json.loads((tiny_build.folder / f"evaluation-{split}.json").read_text())
        assert (result["details"]["split"], result["details"]["images"]) == (split, images)
        assert f"{split}: IoU classes" in output and f"{result['joint']['classes']:.2f}" in output
    assert output.rstrip().endswith("evaluation-val.json")
