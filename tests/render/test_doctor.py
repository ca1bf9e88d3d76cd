"""What an examination found, as lines and as JSON."""

from __future__ import annotations

import json

from deployer.doctor.finding import ok, problem, warning
from deployer.errors import Place
from deployer.render.doctor import as_json, as_text

FOUND = [
    ok("engine", "28.5.2"),
    warning("clock", "9 s behind", "set it"),
    problem("daemon.json", "no JSON\x1b[2J", "mend it", Place("/etc/docker/daemon.json", 3, 1)),
]


def test_a_line_each_with_place_and_mend_beneath() -> None:
    """And at the end how many are not well; what would steer the terminal is shown as an escape."""
    assert as_text(FOUND).splitlines() == [
        "ok       engine       28.5.2",
        "warning  clock        9 s behind",
        "                      = set it",
        "problem  daemon.json  no JSON\\x1b[2J",
        "                      --> /etc/docker/daemon.json:3:1",
        "                      = mend it",
        "",
        "1 problem, 1 warning",
    ]
    assert as_text(FOUND[:1]).splitlines()[-1] == "all is well"


def test_colour_adds_nothing_but_colour() -> None:
    colored = as_text(FOUND, color=True)
    for code in ("\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"):
        assert code in colored
        colored = colored.replace(code, "")
    assert colored == as_text(FOUND)


def test_json_has_every_part() -> None:
    """The same keys in each, and null for what no file says."""
    assert json.loads(as_json(FOUND[1:])) == {
        "format_version": 1,
        "findings": [
            {"check": "clock", "status": "warning", "detail": "9 s behind", "hint": "set it", "place": None},
            {
                "check": "daemon.json",
                "status": "problem",
                "detail": "no JSON\x1b[2J",
                "hint": "mend it",
                "place": {"file": "/etc/docker/daemon.json", "line": 3, "column": 1},
            },
        ],
    }
