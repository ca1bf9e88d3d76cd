"""A plan as Markdown for the comment of a review: a line that sums it up, then a folded block a resource.

Nothing in a name or a value can become markup: all that is not ours stands in `<code>` elements of blocks of HTML,
where no Markdown is read and no mention and no link is made; what HTML or Markdown could take for its own is a
character reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deployer.errors import Diagnostic, Place
from deployer.plan.model import Change, FieldChange, Plan
from deployer.render.causes import cause_text
from deployer.render.harmless import harmless
from deployer.render.links import LinkTo, link_of, nowhere
from deployer.render.plan_words import (
    SAME,
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

LONGEST = 60_000
"""Characters that fit into a comment of GitHub's (65,536), with some to spare for what others add."""

_MARKUP = re.compile(r"[&<>\"'@#`|\\\[\]*~!^${}]")


def as_markdown(
    plan: Plan,
    link_to: LinkTo = nowhere,
    *,
    verbose: bool = False,
    show_all: bool = False,
    destroy: bool = False,
) -> str:
    """The plan, or as much of it as a comment holds. `verbose` adds the steps, `show_all` what does not change."""
    told = files_line(plan, destroy)
    first = f"<p>{_code(head(plan, destroy))}{f'<br>{_code(told)}' if told else ''}</p>"
    warnings = [_warning(each, link_to) for each in plan.warnings]
    blocks = [f"### {closing(plan)}", first, *warnings]
    room = LONGEST - sum(map(len, blocks))
    changes = list(folded(plan.changes))
    for number, change in enumerate(changes):
        block = "\n".join(_block(change, plan.revision, link_to, verbose))
        room -= len(block) + 2
        if room < 0:
            blocks.append(f"<p>{len(changes) - number} more, which do not fit in here.</p>")
            break
        blocks.append(block)
    if show_all and (same := [*plan.unchanged, *plan.left_alone]):
        block = "\n".join(_same(plan, same))
        blocks += [block] if len(block) < room else []
    return "\n\n".join(blocks)


def _warning(diagnostic: Diagnostic, link_to: LinkTo) -> str:
    where = f" {_linked(diagnostic.place.line_reference, diagnostic.place, link_to)}" if diagnostic.place else ""
    hint = f"<br>{_code(diagnostic.hint)}" if diagnostic.hint else ""
    return f"<p><b>Warning:</b> {_code(diagnostic.message)}{where}{hint}</p>"


def _block(change: Change, revision: int, link_to: LinkTo, verbose: bool) -> Iterator[str]:
    """A block of HTML: it holds no empty line, which would end it."""
    said = words(change, verbose=verbose)
    name = f"{_code(SIGNS[change.action])} <b>{change.action.value}</b> {_code(change.address)}"
    yield "<details>"
    where = f" {_linked(line_of(change), change.at, link_to)}" if line_of(change) else ""
    yield f"<summary>{name}{f' {_code(said)}' if said else ''}{where}</summary>"
    if change.fields or change.asks:
        yield "<table>"
        yield "<tr><th>field</th><th>before</th><th>after</th><th>why</th></tr>"
        yield from (_row(field, sides(field), revision, link_to) for field in change.fields)
        yield from (_row(field, ("", asked(field)), revision, link_to) for field in change.asks)
        yield "</table>"
    if change.notes:
        yield "<ul>"
        yield from (f"<li>{_code(about)} {_code(text)}</li>" for about, text in change.notes)
        yield "</ul>"
    if change.steps and (verbose or not change.fields):
        yield "<ol>"
        yield from (f"<li>{_code(step_words(step))}</li>" for step in change.steps)
        yield "</ol>"
    yield "</details>"


def _row(field: FieldChange, both: tuple[str, str] | None, revision: int, link_to: LinkTo) -> str:
    values = "".join(f"<td>{_code(value)}</td>" for value in both) if both else f'<td colspan="2">{_note(field)}</td>'
    why = _linked(cause_text(field, revision), field.at, link_to)
    return f"<tr><td>{_code(field.field)}</td>{values}<td>{why}</td></tr>"


def _note(field: FieldChange) -> str:
    return _code(field.note or "changed")


def _same(plan: Plan, addresses: Sequence[str]) -> Iterator[str]:
    yield "<details>"
    yield f"<summary>{_code(SAME)} {len(plan.unchanged)} unchanged, {len(plan.left_alone)} left alone</summary>"
    yield "<ul>"
    yield from (f"<li>{_code(address)}</li>" for address in addresses)
    yield "</ul>"
    yield "</details>"


def _linked(text: str, place: Place | None, link_to: LinkTo) -> str:
    """A text that begins with a place leads to it, where that can be read."""
    link = link_of(text, place, link_to)
    return f'<a href="{_MARKUP.sub(_reference, link)}">{_code(text)}</a>' if link else _code(text)


def _code(text: str) -> str:
    """A text that is not ours, or may hold some that is not."""
    shown = _MARKUP.sub(_reference, harmless(text))
    return f"<code>{shown.replace('  ', ' &#160;')}</code>" if shown else ""


def _reference(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"
