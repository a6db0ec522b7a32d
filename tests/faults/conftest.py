"""Output of `make test-faults`: a line per fault, with the fault and its consequence."""

import pytest

from tests.experiments.conftest import tiny_build  # noqa: F401
from tests.experiments.tiny_experiment import make_experiment


@pytest.fixture
def fault(record_property):
    """Return a function that notes a line, which is printed at the end of the test."""
    def note(line):
        record_property("fault", line)
    return note


@pytest.fixture
def make_tiny_experiment(tmp_path, make_dataset):
    """Return a function that makes a tiny experiment with changes: it returns (configuration file, build folder)."""
    def make(**changes):
        _, build = make_experiment(tmp_path, make_dataset, **changes)
        return tmp_path / "tiny.yaml", build
    return make


def pytest_configure(config):
    config.pluginmanager.register(FaultLines(config), "fault-lines")


class FaultLines:
    """Prints the lines of a test with its outcome, in place of a dot."""

    def __init__(self, config):
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report):
        if report.outcome == "passed" and report.when == "call":
            return "passed", "", ""

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed" and report.when == "setup":
            lines = [line for name, line in report.user_properties if name == "fault"] or [report.nodeid]
            terminal = self._config.pluginmanager.get_plugin("terminalreporter")
            for line in lines:
                terminal.write_line(f"{report.outcome}: {line}")
