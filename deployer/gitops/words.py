"""What the agent does about a stack, and why, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deployer.gitops.crashes import ends_of
from deployer.gitops.look import Look
from deployer.gitops.rules import Reason, Verdict
from deployer.render.change_line import change_line

if TYPE_CHECKING:
    from deployer.plan.model import Plan


def change_of(plan: Plan, withheld: Sequence[str]) -> str:
    """What is to be done, in a line; three of the mounted files that wait are named."""
    more = f" and {len(withheld) - 3} more" if len(withheld) > 3 else ""
    files = [f"mounted: {', '.join(withheld[:3])}{more}"] if withheld else []
    return "; ".join([*filter(None, [change_line(plan)]), *files])


def words_of(verdict: Verdict, change: str, seen: Look, it: str) -> str:
    """What is so of a stack, as a verdict has it; `it` is what is followed."""
    match verdict.reason:
        case Reason.IN_STEP:
            return f"as {it} says"
        case Reason.COMES_BACK:
            told = [f"the same comes back after each apply, so it is left: {change}"]
            return "; ".join([*told, *ends_of(seen.planned[1].containers, seen.plan)])
        case Reason.HELD:
            return f"{seen.checkout.commit[:12]} waits for a person, as --auto says: {change}"
        case Reason.DRIFT:
            return f"changed by hand, and left so, as the rule says: {change}"
        case Reason.UNHEALTHY | Reason.STARTING:
            word = "unhealthy" if verdict.reason is Reason.UNHEALTHY else "starting"
            names = sorted({each.service for each in seen.planned[1].containers if each.health == word})
            return f"{word}: {', '.join(names)}"
        case _:
            return change
