"""`include`: what it names, and what of the files there becomes part of the stack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from deployer.errors import Diagnostic, Place, did_you_mean
from deployer.stack.document import plain
from deployer.stack.merge import is_nothing, mapping_at, merged
from deployer.stack.merge_rules import ROOT
from deployer.stack.mistakes import not_supported_yet
from deployer.stack.places import Entry, ListNode, MappingNode, Node, Places, ScalarNode, below
from deployer.stack.variables import is_extension

_KEYS = ("path", "env_file", "project_directory")
_OF_THE_FILE = ("name", "version", "include")
"""Keys that say something of the included file, and nothing of the stack."""

Written = tuple[str, Place]


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One entry of `include`: paths as written, and where. Without `env_files`: `.env` beside the first."""

    paths: tuple[Written, ...]
    env_files: tuple[Written, ...] | None = None
    project_directory: str | None = None


def inclusions(root: MappingNode, found: list[Diagnostic]) -> Iterator[Inclusion]:
    """The entries of a file's `include`; what is wrong with them goes into `found`."""
    listed = below(root, "include")
    if listed is None or is_nothing(listed):
        return
    places = Places(root)
    if not isinstance(listed, ListNode):
        hint = "write it as include: [./other.yaml]"
        found.append(Diagnostic("bad-list", "include: expected a list of files", places.at("include"), hint))
        return
    for index, item in enumerate(listed.items):
        path = ("include", index)
        if isinstance(item, MappingNode):
            yield from _long_form(item, places, path, found)
        elif texts := _texts(item, places, path, found):
            yield Inclusion(texts)


def _long_form(
    item: MappingNode, places: Places, path: tuple[str | int, ...], found: list[Diagnostic]
) -> Iterator[Inclusion]:
    for key in item.entries.keys() - set(_KEYS):
        if not is_extension(key):
            hint = did_you_mean(key, _KEYS, "keys here")
            found.append(Diagnostic("unknown-key", f"include has no key {key!r}", places.key(*path, key), hint))
    written = below(item, "path")
    if written is None:
        found.append(
            Diagnostic("missing-key", "this include names no path", places.at(*path), "say path: ./other.yaml")
        )
        return
    paths = _texts(written, places, (*path, "path"), found)
    env_file, folder = below(item, "env_file"), below(item, "project_directory")
    env_files = _texts(env_file, places, (*path, "env_file"), found) if env_file and not is_nothing(env_file) else None
    folders = _texts(folder, places, (*path, "project_directory"), found) if folder and not is_nothing(folder) else ()
    if paths:
        yield Inclusion(paths, env_files, folders[0][0] if folders else None)


def _texts(node: Node, places: Places, path: tuple[str | int, ...], found: list[Diagnostic]) -> tuple[Written, ...]:
    """A path, or a list of them."""
    several = isinstance(node, ListNode)
    texts: list[Written] = []
    for index, item in enumerate(node.items if several else [node]):
        place = places.at(*path, *((index,) if several else ()))
        value = item.value if isinstance(item, ScalarNode) else None
        if not isinstance(value, str):
            found.append(Diagnostic("bad-text", "include: expected the path of a file", place))
        elif "://" in value or value.startswith("git@"):
            found.append(replace(not_supported_yet((), place), message=f"including {value!r} is not supported yet"))
        else:
            texts.append((value, place))
    return tuple(texts)


def taken_in(root: MappingNode, other: MappingNode, found: list[Diagnostic]) -> MappingNode:
    """The file with what an included one declares; what both declare must be the same."""
    entries = dict(root.entries)
    for key, entry in other.entries.items():
        if key in _OF_THE_FILE or is_extension(key) or is_nothing(entry.node):
            continue
        here = entries.get(key)
        if here is None or is_nothing(here.node):
            entries[key] = entry
        elif key == "x-deployer":
            entries[key] = replace(here, node=merged(entry.node, here.node, ROOT.of(key)))
        elif isinstance(here.node, MappingNode) and isinstance(entry.node, MappingNode):
            entries[key] = replace(here, node=_section(key, here.node, entry.node, found))
        else:
            place = entry.source.place(entry.line, entry.column, (key,))
            found.append(Diagnostic("bad-mapping", f"{key}: expected a mapping, here and where it is included", place))
    return mapping_at(root, entries)


def _section(section: str, here: MappingNode, there: MappingNode, found: list[Diagnostic]) -> MappingNode:
    entries = dict(here.entries)
    for name, entry in there.entries.items():
        own = entries.setdefault(name, entry)
        if own is not entry and plain(own.node) != plain(entry.node):
            found.append(_conflict(section, name, own, entry))
    return mapping_at(here, entries)


def _conflict(section: str, name: str, own: Entry, included: Entry) -> Diagnostic:
    there = included.source.place(included.line, included.column, (section, name))
    return Diagnostic(
        "include-conflict",
        f"{section}.{name} is declared here, and otherwise in {there.line_reference}, which is included",
        own.source.place(own.line, own.column, (section, name)),
        "name it otherwise; or, to change what is included, say so in a further file: -f, or `path: [it, changes]`",
    )
