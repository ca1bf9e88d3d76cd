"""Events into a tree of nodes: keys, tags, aliases and merges checked, and nothing unfolded that could not be held."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

from deployer.errors import Diagnostic, did_you_mean
from deployer.stack.places import Entry, ListNode, MappingNode, Node, ScalarNode, Source
from deployer.stack.scalars import SCALAR_TAGS, Scalar, resolve, tagged
from deployer.stack.syntax import SyntaxProblem

MOST_REPEATED = 100_000
DEEPEST = 100

_STANDARD = "tag:yaml.org,2002:"
_MERGE_KEY = "<<"
_MERGE_TAG = f"{_STANDARD}merge"
RESET = "!reset"
OVERRIDE = "!override"
_MERGE_TAGS = (RESET, OVERRIDE)
_UNUSABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(slots=True)
class _Key:
    """A key whose value is still to come; `text` is None where the key is none that can be used."""

    line: int
    column: int
    text: str | None
    merges: bool = False


@dataclass(slots=True)
class _Frame:
    """A list or mapping that is still open."""

    node: ListNode | MappingNode
    key: _Key | None = None
    merge_key: _Key | None = None
    merged: list[Node] = field(default_factory=list[Node])


class Tree:
    """Grows by the events of one document; `problems` are those it could go on after."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.root: Node | None = None
        self.problems: list[Diagnostic] = []
        self.has_merge_tags = False
        self._frames: list[_Frame] = []
        self._anchors: dict[str, Node] = {}
        self._documents = 0
        self._written = 0
        self._merged = 0

    def start_document(self, line: int, column: int) -> None:
        self._documents += 1
        if self._documents > 1:
            self._stop(
                "several-documents",
                "a second document begins here; one file holds one stack",
                line,
                column,
                "remove the line '---', or make a file of each",
            )

    def scalar(self, line: int, column: int, text: str, *, plain: bool, tag: str | None, anchor: str | None) -> None:
        if plain and not text and tag is None and anchor is None:
            line, column = self._place_of_nothing(line, column)
        if not plain and _UNUSABLE.search(text):
            text = self._mended(line, column, text)
        value = self._scalar_value(line, column, text, plain, tag)
        self._written += 1
        node = ScalarNode(line, column, self.source, value, text if plain else None)
        if tag is not None:
            self._mark(node, tag)
        if anchor is not None:
            self._anchors[anchor] = node
        self._add(node)

    def start(self, node: ListNode | MappingNode, *, tag: str | None, anchor: str | None) -> None:
        kind = "map" if isinstance(node, MappingNode) else "seq"
        if tag is not None:
            self._mark(node, tag)
            if tag not in ("!", f"{_STANDARD}{kind}", *_MERGE_TAGS):
                self._refuse_tag(tag, node.line, node.column)
        if len(self._frames) >= DEEPEST:
            self._stop_too_deep(node)
        if anchor is not None:
            self._anchors[anchor] = node
        self._written += 1
        self._frames.append(_Frame(node))

    def end(self) -> None:
        frame = self._frames.pop()
        node = frame.node
        if isinstance(node, MappingNode) and frame.merged:
            self._merge(node, frame)
        if node.height > DEEPEST:
            self._stop_too_deep(node)
        if node.size > self._written + MOST_REPEATED:
            self._stop_unfolding(node.line, node.column)
        self._add(node)

    def alias(self, line: int, column: int, name: str) -> None:
        node = self._anchors.get(name)
        if node is None:
            hint = (
                did_you_mean(name, self._anchors, "anchors above this line are")
                or "put a text that begins with '*' in quotes"
            )
            self._problem(
                "undefined-alias", f"*{name} names an anchor (&{name}) that is not above this line", line, column, hint
            )
            node = ScalarNode(line, column, self.source, None, None)
        if any(frame.node is node for frame in self._frames):
            self._stop(
                "yaml-unfolds", f"*{name} stands inside what it names: it contains itself without end", line, column
            )
        self._add(node)

    def _add(self, node: Node) -> None:
        if not self._frames:
            self.root = node
            return
        frame = self._frames[-1]
        if isinstance(frame.node, ListNode):
            frame.node.items.append(node)
        elif frame.key is None:
            frame.key = self._key(node)
            return
        else:
            self._enter(frame, frame.node, frame.key, node)
            frame.key = None
        _grow(frame.node, node)

    def _key(self, node: Node) -> _Key:
        if isinstance(node, ScalarNode) and node.value == _MERGE_KEY and node.written is not None:
            return _Key(node.line, node.column, _MERGE_KEY, merges=True)
        text = _key_text(node)
        if text is None:
            self._problem("non-string-key", "a key must be a text", node.line, node.column, "put it in quotes")
        return _Key(node.line, node.column, text)

    def _enter(self, frame: _Frame, mapping: MappingNode, key: _Key, node: Node) -> None:
        if key.text is None:
            return
        first = frame.merge_key if key.merges else mapping.entries.get(key.text)
        if first is not None:
            message = f"the key {key.text!r} is written twice: first in line {first.line}"
            self._problem("duplicate-key", message, key.line, key.column, "remove one of the two, or put them together")
        elif key.merges:
            frame.merge_key = key
            frame.merged = [node]
        else:
            mapping.entries[key.text] = Entry(key.line, key.column, self.source, node)

    def _merge(self, mapping: MappingNode, frame: _Frame) -> None:
        for node in frame.merged:
            for origin in node.items if isinstance(node, ListNode) else (node,):
                if isinstance(origin, MappingNode):
                    self._take_over(mapping, origin)
                elif not _is_undefined_alias(origin):
                    key = frame.merge_key or _Key(origin.line, origin.column, None)
                    self._problem(
                        "bad-merge",
                        "'<<' takes a mapping, or a list of mappings",
                        key.line,
                        key.column,
                        "name an anchor: '<<: *name'",
                    )

    def _take_over(self, mapping: MappingNode, origin: MappingNode) -> None:
        self._merged += len(origin.entries) + 1
        if self._merged > MOST_REPEATED:
            self._stop_unfolding(mapping.line, mapping.column)
        for name, entry in origin.entries.items():
            if name not in mapping.entries:
                mapping.entries[name] = entry
                _grow(mapping, entry.node)

    def _mended(self, line: int, column: int, text: str) -> str:
        """The text with the halves that JSON writes of a character (`\\ud83d\\ude00`) joined."""
        joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if "\0" in joined or joined.count("\ufffd") > text.count("\ufffd"):
            self._problem("control-character", "this text holds an escape for NUL or half a character", line, column)
        return joined

    def _scalar_value(self, line: int, column: int, text: str, plain: bool, tag: str | None) -> Scalar:
        if tag is None or tag in _MERGE_TAGS:
            return resolve(text) if plain else text
        if tag == _MERGE_TAG and text == _MERGE_KEY:
            return text
        if tag not in SCALAR_TAGS:
            self._refuse_tag(tag, line, column)
            return None
        try:
            return tagged(tag, text)
        except ValueError:
            self._problem(
                "bad-tag", f"this value is not what its tag {_shown(tag)} says", line, column, "remove the tag"
            )
            return None

    def _place_of_nothing(self, line: int, column: int) -> tuple[int, int]:
        """An empty value is shown at its key, or at the dash of its item."""
        frame = self._frames[-1] if self._frames else None
        if frame is None:
            return line, column
        if isinstance(frame.node, MappingNode):
            return (frame.key.line, frame.key.column) if frame.key else (line, column)
        return line, max(1, column - 1)

    def _mark(self, node: Node, tag: str) -> None:
        """Keep the tag that says how a value is merged into that of the files before; the top of a file has none."""
        if tag in _MERGE_TAGS and self._frames:
            node.tag = tag
            self.has_merge_tags = True

    def _refuse_tag(self, tag: str, line: int, column: int) -> None:
        hint = "remove it, or put a text that begins with '!' in quotes"
        self._problem("unknown-tag", f"the tag {_shown(tag)} is not known", line, column, hint)

    def _problem(self, code: str, message: str, line: int, column: int, hint: str = "") -> None:
        self.problems.append(self._diagnostic(code, message, line, column, hint))

    def _stop(self, code: str, message: str, line: int, column: int, hint: str = "") -> NoReturn:
        raise SyntaxProblem(self._diagnostic(code, message, line, column, hint))

    def _stop_too_deep(self, node: Node) -> NoReturn:
        self._stop(
            "yaml-too-deep", f"lists and mappings lie more than {DEEPEST} deep in each other", node.line, node.column
        )

    def _stop_unfolding(self, line: int, column: int) -> NoReturn:
        message = f"aliases and merges would repeat more than {MOST_REPEATED:,} values here"
        self._stop("yaml-unfolds", message, line, column, "write out what is meant, with fewer aliases within aliases")

    def _diagnostic(self, code: str, message: str, line: int, column: int, hint: str) -> Diagnostic:
        path = [frame.key.text for frame in self._frames if frame.key and frame.key.text is not None]
        beside_a_key = any(frame.key and frame.key.line == line for frame in self._frames[-1:])
        return Diagnostic(code, message, self.source.place(line, column, path, whole=not beside_a_key), hint)


def _is_undefined_alias(node: Node) -> bool:
    """Whether it stands for an alias that names nothing, which has been said."""
    return isinstance(node, ScalarNode) and node.value is None and node.written is None


def _grow(node: ListNode | MappingNode, child: Node) -> None:
    node.size += child.size
    node.height = max(node.height, child.height + 1)


def _key_text(node: Node) -> str | None:
    """Numbers and booleans are keys as they are written; nothing, fractions, lists and mappings are none."""
    if not isinstance(node, ScalarNode) or node.value is None or isinstance(node.value, float):
        return None
    if isinstance(node.value, str):
        return node.value
    return node.written if node.written is not None else str(node.value)


def _shown(tag: str) -> str:
    return f"!!{tag.removeprefix(_STANDARD)}" if tag.startswith(_STANDARD) else tag
