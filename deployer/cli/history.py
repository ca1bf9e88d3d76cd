"""`deployer history`: what was applied, when, by whom, and what it changed; one revision, or two compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from deployer.cli.output import Format
from deployer.cli.state import state_of
from deployer.errors import Diagnostic, WrongUsage

_SHOW = "show"
"""What is asked of the history besides its lines."""

Form = Annotated[Format, typer.Option(help="text, or json for programs.")]


def history(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[show N] [FILE]", help="Show one revision, by its number; and the stack file, as plan finds it."
        ),
    ] = None,
    format: Form = Format.TEXT,
) -> None:
    """Show the revisions that were applied: when, by whom, what changed, from which commit, and what became of it.

    They are kept on the engine, ten of them unless apply says otherwise, so -p NAME needs no stack file. With `show N`,
    all that one revision changed, and the stack as it was resolved, secrets masked. `deployer diff N M` compares two of
    them, `deployer rollback` goes back to one.

    \b
    Example: deployer history
    Example: deployer history show 5
    Example: deployer history shop/stack.yaml
    Example: deployer -p shop history
    """
    from deployer.history.choice import no_history, revision_named
    from deployer.history.entries import entries, entry_of
    from deployer.reconcile.turn import records_now
    from deployer.render import history as render
    from deployer.rollback import kept_of

    number, files = _asked_for(words or [])
    state = state_of(context)
    state = replace(state, choices=state.with_files(files))
    stack, reader = state.stack_name, state.reader()
    records = records_now(reader, stack)
    if not records.all:
        raise no_history(stack)
    if number is None:
        found = entries(records)
        state.output.result(render.as_json(stack, found) if format is Format.JSON else render.as_text(found))
        return
    record = revision_named(records, stack, number)
    kept, entry = kept_of(reader, stack, record), entry_of(record, records)
    if format is Format.JSON:
        state.output.result(render.revision_as_json(stack, entry, kept.tree, kept.images))
    else:
        state.output.result(render.revision_as_text(entry, kept.tree, kept.images))


def diff(
    context: typer.Context,
    numbers: Annotated[list[str], typer.Argument(metavar="N M", help="The numbers of two revisions.")],
    format: Form = Format.TEXT,
) -> None:
    """Compare what two revisions asked for, value by value, and the images that they ran.

    Without numbers, or with a file, this is another name of `deployer plan`.

    Example: deployer diff 5 7
    """
    from deployer.history.choice import revision_named
    from deployer.history.compare import differences, images_between, with_masked
    from deployer.reconcile.turn import records_now
    from deployer.render import history as render
    from deployer.rollback import kept_of

    before, after = _two(numbers)
    state = state_of(context)
    stack, reader = state.stack_name, state.reader()
    records = records_now(reader, stack)
    one, other = (kept_of(reader, stack, revision_named(records, stack, number)) for number in (before, after))
    values = with_masked(differences(one.tree, other.tree), one.record.about, other.record.about)
    found = [*values, *images_between(one.images, other.images)]
    shown = render.differences_as_json if format is Format.JSON else render.differences_as_text
    state.output.result(shown(stack, before, after, found))


def _asked_for(words: list[str]) -> tuple[int | None, list[str]]:
    """The number of the revision that is to be shown, None for all of them; and the stack files."""
    if words[:1] != [_SHOW]:
        return None, words
    if not words[1:2] or not words[1].isdecimal():
        hint = f"by its number, such as: deployer history {_SHOW} 5"
        raise WrongUsage(Diagnostic("usage", f"{' '.join(words[:2])}: which revision?", hint=hint))
    return int(words[1]), words[2:]


def _two(numbers: list[str]) -> tuple[int, int]:
    if len(numbers) != 2 or not all(each.isdecimal() for each in numbers):
        hint = (
            "name two revisions: deployer diff 5 7; what going back would change is asked by deployer rollback --to 5"
        )
        raise WrongUsage(Diagnostic("usage", f"diff {' '.join(numbers)}: that is not two revisions", hint=hint))
    return int(numbers[0]), int(numbers[1])
