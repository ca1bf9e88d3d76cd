"""Platforms are called as containerd calls them."""

from __future__ import annotations

import pytest

from deployer.fields.platform import as_wanted, canonical


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("linux/amd64", "linux/amd64"),
        ("Linux/X86_64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v2", "linux/amd64/v2"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/arm/6", "linux/arm/v6"),
        ("linux/i386", "linux/386"),
        ("", ""),
    ],
)
def test_a_platform_has_one_name(written: str, meant: str):
    assert canonical(written) == meant


@pytest.mark.parametrize(
    ("have", "want", "found"),
    [
        ("linux/amd64", "", ""),
        ("", "linux/amd64", "linux/amd64"),
        ("linux/amd64/v2", "linux/amd64", "linux/amd64"),
        ("linux/amd64", "linux/arm64", "linux/amd64"),
    ],
)
def test_what_nobody_asks_for_or_knows_is_no_difference(have: str, want: str, found: str):
    """A variant that nobody asks for is none either."""
    assert as_wanted(have, want, "") == found
