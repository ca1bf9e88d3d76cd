"""What the law has proved is told at the end of a run, also where the tests ran in several processes."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

from tests.law.tally import Tally

tally = Tally()

settings.register_profile("deployer", deadline=None)  # a busy machine is no defect
settings.load_profile("deployer")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--random", type=int, default=100, help="how many random services tests/law tries")
    parser.addoption("--cases", type=int, default=60, help="how many cases tests/model tries of each of its laws")
    parser.addoption("--sequences", type=int, default=24, help="how many sequences of requests tests/model compares")
    parser.addoption(
        "--kills", type=int, default=2, help="how often the agent in a container, or its deputy, is killed"
    )
    parser.addoption("--random-seed", type=int, default=7, help="which ones")


def pytest_configure() -> None:
    """A shell that runs the tests in the background has its children ignore Ctrl-C, and `nohup` the hang-up; what the
    tests start would inherit that.
    """
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    tally.add(report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much of the field table holds on this engine."""
    if tally.tried:
        proved = tally.tried - tally.failed - tally.unproven.keys()
        told = f"the law: {len(proved)} of {len(tally.tried)} rows proved in {tally.seconds:.0f} s"
        terminalreporter.write_sep("=", told)
        for row in sorted(tally.failed):
            terminalreporter.write_line(f"not proved: {row}")
        for row, reason in sorted(tally.unproven.items()):
            terminalreporter.write_line(f"cannot be tried here: {row}: {reason}")
        for row, reason in sorted(tally.unseen.items()):
            terminalreporter.write_line(f"proved but for drift, which cannot be seen: {row}: {reason}")
