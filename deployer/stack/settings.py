"""`--set path=value`: a value of the command line at a path of the stack, over all that its files say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from deployer.errors import DeployerError, Diagnostic, Place, WrongUsage, did_you_mean
from deployer.stack.document import read_document
from deployer.stack.merge import Rule, is_nothing, listed, mapping_at, settled
from deployer.stack.merge_rules import ROOT
from deployer.stack.places import Entry, ListNode, MappingNode, Node, ScalarNode, Source

_STEP = re.compile(r"((?:\\.|[^.\\\[\]=])+)|\[(\d+)\]")
_HINT = "write --set services.web.environment.DEBUG=1; a dot in a name is written \\."
_WITH_NAMES = ("services", "builds", "images", "networks", "volumes", "registries", "secrets", "configs")
"""Sections of which a setting changes entries, and makes none: a misspelt name would be a new thing."""


def with_settings(root: MappingNode, settings: Sequence[str], extra: list[str], found: list[Diagnostic]) -> MappingNode:
    """The stack with each setting in the place of what stands at its path. Raises WrongUsage for what is none."""
    for setting in settings:
        path, steps, text = _divided(setting)
        source = Source(f"--set {path}", "", extra, root.source.environment)
        try:
            value = _value(text, source)
            whole = settled(_put(root, steps, value, source, ROOT))
        except _Misplaced as error:
            place = Place(source.file, 0, 0)
            found.append(Diagnostic("bad-setting", f"{path} cannot be set: {error}", place, error.hint))
            continue
        assert isinstance(whole, MappingNode)
        root = whole
    return root


class _Misplaced(Exception):
    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def _divided(setting: str) -> tuple[str, list[str | int], str]:
    """The path as written and in its steps, and the text of the value."""
    steps: list[str | int] = []
    position = 0
    while match := _STEP.match(setting, position):
        steps.append(int(match[2]) if match[2] else re.sub(r"\\(.)", r"\1", match[1]))
        position = match.end()
        if setting[position : position + 1] == ".":
            position += 1
    if not steps or setting[position : position + 1] != "=" or setting[position - 1] == ".":
        raise WrongUsage(Diagnostic("usage", f"--set {setting.partition('=')[0]}: expected path=value", hint=_HINT))
    return setting[:position], steps, setting[position + 1 :]


def _value(text: str, source: Source) -> Node:
    """The YAML value. What is wrong with it is told without any of it: it may be a secret."""
    try:
        root = read_document(f"value: {text}" if "\n" not in text else f"value:\n{_indented(text)}", source.file).root
    except DeployerError as error:
        raise _Misplaced(
            f"its value is no YAML: {error.diagnostics[0].message}", "quote a text: NAME='\"text\"'"
        ) from None
    if root.entries.keys() != {"value"}:
        raise _Misplaced("its value is no YAML", "quote a text: NAME='\"text\"'")
    return _of_the_command_line(root.entries["value"].node, source)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))


def _of_the_command_line(node: Node, source: Source) -> Node:
    """The value with its place: the option, which has no lines."""
    at = {"line": 0, "column": 0, "source": source}
    if isinstance(node, ScalarNode):
        return replace(node, **at)
    if isinstance(node, ListNode):
        return replace(node, **at, items=[_of_the_command_line(item, source) for item in node.items])
    entries = {
        name: Entry(0, 0, source, _of_the_command_line(entry.node, source)) for name, entry in node.entries.items()
    }
    return replace(node, **at, entries=entries)


def _put(node: Node | None, steps: Sequence[str | int], value: Node, source: Source, rule: Rule) -> Node:
    """The node with the value at the end of the steps; what is missing on the way is made."""
    if not steps:
        return value
    step, *rest = steps
    node = _with_entries(node, source, rule)
    if isinstance(node, ListNode):
        return _put_in_list(node, step, rest, value, source, rule)
    if not isinstance(node, MappingNode):
        raise _Misplaced(f"what stands before {_shown(step)} is a single value")
    if isinstance(step, int):
        raise _Misplaced(f"{_shown(step)} is asked for of a mapping", "write the name of a key after a dot")
    entry = node.entries.get(step)
    if rule is ROOT and step in _WITH_NAMES and rest:
        _refuse_new_names(step, rest[0], entry.node if entry else None)
    made = _put(entry.node if entry else None, rest, value, source, rule.of(step))
    here = entry if entry and rest and made.source is not source else Entry(0, 0, source, made)
    return mapping_at(node, {**node.entries, step: replace(here, node=made)})


def _with_entries(node: Node | None, source: Source, rule: Rule) -> Node:
    """What something can be set in: `[A=1]` as a mapping, `./web` as `{context: ./web}`, nothing as an empty one."""
    if node is None or is_nothing(node):
        return MappingNode(0, 0, source)
    return rule.form(node) if rule.form else node


def _put_in_list(
    node: ListNode, step: str | int, rest: Sequence[str | int], value: Node, source: Source, rule: Rule
) -> Node:
    if isinstance(step, str) and not step.isdigit():
        raise _Misplaced(f"{_shown(step)} is asked for of a list", "count its entries from 0: ports[0]")
    index = int(step)
    if index > len(node.items):
        raise _Misplaced(f"the list has {len(node.items)} entries", f"the next one is [{len(node.items)}]")
    have = node.items[index] if index < len(node.items) else None
    made = _put(have, rest, value, source, rule.of("*"))
    return listed(node, [*node.items[:index], made, *node.items[index + 1 :]])


def _refuse_new_names(section: str, name: str | int, things: Node | None) -> None:
    known = things.entries if isinstance(things, MappingNode) else {}
    if name not in known:
        kind = section.removesuffix("s") if section != "registries" else "registry"
        raise _Misplaced(f"no {kind} is named {str(name)!r}", did_you_mean(str(name), known, f"{section} here"))


def _shown(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else repr(step)
