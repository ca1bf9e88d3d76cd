"""What a plan was made from, and what of it has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.saved.sources import changed, digests, shown
from deployer.sources.files import read_text
from deployer.sources.noted import UNSET, WHOLE, NotedEnvironment, Seen, note_inputs, noting

SALT = b"0123456789abcdef"


def differences(then: Seen, now: Seen, *, whole: bool = True) -> list[str]:
    return list(changed(digests(then, SALT, "/co"), digests(now, SALT, "/co"), whole=whole))


@pytest.mark.parametrize(
    ("path", "folder", "name"),
    [
        ("/co/stack.yaml", "/co", "stack.yaml"),
        ("/co/web/app.py", "/co", "web/app.py"),
        ("/co/secrets/pw", "/co/deploy", "../secrets/pw"),
        ("/run/secrets/pw", "/co", "/run/secrets/pw"),
    ],
)
def test_a_file_has_the_same_name_in_another_checkout(path: str, folder: str, name: str) -> None:
    """It is named from the folder that deployer runs in; what lies elsewhere by its whole path."""
    assert shown(path, folder) == name


def test_what_changed_is_named() -> None:
    """Files, variables and what goes into builds."""
    then = Seen({"/co/a": "1", "/co/b": "1"}, {"A": "1", "B": "1", "C": UNSET, "D": "1"}, {"build.w: context/x": "1"})
    now = Seen({"/co/a": "2", "/co/c": "1"}, {"A": "2", "B": UNSET, "C": "1", "E": "1"}, {"build.w: context/x": "2"})
    assert differences(then, now) == [
        "a has changed",
        "c was not there",
        "$A has changed",
        "$B is not set now",
        "$C is set now",
        "$E was not asked for",
        "build.w: context/x has changed",
        "b is not there any more",
        "$D is not asked for any more",
    ]
    assert differences(then, then) == []


def test_what_is_read_later_is_not_missed_before() -> None:
    """The stack is read before its builds and secrets."""
    then = Seen({"/co/a": "1", "/co/secret": "1"})
    assert differences(then, Seen({"/co/a": "1"}), whole=False) == []


def test_a_mode_is_named_where_no_file_is() -> None:
    """The digest over all of a build knows more than its files' contents."""
    then = Seen(inputs={"build.w: context/x": "1", f"build.w: {WHOLE}": "1"})
    assert differences(then, Seen(inputs={"build.w: context/x": "1", f"build.w: {WHOLE}": "2"})) == [
        "build.w: how its files may be used has changed"
    ]
    assert differences(then, Seen(inputs={"build.w: context/x": "2", f"build.w: {WHOLE}": "2"})) == [
        "build.w: context/x has changed"
    ]


def test_of_a_build_with_very_many_files_only_the_whole_is_kept() -> None:
    """A plan must stay small enough to be read again."""
    many = {f"build.w: context/{number}": "1" for number in range(6000)}
    then = Seen(inputs={**many, f"build.w: {WHOLE}": "1", "build.v: context/x": "1"})
    assert list(digests(then, SALT, "/co")) == [f"build.w: {WHOLE}", "build.v: context/x"]
    assert differences(then, Seen(inputs={**then.inputs, f"build.w: {WHOLE}": "2"})) == [
        "build.w: one of its many files has changed"
    ]


def test_home_is_no_source() -> None:
    """It is another one on another machine; a path that it leads to is a source by itself."""
    assert differences(Seen(variables={"HOME": "1"}), Seen(variables={"HOME": "2"})) == []


def test_whatever_is_read_is_noted(tmp_path: Path) -> None:
    """Files and variables by whoever reads them, those that are not there too; none outside of the context."""
    (tmp_path / "a").write_text("one")
    environment = NotedEnvironment({"A": "1", "B": "2"})
    with noting() as seen:
        read_text(tmp_path / "a", "a")
        assert environment.get("A") == "1"
        assert "C" not in environment
        note_inputs("build.w", {"context/x": "1"})
    read_text(tmp_path / "a", "a")
    assert environment["B"] == "2"
    assert (list(seen.files), list(seen.variables)) == ([str(tmp_path / "a")], ["A", "C"])
    assert seen.variables["C"] == UNSET
    assert seen.inputs == {"build.w: context/x": "1"}
    with noting(seen) as more:
        assert environment["B"] == "2"
    assert list(more.variables) == ["A", "C", "B"]
    assert list(seen.variables) == ["A", "C"]


def test_variables_show_no_value() -> None:
    assert "hunter2" not in repr(NotedEnvironment({"PW": "hunter2"}))
