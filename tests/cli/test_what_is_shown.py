"""What of a plan is printed where: the plan and its warnings on stdout, all that goes on meanwhile on stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

pytestmark = pytest.mark.engine

STACK = """\
services:
  web:
    image: busybox:1.37
    command: sleep 600
    init: true
    stop_grace_period: 1s
    environment: {MODE: a}
    volumes: ["./app.conf:/etc/app.conf"]
    x-deployer: {reload: {./app.conf: SIGHUP}}
"""
WARNING = "warning[reload-file]"


@pytest.fixture
def name(folder: Path, stack_name: str) -> str:
    (folder / "app.conf").write_text("x")
    return stack_name


def test_a_plans_warnings_are_printed_once_as_a_part_of_it(cli: Cli, name: str):
    """In each form: who saves stdout has them, and nobody reads them twice."""
    text = cli("plan", "-p", name, stack=STACK)
    assert (text.out.count(WARNING), text.err) == (1, "")

    data = cli("plan", "-p", name, "--format", "json")
    assert ([each["code"] for each in json.loads(data.out)["warnings"]], data.err) == (["reload-file"], "")

    for form in ("markdown", "html"):
        written = cli("plan", "-p", name, "--format", form)
        assert (written.out.count("<b>Warning:</b>"), written.err) == (1, "")


def test_apply_shows_them_with_its_plan_and_rollback_does(cli: Cli, name: str):
    """As a program that reads events sees no plan, it has them on stderr."""
    first = cli("apply", "-p", name, "--yes", stack=STACK)
    assert (first.out.count(WARNING), WARNING in first.err) == (1, False)

    second = cli("apply", "-p", name, "--yes", "--format", "json", stack=STACK.replace("MODE: a", "MODE: b"))
    assert (WARNING in second.out, second.err.count(WARNING)) == (False, 1)

    back = cli("rollback", "-p", name, "--yes")
    assert (back.code, back.out.count(WARNING), WARNING in back.err) == (0, 1, False)


def test_quiet_leaves_results_warnings_and_errors(cli: Cli, name: str):
    """A plan is the result of `plan`; of an apply that asks nothing, nobody looks at it. What failed is said."""
    assert "service.web[1]" in cli("plan", "-p", name, "--quiet", stack=STACK).out

    unasked = cli("apply", "-p", name, "--quiet", stack=STACK)
    assert (unasked.code, "service.web[1]" in unasked.out) == (64, True), "it is to be looked at"

    applied = cli("apply", "-p", name, "--quiet", "--yes", stack=STACK)
    assert (applied.code, applied.out) == (0, "")
    assert applied.err.startswith(WARNING)
    assert "service.web" not in applied.err

    failed = cli("apply", "-p", name, "--quiet", "--yes", stack=STACK.replace("sleep 600", "no-such-program"))
    assert (failed.code, failed.out) == (1, "")
    assert "error[" in failed.err
    assert "\nas before: service.web[1]\n" in failed.err


def test_a_slip_in_the_name_of_a_stack_that_is_to_go_names_the_nearest(cli: Cli, name: str):
    """That nothing is there is no error, as a second `destroy` is none; what it could not find is said."""
    assert cli("apply", "-p", name, "--yes", stack=STACK).code == 0
    gone = cli("destroy", "-p", f"{name}x", "--yes")

    assert gone.code == 0
    assert "from stack.yaml" not in gone.out
    assert f"warning[no-such-stack]: nothing on the engine is of a stack named {name}x" in gone.out
    assert f"did you mean '{name}'?" in gone.out
    assert gone.out.endswith("\nNothing to remove; 0 unchanged.\n")
