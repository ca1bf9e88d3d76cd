"""Where every value of a stack file is written: the tree of nodes, and places looked up in it by path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from deployer.errors import Place
from deployer.fields.around import Span
from deployer.fields.sensitive import MASK, is_sensitive_name, mask_line
from deployer.stack.scalars import Scalar

Path: TypeAlias = Sequence[str | int]

_LINE_END = re.compile(r"\r\n|\n|\r")
_LINE_START = re.compile(r"""(\s*(?:-\s+)*)(?:["']?([^\s"'#:][^"':]*)["']?\s*:(?:\s|$))?""")
_KEPT_LINES = re.compile(r"\|[-+0-9]*\s*(?:#.*)?$")
# A caret under a line that nobody can read helps nobody, and masking it anew for each of its values takes for ever.
_LONGEST_EXCERPT = 1000
# What a secret or config holds, where the file itself says it.
_CONTENT = "content"
_OPEN = {"file"}
# Under these the user chooses the names, and one that is called `secrets` is a name like any other.
_FREE_NAMES = ("environment", "args", "labels")


@dataclass(slots=True)
class Source:
    """A file's name and lines; makes the places in it, with excerpts that show no secret.

    `extra` are the names that the stack adds to what is sensitive, `environment` the variables that the file is read
    with.
    """

    file: str
    text: str
    extra: list[str] = field(default_factory=list[str])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    _lines: list[str] | None = None

    @property
    def lines(self) -> list[str]:
        if self._lines is None:
            self._lines = _LINE_END.split(self.text)
        return self._lines

    def line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def place(self, line: int, column: int, path: Path, *, whole: bool = False) -> Place:
        """The place; `path` tells what is sensitive, `whole` that the line is all value and has no key of its own."""
        return Place(self.file, line, column, self._excerpt(self.line(line), path, whole))

    def place_without_path(self, line: int, column: int) -> Place:
        """The place in a file whose structure is not known: what its indentation says stands for the path."""
        path = self._keys_above(line)
        return self.place(line, column, path, whole=True)

    def _excerpt(self, line: str, path: Path, whole: bool) -> str:
        if len(line) > _LONGEST_EXCERPT:
            return ""
        names = [str(step) for step in path if isinstance(step, str)]
        open_names, hidden = _divide(names, self.extra)
        if hidden and whole:
            start = _LINE_START.match(line)
            before = start[1] if start else ""
            return before + MASK if line.strip() else line
        if not hidden and not open_names and not self.extra and _CONTENT not in line:
            return mask_line(line)
        return mask_line(
            line,
            lambda name: (
                name in hidden or name == _CONTENT or (name not in open_names and is_sensitive_name(name, self.extra))
            ),
        )

    def _keys_above(self, number: int) -> list[str]:
        keys: list[str] = []
        indent = _indent(self.line(number))
        for line in reversed(self.lines[: number - 1]):
            if indent == 0:
                break
            start = _LINE_START.match(line)
            if start and line.strip() and len(start[1]) < indent:
                indent = _indent(line)
                keys[:0] = [start[2]] if start[2] else []
        return keys


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its variables filled in: where sensitive ones are, and where others."""

    value: str = field(repr=False)
    sensitive: tuple[Span, ...]
    others: tuple[Span, ...]


@dataclass(slots=True, eq=False)
class ScalarNode:
    """A single value; `written` is its text where it was written without quotes, `tag` one that says how it is merged,
    `tainted` whether a sensitive variable went into it, `filled` where in it variables are, if a part of it may be
    hidden, `behind` where they are set.
    """

    line: int
    column: int
    source: Source
    value: Scalar
    written: str | None
    size: int = 1
    height: int = 1
    tag: str = ""
    tainted: bool = False
    filled: Filled | None = None
    behind: tuple[Place, ...] = ()


@dataclass(slots=True, eq=False)
class ListNode:
    line: int
    column: int
    source: Source
    items: list[Node] = field(default_factory=list["Node"])
    size: int = 1
    height: int = 1
    tag: str = ""


@dataclass(slots=True, eq=False)
class Entry:
    """A key of a mapping, where it is written, and the node of its value."""

    line: int
    column: int
    source: Source
    node: Node


@dataclass(slots=True, eq=False)
class MappingNode:
    line: int
    column: int
    source: Source
    entries: dict[str, Entry] = field(default_factory=dict[str, "Entry"])
    size: int = 1
    height: int = 1
    tag: str = ""


Node: TypeAlias = ScalarNode | ListNode | MappingNode


def below(node: Node, name: str) -> Node | None:
    """The value under a key, where there is such a key."""
    entry = node.entries.get(name) if isinstance(node, MappingNode) else None
    return entry.node if entry else None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _divide(names: Sequence[str], extra: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The names of a path that are shown although they match, and those from the first sensitive one on.

    Of a secret at the top of the file all is hidden but its file: the secret itself may stand at the wrong place.
    """
    if names[:1] == ["secrets"] and len(names) > 1 and not set(names[2:3]) & _OPEN:
        return frozenset(), frozenset(names[1:])
    for index, name in enumerate(names):
        if name == "secrets" and (index == 0 or names[index - 1] not in _FREE_NAMES):
            return frozenset(names[index:]), frozenset()
        if is_sensitive_name(name, extra):
            return frozenset(), frozenset(names[index:])
    return frozenset(), frozenset()


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a stack: paths are keys and indexes from its top, and each value has a place in a file of its own.

    In a list of texts such as `["KEY=value", "BARE"]` an item is found by its name as well as by its index.
    Behind an alias or a merge, a place is where the value is really written.
    """

    root: MappingNode

    def at(self, *path: str | int) -> Place:
        """The place of the value at this path; where nothing is, the key of what is nearest above."""
        depth, node, entry = self._follow(path)
        if depth < len(path):
            return self.key(*path[:depth])
        named = isinstance(path[-1], str) and entry is None if path else False
        beside_its_key = named or (entry is not None and entry.line == node.line and entry.source is node.source)
        place = node.source.place(
            node.line, node.column, path, whole=isinstance(node, ScalarNode) and not beside_its_key
        )
        behind = _behind(node)
        return replace(place, behind=behind) if behind else place

    def key(self, *path: str | int) -> Place:
        """The place of the key of this path, or of the list's item; where nothing is, of what is nearest above."""
        depth, node, entry = self._follow(path)
        if entry is None:
            named = depth > 0 and isinstance(path[depth - 1], str)
            return node.source.place(
                node.line, node.column, path[:depth], whole=isinstance(node, ScalarNode) and not named
            )
        return entry.source.place(entry.line, entry.column, path[:depth])

    def in_block(self, line: int, column: int, *path: str | int) -> Place:
        """A line (from 1 on) of a text at this path; the text's own place where it is no block whose lines are kept."""
        depth, node, _ = self._follow(path)
        if depth < len(path) or not _KEPT_LINES.search(node.source.line(node.line)):
            return self.at(*path)
        block = node.source.lines[node.line :]
        indent = next((_indent(each) for each in block if each.strip()), 0)
        return node.source.place(node.line + line, indent + column, path)

    def source(self, *path: str | int) -> Source:
        """The file in which the value at this path is written, or, where nothing is, what is nearest above."""
        return self._follow(path)[1].source

    def has(self, *path: str | int) -> bool:
        """Whether something is written at exactly this path."""
        return self._follow(path)[0] == len(path)

    def is_mapping(self, *path: str | int) -> bool:
        """Whether a mapping with keys of its own is written at this path."""
        depth, node, _ = self._follow(path)
        return depth == len(path) and isinstance(node, MappingNode) and bool(path)

    def written(self, *path: str | int) -> str | None:
        """The text of an unquoted scalar as it stands in the file (`1.10`, `0440`, `~`); None for all else."""
        depth, node, _ = self._follow(path)
        return node.written if depth == len(path) and isinstance(node, ScalarNode) else None

    def _follow(self, path: Path) -> tuple[int, Node, Entry | None]:
        """As far as the path leads: the number of steps, the node there, and the key it stands behind, if any."""
        node: Node = self.root
        entry: Entry | None = None
        for depth, step in enumerate(path):
            found = _step(node, step)
            if found is None:
                return depth, node, entry
            node, entry = found
        return len(path), node, entry


def _behind(node: Node) -> tuple[Place, ...]:
    """Where the variables in a value are set, or those in the texts of a list."""
    scalars = node.items if isinstance(node, ListNode) else (node,)
    return tuple(dict.fromkeys(place for each in scalars if isinstance(each, ScalarNode) for place in each.behind))


def _step(node: Node, step: str | int) -> tuple[Node, Entry | None] | None:
    if isinstance(node, MappingNode):
        entry = node.entries.get(str(step))
        return (entry.node, entry) if entry else None
    if isinstance(node, ListNode):
        item = _item(node.items, step)
        return (item, None) if item else None
    return None


def _item(items: Sequence[Node], step: str | int) -> Node | None:
    if isinstance(step, int):
        return items[step] if 0 <= step < len(items) else None
    for item in reversed(items):
        if isinstance(item, ScalarNode) and isinstance(item.value, str) and item.value.partition("=")[0] == step:
            return item
    return None
