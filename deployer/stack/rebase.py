"""Relative paths of a file that lies in another folder than the stack's, as paths from there."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias, Union

from deployer.fields.mount_forms import is_path
from deployer.stack.merge import listed, mapping_at
from deployer.stack.places import Entry, ListNode, MappingNode, Node, ScalarNode, below

Move: TypeAlias = Callable[[str, str], str]
Where: TypeAlias = Mapping[str, Union[Move, "_Said", "Where"]]
"""What is done to the paths below: by key, `*` for any other one, `[]` for the items of a list, `` for a text."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What is done to a path hangs on what is said beside it, under `key`."""

    key: str
    value: str
    then: Move
    otherwise: Move | None = None

    def holds(self, node: Node) -> bool:
        said = below(node, self.key)
        return isinstance(said, ScalarNode) and said.value == self.value


_REMOTE = ("git@", "github.com/", "docker-image:", "service:", "target:", "oci-layout:")


def joined(folder: str, path: str) -> str:
    """A path that starts from `folder`, which itself starts from the stack's; "" is the stack's own."""
    if not folder or not path or path.startswith(("/", "~")):
        return path
    whole = posixpath.normpath(posixpath.join(folder, path))
    return whole if whole.startswith(("/", "../")) or whole == ".." else f"./{whole}"


def rebased(root: MappingNode, folder: str) -> MappingNode:
    """The file with its paths starting from the stack's folder; nothing that is given is changed."""
    moved = _moved(root, _PATHS, folder) if folder else root
    assert isinstance(moved, MappingNode)
    return moved


def _moved(node: Node, where: Where, folder: str) -> Node:
    if isinstance(node, ScalarNode):
        move = where.get("")
        return _text(node, move, folder) if callable(move) else node
    if isinstance(node, ListNode):
        rule = where.get("[]")
        return node if rule is None else listed_as(node, [_at(item, rule, folder) for item in node.items])
    entries: dict[str, Entry] = {}
    for name, entry in node.entries.items():
        rule = where.get(name) or where.get("*")
        if isinstance(rule, _Said):
            rule = rule.then if rule.holds(node) else rule.otherwise
        entries[name] = replace(entry, node=_at(entry.node, rule, folder)) if rule else entry
    return replace(mapping_at(node, entries), tag=node.tag)


def listed_as(node: ListNode, items: list[Node]) -> ListNode:
    return replace(listed(node, items), tag=node.tag)


def _at(node: Node, rule: Move | Where | _Said, folder: str) -> Node:
    if callable(rule):
        return _text(node, rule, folder) if isinstance(node, ScalarNode) else node
    assert not isinstance(rule, _Said)
    return _moved(node, rule, folder)


def _text(node: ScalarNode, move: Move, folder: str) -> ScalarNode:
    return replace(node, value=move(folder, node.value)) if isinstance(node.value, str) else node


def with_context(service: Node, folder: str) -> Node:
    """A service whose build says no context has its file's folder for one."""
    build = below(service, "build")
    if not isinstance(service, MappingNode) or build is None:
        return service
    entry = replace(service.entries["build"], node=build_with_context(build, folder))
    return replace(mapping_at(service, {**service.entries, "build": entry}), tag=service.tag)


def build_with_context(build: Node, folder: str) -> Node:
    if not folder or not isinstance(build, MappingNode) or below(build, "context"):
        return build
    at = (build.line, build.column, build.source)
    context = Entry(*at, ScalarNode(*at, joined(folder, "."), None))
    return replace(mapping_at(build, {**build.entries, "context": context}), tag=build.tag)


def _context(folder: str, path: str) -> str:
    return path if "://" in path or path.startswith(_REMOTE) else joined(folder, path)


def _named_context(folder: str, written: str) -> str:
    name, equals, path = written.partition("=")
    return f"{name}={_context(folder, path)}" if equals else written


def _mount(folder: str, written: str) -> str:
    source, colon, rest = written.partition(":")
    return f"{_mount_source(folder, source)}{colon}{rest}" if colon else written


def _mount_source(folder: str, source: str) -> str:
    return joined(folder, source) if is_path(source) else source


_FILE: Where = {"file": joined}
_BUILD: Where = {
    "": _context,
    "context": _context,
    "additional_contexts": {"*": _context, "[]": _named_context},
}
_FILES: Where = {"": joined, "[]": {"": joined, "path": joined}}
_PATHS: Where = {
    "services": {
        "*": {
            "build": _BUILD,
            "env_file": _FILES,
            "label_file": _FILES,
            "volumes": {"[]": {"": _mount, "source": _Said("type", "bind", joined, _mount_source)}},
            "develop": {"watch": {"[]": {"path": joined}}},
        }
    },
    "builds": {"*": _BUILD},
    "images": {"*": {"archive": joined}},
    "configs": {"*": _FILE},
    "secrets": {"*": _FILE},
    "registries": {"*": {"ca": joined, "password": _FILE}},
    "volumes": {"*": {"driver_opts": {"device": _Said("o", "bind", joined)}}},
}
