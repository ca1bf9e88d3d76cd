"""What the agent tells, and what of it where it is to be quiet."""

from __future__ import annotations

import pytest

from deployer.gitops.log import as_text, condition
from deployer.gitops.rules import Condition, Reason
from deployer.gitops.status import StackStatus


def status(kind: Condition, reason: Reason, message: str) -> StackStatus:
    return StackStatus("stack.yaml", "shop", kind, reason, message, 0.0, "c" * 40, lines=("  boom",))


def test_a_quiet_agent_tells_what_is_not_as_it_should_be_and_no_more(capsys: pytest.CaptureFixture[str]):
    tell = as_text(quiet=True)
    tell("commit", "main is at cccccccccccc", {"commit": "c" * 40})
    condition(tell, status(Condition.PROGRESSING, Reason.APPLYING, "+ web[1]"))
    tell("progress", "shop: service.web[1]: created", {"stack": "shop"})
    condition(tell, status(Condition.READY, Reason.IN_STEP, "as the branch says"))
    assert capsys.readouterr() == ("", "")
    condition(tell, status(Condition.DEGRADED, Reason.COMMIT_FAILED, "web exited with code 3"))
    condition(tell, status(Condition.DRIFTED, Reason.FILE_GONE, "stack.yaml is gone"))
    condition(tell, status(Condition.PROGRESSING, Reason.BUSY, "another apply is at work"))
    tell("unreachable", "git fetch failed: no route to host", {"codes": ["remote-unreachable"]})
    tell("notify", "shop: nobody could be notified: no route to host", {"stack": "shop"})
    told = [line.partition(" ")[2] for line in capsys.readouterr().err.splitlines()]
    assert [line for line in told if not line.startswith(" ")] == [
        "shop: Degraded at cccccccccccc: web exited with code 3",
        "shop: Drifted at cccccccccccc: stack.yaml is gone",
        "shop: Progressing at cccccccccccc: another apply is at work",
        "git fetch failed: no route to host",
        "shop: nobody could be notified: no route to host",
    ]
    assert told[1] == "      boom"
