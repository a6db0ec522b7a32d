"""A line per case in place of a dot, with the outcome, the seconds and what the case has noted."""

import pytest

PROPERTY = "line"


class CaseLines:
    """Plugin of pytest that prints the lines which tests have noted under `PROPERTY`, or their names."""

    def __init__(self, config):
        self._config, self._preparation = config, 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report):
        if report.when == "call":
            return report.outcome, "", ""

    def pytest_runtest_logreport(self, report):
        if report.when == "setup":
            self._preparation = report.duration
        if report.when == "call" or report.outcome != "passed" and report.when == "setup":
            lines = [line for name, line in report.user_properties if name == PROPERTY] or [report.nodeid]
            terminal = self._config.pluginmanager.get_plugin("terminalreporter")
            seconds = report.duration + (self._preparation if report.when == "call" else 0)
            for line in lines:
                terminal.write_line(f"{report.outcome}, {seconds:.0f} s: {line}")
