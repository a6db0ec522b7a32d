"""The docstrings' examples, run as doctests."""
import doctest

import pytest

from theano_crf import functions


@pytest.mark.parametrize("name", ["contrast_weights", "energy", "dual_mm", "ssvm"])
def test_examples(name):
    function = getattr(functions, name)
    runner = doctest.DocTestRunner()
    examples = doctest.DocTestFinder(recurse=False).find(function, name, globs=vars(functions).copy())
    for example in examples:
        runner.run(example)
    assert runner.tries > 0 and runner.failures == 0
