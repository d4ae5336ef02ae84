"""A failed test is named when it fails, not only at the end of the run."""

import pytest

LONGEST = 160  # characters of what went wrong


class FailureNames:
    """Prints a line for each failure, in the process that prints dots: of several, xdist's controller."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """After the F or E, on a line of its own."""
        if report.failed:
            phase = "" if report.when == "call" else f" ({report.when})"
            self._terminal.write(f"\nFAILED {report.nodeid}{phase}: {first_line(report)}\n", red=True)


def first_line(report: pytest.TestReport) -> str:
    """What went wrong, in one line."""
    crash = getattr(report.longrepr, "reprcrash", None)
    said = crash.message if crash else report.longreprtext
    return said.strip().partition("\n")[0][:LONGEST]


@pytest.hookimpl(trylast=True)  # the terminal is there by then
def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin where there is a terminal that does not name every test anyway."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and config.get_verbosity() <= 0:
        config.pluginmanager.register(FailureNames(terminal), "failure-names")
