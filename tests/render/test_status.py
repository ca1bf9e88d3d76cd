"""How the services are, for people and for programs."""

from __future__ import annotations

import json
import re
from textwrap import dedent

import pytest

from deployer.render.status import ServiceStatus, as_json, as_text

WEB = ServiceStatus("web", 2, 2, "healthy", ("0.0.0.0:8080->80/tcp", "127.0.0.1:9->9/tcp"), "shop/web:3f2a", 7)
DB = ServiceStatus("db", 1, 0, "starting", (), "postgres:16", 6, ("mem_limit", "restart"))


def test_a_service_is_a_line_of_an_aligned_table() -> None:
    """With a dash where there is nothing to say."""
    assert as_text([WEB, DB, ServiceStatus("new", 3, 0)]) + "\n" == dedent("""\
        SERVICE  READY  HEALTH    PORTS                                     IMAGE          REVISION  DRIFT
        web      2/2    healthy   0.0.0.0:8080->80/tcp, 127.0.0.1:9->9/tcp  shop/web:3f2a  7         -
        db       0/1    starting  -                                         postgres:16    6         mem_limit, restart
        new      0/3    -         -                                         -              -         -
        """)


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
    text = as_text([ServiceStatus(bad, 1, 1, bad, (bad,), bad, 1, (bad,))])
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
                "revision": 6, "drift": ["mem_limit", "restart"],
            },
            {
                "service": "new", "wanted": 3, "ready": 0, "health": "", "ports": [], "image": "",
                "revision": None, "drift": [],
            },
        ],
    }  # fmt: skip
