"""What a plan shows of a sensitive value: the text around what is hidden, and which of both has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployer.fields.around import gives_away, hidden_in, refilled
from deployer.resources.applied import is_hash, text_around

if TYPE_CHECKING:
    from deployer.plan.diff import Sides

_HIDDEN = "(sensitive) changed"
ONLY_TEXT = "only the text around it changed"
_BOTH = "(sensitive) changed, too"


def told_around(
    sides: Sides, row: str, entry: str, have: Any, want: Any, was: Any
) -> tuple[tuple[str | None, str | None], str]:
    """The texts before and after, None where nothing can be shown, and in words what changed, where that is known.

    What is asked for is known by the file. What is there is known by what was applied, and only if it is just that: a
    part of it may be a secret that nobody knows any more. Neither side shows what the other one hides.
    """
    now = sides.service.around.get((row, entry))
    if now and refilled(now.text, now.behind) != want:
        now = None
    then = text_around(sides.was, row, entry) if sides.was else None
    known = isinstance(have, str) and is_hash(was) and sides.secrecy.hashed(have) == was
    hidden = hidden_in(have, then) if then and known else None
    if hidden is None or then is None:
        return (None, None if now is None else now.text), ""
    if now is None:
        return (then, None), ""
    before = None if gives_away(then, now.behind) else then
    after = None if gives_away(now.text, hidden) else now.text
    again = refilled(then, now.behind)
    what = _HIDDEN if then == now.text else "" if again is None else ONLY_TEXT if again == have else _BOTH
    return (before, after), what
