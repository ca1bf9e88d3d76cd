"""YAML text into plain values, with the place of each: all that is wrong with a file as YAML is said at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from deployer.errors import Diagnostic, InvalidStack, Place, raise_if_any
from deployer.stack.places import ListNode, MappingNode, Node, Places, ScalarNode, Source, below
from deployer.stack.quick_events import quick_events
from deployer.stack.syntax import SyntaxProblem
from deployer.stack.tree import Tree

Value: TypeAlias = "dict[str, Value] | list[Value] | str | int | float | bool | None"

# ruamel's scanner is pure Python: this much ordinary YAML takes it two to three seconds.
LONGEST_TEXT = 1024 * 1024

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says: its nodes; `has_merge_tags` tells whether any of them is marked `!reset` or `!override`."""

    root: MappingNode
    has_merge_tags: bool

    @property
    def value(self) -> dict[str, Value]:
        return cast("dict[str, Value]", plain(self.root))

    @property
    def places(self) -> Places:
        return Places(self.root)


def read_document(
    text: str,
    file: str,
    problems: list[Diagnostic] | None = None,
    environment: Mapping[str, str] | None = None,
    extra: list[str] | None = None,
    *,
    may_be_empty: bool = False,
) -> Document:
    """The mapping that the text holds; InvalidStack with everything that is wrong with it as YAML.

    Given a list, what can be read all the same is not raised: its problems go there, and more of the file is judged.
    `extra` gets the names that the file adds to what is sensitive, and is shared by the files of a stack.
    """
    source = Source(file, text.removeprefix("\ufeff"), [] if extra is None else extra, environment or {})
    _check_text(source)
    tree, fatal = _quick_tree(source), False
    if tree is None:
        tree, fatal = _careful_tree(source)
    if may_be_empty and tree.root is None:
        tree.root = MappingNode(1, 1, source)
    if not tree.problems and not isinstance(tree.root, MappingNode):
        tree.problems.append(_not_a_mapping(source, tree.root))
    if problems is None or fatal or not isinstance(tree.root, MappingNode):
        raise_if_any(tree.problems)
    else:
        problems += tree.problems
    root = cast("MappingNode", tree.root)
    source.extra += _declared_sensitive(root)
    return Document(root, tree.has_merge_tags)


def _quick_tree(source: Source) -> Tree | None:
    """The tree as libyaml reads it; None where anything is wrong, for ruamel says more about that."""
    tree = Tree(source)
    try:
        for event in quick_events(source.text) or ():
            _feed(tree, event)
    except (SyntaxProblem, ValueError):
        return None
    return tree if isinstance(tree.root, MappingNode) and not tree.problems else None


def _careful_tree(source: Source) -> tuple[Tree, bool]:
    """The tree as far as the text is YAML, with what is wrong, and whether it ends there."""
    from deployer.stack.events import events

    tree = Tree(source)
    try:
        for event in events(source):
            _feed(tree, event)
    except SyntaxProblem as problem:
        tree.problems.append(problem.diagnostic)
        return tree, True
    return tree, False


def _check_text(source: Source) -> None:
    size = len(source.text)
    if size > LONGEST_TEXT:
        message = f"the file has {size:,} characters; a stack file may have {LONGEST_TEXT:,}"
        raise InvalidStack(Diagnostic("stack-too-large", message, Place(source.file), "is it a stack file?"))
    found = _CONTROL.search(source.text)
    if found:
        line = len(re.findall(r"\r\n|\n|\r", source.text[: found.start()])) + 1
        column = found.start() - max(source.text.rfind(end, 0, found.start()) for end in "\n\r")
        message = f"the file holds the control character U+{ord(found[0]):04X}, which no YAML file may"
        hint = "is it a text file in UTF-8?"
        raise InvalidStack(Diagnostic("control-character", message, source.place_without_path(line, column), hint))


def _feed(tree: Tree, event: Any) -> None:
    """An event of ruamel's or of PyYAML's, whose kinds have the same names."""
    kind = event.__class__.__name__
    line, column = event.start_mark.line + 1, event.start_mark.column + 1
    if kind == "ScalarEvent":
        tree.scalar(line, column, event.value, plain=not event.style, tag=_tag(event), anchor=event.anchor)
    elif kind == "MappingStartEvent":
        tree.start(MappingNode(line, column, tree.source), tag=_tag(event), anchor=event.anchor)
    elif kind == "SequenceStartEvent":
        tree.start(ListNode(line, column, tree.source), tag=_tag(event), anchor=event.anchor)
    elif kind in ("MappingEndEvent", "SequenceEndEvent"):
        tree.end()
    elif kind == "AliasEvent":
        tree.alias(line, column, event.anchor)
    elif kind == "DocumentStartEvent":
        tree.start_document(line, column)


def _tag(event: Any) -> str | None:
    tag = getattr(event, "ctag", None)  # of ruamel's alone: where tags are, libyaml is not asked
    return None if tag is None else str(tag)


def plain(node: Node) -> Value:
    """What a node says, without its places."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return {name: plain(entry.node) for name, entry in node.entries.items()}


def _not_a_mapping(source: Source, root: Node | None) -> Diagnostic:
    hint = "begin with 'services:'"
    if root is None or (isinstance(root, ScalarNode) and root.value is None):
        return Diagnostic(
            "not-a-mapping", "the file is empty; a stack file is a mapping of keys", Place(source.file), hint
        )
    found = "a list" if isinstance(root, ListNode) else "a single value"
    place = source.place(root.line, root.column, ())
    return Diagnostic("not-a-mapping", f"a stack file is a mapping of keys, and this is {found}", place, hint)


def _declared_sensitive(root: MappingNode) -> list[str]:
    """The names that `x-deployer: {sensitive: [...]}` adds or takes away, at the top and in services, and the variables
    that secrets take their contents from.
    """
    services = below(root, "services")
    holders = (
        [root, *(entry.node for entry in services.entries.values())] if isinstance(services, MappingNode) else [root]
    )
    names: list[str] = []
    for holder in holders:
        own = below(holder, "x-deployer")
        listed = below(own, "sensitive") if own else None
        items = listed.items if isinstance(listed, ListNode) else ()
        names += [item.value for item in items if isinstance(item, ScalarNode) and isinstance(item.value, str)]
    return names + _variables_of_secrets(root)


def _variables_of_secrets(root: MappingNode) -> list[str]:
    secrets = below(root, "secrets")
    entries = [entry.node for entry in secrets.entries.values()] if isinstance(secrets, MappingNode) else []
    named = [below(entry, "environment") for entry in entries if isinstance(entry, MappingNode)]
    return [node.value for node in named if isinstance(node, ScalarNode) and isinstance(node.value, str)]
