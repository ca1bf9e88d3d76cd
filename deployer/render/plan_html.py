"""A plan as one page that needs nothing else: the picture, a filter, and each change with what differs and why."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from deployer.errors import Place
from deployer.plan.model import Change, FieldChange, Plan
from deployer.render.causes import asked_at, cause_text
from deployer.render.graph import Graph, picture
from deployer.render.graph_svg import STYLE
from deployer.render.harmless import harmless
from deployer.render.links import LinkTo, link_of, nowhere
from deployer.render.plan_words import (
    SIGNS,
    asked,
    closing,
    files_line,
    folded,
    head,
    line_of,
    sides,
    step_words,
    words,
)
from deployer.render.risks import Risk, all_clear, risks

if TYPE_CHECKING:
    from jinja2 import Template

FEW = 8
"""So many changes are unfolded at once."""

MADE, CHANGED, GONE, KEPT, SAME = "made", "changed", "gone", "kept", "same"
_KINDS = {"+": MADE, "v": MADE, "^": MADE, "~": CHANGED, ">": CHANGED, "!": KEPT, "-": GONE}
_NAMES = {MADE: "made", CHANGED: "changed", GONE: "gone", KEPT: "kept"}
_REPLICAS = re.compile(r"\[[\d.]+\]$")


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    sides: tuple[str, str] | None
    note: str
    why: str
    link: str


@dataclass(frozen=True, slots=True)
class _Change:
    kind: str
    sign: str
    action: str
    address: str
    words: str
    fields: tuple[_Field, ...]
    line: str
    link: str
    notes: tuple[tuple[str, str], ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Risk:
    title: str
    meets: tuple[tuple[str, str, str], ...]
    """Where it is on the page, whom it meets, what there is to say of it."""


def as_html(plan: Plan, graph: Graph, link_to: LinkTo = nowhere, *, destroy: bool = False) -> str:
    """The page: the same plan gives the same bytes. It asks the network for nothing, and no browser lets it.

    `graph` is that of the stack; `link_to` says where the lines that ask for something can be read.
    """
    changes = [_change(change, link_to) for change in folded(plan.changes)]
    there = {change.kind for change in changes}
    return _page().render(
        plan=plan,
        head=head(plan, destroy),
        files=files_line(plan, destroy),
        closing=closing(plan, destroy),
        risks=[_risk(risk, changes) for risk in risks(plan)],
        all_clear=all_clear(plan),
        changes=changes,
        kinds=[(kind, name) for kind, name in _NAMES.items() if kind in there],
        same=[*plan.unchanged, *plan.left_alone],
        few=FEW,
        picture=_picture(plan, graph, changes),
        reference=lambda place: _reference(place, link_to),
        style=_part("plan.css") + STYLE,
        script=_part("plan.js"),
        digest=_digest,
    )


@cache
def _page() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["harmless"] = harmless
    return environment.from_string(_part("plan.html"))


def _part(name: str) -> str:
    return (files("deployer.render") / "page" / name).read_text("utf-8")


def _digest(text: str) -> str:
    """As a content security policy names what it lets in."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _change(change: Change, link_to: LinkTo) -> _Change:
    sign, line = SIGNS[change.action], line_of(change)
    return _Change(
        _KINDS[sign],
        sign,
        change.action.value,
        harmless(change.address),
        harmless(words(change, verbose=True)),
        (
            *(_field(field, sides(field), cause_text(field), link_to) for field in change.fields),
            *(_field(field, ("", asked(field)), asked_at(field), link_to) for field in change.asks),
        ),
        harmless(line),
        link_of(line, change.at, link_to),
        tuple((harmless(about), harmless(text)) for about, text in change.notes),
        tuple(map(step_words, change.steps)),
    )


def _risk(risk: Risk, changes: Sequence[_Change]) -> _Risk:
    found = {change.address: f"#c{number}" for number, change in enumerate(changes, 1)}
    meets = [(harmless(address), harmless(said)) for address, said in risk.meets]
    return _Risk(risk.title, tuple((found[address], address, said) for address, said in meets))


def _field(field: FieldChange, both: tuple[str, str] | None, why: str, link_to: LinkTo) -> _Field:
    link = link_of(why, field.at, link_to)
    return _Field(harmless(field.field), both, harmless(field.note) or "changed", harmless(why), link)


def _reference(place: Place, link_to: LinkTo) -> Any:
    from markupsafe import Markup

    link, text = link_to(place), harmless(place.line_reference)
    return Markup('<a href="{}">{}</a>').format(link, text) if link else text


def _picture(plan: Plan, graph: Graph, changes: list[_Change]) -> str:
    """The stack's graph, and beside it what is no longer in the stack and goes."""
    kinds: dict[str, set[str]] = {}
    links: dict[str, str] = {}
    for number, change in enumerate(changes, 1):
        node = _REPLICAS.sub("", change.address)
        kinds.setdefault(node, set()).add(change.kind)
        links.setdefault(node, f"#c{number}")
    unchanged = {_REPLICAS.sub("", address) for address in (*plan.unchanged, *plan.left_alone)}
    orphans = tuple(node for node in kinds if node not in graph.nodes)
    whole = replace(graph, nodes=(*graph.nodes, *orphans))
    becomes = {node: _becomes(kinds.get(node, set()), node in unchanged) for node in whole.nodes}
    return picture(whole, becomes, links, style="")


def _becomes(kinds: set[str], some_stay: bool) -> str:
    """Of a service some of whose containers are made or go, while others stay, it changes."""
    if kinds <= {KEPT}:
        return SAME
    return CHANGED if len(kinds) > 1 or some_stay else next(iter(kinds))
