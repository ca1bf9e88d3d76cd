"""What stands beneath a failure: the last lines of what failed."""

from __future__ import annotations

from deployer.errors import Diagnostic, OperationFailed
from deployer.gitops.crashes import lines_of


def failed(service: str) -> OperationFailed:
    notes = (f"last log lines:\n  {service} boom",)
    return OperationFailed(Diagnostic("exited", f"{service} exited with code 3", notes=notes))


def test_of_one_its_message_tells_whose_they_are():
    assert lines_of([failed("web")]) == ("last log lines:", "  web boom")


def test_of_several_each_has_its_own_after_a_line_that_tells_whose_they_are():
    silent = OperationFailed(Diagnostic("exited", "job exited with code 1"))
    assert lines_of([failed("web"), silent, failed("db")]) == (
        "web exited with code 3",
        "last log lines:",
        "  web boom",
        "db exited with code 3",
        "last log lines:",
        "  db boom",
    )
