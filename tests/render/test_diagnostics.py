"""How diagnostics look: to people, to programs, and to a terminal that somebody would like to steer."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import Diagnostic, Place
from deployer.render.diagnostics import as_json, as_text
from deployer.render.harmless import display_width, harmless

UNKNOWN = Diagnostic(
    "unknown-key",
    "services.web has no key 'imagee'",
    Place("stack.yaml", 4, 5, "    imagee: nginx"),
    "did you mean 'image'?",
)


def caret_of(excerpt: str, column: int) -> tuple[int, int]:
    """Where the caret begins on the screen, counted from the excerpt's start, and how wide it is."""
    line = as_text([Diagnostic("x", "m", Place("f", 1, column, excerpt))]).splitlines()[-1]
    below = line.split("| ", 1)[1]
    return len(below) - len(below.lstrip()), below.count("^")


def test_a_diagnostic_shows_the_line_and_a_caret() -> None:
    """Code and message, the place, the line with a caret under the word, the hint."""
    assert as_text([UNKNOWN]) == (
        "error[unknown-key]: services.web has no key 'imagee'\n"
        "  --> stack.yaml:4:5\n"
        "   |\n"
        " 4 |     imagee: nginx\n"
        "   |     ^^^^^^\n"
        "   = did you mean 'image'?"
    )


def test_what_is_hidden_of_a_long_value_leaves_no_blanks() -> None:
    """The caret stands where it did, before, in and after that."""
    line = f'    command: ["sh", "-c", "PGPASSWORD=(sensitive){" " * 100}", nope]'
    for column, word in ((line.index('"sh"'), '"sh"'), (line.index("nope"), "nope"), (80, "(sensitive)")):
        (*_, shown, below) = as_text([Diagnostic("x", "m", Place("f", 1, column + 1, line))]).splitlines()
        assert shown == ' 1 |     command: ["sh", "-c", "PGPASSWORD=(sensitive)", nope]'
        assert below.index("^") == shown.index(word)


def test_several_are_separated_and_counted() -> None:
    """An empty line between two, and their number at the end."""
    text = as_text([UNKNOWN, UNKNOWN])
    assert text.count("\n\nerror[unknown-key]") == 1
    assert text.endswith("\n\n2 errors")


def test_without_a_place_the_address_says_where() -> None:
    """What concerns a resource and no file names the resource; notes follow the hint."""
    found = Diagnostic("not-ready", "it exited at once", None, "see its log", "service.web[1]", ("last lines:\nboom",))
    assert as_text([found]) == (
        "error[not-ready]: it exited at once\n  --> service.web[1]\n   = see its log\n   = note: last lines:\n     boom"
    )


def test_a_line_number_of_three_digits_moves_the_margin() -> None:
    """The bars stand below each other."""
    bars = [line.index("|") for line in as_text([Diagnostic("x", "m", Place("f", 123, 1, "a: 1"))]).splitlines()[2:]]
    assert bars == [5, 5, 5]


@pytest.mark.parametrize(
    ("excerpt", "column", "caret"),
    [
        ("image: nginx:1.2 # x", 8, (7, 9)),
        ('a: "b c" d', 4, (3, 5)),
        ("a: 'it''s'", 4, (3, 7)),
        ("a: [b, c]", 5, (4, 1)),
        ("a: [b, c]", 4, (3, 1)),
        ("- KEY=value", 3, (2, 9)),
        ("a: ${X:-y z}", 4, (3, 9)),
        ("a: ${X:?y}z w", 4, (3, 8)),
        ("A_KEY: (sensitive)", 8, (7, 11)),
        ("a:", 3, (2, 1)),
        ("a:", 99, (2, 1)),
        ("\ta: 1", 2, (4, 1)),
        ("a:\tb", 4, (4, 1)),
        ("中文: bad", 5, (6, 3)),
        ("a: 中文", 4, (3, 4)),
        ("a\u0301: b", 5, (3, 1)),
        ("\x1b: b", 4, (6, 1)),
    ],
)
def test_the_caret_is_under_the_word(excerpt: str, column: int, caret: tuple[int, int]) -> None:
    """As wide as the word on the screen: wide characters count twice, tabs as far as they reach."""
    assert caret_of(excerpt, column) == caret


def test_a_long_line_is_cut_around_the_caret() -> None:
    """Who sees a line of 900 characters sees no caret."""
    excerpt = "x" * 500 + " here " + "y" * 400
    lines = as_text([Diagnostic("x", "m", Place("f", 1, 502, excerpt))]).splitlines()
    start = lines[-1].index("^")
    assert lines[-2][start : start + 4] == "here"
    assert max(len(line) for line in lines) < 180


def test_colour_adds_nothing_but_colour() -> None:
    """Without its codes the coloured text is the plain one."""
    colored = as_text([UNKNOWN, UNKNOWN], color=True)
    for code in ("\x1b[1;31m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"):
        assert code in colored
        colored = colored.replace(code, "")
    assert colored == as_text([UNKNOWN, UNKNOWN])


def test_json_holds_every_part() -> None:
    """One object with a version, and null for what no file says."""
    bare = Diagnostic("busy", "somebody has the turn", None, "wait", "stack.x", ("n",))
    assert json.loads(as_json([UNKNOWN, bare])) == {
        "format_version": 1,
        "diagnostics": [
            {
                "code": "unknown-key", "message": "services.web has no key 'imagee'",
                "file": "stack.yaml", "line": 4, "column": 5,
                "hint": "did you mean 'image'?", "address": "", "notes": [],
            },
            {
                "code": "busy", "message": "somebody has the turn", "file": None, "line": None, "column": None,
                "hint": "wait", "address": "stack.x", "notes": ["n"],
            },
        ],
        "warnings": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\x9b", r"\x9b"),
        ("\u202eabc", r"\u202eabc"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_steers_a_terminal_is_shown_as_an_escape(text: str, shown: str) -> None:
    """Escapes, direction marks and half characters are seen, not obeyed."""
    assert harmless(text) == shown


@pytest.mark.parametrize("text", ["中文", "Grüße", "שלום", "👩\u200d💻", "a\u0301"])
def test_ordinary_writing_stays(text: str) -> None:
    """Every script may be used."""
    assert harmless(text) == text


@given(st.text(st.characters(codec=None)), st.text(), st.integers(1, 50))
def test_nothing_that_a_file_holds_reaches_the_terminal_as_control(message: str, excerpt: str, column: int) -> None:
    """Whatever the text, only line ends are left of all controls, and it can be encoded."""
    text = as_text([Diagnostic("x", message, Place(excerpt, 1, column, excerpt), message, notes=(message,))])
    assert not [
        character for character in text if unicodedata.category(character) in ("Cc", "Cs") and character != "\n"
    ]
    assert text.encode()


def test_the_width_of_a_text_is_that_of_the_screen() -> None:
    """Wide is two, combining none."""
    assert (display_width("ab"), display_width("中"), display_width("a\u0301")) == (2, 2, 1)
