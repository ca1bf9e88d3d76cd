"""Reading YAML: the values, where each is written, and what is said of a file that is wrong."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deployer.errors import Diagnostic, InvalidStack
from deployer.stack.document import LONGEST_TEXT, Document, read_document


def read(text: str) -> Document:
    return read_document(text, "stack.yaml")


def value_of(text: str) -> Any:
    return read(f"key: {text}\n").value["key"]


def mistakes(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(InvalidStack) as caught:
        read(text)
    return caught.value.diagnostics


def mistake(text: str) -> tuple[str, int, int]:
    (found,) = mistakes(text)
    assert found.place is not None
    return found.code, found.place.line, found.place.column


# Values


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "22:22",
        "2001-12-14",
        "1.2.3",
        "0x",
        "1e",
        "-x",
        "+",
        "127.0.0.1",
        "08:00",
        "tRUE",
    ],
)
def test_what_only_older_readers_take_for_more_is_text(text: str) -> None:
    """Words, base-60 numbers, dates and versions are text, as in Compose."""
    assert value_of(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0440", 0o440), ("0o440", 0o440), ("0x1F", 31), ("0b101", 5), ("1_000", 1000),
        ("-12", -12), ("+3", 3), ("0", 0),
        ("08", 8.0), ("1.10", 1.1), ("1e3", 1000.0), (".5", 0.5), ("-.5", -0.5), ("1.", 1.0),
        (".inf", math.inf), ("-.INF", -math.inf),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("~", None), ("null", None), ("", None),
        ("18446744073709551615", 2**64 - 1), ("18446744073709551616", float(2**64)),
    ],
)  # fmt: skip
def test_plain_scalars_have_the_values_that_compose_gives_them(text: str, value: object) -> None:
    """Numbers are octal with a leading 0, may hold underscores, and are fractions beyond 64 bits."""
    found = value_of(text)
    assert (type(found), found) == (type(value), value)


def test_a_number_of_ten_thousand_digits_is_read_and_does_not_fail() -> None:
    """What no integer type holds becomes a fraction, without Python's limit on digits."""
    assert value_of("9" * 10_000) == math.inf


@pytest.mark.parametrize("text", ['"1"', "'true'", '"~"', "'0440'", "!!str 1", "! 1", "|-\n  1"])
def test_quoted_tagged_and_block_scalars_are_text(text: str) -> None:
    """Quotes and `!!str` make a text of everything."""
    assert isinstance(value_of(text), str)


def test_a_text_block_may_begin_with_an_empty_line_that_holds_spaces() -> None:
    """Editors leave such lines behind; Compose reads them."""
    assert read("a: |\n  \n    b\n     c\n").value == {"a": "\nb\n c\n"}


@pytest.mark.parametrize(
    ("text", "value"), [('!!int "42"', 42), ("!!float 1", 1.0), ("!!bool true", True), ("!!null ~", None)]
)
def test_standard_tags_are_honoured(text: str, value: object) -> None:
    """An explicit tag decides the type."""
    found = value_of(text)
    assert (type(found), found) == (type(value), value)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=20,
)


@given(
    st.dictionaries(st.text(max_size=20), PLAIN, max_size=5),
    st.sampled_from([None, 2]),
)
def test_json_reads_back_as_the_same_values(tree: dict[str, Any], indent: int | None) -> None:
    """JSON is YAML: every tree of plain values is read as it was written (texts with NUL apart, which are refused)."""
    written = json.dumps(tree, indent=indent)
    assume("\\u0000" not in written)
    assert read(written).value == tree


# Places


def test_places_name_the_value_and_the_key() -> None:
    """`at` is where the value is, `key` where its key is, both from 1."""
    places = read("services:\n  web:\n    image: nginx\n    ports:\n      - '80:80'\n").places
    assert str(places.at("services", "web", "image")) == "stack.yaml:3:12"
    assert str(places.key("services", "web", "image")) == "stack.yaml:3:5"
    assert str(places.at("services", "web", "ports", 0)) == "stack.yaml:5:9"
    assert places.at("services", "web", "image").excerpt == "    image: nginx"


def test_what_is_not_there_is_placed_at_the_nearest_key_above() -> None:
    """A missing key of `web` is shown at `web:`."""
    places = read("services:\n  web:\n    image: nginx\n").places
    assert str(places.at("services", "web", "build", "context")) == "stack.yaml:2:3"
    assert not places.has("services", "web", "build")
    assert places.has("services", "web", "image")


def test_an_empty_value_is_placed_at_its_key() -> None:
    """`web:` with nothing behind it is shown at `web`, an empty item at its dash."""
    places = read("services:\n  web:\n  db:\n    ports:\n      -\n").places
    assert str(places.at("services", "web")) == "stack.yaml:2:3"
    assert str(places.at("services", "db", "ports", 0)) == "stack.yaml:5:7"


def test_items_of_a_list_are_found_by_name() -> None:
    """`["KEY=value", "BARE"]` is found as the mapping would be."""
    places = read("environment:\n  - DEBUG=0\n  - BARE\n").places
    assert str(places.at("environment", "DEBUG")) == "stack.yaml:2:5"
    assert str(places.at("environment", "BARE")) == "stack.yaml:3:5"
    assert not places.has("environment", "0")


def test_what_was_written_is_kept_beside_what_it_means() -> None:
    """`1.10` is a number, and its text can still be asked for."""
    document = read("a: 1.10\nb: 0440\nc: '1'\nd: [1e3]\n")
    assert document.value["a"] == 1.1
    assert [document.places.written(*path) for path in (("a",), ("b",), ("c",), ("d", 0), ("d",), ("e",))] == [
        "1.10",
        "0440",
        None,
        "1e3",
        None,
        None,
    ]


@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), unique=True, min_size=1, max_size=8), st.integers(0, 3))
def test_every_value_is_placed_in_its_line(names: list[str], blank: int) -> None:
    """Whatever lies between, a value's place is the line it stands in."""
    text, lines = "services:\n", {}
    for name in names:
        text += "\n" * blank + f"  {name}:\n    image: x\n"
        lines[name] = text.count("\n")
    places = read(text).places
    assert {name: places.at("services", name, "image").line for name in names} == lines


def test_line_ends_of_windows_and_a_byte_order_mark_change_no_place() -> None:
    """CR LF is one line end, and the mark at the start no column."""
    places = read("\ufeffa: 1\r\nb:\r\n  c: 2\r\n").places
    assert (str(places.key("a")), str(places.at("b", "c")), places.at("b", "c").excerpt) == (
        "stack.yaml:1:1",
        "stack.yaml:3:6",
        "  c: 2",
    )


# Merges and aliases


def test_merged_keys_yield_to_written_ones_and_earlier_ones_win() -> None:
    """What the mapping says itself stands above what it merges, and the first of a list above the second."""
    document = read("a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc:\n  <<: [*a, *b]\n  y: 3\n")
    assert document.value["c"] == {"x": 1, "y": 3, "z": 2}


def test_what_is_behind_an_alias_or_merge_is_placed_where_it_is_written() -> None:
    """The line to mend is the anchor's."""
    places = read("x-env: &env\n  A: 1\nweb:\n  <<: *env\ndb:\n  environment: *env\n").places
    assert places.at("web", "A").line == 2
    assert places.at("db", "environment", "A").line == 2
    assert places.key("db", "environment").line == 6


def test_a_quoted_merge_key_is_a_key() -> None:
    """`"<<"` merges nothing."""
    assert read('a: {"<<": 1}\n').value == {"a": {"<<": 1}}


def test_aliases_give_each_place_a_value_of_its_own() -> None:
    """Nothing that is changed in one place changes in another."""
    value: Any = read("a: &a [1]\nb: *a\n").value
    assert value["a"] == value["b"]
    assert value["a"] is not value["b"]


# Mistakes

MISTAKES = {
    "a tab that indents": ("a:\n\tb: 1\n", ("tab-indentation", 2, 1)),
    "a tab after spaces": ("a:\n  \tb: 1\n", ("tab-indentation", 2, 3)),
    "an unclosed double quote": ('a: "x\nb: 1\n', ("yaml-syntax", 1, 4)),
    "an unclosed single quote": ("a: 'x\nb: 1\n", ("yaml-syntax", 1, 4)),
    "an unclosed bracket": ("a: [1, 2\nb: 3\n", ("yaml-syntax", 1, 4)),
    "an unclosed brace at the end": ("a: {x: 1\n", ("yaml-syntax", 1, 4)),
    "an unclosed bracket after a comma": ("a: [1,\n", ("yaml-syntax", 1, 4)),
    "a missing comma": ('a: ["x" "y"]\n', ("yaml-syntax", 1, 9)),
    "two colons": ("command: echo foo: bar\n", ("yaml-syntax", 1, 18)),
    "a key below a value": ("a: b\n  c: d\n", ("yaml-syntax", 2, 3)),
    "a missing space after a colon": ("a:\n  image:nginx\n  b: c\n", ("yaml-syntax", 2, 8)),
    "a line without a colon": ("a: 1\nb\nc: 2\n", ("yaml-syntax", 2, 1)),
    "an indentation that fits nothing": ("a:\n    b: 1\n  c: 2\n", ("yaml-syntax", 3, 3)),
    "a first line indented more": ("  a: 1\nb: 2\n", ("yaml-syntax", 2, 1)),
    "a mapping after a list": ("- a\nb: 1\n", ("yaml-syntax", 2, 1)),
    "a text that begins with @": ("a: @x\n", ("yaml-syntax", 1, 4)),
    "a text that begins with a backtick": ("a: `x`\n", ("yaml-syntax", 1, 4)),
    "a text that begins with %": ("a: %x\n", ("yaml-syntax", 1, 4)),
    "a line that begins with %": ("a: 1\n%x: 2\n", ("yaml-syntax", 2, 1)),
    "a bracket that closes nothing": ("a: 1\n]\n", ("yaml-syntax", 2, 1)),
    "a variable in braces": ("a: {u: ${X}}\n", ("yaml-syntax", 1, 8)),
    "an unknown escape": ('a: "C:\\path"\n', ("yaml-syntax", 1, 8)),
    "an escape that names no character": ('a: "\\UFFFFFFFF"\n', ("yaml-syntax", 1, 7)),
    "a star alone": ("a: *\n", ("yaml-syntax", 1, 4)),
    "a comparison": ("a: >=3\n", ("yaml-syntax", 1, 4)),
    "a pipe in a command": ("a: | grep x\n", ("yaml-syntax", 1, 4)),
    "a question mark alone": ("a: ? b\n", ("yaml-syntax", 1, 4)),
    "a list beside its key": ("a: - x\n", ("yaml-syntax", 1, 4)),
    "text after a quoted text": ('a: "x" y\n', ("yaml-syntax", 1, 8)),
    "a duplicate key": ("a: 1\nb: 2\na: 3\n", ("duplicate-key", 3, 1)),
    "a number and a text that are one key": ("1: a\n'1': b\n", ("duplicate-key", 2, 1)),
    "two merges": ("x: &x {}\na:\n  <<: *x\n  <<: *x\n", ("duplicate-key", 4, 3)),
    "an undefined alias": ("a: *b\n", ("undefined-alias", 1, 4)),
    "an unknown tag": ("a: !foo bar\n", ("unknown-tag", 1, 4)),
    "an unknown tag handle": ("a: !e!foo bar\n", ("unknown-tag", 1, 4)),
    "a value that its tag denies": ("a: !!int x\n", ("bad-tag", 1, 4)),
    "a merge of a text": ("a:\n  <<: b\n", ("bad-merge", 2, 3)),
    "a list as key": ("? [a]\n: b\n", ("non-string-key", 1, 3)),
    "nothing as key": ("a:\n  ~: b\n", ("non-string-key", 2, 3)),
    "two documents": ("a: 1\n---\nb: 2\n", ("several-documents", 2, 1)),
    "an empty file": ("# nothing\n", ("not-a-mapping", 1, 1)),
    "a list at the top": ("- a\n", ("not-a-mapping", 1, 1)),
    "a text at the top": ("image:nginx\n", ("not-a-mapping", 1, 1)),
    "a NUL": ("a: 1\nb: \0\n", ("control-character", 2, 4)),
    "an escaped NUL": ('a: "\\0"\n', ("control-character", 1, 4)),
    "half a character": ('a: "\\ud800"\n', ("control-character", 1, 4)),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_shown_where_it_is(name: str) -> None:
    """Code, line and column of every mistake are those of the character to mend."""
    text, expected = MISTAKES[name]
    assert mistake(text) == expected


@pytest.mark.parametrize("name", MISTAKES)
def test_no_message_speaks_the_scanners_language(name: str) -> None:
    """Nobody who writes a stack file need know what a token or a block end is."""
    for found in mistakes(MISTAKES[name][0]):
        assert not {"token", "scanning", "scalar", "<block end>", "node"} & set(found.message.split())


def test_all_the_mistakes_of_a_file_are_shown_at_once() -> None:
    """Reading goes on after what is no error of syntax, up to the first that is one."""
    found = mistakes("a: 1\na: 2\nb: *c\nd: !x 1\na: 3\ne: [\n")
    assert [diagnostic.code for diagnostic in found] == [
        "duplicate-key",
        "undefined-alias",
        "unknown-tag",
        "duplicate-key",
        "yaml-syntax",
    ]


PIECES = [
    "a",
    "b: ",
    "- ",
    ": ",
    "\n",
    "\n  ",
    "&x ",
    "*x",
    "<<: ",
    "[",
    "]",
    "{",
    "}",
    ",",
    '"',
    "'",
    "|\n",
    "> ",
    "!t ",
    "!!int ",
]
PIECES += [
    "? ",
    "#",
    "\t",
    "%",
    "@",
    "---\n",
    "...\n",
    "~",
    "1",
    "\\x",
    "${",
    "\r\n",
    "\u2028",
    "A_KEY: ",
    "=",
    "\0",
    "\ud800",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_every_text_is_read_or_refused_with_a_place(text: str) -> None:
    """Nothing that a file holds makes the reader itself fail."""
    try:
        read(text)
    except InvalidStack as error:
        assert all(found.place and found.place.column > 0 for found in error.diagnostics)  # noqa: PT017


def test_a_duplicate_key_names_the_line_of_the_first() -> None:
    """The message leads to the other one."""
    assert [found.message.endswith("first in line 1") for found in mistakes("a: 1\na: 2\na: 3\n")] == [True, True]


def test_an_undefined_alias_near_an_anchor_names_it() -> None:
    """A slip in an anchor's name is guessed."""
    assert mistakes("x: &default 1\na: *defualt\n")[0].hint == "did you mean 'default'?"


def test_tabs_that_do_not_indent_are_spaces() -> None:
    """A tab after a value or colon, before a comment or in an empty line is no mistake in Compose either."""
    assert read("a:\tb\t\n\t\nc: [1,\t2]\n\t# d\n").value == {"a": "b", "c": [1, 2]}


# Files that nobody can hold

BOMBS = {
    "nested aliases": (
        "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)),
        "yaml-unfolds",
    ),
    "merges of merges": (
        "b: &b {"
        + ",".join(f"k{n}: 1" for n in range(2000))
        + "}\n"
        + "".join(f"m{n}: {{<<: *b}}\n" for n in range(2000)),
        "yaml-unfolds",
    ),
    "an alias in what it names": ("a: &a [1, *a]\n", "yaml-unfolds"),
    "aliases a thousand deep": (
        "a0: &a0 x\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 1000)),
        "yaml-too-deep",
    ),
    "brackets": ("a: " + "[" * 50_000, "yaml-too-deep"),
    "indentation": ("\n".join(" " * n + "a:" for n in range(500)), "yaml-too-deep"),
    "a huge file": ("a: 1\n" * 1_000_000, "stack-too-large"),
    "a binary": ("\x7fELF\0\0\0", "control-character"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_unfolds_without_end_is_refused_at_once(name: str) -> None:
    """Sizes are counted on what is written; nothing is unfolded to find that it is too much, which would take hours."""
    text, code = BOMBS[name]
    start = time.process_time()
    assert mistake(text)[0] == code
    assert time.process_time() - start < 10


def test_a_hundred_thousand_values_may_be_repeated() -> None:
    """Ordinary use of anchors is far below the limit."""
    text = "a: &a [" + ",".join("x" * 500) + "]\nb: [" + ",".join(["*a"] * 190) + "]\n"
    value: Any = read(text).value
    assert sum(len(items) for items in value["b"]) == 95_000


def test_the_limit_is_said() -> None:
    """Who is refused learns what would not be."""
    assert f"{LONGEST_TEXT:,}" in mistakes(" " * (LONGEST_TEXT + 1))[0].message


# What an excerpt shows

HIDING = [
    ("environment:\n  DB_PASSWORD: hunter2\n", ("environment", "DB_PASSWORD"), "  DB_PASSWORD: (sensitive)"),
    ("environment:\n  - DB_PASSWORD=hunter2\n", ("environment", "DB_PASSWORD"), "  - DB_PASSWORD=(sensitive)"),
    ("environment:\n  - DB_PASSWORD=hunter2\n", ("environment", 0), "  - DB_PASSWORD=(sensitive)"),
    ("environment:\n  DB_PASSWORD:\n    hunter2=x\n", ("environment", "DB_PASSWORD"), "    (sensitive)"),
    ("x-a: &a hunter2\nenvironment:\n  API_KEY: *a\n", ("environment", "API_KEY"), "(sensitive)"),
    ("password:\n  env: hunter2\n", ("password", "env"), "  env: (sensitive)"),
    ("a: {API_KEY: hunter2, b: 1}\n", ("a", "b"), "a: {API_KEY: *******, b: 1}"),
    ("url: https://me:hunter2@example.com/x\n", ("url",), "url: https://(sensitive)@example.com/x"),
    ("secrets:\n  pin: {content: hunter2}\n", ("secrets", "pin", "content"), "  pin: (sensitive)       "),
    ("secrets:\n  pin:\n    content: hunter2\n", ("secrets", "pin", "content"), "    content: (sensitive)"),
    ("secrets:\n  pin:\n    content:\n      hunter2\n", ("secrets", "pin", "content"), "      (sensitive)"),
    ("secrets:\n  pin:\n    contents: hunter2\n", ("secrets", "pin", "contents"), "    contents: (sensitive)"),
    ("secrets:\n  pin: hunter2\n", ("secrets", "pin"), "  pin: (sensitive)"),
    ("a: {secrets: {pin: {content: hunter2}}, b: 1}\n", ("a", "b"), "a: {secrets: {pin: {content: *******}}, b: 1}"),
    ("configs:\n  site:\n    content: hunter2\n", ("configs", "site", "content"), "    content: (sensitive)"),
    ("x-deployer: {sensitive: [PIN]}\nenvironment:\n  PIN: hunter2\n", ("environment", "PIN"), "  PIN: (sensitive)"),
]


@pytest.mark.parametrize(("text", "path", "excerpt"), HIDING)
def test_an_excerpt_shows_no_sensitive_value(text: str, path: tuple[str | int, ...], excerpt: str) -> None:
    """Wherever the value of a sensitive name is written, the line is shown without it."""
    assert read(text).places.at(*path).excerpt == excerpt


def test_names_of_secrets_are_shown() -> None:
    """What stands under `secrets` names secrets and files; a mistake in it can be seen."""
    places = read("secrets:\n  db_password: {file: ./pw}\nservices:\n  web:\n    secrets: [db_password]\n").places
    assert places.at("secrets", "db_password", "file").excerpt == "  db_password: {file: ./pw}"
    assert places.at("services", "web", "secrets", 0).excerpt == "    secrets: [db_password]"


@pytest.mark.parametrize(
    "text",
    [
        "DB_PASSWORD: 'hunter2\n",
        "secrets:\n  pin:\n    content: 'hunter2\n",
        "secrets:\n  pin:\n    content: |\n      x\n     b: hunter2\n",
        "DB_PASSWORD: hunter2: x\n",
        "a:\n  SECRET_KEY: |\n    x\n   b: hunter2\n",
        "DB_PASSWORD: 1\nDB_PASSWORD: hunter2\n",
        "a: {DB_PASSWORD: ${X:-hunter2}}\n",
        "DB_PASSWORD: !rest hunter2\n",
        "DB_PASSWORD:\n  !x hunter2\n",
        "DB_PASSWORD: !!int hunter2\n",
    ],
)
def test_no_mistake_shows_a_sensitive_value(text: str) -> None:
    """Neither the message nor the line of an error holds a password."""
    for found in mistakes(text):
        assert found.place is not None
        assert "hunter2" not in f"{found.place.excerpt} {found.message} {found.hint} {found.notes}"
