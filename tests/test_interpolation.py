"""Interpolation follows Compose 2.40; where a case is surprising, the test says that Compose does the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.interpolation import InterpolationError, RequiredVariable, interpolate, variables

VALUES = {"SET": "v", "EMPTY": "", "DOLLAR": "$SET"}


def result(text: str) -> str:
    return interpolate(text, VALUES.get)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$SET", "v"),
        ("${SET}", "v"),
        ("a${SET}b$SET.c", "avbv.c"),
        ("$SET$SET", "vv"),
        ("$UNSET|${UNSET}", "|"),
        ("${SET:-d}|${EMPTY:-d}|${UNSET:-d}", "v|d|d"),
        ("${SET-d}|${EMPTY-d}|${UNSET-d}", "v||d"),
        ("${SET:+a}|${EMPTY:+a}|${UNSET:+a}", "a||"),
        ("${SET+a}|${EMPTY+a}|${UNSET+a}", "a|a|"),
        ("${SET:?m}|${SET?m}|${EMPTY?m}", "v|v|"),
        ("${UNSET:-}", ""),
        ("${UNSET:-a:?b}", "a:?b"),
        ("${UNSET:-two words}", "two words"),
        ("${UNSET:-two\nlines}", "two\nlines"),
    ],
)
def test_each_form_has_the_meaning_that_compose_gives_it(text: str, expected: str) -> None:
    """`:` makes an empty variable count as unset; `-` gives a default, `+` an alternative, `?` requires."""
    assert result(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${UNSET:-${NEITHER:-c}}d", "cd"),
        ("${UNSET:-$SET}", "v"),
        ("${UNSET:-${EMPTY:-${SET}}}", "v"),
        ("${SET:+y${SET}${UNSET-z}}", "yvz"),
    ],
)
def test_alternative_texts_may_hold_references_themselves(text: str, expected: str) -> None:
    """Forms nest."""
    assert result(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('${UNSET:-{"a": 1}}', '{"a": 1}'),
        ('${SET:-{"a": 1}}', "v"),
        ("${UNSET:-{}}z", "{}z"),
        ("${UNSET:-{{.Name}}}", "{{.Name}}"),
        ("${SET}}", "v}"),
    ],
)
def test_braces_in_pairs_belong_to_a_default(text: str, expected: str) -> None:
    """A default may be JSON or a template: the closing brace is the one that no brace in the default opened."""
    assert result(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("$$SET", "$SET"), ("$$$SET", "$v"), ("$$$$", "$$"), ("$${SET}", "${SET}"), ("${UNSET:-$$x}", "$x")],
)
def test_two_dollar_signs_are_one_that_starts_nothing(text: str, expected: str) -> None:
    """`$$` escapes."""
    assert result(text) == expected


@pytest.mark.parametrize("text", ["$1", "a $ b", "cost: 5$", "$é", "${UNSET:-$}"])
def test_a_dollar_sign_that_starts_no_name_stands_for_itself(text: str) -> None:
    """Compose 2.40 leaves such a sign as it is, so that `$1` in a command needs no escape."""
    assert result(text) == text.replace("${UNSET:-$}", "$")


def test_a_value_is_never_interpolated_again() -> None:
    """What a variable holds is text, whatever signs are in it."""
    assert result("${DOLLAR}") == "$SET"


@pytest.mark.parametrize(
    ("text", "offset", "says"),
    [
        ("ab ${", 3, "name"),
        ("${}", 0, "name"),
        ("${1a}", 0, "name"),
        ("${ A}", 0, "name"),
        ("x${SET", 1, "never closed"),
        ("x${SET:-d", 1, "never closed"),
        ("${SET:-${NEITHER}", 0, "never closed"),
        ("${SET:-${NEITHER", 7, "never closed"),
        ("${SET!}", 5, "followed by neither"),
        ("${SET x}", 5, "followed by neither"),
        ("${SET:x}", 5, "followed by neither"),
        ("${SET/a/b}", 5, "followed by neither"),
    ],
)
def test_what_is_no_form_is_an_error_at_its_offset(text: str, offset: int, says: str) -> None:
    """A malformed reference is refused with where it is, and with how a dollar sign is escaped."""
    with pytest.raises(InterpolationError, match=says) as caught:
        result(text)
    assert caught.value.offset == offset
    assert "$$" in caught.value.hint


def test_a_mistake_in_a_default_that_is_not_used_is_found_too() -> None:
    """A text is judged whole: it must not begin to fail on the day a variable is missing."""
    with pytest.raises(InterpolationError):
        result("${SET:-${NEITHER!}}")


@pytest.mark.parametrize(
    "text", ["ab${UNSET:?set it to $SET}", "ab${EMPTY:?set it to $SET}", "ab${UNSET?set it to $SET}"]
)
def test_a_required_variable_without_a_value_is_an_error_of_its_own(text: str) -> None:
    """It carries the name, the interpolated message and the offset of the dollar sign."""
    with pytest.raises(RequiredVariable) as caught:
        result(text)
    assert caught.value.name in ("UNSET", "EMPTY")
    assert (caught.value.message, caught.value.offset) == ("set it to v", 2)


def test_what_is_required_in_a_default_is_only_asked_for_when_that_is_used() -> None:
    """`${A:-${B:?}}` needs B only where A has no value."""
    assert result("${SET:-${UNSET:?no}}") == "v"
    with pytest.raises(RequiredVariable):
        result("${EMPTY:-${UNSET:?no}}")


def test_the_caller_is_told_of_each_unset_variable_without_a_default() -> None:
    """Name and offset are reported, so that a warning can show the place; a default or an escape reports nothing."""
    told: list[tuple[str, int]] = []
    interpolate("$SET ${NONE} ${X:-$Y} $$Z ${EMPTY}", VALUES.get, lambda name, offset: told.append((name, offset)))
    assert told == [("NONE", 5), ("Y", 18)]


def test_nesting_without_end_is_refused_and_not_a_crash() -> None:
    """A hostile text cannot exhaust the stack."""
    with pytest.raises(InterpolationError, match="nested"):
        result("${A:-" * 100_000)


def test_the_variables_of_a_text_are_listed_once_each_in_order() -> None:
    """Nested names count, escaped ones do not."""
    assert variables("$B ${A:-${C}} $$D $B ${A?x}") == ["B", "A", "C"]


@given(st.text().filter(lambda text: "$" not in text))
def test_text_without_a_dollar_sign_is_unchanged(text: str) -> None:
    """Interpolation touches nothing else."""
    assert result(text) == text


@given(st.text(alphabet=st.sampled_from("${}:-?+Aa1 _é\n")))
def test_escaping_every_dollar_sign_gives_the_text_back(text: str) -> None:
    """`$$` for `$` is all that is needed to write any text."""
    assert result(text.replace("$", "$$")) == text


@given(st.text(alphabet=st.sampled_from("${}:-?+Aa1 _\n")))
def test_any_text_gives_a_text_or_an_error_with_an_offset_inside_it(text: str) -> None:
    """There is no third outcome."""
    offset = 0
    try:
        result(text)
    except InterpolationError as error:
        offset = error.offset
    assert 0 <= offset <= max(0, len(text) - 1)
