"""What lies behind masks is known by digests: that it differs, and where."""

from __future__ import annotations

from deployer.history.compare import Difference, masked, masked_between

MASK = "(sensitive)"


def test_what_is_masked_is_found_by_its_path() -> None:
    """A list is masked or not as a whole."""
    shown = {"services": {"web": {"command": ["echo", MASK], "image": "a", "environment": {"A": "1", "KEY": MASK}}}}
    bare = {"services": {"web": {"command": ["echo", "x"], "image": "a", "environment": {"A": "1", "KEY": "y"}}}}
    assert dict(masked(shown, bare)) == {
        "services.web.command": ["echo", "x"],
        "services.web.environment.KEY": "y",
    }


def test_what_differs_behind_the_same_mask_is_told_by_its_path() -> None:
    """What one of the two does not have is another difference: that of the stacks."""
    before, after = {"a": "sha256:1", "b": "sha256:2", "gone": "sha256:3"}, {"a": "sha256:1", "b": "sha256:9"}
    assert list(masked_between(before, after)) == [Difference("b", MASK, MASK)]
