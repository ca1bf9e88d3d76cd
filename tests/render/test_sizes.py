"""Sizes that are to be compared."""

from __future__ import annotations

import pytest

from deployer.render.sizes import comparable


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("128m", "134217729", ("128m", "134217729 (128m + 1 byte)")),
        ("134217730", "128m", ("134217730 (128m + 2 bytes)", "128m")),
        ("128m", "100000000", ("128m", "100000000 (95.37m)")),
        ("1g", "2000000000", ("1g", "2000000000 (1.863g)")),
        ("64k", "5000", ("64k", "5000 (4.883k)")),
        ("134217729", "134217730", ("134217729", "134217730")),
        ("128m", "256m", ("128m", "256m")),
        ("128m", "100", ("128m", "100")),
        ("(unset)", "134217729", ("(unset)", "134217729")),
        ("128", "8080", ("128", "8080")),
    ],
)
def test_bytes_beside_a_unit_say_what_they_are_in_units(before: str, after: str, told: tuple[str, str]) -> None:
    """Nobody reads 134217729 as a byte more than 128m. Numbers beside numbers are left as they are."""
    assert comparable(before, after) == told
