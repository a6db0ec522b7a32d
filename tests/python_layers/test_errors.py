"""Errors of layers: raised with their traceback shown, or without it where a program reports them itself."""

import pytest

from python_layers.errors import quiet_errors, shows_errors


class Layer:
    @shows_errors
    def forward(self, bottom, top):
        return 1 / bottom

    @shows_errors
    def backward(self, top, propagate_down, bottom):
        """Gradients."""
        return top, propagate_down, bottom


def test_an_error_is_shown_with_its_place_and_raised(capsys):
    with pytest.raises(ZeroDivisionError):
        Layer().forward(0, None)
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback") and "return 1 / bottom" in shown
    assert shown.endswith("ZeroDivisionError: division by zero\n")


def test_quiet_ends_with_its_statement_however_it_is_left(capsys):
    with pytest.raises(ZeroDivisionError), quiet_errors():
        with quiet_errors():
            pass
        Layer().forward(0, None)
    assert capsys.readouterr().err == ""
    with pytest.raises(ZeroDivisionError):
        Layer().forward(0, None)
    assert "Traceback" in capsys.readouterr().err


def test_without_an_error_nothing_is_shown_and_the_result_comes_back(capsys):
    assert Layer().forward(4, None) == 0.25 and Layer().backward(1, [True], 2) == (1, [True], 2)
    assert Layer.backward.__doc__ == "Gradients." and capsys.readouterr() == ("", "")
