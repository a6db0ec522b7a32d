"""Numbers on all command lines: where a positive one is wanted, nothing else is taken."""

import importlib

import pytest

POSITIVE = {
    "benchmarks.crf": ["--rounds"], "benchmarks.caffe_steps": ["--iterations"],
    "benchmarks.scaling": ["--iterations", "--processes", "--bandwidth", "--gpu-seconds"],
    "benchmarks.training": ["--rounds", "--iterations"],
    "benchmarks.gpu": ["--rounds", "--iterations", "--labels", "--batches", "--megabytes", "--width"],
    "experiments.predict": ["--scale"], "data_prep.__main__": ["--jobs"]}
CASES = [(module, option) for module, options in POSITIVE.items() for option in options]


@pytest.mark.parametrize("word", ["0", "-1", "nan", "inf", "x", ""])
@pytest.mark.parametrize("module, option", CASES)
def test_a_positive_number_is_wanted(module, option, word, capsys):
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(module).main([f"{option}={word}"])
    assert ended.value.code == 2
    assert f"argument {option}: '{word}' is not a " in capsys.readouterr().err
