"""A plan as Markdown for the comment of a review: a line that sums it up, what somebody may regret, then a block a
resource that unfolds. A marker, which nobody sees, tells whose plan it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from deployer.errors import Diagnostic
from deployer.plan.model import Change, FieldChange, Plan
from deployer.render.causes import cause_text
from deployer.render.harmless import harmless
from deployer.render.links import LinkTo, nowhere
from deployer.render.markdown import code, fenced, linked, marker
from deployer.render.plan_words import (
    SAME,
    SIGNS,
    asked,
    closing,
    files_line,
    folded,
    head,
    is_unset,
    line_of,
    sides,
    step_words,
    words,
)
from deployer.render.risks import Risk, all_clear, risks

LONGEST = 60_000
"""Characters that fit into a comment of every host: GitHub takes 65,536, and others may put something before these."""

FEW = 4
"""So many changes are unfolded at once."""

_NAMED = 10
"""So many of those that a risk meets are named."""
_SPARE = 500
"""Room for what is said of that which does not fit."""


def as_markdown(plan: Plan, link_to: LinkTo = nowhere, *, show_all: bool = False, destroy: bool = False) -> str:
    """The plan, or as much of it as a comment holds: where it is too long, first without the steps, then without some
    of its changes. `show_all` adds what does not change.
    """
    comment = _Comment(plan, link_to, destroy)
    whole = "\n\n".join([*comment.top(), *comment.blocks(with_steps=True), *comment.end(show_all)])
    return whole if len(whole) <= LONGEST else _cut(comment, show_all)


@dataclass(frozen=True, slots=True)
class _Comment:
    """The parts of a comment, each whole in itself: with an empty line between them, none is taken for a part of
    another.
    """

    plan: Plan
    link_to: LinkTo
    destroy: bool

    def heading(self) -> str:
        return f"{marker('deployer plan', self.plan.stack)}\n### {closing(self.plan, self.destroy)}"

    def top(self) -> Iterator[str]:
        """What everybody reads."""
        told = files_line(self.plan, self.destroy)
        yield self.heading()
        yield f"<p>{code(head(self.plan, self.destroy))}{f'<br>{code(told)}' if told else ''}</p>"
        if found := risks(self.plan):
            yield "\n".join(["<ul>", *map(_risk, found), "</ul>"])
        elif said := all_clear(self.plan):
            yield f"<p>{said}</p>"
        yield from (self._warning(each) for each in self.plan.warnings)

    def blocks(self, *, with_steps: bool) -> Iterator[str]:
        changes = list(folded(self.plan.changes))
        for change in changes:
            yield "\n".join(self._block(change, is_open=len(changes) <= FEW, with_steps=with_steps))

    def end(self, show_all: bool) -> Iterator[str]:
        """What the plan does not look at, and what stays as it is."""
        plan = self.plan
        aside = [
            f"<li>{code(address)} what is in {code(', '.join(names))}</li>"
            for address, names in plan.uncompared.items()
        ]
        aside += [
            f"<li>{code(address)} {code(', '.join(names))} (ignored)</li>" for address, names in plan.ignored.items()
        ]
        if aside:
            yield _folded("Not compared", "ul", aside)
        if show_all and (same := [*plan.unchanged, *plan.left_alone]):
            many = f"{len(plan.unchanged)} unchanged, {len(plan.left_alone)} left alone"
            yield _folded(f"{code(SAME)} {many}", "ul", [f"<li>{code(address)}</li>" for address in same])

    def _warning(self, diagnostic: Diagnostic) -> str:
        place = diagnostic.place
        where = f" {linked(place.line_reference, place, self.link_to)}" if place else ""
        hint = f"<br>{code(diagnostic.hint)}" if diagnostic.hint else ""
        return f"<p><b>Warning:</b> {code(diagnostic.message)}{where}{hint}</p>"

    def _block(self, change: Change, *, is_open: bool, with_steps: bool) -> Iterator[str]:
        """No empty line but around the fence: one would end a block of HTML."""
        said = words(change)
        name = f"{code(SIGNS[change.action])} <b>{change.action.value}</b> {code(change.address)}"
        yield f"<details{' open' if is_open else ''}>"
        where = f" {linked(line_of(change), change.at, self.link_to)}" if line_of(change) else ""
        yield f"<summary>{name}{f' {code(said)}' if said else ''}{where}</summary>"
        if change.fields or change.asks:
            yield ""
            new = (f"+ {harmless(field.field)}: {asked(field)}" for field in change.asks)
            yield fenced("diff", [*(line for field in change.fields for line in _lines(field)), *new])
            yield ""
        yield from _list("ul", self._causes(change.fields))
        yield from _list("ul", (f"<li>{code(about)} {code(text)}</li>" for about, text in change.notes))
        if change.steps and with_steps:
            many = f"{len(change.steps)} step{'s' if len(change.steps) > 1 else ''}"
            yield _folded(many, "ol", [f"<li>{code(step_words(step))}</li>" for step in change.steps])
        yield "</details>"

    def _causes(self, fields: Sequence[FieldChange]) -> Iterator[str]:
        for field in fields:
            if why := cause_text(field):
                yield f"<li>{code(field.field)} {linked(why, field.at, self.link_to)}</li>"


def _cut(comment: _Comment, show_all: bool) -> str:
    """As many of the parts as there is room for, in their order; the changes that are left out are counted."""
    heading, *top = comment.top()
    room = _Room(LONGEST - len(heading) - _SPARE)
    fitting = list(filter(room.has_for, top))
    said = [f"<p>{len(top) - len(fitting)} more remarks do not fit in here.</p>"] if len(fitting) < len(top) else []
    blocks = list(comment.blocks(with_steps=False))
    shown = list(filter(room.has_for, blocks))
    left = len(blocks) - len(shown)
    more = f"{left} of the {len(blocks)} changes and the steps do" if left else "The steps do"
    said.append(f"<p>{more} not fit in here: {code('deployer plan --verbose')} shows all.</p>")
    return "\n\n".join([heading, *fitting, *shown, *filter(room.has_for, comment.end(show_all)), *said])


class _Room:
    """What is left of the characters that a comment can have."""

    def __init__(self, characters: int) -> None:
        self._left = characters

    def has_for(self, part: str) -> bool:
        """Whether there is room for it, which is then taken."""
        needed = len(part) + 2
        if needed > self._left:
            return False
        self._left -= needed
        return True


def _risk(risk: Risk) -> str:
    named = ", ".join(f"{code(address)}{f' {code(said)}' if said else ''}" for address, said in risk.meets[:_NAMED])
    more = f" and {len(risk.meets) - _NAMED} more" if len(risk.meets) > _NAMED else ""
    return f"<li><b>{risk.title}:</b> {named}{more}</li>"


def _lines(field: FieldChange) -> Iterator[str]:
    """`- mem_limit: 256m` and `+ mem_limit: 512m`; a side that is unset has no line, where the other one has."""
    name, both = harmless(field.field), sides(field)
    if both is None:
        yield f"! {name}: {harmless(field.note) or 'changed'}"
        return
    unset = is_unset(field)
    for sign, value, is_none in zip("-+", both, unset, strict=True):
        if not is_none or all(unset):
            yield f"{sign} {name}: {value}"


def _list(kind: str, items: Iterable[str]) -> Iterator[str]:
    if found := list(items):
        yield from (f"<{kind}>", *found, f"</{kind}>")


def _folded(summary: str, kind: str, items: Iterable[str]) -> str:
    return "\n".join(["<details>", f"<summary>{summary}</summary>", *_list(kind, items), "</details>"])
