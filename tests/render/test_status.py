"""How the services are, for people and for programs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from textwrap import dedent

import pytest

from deployer.fields.field import Effect
from deployer.history.entries import Entry
from deployer.plan.model import Action, Cause, Change, FieldChange, Plan
from deployer.render import plan_json, plan_text
from deployer.render.status import ServiceStatus, as_json, as_text
from deployer.resources.wire import EngineInfo

WEB = ServiceStatus("web", 2, 2, "healthy", ("0.0.0.0:8080->80/tcp", "127.0.0.1:9->9/tcp"), "shop/web:3f2a", (7,))
DB = ServiceStatus("db", 1, 0, "starting", (), "postgres:16", (6,), ("mem_limit", "restart"))


def test_a_service_is_a_line_of_an_aligned_table() -> None:
    """With a dash where there is nothing to say."""
    assert as_text([WEB, DB, ServiceStatus("new", 3, 0)]) + "\n" == dedent("""\
        SERVICE  READY  HEALTH    PORTS                                     IMAGE          REVISION  DRIFT
        web      2/2    healthy   0.0.0.0:8080->80/tcp, 127.0.0.1:9->9/tcp  shop/web:3f2a  7         -
        db       0/1    starting  -                                         postgres:16    6         mem_limit, restart
        new      0/3    -         -                                         -              -         -
        """)


def test_the_revisions_that_made_its_containers_are_all_told() -> None:
    """An apply seldom makes all of them anew: it makes those that differ."""
    row = ServiceStatus("web", 3, 3, "running", (), "busybox", (1, 4))
    assert re.split(" {2,}", as_text([row]).splitlines()[1])[5] == "1, 4"
    (found,) = json.loads(as_json([row]))["services"]
    assert (found["revision"], found["revisions"]) == (4, [1, 4])


def test_of_an_inactive_service_nothing_is_wanted() -> None:
    """What runs of it is counted alone, and is no fault."""
    row = ServiceStatus("debug", 0, 1, "running", (), "busybox", (3,), inactive=True)
    assert re.split(" {2,}", as_text([row]).splitlines()[1])[:3] == ["debug", "1", "running; inactive"]
    assert "\x1b[32m" in as_text([row], color=True)


def test_nothing_to_show_is_the_head_alone() -> None:
    """So that a script that cuts the first line off is right."""
    assert as_text([]) == "SERVICE  READY  HEALTH  PORTS  IMAGE  REVISION  DRIFT"


@pytest.mark.parametrize(
    ("row", "style"),
    [
        (WEB, "32"),
        (DB, "31"),
        (ServiceStatus("half", 2, 1), "33"),
        (ServiceStatus("drifted", 1, 1, drift=("cpus",)), "33"),
        (ServiceStatus("none", 0, 0), "32"),
    ],
)
def test_colour_says_how_it_is(row: ServiceStatus, style: str) -> None:
    """Green all ready, red none, yellow some or drifted; the columns stay where they are."""
    colored = as_text([row], color=True)
    assert f"\x1b[{style}m{row.service}" in colored.splitlines()[1]
    assert re.sub(r"\x1b\[\d*m", "", colored) == as_text([row])


def test_what_an_engine_says_steers_no_terminal() -> None:
    """Controls are shown as escapes, in every column, and one service stays one line."""
    bad = "\x1b[2J\n\u202e"
    text = as_text([ServiceStatus(bad, 1, 1, bad, (bad,), bad, (1,), (bad,))])
    assert text.count(r"\x1b[2J\n\u202e") == 5
    assert len(text.splitlines()) == 2


def test_json_has_every_part() -> None:
    """One object with a version; a revision that is not known is null."""
    assert json.loads(as_json([DB, ServiceStatus("new", 3, 0)], stack="shop")) == {
        "format_version": 1,
        "stack": "shop",
        "services": [
            {
                "service": "db", "wanted": 1, "ready": 0, "health": "starting", "ports": [], "image": "postgres:16",
                "revision": 6, "revisions": [6], "drift": ["mem_limit", "restart"],
                "drifted": [], "inactive": False, "compared": True,
            },
            {
                "service": "new", "wanted": 3, "ready": 0, "health": "", "ports": [], "image": "",
                "revision": None, "revisions": [], "drift": [], "drifted": [], "inactive": False, "compared": True,
            },
        ],
        "last_apply": None,
    }  # fmt: skip


FAILED = Entry(
    *(2, 1772442971.0, "anna", "edge1", "apply", "~ web[1]", "2bc5914", False, "failed", "it failed"),
    failure="web keeps restarting",
)


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (
            FAILED,
            "Revision 2 failed (apply, 2026-03-02 09:16:11 UTC, by anna on edge1): web keeps restarting\n"
            "What is left to do: deployer plan",
        ),
        (
            replace(FAILED, result="died", failure="", user="", at=0.0),
            "Revision 2 died, and was never ended (apply)\nWhat is left to do: deployer plan",
        ),
        (
            replace(FAILED, result="at work", failure=""),
            "Revision 2 is at work (apply, 2026-03-02 09:16:11 UTC, by anna on edge1)",
        ),
        (
            replace(FAILED, failure="\x1b[2J\n", command=""),
            r"Revision 2 failed (2026-03-02 09:16:11 UTC, by anna on edge1): \x1b[2J\n"
            "\nWhat is left to do: deployer plan",
        ),
    ],
)
def test_that_the_last_apply_was_not_reached_is_said(last: Entry, said: str) -> None:
    """When, by whom, and why, beneath the table."""
    assert as_text([WEB], last=last).split("\n\n")[1:] == [said]


def test_an_apply_that_succeeded_is_said_to_programs_alone() -> None:
    """People read the table."""
    succeeded = replace(FAILED, result="succeeded", failure="")
    assert as_text([WEB], last=succeeded) == as_text([WEB])
    told = json.loads(as_json([WEB], last=succeeded))["last_apply"]
    assert (told["revision"], told["result"], told["at"]) == (2, "succeeded", "2026-03-02T09:16:11Z")


def test_what_is_not_compared_says_so() -> None:
    """No drift that is known is not the same as none."""
    assert as_text([replace(WEB, compared=False)]).splitlines()[1].endswith("  not compared")


def test_drift_stands_beneath_the_table_in_the_words_of_the_plan() -> None:
    """The same values, and the same cause; in JSON the same object."""
    memory = FieldChange(
        "mem_limit", "256m", "512m", (Cause.DRIFT,), Effect.IN_PLACE, "512m", applied_known=True, applied_by=7
    )
    change = Change("service.db[1]", Action.UPDATE, "mem_limit", (memory,), detail="in place, no restart")
    plan = Plan("shop", "there", EngineInfo("unix:///x", "28", "1.51"), 7, (change,), (), (), "sha256:0")
    row = replace(DB, drifted=(change,))

    shown = [line for line in as_text([row]).splitlines() if "mem_limit  " in line]
    planned = [line for line in plan_text.as_text(plan).splitlines() if "mem_limit  " in line]

    assert [line.split() for line in shown] == [line.split() for line in planned]
    assert "256m -> 512m" in shown[0]
    assert "was 512m when revision 7 was applied" in shown[0]
    (told,) = json.loads(as_json([row]))["services"][0]["drifted"]
    assert told == {"address": "service.db[1]", **json.loads(plan_json.as_json(plan))["changes"][0]["fields"][0]}
