"""What the agent tells, and what of it where it is to be quiet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.gitops.log import PUT_BACK, as_text, condition, ended
from deployer.gitops.rules import Condition, Reason
from deployer.gitops.status import AgentStatus, StackStatus


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


@pytest.mark.parametrize(
    ("left", "trouble", "told"),
    [
        ("", "", "the agent ends: stopped by SIGTERM; 1 of 2 stacks Ready, shop Degraded"),
        (PUT_BACK, "", f"the agent ends: stopped by SIGTERM; {PUT_BACK}; 1 of 2 stacks Ready, shop Degraded"),
        ("", "no route", "the agent ends: stopped by SIGTERM; 1 of 2 stacks Ready, shop Degraded; no route"),
    ],
)
def test_the_last_line_says_why_it_ends_and_how_things_stand(
    capsys: pytest.CaptureFixture[str], left: str, trouble: str, told: str
):
    stacks = (
        status(Condition.DEGRADED, Reason.CRASHES, "web exited with code 3"),
        replace(status(Condition.READY, Reason.IN_STEP, "as the branch says"), path="blog/stack.yaml", stack="blog"),
    )
    ended(as_text(), AgentStatus("https://x", "main", trouble=trouble, stacks=stacks), "stopped by SIGTERM", left)
    assert capsys.readouterr().err.partition(" ")[2] == f"{told}\n"
