"""Which images a stack runs once an apply has ended, by id and digest: what a revision keeps of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from deployer.plan.model import Action, Plan
from deployer.reconcile.protocol import Reader
from deployer.resources.observed import Observed
from deployer.resources.revisions import KeptImage

_BRING = (Action.BUILD, Action.PULL, Action.PUSH, Action.LOAD)
_AT_ONCE = 8

Found = tuple[str, tuple[str, ...]]
"""An image's id, and its names with digests."""

BasesOf = Callable[[str], Sequence[str] | None]
"""The images that a build's Dockerfile names; None of one that was not read, for its image is there."""


def images_reached(
    reader: Reader,
    plan: Plan,
    observed: Observed,
    references: Mapping[str, str],
    bases_of: BasesOf,
    before: Mapping[str, KeptImage],
) -> dict[str, KeptImage]:
    """The images by address, with the reference of each as it is known by now.

    Asked for anew where the plan brought any. `before` has what is left alone, and what builds were made from that
    were not read.
    """
    changed = any(change.action in _BRING for change in plan.changes)
    known = {} if changed else {name: (image.id, image.digests) for name, image in observed.images.items()}
    bases = {name: bases_of(name.removeprefix("build.")) for name in references if name.startswith("build.")}
    wanted = {*references.values(), *(base for found in bases.values() for base in found or ())} - {""}
    asked = sorted(wanted - known.keys())
    with ThreadPoolExecutor(min(_AT_ONCE, len(asked) or 1)) as pool:
        inspects = zip(asked, pool.map(reader.image, asked), strict=True)
        there: dict[str, Found] = {
            **known,
            **{name: (one["Id"], tuple(one.get("RepoDigests") or ())) for name, one in inspects if one},
        }
    found = {
        address: KeptImage(reference, *there[reference], _started_from(bases.get(address), there, before.get(address)))
        for address, reference in references.items()
        if reference in there
    }
    return {**before, **found}


def _started_from(
    bases: Sequence[str] | None, there: Mapping[str, Found], before: KeptImage | None
) -> Mapping[str, KeptImage]:
    if bases is None:
        return before.started_from if before else {}
    return {base: KeptImage(base, *there[base]) for base in bases if base in there}
