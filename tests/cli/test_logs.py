"""`deployer logs`: lines of several containers, told apart and in order."""

from __future__ import annotations

import re

import pytest

from deployer.cli.logs import Entry, Source, Style, in_order, moment
from deployer.errors import WrongUsage
from tests.cli.conftest import Cli

TALK = """\
services:
  talk:
    image: busybox:1.37
    command: [sh, -c, "for n in 1 2 3; do echo out $$n; echo err $$n >&2; sleep 0.2; done; printf end"]
    restart: "no"
    scale: 2
  job:
    image: busybox:1.37
    command: [echo, done]
    restart: "no"
    depends_on: [talk]
"""
LINES = ["out 1", "err 1", "out 2", "err 2", "out 3", "err 3", "end"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("10m", 1_000_000_000 - 600),
        ("1h30m", 1_000_000_000 - 5400),
        ("2001-09-09T01:46:40Z", 1_000_000_000),
        ("2001-09-09T03:46:40.5+02:00", 1_000_000_000.5),
        ("2001-09-09T01:46:40.500000000Z", 1_000_000_000.5),
    ],
)
def test_since_is_a_duration_or_a_time(given: str, expected: float):
    """A duration counts back from now; a time may be as the engine writes it."""
    assert moment(given, 1_000_000_000) == expected


def test_what_is_no_time_is_wrong_usage():
    """With an example of what is one."""
    with pytest.raises(WrongUsage, match="no time"):
        moment("yesterday", 0)


def test_prefixes_are_of_one_width_and_in_colour_where_asked():
    """What the container wrote stays as it is."""
    web, database = Source("web-1", "a"), Source("database-1", "b")
    style = Style(width=10, timestamps=True, colors={web: "\x1b[36m"})

    assert style.shown(Entry("T", web, "\x1b[1mhi")) == "\x1b[36mweb-1       | \x1b[0mT \x1b[1mhi"
    assert style.shown(Entry("T", database, "hi")) == "database-1  | T hi"
    assert Style(width=0, timestamps=False, colors={web: "\x1b[36m"}).shown(Entry("T", web, "hi")) == "hi"


def test_two_streams_that_the_engine_wrote_out_of_order_are_put_right():
    """Its file may hold a line before an older one of the other stream; equal times stay as they are."""
    web = Source("web-1", "a")
    written = [Entry(time, web, text) for time, text in [("1", "a"), ("3", "b"), ("2", "c"), ("3", "d")]]

    assert [entry.text for entry in in_order(written)] == ["a", "c", "b", "d"]


def of(out: str, name: str) -> list[str]:
    """The lines of one container, without the prefix."""
    return [line.partition("| ")[2] for line in out.splitlines() if line.startswith(f"{name} ")]


def words(lines: list[str], stream: str) -> list[str]:
    """Lines of one stream: the engine keeps the order within each, not between the two."""
    return [line for line in lines if line.startswith(stream)]


@pytest.mark.engine
def test_logs_of_several_containers(cli: Cli, stack_name: str):
    """All lines of all, or of those asked for, in the order of time; the last ones; from a time on."""
    named = ("-p", stack_name)
    applied = cli("apply", *named, "--yes", stack=TALK)
    followed = cli("logs", "-f", *named)
    everything = cli("logs", "-t", *named)

    assert applied.code == 0, applied.err
    assert sorted(of(followed.out, "talk-1")) == sorted(LINES)
    assert words(of(followed.out, "talk-2"), "out") == ["out 1", "out 2", "out 3"]
    assert of(followed.out, "job-1") == ["done"]
    times = [line.partition("| ")[2].partition(" ")[0] for line in everything.out.splitlines()]
    assert times == sorted(times)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", time) for time in times)
    assert cli("logs", "job", *named).out == "job-1  | done\n"
    assert cli("logs", "talk", "--tail", "1", "--no-log-prefix", *named).out == "end\nend\n"
    assert cli("logs", "--since", "2999-01-01T00:00:00Z", *named).out == ""


@pytest.mark.engine
def test_an_unknown_service_is_wrong_usage(cli: Cli, stack_name: str):
    """With the nearest name."""
    result = cli("logs", "tlak", "-p", stack_name, stack=TALK)

    assert (result.code, result.out) == (64, "")
    assert "did you mean 'talk'?" in result.err


@pytest.mark.engine
def test_what_init_writes_applies_as_it_is(cli: Cli, stack_name: str, monkeypatch: pytest.MonkeyPatch):
    """And is then what it should be."""
    monkeypatch.setenv("PORT", "0")  # whichever is free
    cli("init")

    applied = cli("apply", "-p", stack_name, "--yes")

    assert applied.code == 0, applied.err
    assert cli("plan", "-p", stack_name, "--detailed-exitcode").code == 0
