"""Output of `make test-faults`: a line per fault, with the fault and its consequence."""

import pytest

from tests.experiments.conftest import tiny_build  # noqa: F401
from tests.experiments.tiny_experiment import make_experiment
from tests.lines import PROPERTY, CaseLines


@pytest.fixture
def fault(record_property):
    """Return a function that notes a line, which is printed at the end of the test."""
    def note(line):
        record_property(PROPERTY, line)
    return note


@pytest.fixture
def make_tiny_experiment(tmp_path, make_dataset):
    """Return a function that makes a tiny experiment with changes: it returns (configuration file, build folder)."""
    def make(**changes):
        _, build = make_experiment(tmp_path, make_dataset, **changes)
        return tmp_path / "tiny.yaml", build
    return make


def pytest_configure(config):
    config.pluginmanager.register(CaseLines(config), "fault-lines")
