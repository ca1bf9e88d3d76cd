"""Nodes of one file merged over those of another, by Compose's rules; what results knows where each value is written.

Nothing that is given is changed: an alias may have it stand elsewhere too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from deployer.stack.places import Entry, ListNode, MappingNode, Node, ScalarNode, below
from deployer.stack.tree import OVERRIDE, RESET

Keys: TypeAlias = Callable[[Node], frozenset[str]]
"""By what an item of a list is known: of two that share all of it, the later one stands."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How values at one kind of path are merged, and by which rules what is below them (`*`: any key).

    `form` puts a value into that one of its forms in which it can be merged, `join` does so by a rule of its own.
    """

    join: Join | None = None
    form: Form | None = None
    below: Mapping[str, Rule] = field(default_factory=dict[str, "Rule"])

    def of(self, name: str) -> Rule:
        return self.below.get(name) or self.below.get("*") or PLAIN


Join: TypeAlias = Callable[[Node, Node, Rule], Node]
Form: TypeAlias = Callable[[Node], Node]
PLAIN = Rule()


def merged(base: Node, over: Node, rule: Rule) -> Node:
    """`over` merged into `base`: mappings key by key, lists one after the other, and the later one of all else.

    What is marked `!reset` or `!override` stays so, for the files before: `settled` puts an end to it.
    """
    if over.tag or base.tag == RESET:
        return over
    if rule.join is replaced:
        return over
    if is_nothing(over):
        return base
    if is_nothing(base):
        return over
    if rule.join:
        return rule.join(base, over, rule)
    if rule.form:
        base, over = rule.form(base), rule.form(over)
    if isinstance(base, MappingNode) and isinstance(over, MappingNode):
        return mappings(base, over, rule)
    if isinstance(base, ListNode) and isinstance(over, ListNode):
        return listed(over, [*base.items, *over.items])
    return over


def is_nothing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value is None


def mappings(base: MappingNode, over: MappingNode, rule: Rule) -> MappingNode:
    entries = dict(base.entries)
    for name, entry in over.entries.items():
        first = entries.get(name)
        if first is None:
            entries[name] = entry
            continue
        node = merged(first.node, entry.node, rule.of(name))
        is_told_first = isinstance(node, MappingNode) and node is not entry.node
        entries[name] = replace(first if is_told_first else entry, node=node)
    return mapping_at(base, entries)


def mapping_at(at: Node, entries: dict[str, Entry]) -> MappingNode:
    nodes = [entry.node for entry in entries.values()]
    return MappingNode(at.line, at.column, at.source, entries, *_extent(nodes))


def listed(at: Node, items: list[Node]) -> ListNode:
    return ListNode(at.line, at.column, at.source, items, *_extent(items))


def _extent(nodes: list[Node]) -> tuple[int, int]:
    """The size and the height of what holds these."""
    return 1 + sum(node.size for node in nodes), 1 + max((node.height for node in nodes), default=0)


def settled(node: Node) -> Node:
    """The value once nothing comes after it: less what is marked `!reset`, and without the mark `!override`."""
    if isinstance(node, ScalarNode):
        return replace(node, tag="") if node.tag == OVERRIDE else node
    if isinstance(node, ListNode):
        return listed(node, [settled(item) for item in node.items if item.tag != RESET])
    entries = {
        name: replace(entry, node=settled(entry.node))
        for name, entry in node.entries.items()
        if entry.node.tag != RESET
    }
    return mapping_at(node, entries)


def replaced(_base: Node, over: Node, _rule: Rule) -> Node:
    """The later value alone, nothing (`command:`) included."""
    return over


def items_of(node: Node) -> list[Node] | None:
    return node.items if isinstance(node, ListNode) else None


def as_list(node: Node) -> list[Node] | None:
    """A single value is a list of one."""
    return [node] if isinstance(node, ScalarNode) else items_of(node)


def unique(
    keys: Keys,
    apart: Callable[[Node], list[Node]] | None = None,
    items: Callable[[Node], list[Node] | None] = items_of,
) -> Join:
    """Lists one after the other, a later item in the place of the earlier one that has its keys.

    `apart` takes an item of several keys to pieces, where a later one has some of them only; `items` tells what else is
    a list.
    """

    def join(base: Node, over: Node, _rule: Rule) -> Node:
        first, second = items(base), items(over)
        if first is None or second is None:
            return over
        found = list(first)
        for item in second:
            _put(found, item, keys, apart)
        return listed(over, found)

    return join


def _put(items: list[Node], item: Node, keys: Keys, apart: Callable[[Node], list[Node]] | None) -> None:
    if item.tag == RESET:
        return
    wanted = keys(item)
    place = len(items)
    for index in reversed(range(len(items))):
        have = keys(items[index])
        if have and have <= wanted:
            del items[index]
            place = index
        elif apart and have & wanted:
            rest = [piece for piece in apart(items[index]) if not keys(piece) & wanted]
            items[index : index + 1] = rest
            place = min(place, len(items))
    items.insert(min(place, len(items)), item)


def by_name(node: Node) -> Node:
    """`[A=1, B]` as `{A: 1, B: }`, each at its item's place; a mapping as it is."""
    if not isinstance(node, ListNode):
        return node
    entries: dict[str, Entry] = {}
    for item in node.items:
        if isinstance(item, ScalarNode) and item.value is not None:
            name, equals, value = str(item.value).partition("=")
            said = replace(item, value=value if equals else None, written=None)
            entries[name] = Entry(item.line, item.column, item.source, said)
    return mapping_at(node, entries)


def named(default: Mapping[str, str | bool]) -> Form:
    """`[db]` as `{db: default}`, or `{db: }` where there is none."""

    def form(node: Node) -> Node:
        if not isinstance(node, ListNode):
            return node
        entries = {
            str(item.value): Entry(item.line, item.column, item.source, _standing_for(item, default))
            for item in node.items
            if isinstance(item, ScalarNode)
        }
        return mapping_at(node, entries)

    return form


def _standing_for(item: ScalarNode, said: Mapping[str, str | bool]) -> Node:
    if item.tag or not said:
        return replace(item, value=None, written=None)
    at = (item.line, item.column, item.source)
    return mapping_at(item, {key: Entry(*at, ScalarNode(*at, value, None)) for key, value in said.items()})


def under(key: str) -> Form:
    """`./web` as `{key: ./web}`."""

    def form(node: Node) -> Node:
        if isinstance(node, ScalarNode):
            return mapping_at(node, {key: Entry(node.line, node.column, node.source, node)})
        return node

    return form


def of_one_driver(base: Node, over: Node, rule: Rule) -> Node:
    """`logging`: options of one driver mean nothing to another."""
    drivers = [below(side, "driver") for side in (base, over)]
    names = {driver.value for driver in drivers if isinstance(driver, ScalarNode)}
    if len(names) < 2 and isinstance(base, MappingNode) and isinstance(over, MappingNode):
        return mappings(base, over, rule)
    return over


def by_subnet(base: Node, over: Node, rule: Rule) -> Node:
    """`ipam.config`: what is said of one subnet is put together."""
    if not isinstance(base, ListNode) or not isinstance(over, ListNode):
        return over
    items = list(base.items)
    for item in over.items:
        subnet = _subnet(item)
        index = next(
            (index for index, each in enumerate(items) if subnet is not None and _subnet(each) == subnet), None
        )
        if index is None:
            items.append(item)
        else:
            items[index] = merged(items[index], item, rule.of("*"))
    return listed(over, items)


def _subnet(node: Node) -> object:
    subnet = below(node, "subnet")
    return subnet.value if isinstance(subnet, ScalarNode) else None
