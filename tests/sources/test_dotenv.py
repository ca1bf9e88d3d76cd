"""Env files follow Compose 2.40; where a case is surprising, the test says that Compose does the same."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.sources.dotenv import read_dotenv, read_raw

ENVIRONMENT = {"HOST": "outside", "EMPTY": ""}


def values(text: str) -> dict[str, str]:
    return {key: value for key, (value, _) in read_dotenv(text, ".env", ENVIRONMENT).items()}


def mistakes(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(InvalidStack) as caught:
        read_dotenv(text, ".env", ENVIRONMENT)
    return caught.value.diagnostics


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1\nB=2\n", {"A": "1", "B": "2"}),
        ("A=1\nA=2", {"A": "2"}),
        ("\n  # comment\n\n  A=1\n# B=2\n", {"A": "1"}),
        ("A = 1 \n", {"A": "1"}),
        ("export A=1\nexport\tB=2\n", {"A": "1", "B": "2"}),
        ("exported=1\n", {"exported": "1"}),
        ("A: yaml\n", {"A": "yaml"}),
        ("A=\nB=1\n", {"A": "", "B": "1"}),
        ("1A=x\na.b-c[0]=y\né=z\n", {"1A": "x", "a.b-c[0]": "y", "é": "z"}),
        ("A=a=b\n", {"A": "a=b"}),
        ("", {}),
    ],
)
def test_lines_are_keys_and_values(text: str, expected: dict[str, str]) -> None:
    """Comments and empty lines are skipped, the last of two values wins, `export` and spaces around are dropped."""
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=x # note", "x"),
        ("A=x#no", "x#no"),
        ("A=#no", "#no"),
        ("A= # kept", "# kept"),
        ("A=a\tb", "a\tb"),
        ("A=a 'b' \"c\"", "a 'b' \"c\""),
        ("A=x\\n", "x\\n"),
    ],
)
def test_an_unquoted_value_ends_at_the_line_or_at_a_comment(text: str, expected: str) -> None:
    """A comment is a `#` behind a space and some value, as in Compose; backslashes and inner quotes are kept."""
    assert values(text) == {"A": expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A='$HOST \\n #x'", "$HOST \\n #x"),
        ("A='it\\'s'", "it's"),
        ("A='x' # note", "x"),
        ("A='x'# note", "x"),
        ("A=''", ""),
    ],
)
def test_single_quotes_are_literal(text: str, expected: str) -> None:
    """Only the quote itself can be escaped in them."""
    assert values(text) == {"A": expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'A="a\tb\nc\\d\"e"', 'a\tb\nc\\d"e'),
        (r'A="\$HOST $$HOST"', "$HOST $HOST"),
        (r'A="\x stays"', r"\x stays"),
        ('A="a # b" # note', "a # b"),
        ('A="$HOST"', "outside"),
    ],
)
def test_double_quotes_know_escapes_and_references(text: str, expected: str) -> None:
    """Those of a shell: newline, tab, quote, backslash, dollar sign."""
    assert values(text) == {"A": expected}


def test_quoted_values_may_span_lines() -> None:
    """A certificate can be pasted as it is."""
    assert values("A=\"one\ntwo # three\n\"\nB='x\ny'\n") == {"A": "one\ntwo # three\n", "B": "x\ny"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X=1\nA=${X}", "1"),
        ("A=${X:-${Y:-d}}", "d"),
        ("A=${EMPTY:-d}", "d"),
        ("A=${EMPTY-d}", ""),
        ("A=${HOST:+yes}", "yes"),
        ("A=a$X-b", "a-b"),
        ("A=$1", "$1"),
        ("HOST=own\nA=$HOST", "outside"),
    ],
)
def test_references_take_the_environment_and_then_earlier_keys(text: str, expected: str) -> None:
    """The environment stands above the file, as in Compose; a later key is not seen."""
    assert values(text)["A"] == expected


def test_a_key_without_a_value_is_inherited_or_left_out() -> None:
    """`KEY` alone passes the environment's on; an unset one is not there at all."""
    assert values("HOST\nNONE\nexport EMPTY") == {"HOST": "outside", "EMPTY": ""}


def test_windows_line_ends_belong_to_no_value() -> None:
    """A file saved by Windows reads the same; inside of quotes a line end is kept as it is, as in Compose."""
    assert values("A=1\r\n# c\r\nB='x'\r\nHOST\r\nC=\"1\r\n2\"\r\n") == {
        "A": "1",
        "B": "x",
        "HOST": "outside",
        "C": "1\r\n2",
    }


def test_every_value_has_the_place_of_its_key() -> None:
    """A plan names file and line; the excerpt never shows a value."""
    found = read_dotenv('# c\nA="1\n2"\n  export B=secret\n', "prod.env", {})
    assert found["A"][1] == Place("prod.env", 2, 1)
    assert found["B"][1] == Place("prod.env", 4, 10)
    assert found["B"][1].excerpt == "  export B=…"


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("A=1\n=2\n", "env-file-key", 2, 1),
        ("A B=1\n", "env-file-key", 1, 2),
        ("ok=1\n  A$B=1\n", "env-file-key", 2, 4),
        ("some words\n", "env-file-key", 1, 5),
        ("%\n", "env-file-key", 1, 1),
        ("export =1\n", "env-file-key", 1, 8),
        ("\nA='open\nB=2\n", "env-file-quote", 2, 3),
        ('A="open\\"\n', "env-file-quote", 1, 3),
        ('A="x" y\n', "env-file-quote", 1, 7),
        ("A=ab${\n", "interpolation", 1, 5),
        ("A=x\nB=${A!}\n", "interpolation", 2, 6),
        ('A="\\"one\n${B!}"\n', "interpolation", 2, 4),
        ("A=1\nB=x${NONE:?give it}\n", "required-variable", 2, 4),
    ],
)
def test_a_mistake_has_its_line_and_column(text: str, code: str, line: int, column: int) -> None:
    """Bad keys, open quotes, text behind a quote, malformed references and required variables are told apart."""
    [diagnostic] = mistakes(text)
    assert diagnostic.code == code
    assert diagnostic.place == Place(".env", line, column)


def test_all_mistakes_of_a_file_are_reported_at_once() -> None:
    """One run shows all that there is to mend."""
    found = mistakes("A B=1\nOK=1\nC=${D\nE='x' y\nF=${G:?m}\n")
    assert [diagnostic.place.line for diagnostic in found if diagnostic.place] == [1, 3, 4, 5]


def test_a_hundred_mistakes_are_enough_for_one_report() -> None:
    """What is no env file at all does not fill the screen."""
    assert len(mistakes("no env file\n" * 1000)) == 100


@pytest.mark.parametrize(
    "text",
    [
        "PASSWORD='hunter2\n",
        'PASSWORD="hunter2" hunter2\n',
        "PASSWORD=hunter2${\n",
        'PASSWORD="hunter2\nhunter2 ${A!}"\n',
        "hunter2/hunter2==\n",
        "PASSWORD=hunter2 ${NONE:?set it}\n",
    ],
)
def test_a_diagnostic_shows_nothing_of_a_value(text: str) -> None:
    """Env files hold secrets: dots stand for what the line holds, and the caret still points at the place."""
    for diagnostic in mistakes(text):
        assert diagnostic.place
        assert "hunter2" not in f"{diagnostic} {diagnostic.place.excerpt} {diagnostic.hint} {diagnostic.notes}"
        assert len(diagnostic.place.excerpt) >= diagnostic.place.column


def test_the_files_before_stand_behind_what_a_file_says_itself() -> None:
    """And behind the environment."""
    found = read_dotenv("A=own\nC=$A-$B-$D\n", "b.env", {"D": "shell"}, before={"A": "1", "B": "2", "D": "3"})
    assert found["C"][0] == "own-2-shell"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=\"quoted\"\nB=$HOST\nC='x'\n", {"A": '"quoted"', "B": "$HOST", "C": "'x'"}),
        ("  # c\n#D=1\n \n\n\tE=a # no comment\n", {"E": "a # no comment"}),
        ("D= lead and trail  \n", {"D": " lead and trail  "}),
        ("K=a=b\nI=\nJ:colon\n", {"K": "a=b", "I": ""}),
        ("L=crlf\r\nM=2\r\n", {"L": "crlf", "M": "2"}),
        ("A=1\nA=2", {"A": "2"}),
        ("HOST\nA=1\nA\nEARLIER\nNONE\n", {"HOST": "outside", "A": "1", "EARLIER": "0"}),
        ('N="several\nlines"\n', {"N": '"several'}),
        ("é=1\nA.b-c=1#x\n", {"é": "1", "A.b-c": "1#x"}),
    ],
)
def test_a_raw_file_is_taken_as_it_is(text: str, expected: dict[str, str]) -> None:
    """Nothing is filled in, no quote and no `#` means anything. Compose does the same."""
    found = read_raw(text, "raw.env", ENVIRONMENT, {"EARLIER": "0"})
    assert {key: value for key, (value, _) in found.items()} == expected


def test_a_raw_file_has_places_and_shows_no_value() -> None:
    found = read_raw("# c\n  B=secret\n", "raw.env", {}, {})
    assert found["B"][1] == Place("raw.env", 2, 3)
    assert found["B"][1].excerpt == "  B=…"


@pytest.mark.parametrize(("text", "line"), [("A=1\nexport hunter2=1\n", 2), ("=hunter2\n", 1), ("A =hunter2\n", 1)])
def test_a_raw_file_without_proper_names_is_refused(text: str, line: int) -> None:
    """As Compose does; a line that is none may be the middle of a secret, so nothing of it is shown."""
    with pytest.raises(InvalidStack) as caught:
        read_raw(text, "raw.env", {}, {})
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "env-file-key"
    assert diagnostic.place
    assert diagnostic.place.line == line
    assert "hunter2" not in f"{diagnostic} {diagnostic.place.excerpt} {diagnostic.hint}"


def test_the_caller_is_told_of_unset_variables_and_where() -> None:
    """What becomes empty is worth a warning at its place."""
    told: list[tuple[str, Place]] = []
    read_dotenv('A=1\nB="\\t${NONE}"\nC=${X:-d}\n', ".env", {}, lambda name, place: told.append((name, place)))
    assert told == [("NONE", Place(".env", 2, 6))]


@pytest.mark.parametrize("line", ["A='\n", 'A="\n', "A=${\n", "A=1\n", "A B\n", "'\n", 'A="\\"\n', "#\n", "\n"])
def test_a_long_file_is_read_or_refused_in_time(line: str) -> None:
    """The time grows with the length and not with its square."""
    text = line * (400_000 // len(line))
    before = time.process_time()
    with contextlib.suppress(InvalidStack):
        values(text)
    assert time.process_time() - before < 20


@given(st.text().filter(lambda text: "\0" not in text))
def test_any_value_can_be_written_in_double_quotes(value: str) -> None:
    """Escaping backslash, quote and dollar sign is all that it takes."""
    written = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    assert values(f'A="{written}"\n') == {"A": value}


@given(st.text(alphabet=st.sampled_from("AB=:#'\"\\${}-?n \t\r\n")))
def test_any_text_is_read_or_refused_with_places_inside_it(text: str) -> None:
    """There is no third outcome."""
    lines = text.split("\n")
    places: list[Place | None] = []
    try:
        values(text)
    except InvalidStack as error:
        places = [diagnostic.place for diagnostic in error.diagnostics]
    for place in places:
        assert place
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1
