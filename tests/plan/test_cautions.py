"""What a change in place may do to a container that runs: the plan says it beforehand."""

from __future__ import annotations

import pytest

from deployer.fields.container import BY_NAME
from deployer.render.plan_text import as_text
from tests.upgrades.kept import Kept, kept

CAUTION = "if it uses more now, the engine refuses this or the kernel kills it"
MIB = 1024 * 1024


def limited(memory: str, **more: str) -> Kept:
    """A service whose limit was 48M when it was applied, as it is in the file now."""
    found = kept("contents")
    lines = "".join(f"\n    {key}: {value}" for key, value in more.items())
    found.text = found.text.replace("mem_limit: 48M", f"mem_limit: {memory}{lines}")
    return found


def test_a_lower_limit_of_memory_says_what_it_risks():
    """The line and the risk, beside the values."""
    found = limited("24M")
    (line,) = [line for line in as_text(found.plan).splitlines() if "mem_limit" in line]
    place = found.stack.place("services", "web", "mem_limit")
    assert line.split(maxsplit=4) == ["mem_limit", "48m", "->", "24m", f"{place.line_reference}; {CAUTION}"]


@pytest.mark.parametrize(
    ("before", "after", "cautioned"),
    [(48 * MIB, 24 * MIB, True), (24 * MIB, 48 * MIB, False), (0, 48 * MIB, True), (48 * MIB, 0, False)],
)
def test_only_a_limit_that_goes_down_is_cautioned_of(before: int, after: int, cautioned: bool):
    """0 is no limit: to set one is to go down."""
    caution = BY_NAME["mem_limit"].caution
    assert caution
    assert bool(caution(before, after)) == cautioned


def test_a_limit_that_was_raised_by_hand_is_cautioned_of_when_it_goes_back():
    """Drift is mended in place, too."""
    found = kept("contents")
    found.container("web")["HostConfig"] |= {"Memory": 96 * MIB, "MemorySwap": 192 * MIB}
    assert CAUTION in as_text(found.plan)


def test_a_new_container_has_nothing_to_be_cautioned_of():
    """It begins with its limit."""
    assert CAUTION not in as_text(limited("24M", tty="true").plan)


def test_a_container_that_does_not_run_has_nothing_to_be_cautioned_of():
    """It uses no memory."""
    found = limited("24M")
    found.container("web")["State"] |= {"Status": "exited", "Running": False}
    assert CAUTION not in as_text(found.plan)
