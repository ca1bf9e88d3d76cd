"""What lies behind masks is known by digests: that it differs, and where."""

from __future__ import annotations

from deployer.history.compare import Difference, masked, masked_between, with_masked
from deployer.resources.revisions import About

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


URL = "services.web.environment.URL"


def test_what_can_be_shown_around_a_mask_is_shown() -> None:
    """As the plan of that edit has shown it."""
    one = About(masked={URL: "sha256:1"}, around={URL: f"http://u:{MASK}@one/"})
    two = About(masked={URL: "sha256:2"}, around={URL: f"http://u:{MASK}@two/"})
    assert list(with_masked([], one, two)) == [Difference(URL, f"http://u:{MASK}@one/", f"http://u:{MASK}@two/")]
    open_before = Difference(URL, "http://one/", MASK)
    assert list(with_masked([open_before], About(), two)) == [Difference(URL, "http://one/", f"http://u:{MASK}@two/")]


def test_of_what_earlier_deployers_kept_there_is_the_mask() -> None:
    one, two = About(masked={URL: "sha256:1"}), About(masked={URL: "sha256:2"})
    assert list(with_masked([], one, two)) == [Difference(URL, MASK, MASK)]


def test_what_the_trees_tell_is_told_once() -> None:
    """A URL whose user info alone is masked, and a config in the open."""
    found = [
        Difference(URL, f"http://{MASK}@one/", f"http://{MASK}@two/"),
        Difference("configs.site.content", "a", "b"),
    ]
    one = About(masked={URL: "sha256:1"}, contents={"configs.site": "sha256:1"})
    two = About(masked={URL: "sha256:2"}, contents={"configs.site": "sha256:2"})
    assert list(with_masked(found, one, two)) == found


def test_a_secret_that_holds_something_else_is_listed_with_what_else_differs() -> None:
    one, two = About(contents={"secrets.token": "sha256:1"}), About(contents={"secrets.token": "sha256:2"})
    mode = Difference("services.web.environment.MODE", "a", "b")
    assert list(with_masked([mode], one, two)) == [mode, Difference("secrets.token", MASK, MASK)]
