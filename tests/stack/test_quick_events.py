"""What libyaml reads, ruamel reads the same: the quick way and the careful one are one language."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import InvalidStack
from deployer.stack import document
from deployer.stack.document import read_document
from deployer.stack.places import Node, Source

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/stack.yaml"))

FILE = """\
name: shop
x-all: &all {restart: always, labels: [a=b]}
services:
  web:
    <<: *all
    image: "busybox:1.37" # as ever
    command: ["sleep", '100']
    environment:
      TEXT: ${DEPTH:?needed}
      MANY: >-
        folded
        lines
    ports:
      - 8080:80
"""

PIECES = (
    *(
        ": ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "\n      ",
        "\n\n",
        " ",
        ", ",
        "\r\n",
        "\r",
        "\t",
        "\u2028",
        "\x85",
        "\ufeff",
    ),
    *('"x y"', "'it''s'", '"', "'", "{", "}", "[", "]", "{a: b}", "[c]", "#c", "# c", "a #b", '"\\u00e9"', '"\\/"'),
    *("|", ">", "|-", ">+", "|2", "?", "? ", " ? ", "&a ", "*a", "*all", "!t ", "!!str ", "---\n", "...\n", "%YAML"),
    *(
        "é",
        "😀",
        "a:b",
        ":x",
        "?x",
        "-x",
        "a?",
        "22:22",
        "-1",
        "~",
        "null",
        "<<: *all",
        "key:",
        "k: v",
        "- - ",
        "@",
        "`",
    ),
)


def shown(node: Node | None) -> Any:
    """All that a tree says, places included."""
    return astuple(node) if node else None


def both(text: str) -> tuple[Any, Any]:
    """What the quick reader makes of the text, if anything, and the careful one."""
    source = Source("stack.yaml", text)
    quick = document._quick_tree(source)
    if quick is None:
        return None, None
    careful, _ = document._careful_tree(source)
    assert not careful.problems, [str(problem) for problem in careful.problems]
    return shown(quick.root), shown(careful.root)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(FILE)), st.integers(0, 3), st.sampled_from(PIECES)), max_size=3))
def test_a_file_that_is_changed_anywhere_is_read_the_same(changes: list[tuple[int, int, str]]):
    """Values, places and anchors; where libyaml finds nothing wrong, nor does ruamel."""
    text = FILE
    for at, removed, piece in changes:
        text = text[:at] + piece + text[at + removed :]
    quick, careful = both(text)
    assert quick == careful


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_every_example_is_read_quickly(path: Path):
    """And the same."""
    quick, careful = both(path.read_text())
    assert quick is not None
    assert quick == careful


@pytest.mark.parametrize(
    "text",
    [
        "a: !t b",
        "a:\tb",
        "a: b\rc: d",
        "? a\n: b",
        "%YAML 1.1\n---\na: b",
        'a: {"b":c}',
        "a: |#c",
        "a: [",
        "a: b\na: c",
        "a",
    ],
)
def test_what_is_special_or_wrong_is_left_to_ruamel(text: str):
    """Only one of the two says what is wrong with a file."""
    assert document._quick_tree(Source("stack.yaml", text)) is None


def test_a_wrong_file_is_told_as_ever():
    """At its line, in plain words."""
    with pytest.raises(InvalidStack) as caught:
        read_document("services:\n  web: [", "stack.yaml")
    assert str(caught.value.diagnostics[0].place).startswith("stack.yaml:2")
