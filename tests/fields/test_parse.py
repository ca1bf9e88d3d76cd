"""The notations that users write: what each means, what is refused, and that what is shown is read back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from deployer.fields import parse
from deployer.fields.health import test_words as healthcheck_words  # under its own name it would be collected
from deployer.fields.restart import restart_policy

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("written", "bytes_"),
    [
        ("128M", 128 * 1024**2),
        ("128m", 128 * 1024**2),
        ("1.5GiB", 1536 * 1024**2),
        ("64kb", 64 * 1024),
        ("64 KB", 64 * 1024),
        ("1t", 1024**4),
        ("42", 42),
        ("42b", 42),
        (42, 42),
        (0, 0),
    ],
)
def test_a_size_counts_in_powers_of_1024(written: Any, bytes_: int) -> None:
    """As Docker reads them, in any case, with or without the B."""
    assert parse.size(written) == bytes_


@pytest.mark.parametrize("written", ["", "M", "-1m", "1x", "1.5.5m", -1, True, 1.5, None, [1]])
def test_what_is_no_size_is_refused(written: Any) -> None:
    """Nothing is guessed."""
    with pytest.raises(PydanticCustomError) as refused:
        parse.size(written)
    assert refused.value.type == "bad-size"


@given(st.integers(min_value=0, max_value=2**63))
def test_a_size_that_is_shown_is_read_back(value: int) -> None:
    """`show_size` is exact."""
    assert parse.size(parse.show_size(value)) == value


@pytest.mark.parametrize(("value", "shown"), [(256 * 1024**2, "256m"), (1000, "1000"), (0, "0"), (1024**4, "1t")])
def test_a_size_is_shown_in_the_largest_unit_that_fits(value: int, shown: str) -> None:
    """268435456 is easier to read as 256m."""
    assert parse.show_size(value) == shown


@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [
        ("10s", 10 * SECOND),
        ("1m30s", 90 * SECOND),
        ("1d", 86_400 * SECOND),
        ("2w1h", (14 * 24 + 1) * 3600 * SECOND),
        ("500ms", SECOND // 2),
        ("1.5h", 5400 * SECOND),
        ("20us", 20_000),
        ("20µs", 20_000),
        ("7ns", 7),
        ("0", 0),
        ("0s", 0),
    ],
)
def test_a_duration_has_units(written: str, nanoseconds: int) -> None:
    """As Go writes them, which is what the Compose Specification says."""
    assert parse.duration(written) == nanoseconds


@pytest.mark.parametrize("written", ["", "10", "s", "10 s", "-1s", "1y", "1s2", 10, 1.5, True, None])
def test_what_is_no_duration_is_refused(written: Any) -> None:
    """A number without a unit could be seconds or nanoseconds."""
    with pytest.raises(PydanticCustomError) as refused:
        parse.duration(written)
    assert refused.value.type == "bad-duration"


def test_a_number_as_a_duration_is_told_its_unit() -> None:
    """`interval: 10` most likely meant 10s."""
    with pytest.raises(PydanticCustomError) as refused:
        parse.duration(10)
    assert refused.value.context
    assert "10s" in refused.value.context["hint"]


@given(st.integers(min_value=0, max_value=2**63))
def test_a_duration_that_is_shown_is_read_back(value: int) -> None:
    """`show_duration` is exact."""
    assert parse.duration(parse.show_duration(value)) == value


@pytest.mark.parametrize(("written", "nano"), [(0.5, SECOND // 2), ("0.5", SECOND // 2), (2, 2 * SECOND), ("0", 0)])
def test_processors_are_counted_in_billionths(written: Any, nano: int) -> None:
    """As HostConfig.NanoCpus counts them."""
    assert parse.cpus(written) == nano


@pytest.mark.parametrize("written", ["", "half", -1, "-0.5", "nan", "inf", "0.0000000001", "1e30", True, None, [1]])
def test_what_is_no_number_of_processors_is_refused(written: Any) -> None:
    """Nor is what the engine could not count."""
    with pytest.raises(PydanticCustomError) as refused:
        parse.cpus(written)
    assert refused.value.type == "bad-cpus"


@given(st.integers(min_value=0, max_value=10**13))
def test_processors_that_are_shown_are_read_back(value: int) -> None:
    """`show_cpus` is exact."""
    assert parse.cpus(parse.show_cpus(value)) == value


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("SIGTERM", "SIGTERM"),
        ("term", "SIGTERM"),
        (15, "SIGTERM"),
        ("15", "SIGTERM"),
        ("INT", "SIGINT"),
        ("SIGRTMIN+3", "SIGRTMIN+3"),
    ],
)
def test_a_signal_has_one_name(written: Any, name: str) -> None:
    """Numbers and short names are the same signal; what only another system knows stays."""
    assert parse.signal_name(written) == name


@pytest.mark.parametrize("written", ["", "NOPE", "SIG", "SIGTERM;"])
def test_what_is_no_signal_is_refused(written: str) -> None:
    """Not when the container is stopped, years later."""
    with pytest.raises(PydanticCustomError) as refused:
        parse.signal_name(written)
    assert refused.value.type == "bad-signal"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("sleep 10", ("sleep", "10")),
        ("sh -c 'echo \"$HOME\"'", ("sh", "-c", 'echo "$HOME"')),
        (["sleep", 10, 1.5, True], ("sleep", "10", "1.5", "true")),
        ([], ()),
        ("", ()),
    ],
)
def test_a_command_is_split_into_words(written: Any, words: tuple[str, ...]) -> None:
    """Text as a shell would, with nothing expanded; a list stays as it is."""
    assert parse.command_line(written) == words


@pytest.mark.parametrize("written", ["echo 'open", {"a": 1}, 5, [["nested"]]])
def test_what_is_no_command_is_refused(written: Any) -> None:
    """An open quotation among it."""
    with pytest.raises(PydanticCustomError):
        parse.command_line(written)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ({"A": 1, "B": True, "C": None, "D": "x"}, {"A": "1", "B": "true", "C": None, "D": "x"}),
        (["A=1", "B=a=b", "C=", "D"], {"A": "1", "B": "a=b", "C": "", "D": ""}),
        (["A=1", "A=2"], {"A": "2"}),
        ([], {}),
    ],
)
def test_key_values_are_a_mapping_or_a_list(written: Any, found: dict[str, str | None]) -> None:
    """The first = divides; the last of two wins."""
    assert parse.key_values(written) == found


@pytest.mark.parametrize("written", ["A=1", 5, None, {"A": ["x"]}, [["A=1"]]])
def test_what_are_no_key_values_is_refused(written: Any) -> None:
    """Text alone is no list of one."""
    with pytest.raises(PydanticCustomError):
        parse.key_values(written)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("always", "always"),
        ("no", "no"),
        ("on-failure", "on-failure"),
        ("on-failure:0", "on-failure"),
        ("on-failure:3", "on-failure:3"),
    ],
)
def test_a_restart_policy_has_one_spelling(written: str, canonical: str) -> None:
    """No bound and a bound of 0 are the same to the engine."""
    assert restart_policy(written) == canonical


@pytest.mark.parametrize("written", ["never", "always:3", "on-failure:x", False, None])
def test_what_is_no_restart_policy_is_refused(written: Any) -> None:
    """Above all `false`, which is what YAML 1.1 made of `no`."""
    with pytest.raises(PydanticCustomError) as refused:
        restart_policy(written)
    assert refused.value.type == "bad-restart"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("test -f /ready", ("CMD-SHELL", "test -f /ready")),
        (["CMD", "true"], ("CMD", "true")),
        (["CMD-SHELL", "true || false"], ("CMD-SHELL", "true || false")),
        (["NONE"], ("NONE",)),
    ],
)
def test_a_health_test_is_text_or_a_list_that_says_how(written: Any, words: tuple[str, ...]) -> None:
    """Text runs in a shell."""
    assert healthcheck_words(written) == words


@pytest.mark.parametrize("written", [["true"], [], 5, {"CMD": "true"}])
def test_a_health_test_that_does_not_say_how_is_refused(written: Any) -> None:
    """The engine would take the first word for it, and never run the rest."""
    with pytest.raises(PydanticCustomError) as refused:
        healthcheck_words(written)
    assert refused.value.type == "bad-healthcheck"


@pytest.mark.parametrize(("written", "value"), [(3, 3), ("3", 3), (0, 0)])
def test_a_count_is_a_number_or_its_text(written: Any, value: int) -> None:
    """Interpolation always gives text."""
    assert parse.count(written) == value


@pytest.mark.parametrize(
    ("parser", "written"),
    [
        (parse.count, -1),
        (parse.count, True),
        (parse.number, 1.5),
        (parse.flag, "perhaps"),
        (parse.flag, 1),
        (parse.text, 5),
        (parse.text, None),
    ],
)
def test_what_is_almost_right_is_refused(parser: Callable[[Any], Any], written: Any) -> None:
    """`yes` is text in YAML 1.2, 1.5 is no count, and 5 is no text until it is quoted."""
    with pytest.raises(PydanticCustomError):
        parser(written)


@pytest.mark.parametrize("word", ["true", "True", "yes", "on", "Y"])
def test_the_flags_of_yaml_1_1_are_flags(word: str) -> None:
    """As with Compose, also in quotes: a value that a variable puts there always is text."""
    assert parse.flag(word) is True


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (1.0, "1"), (-0.0, "-0"), (0.1, "0.1"), (123456.0, "123456"), (1e6, "1e+06"), (1234567.5, "1.2345675e+06"),
        (0.0001, "0.0001"), (1e-5, "1e-05"), (1e21, "1e+21"), (float("inf"), "+Inf"), (float("-inf"), "-Inf"),
    ],
)  # fmt: skip
def test_a_fraction_is_the_text_that_go_makes_of_it(number: float, shown: str) -> None:
    """What Compose gives a container whose variable is written as a number."""
    assert parse.scalar_text(number) == shown
