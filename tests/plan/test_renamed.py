"""A volume whose key was renamed: the engine knows it by its name, so its data would stay behind."""

from __future__ import annotations

import pytest

from tests.upgrades.kept import Kept, kept


def renamed(new: str = "store", extra: str = "") -> Kept:
    found = kept("contents")
    found.text = found.text.replace("\n  data:\n", f"\n  {new}:{extra}\n").replace("data:/var/lib", f"{new}:/var/lib")
    found.text = found.text.replace("source: data\n", f"source: {new}\n")
    return found


def warned(found: Kept) -> list[tuple[str, str]]:
    return [(each.message, each.hint) for each in found.plan.warnings if each.code == "volume-renamed"]


def test_a_renamed_volume_is_a_warning_at_its_line():
    """With where the data stays, and how to go on with it."""
    found = renamed()
    (warning,) = [each for each in found.plan.warnings if each.code == "volume-renamed"]

    assert warning.message == "volume store: was it data? Its data stays behind in upgrades_data"
    assert warning.hint == "to go on with that: volumes: {store: {name: upgrades_data}}"
    assert warning.place
    assert found.text.splitlines()[warning.place.line - 1].strip() == "store:"


def test_a_volume_that_says_the_old_name_goes_on_with_it():
    """What the warning advises leaves nothing to do."""
    found = renamed(extra="\n    name: upgrades_data")

    assert warned(found) == []
    assert found.plan.is_empty


def test_a_service_that_changes_over_to_a_volume_that_is_there_is_told_too():
    """It is at the very target where the old one was."""
    found = renamed()
    (old,) = [each for each in found.state["volumes"] if each["Name"] == "upgrades_data"]
    found.state["volumes"].append({**old, "Name": "upgrades_store", "Labels": {**old["Labels"]}})
    found.state["volumes"][-1]["Labels"]["com.docker.compose.volume"] = "store"

    assert [message for message, _ in warned(found)] == [
        "volume store: was it data? Its data stays behind in upgrades_data"
    ]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_new_volume_beside_the_old_one_is_no_rename(keeps: bool):
    """The file still names the old one; or nothing of the stack was ever left."""
    found = kept("contents")
    found.text = found.text.replace("\nvolumes:\n", "\nvolumes:\n  more: {}\n")
    if not keeps:
        found.state["volumes"] = [each for each in found.state["volumes"] if each["Name"] != "upgrades_data"]

    assert warned(found) == []
