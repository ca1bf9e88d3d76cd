"""Desired, applied, observed: which fields of a container differ, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

from deployer.errors import Place
from deployer.fields import container
from deployer.fields.copies import SECTIONS
from deployer.fields.field import Effect, Field, Value
from deployer.fields.namespaces import network_named
from deployer.fields.sensitive import mask_user_info
from deployer.plan.applied_by import revision_of_row
from deployer.plan.around import ONLY_TEXT, told_around
from deployer.plan.copies import as_bound, told
from deployer.plan.model import Ahead, Cause, FieldChange, Shows
from deployer.plan.next_image import NextImage, is_of_the_image
from deployer.plan.shown import ABSENT, line_of_value, shown, shows
from deployer.plan.takes import takes
from deployer.resources import applied
from deployer.resources.applied import Applied, Secrecy
from deployer.resources.desired import DesiredService
from deployer.resources.observed import Observed, ObservedContainer

PlaceOf = Callable[..., Place | None]
"""A path of the stack file -> where it is written."""

_SAME_BY_IMAGE = "the new image has the same"


@dataclass(frozen=True, slots=True)
class Sides:
    """What the diff of one container looks at. `was` is what was last applied, None where that is not known; `left` are
    the keys of the stack's networks that the file no longer names, by what the engine calls them; `applied_by` tells
    the revision that applied a row, 0 where none does; `next` is the image that takes the place of its own, None where
    that stays.
    """

    service: DesiredService
    container: ObservedContainer
    image: Mapping[str, Any] | None
    was: Applied | None
    secrecy: Secrecy
    place: PlaceOf
    left: Mapping[str, str] = field(default_factory=dict[str, str])
    applied_by: Callable[[str], int] = field(default=lambda _: 0)
    next: NextImage | None = None


def sides_of(
    service: DesiredService,
    found: ObservedContainer,
    observed: Observed,
    place: PlaceOf,
    following: NextImage | None = None,
) -> Sides:
    image = observed.images.get(found.image_id)
    was = None if observed.records.ended.damaged else found.applied
    if was and (updated := observed.records.updates.get(found.id)):
        was = Applied(was.image, {**was.fields, **updated})
    secrecy = Secrecy(observed.records.salt, service.sensitive, service.hidden)
    left = {name: key for key, name in networks_left(service, observed).items()}
    by = partial(revision_of_row, found, observed.records)
    return Sides(service, found, image.config if image else None, was, secrecy, place, left, by, following)


def networks_left(service: DesiredService, observed: Observed) -> dict[str, str]:
    """The engine's names of the stack's networks that the file no longer names, by their keys."""
    known = service.context.networks
    ours = ((thing.key, name) for name, thing in observed.networks.items() if thing.ours and thing.key)
    return {key: name for key, name in ours if key not in known}


def field_changes(sides: Sides) -> Iterator[FieldChange]:
    """Every row, or entry of a keyed row, in which the container is not what the service asks for.

    What only follows from an edit of another one, as the image's command goes where an entrypoint comes, is a part of
    that edit.
    """
    found = list(_differing(sides))
    edited = any(Cause.EDIT in change.causes and change.effect is Effect.REPLACE for change in found)
    for change in found:
        if change.causes:
            yield change
        elif not edited:
            yield replace(change, causes=(Cause.UNKNOWN,))


def _differing(sides: Sides) -> Iterator[FieldChange]:
    values = as_bound(sides.service, sides.container)
    for row in container.FIELDS:
        if row.name == "image" or (row.name == "networks" and _other_mode(sides)) or sides.service.ignores(row.name):
            continue
        want, have = row.on_image(sides.service.asked, sides.image), values[row.name]
        if sides.image is None and row.image:
            have = _less_the_image(row, want, have)
        if row.fills:
            have = row.less_filled(have, want, _entries_then(sides, row, want))
        if row.default:
            have = row.less_default(values, want, _entries_then(sides, row, want))
        if row.host_may_lack:
            have = _with_left_out(sides, row, have)
        if want == have:
            continue
        if row.kind.keyed:
            wanted, found = dict(want), dict(have)
            for entry in sorted(wanted.keys() | found.keys()):
                if sides.service.ignores(row.name, entry):
                    continue
                if wanted.get(entry, ABSENT) != found.get(entry, ABSENT):
                    yield _change(sides, row, entry, found.get(entry, ABSENT), wanted.get(entry, ABSENT))
        else:
            yield _change(sides, row, "", have, want)


def _entries_then(sides: Sides, row: Field, want: Value) -> Value:
    """What was last applied of a row; where that is not known, as if it were what is wanted now."""
    return _then(sides, sides.was, row, row.unset) if sides.was else want


def left_out(sides: Sides, row: Field, have: Value) -> Iterator[tuple[str, Value]]:
    """The entries, "" for all of a row that is not keyed, that the engine left out as its host may lack them: nothing
    is there of what was applied, which no update by hand can do.
    """
    want = sides.service.asked[row.name]
    if want == row.unset:
        return
    there = dict(have) if row.kind.keyed else {"": have} if have != row.unset else {}
    for entry, value in want if row.kind.keyed else (("", want),):
        if entry not in there and sides.secrecy.is_kept_as(value, _applied_entry(sides, row, entry)):
            yield entry, value


def _with_left_out(sides: Sides, row: Field, have: Value) -> Value:
    """The observed value as if the engine had not left anything out: that is told, and not planned for ever."""
    missing = dict(left_out(sides, row, have))
    if not row.kind.keyed:
        return missing.get("", have)
    return tuple(sorted({**dict(have), **missing}.items())) if missing else have


def _other_mode(sides: Sides) -> bool:
    """Whether another network mode takes or brings all networks: that is one change, not one a network."""
    asked: str = sides.service.asked["network_mode"]
    return ("" if network_named(asked) else asked) != sides.container.values["network_mode"]


def _less_the_image(row: Field, want: Value, have: Value) -> Value:
    """The observed value where the image is gone, and nobody can tell any more what of it the image supplied: that much
    is taken for its.
    """
    if row.kind.keyed:
        return tuple((entry, value) for entry, value in have if entry in dict(want))
    return have if want else want


def _change(sides: Sides, row: Field, entry: str, have: Any, want: Any) -> FieldChange:
    service = sides.service
    effect, forced = takes(row, entry, have, want, service.asked, sides.container.raw, service.context)
    if row.name == "networks" and _applied_entry(sides, row, key := sides.left.get(entry, entry)) is not None:
        entry = key
    said = sides.service.written.get(row.name)
    name = said.name if said else row.name
    was = _applied_entry(sides, row, entry)
    want, ahead = _after(sides, row, entry, want)
    sensitive = sides.secrecy.hides(row.name, entry, have, want) or (applied.is_hash(was) and was not in (have, want))
    causes = _causes(sides, row, entry, have)
    before, after = shown(row, entry, have, want, sensitive)
    around, note = told_around(sides, row.name, entry, have, want, was) if sensitive else ((None, None), "")
    note = _SAME_BY_IMAGE if have == want and not ahead else note
    at = line_of_value(sides.service, sides.place, row, entry, have) if Cause.EDIT in causes else None
    if at and note == ONLY_TEXT:
        at = replace(at, behind=tuple(place for place in at.behind if not place.secret))
    change = FieldChange(
        field=f"{row.name if row.name == 'networks' else name}.{entry}" if entry else name,
        before=before,
        after=after,
        causes=causes,
        effect=effect,
        applied=None if sensitive or was is None else mask_user_info(row.shown(entry, applied.canonical(was))),
        applied_known=sides.was is not None,
        applied_by=sides.applied_by(row.name) if Cause.DRIFT in causes else 0,
        at=at,
        sensitive=sensitive,
        note="; ".join(filter(None, (note or _what_comes(sides, row, entry, want), forced))),
        quoted=row.kind.quoted,
        shows=(shows(row, entry, have), shows(row, entry, want)) if sensitive else (Shows.NOTHING, Shows.NOTHING),
        around=around,
        known_after=ahead,
    )
    return told(change, sides, row.name, entry, have, want) if row.name in SECTIONS else change


def _after(sides: Sides, row: Field, entry: str, want: Any) -> tuple[Any, Ahead | None]:
    """What a row, or an entry of it, comes to on the image that the next container runs; absent, and what there is to
    be done first, where only that tells. `want` is the same on the image of the old one, by which it is known whether
    anything differs: what the file never said is no difference of its own where another image comes.
    """
    following, asked = sides.next, sides.service.asked
    if following is None or not is_of_the_image(row, entry, asked):
        return want, None
    if following.config is None:
        return ABSENT, following.ahead
    comes = row.on_image(asked, following.config)
    return (dict(comes).get(entry, ABSENT) if row.kind.keyed else comes), None


def _what_comes(sides: Sides, row: Field, entry: str, want: Any) -> str:
    """Where a volume is taken away, the image may have one of its own: the service begins there with nothing."""
    image = sides.next.config if sides.next else sides.image
    declared: Mapping[str, Any] = (image or {}).get("Volumes") or {}
    return (
        "a new, empty volume of the image's comes there"
        if row.name == "volumes" and want is ABSENT and entry in declared
        else ""
    )


def _causes(sides: Sides, row: Field, entry: str, have: Any) -> tuple[Cause, ...]:
    """Desired differs from applied: edited. Observed differs from what was applied, on its image: drifted. Neither:
    another row was edited that this one follows.
    """
    if sides.was is None:
        return (Cause.UNKNOWN,)
    asked = _entry_of(row, sides.service.asked[row.name], entry)
    was = _applied_entry(sides, row, entry)
    named_anew = (asked is not ABSENT) != _was_asked(sides.was, row, entry)
    edited = named_anew or (asked is not ABSENT and not sides.secrecy.is_kept_as(asked, was))
    causes = [Cause.EDIT] if edited else []
    if row.host_may_lack and have in (ABSENT, row.unset) and causes:
        return tuple(causes)
    if was is not None:
        drifted = have is ABSENT or not sides.secrecy.is_kept_as(have, was)
    else:
        if row.fills:
            then = _entries_then(sides, row, row.unset)
            filled = row.less_filled(sides.container.values[row.name], then, then)
            have = _entry_of(row, filled, entry) if row.kind.keyed else filled
        elif row.default:
            have = row.less_default(sides.container.values, row.unset, row.unset)
        supplied = row.on_image(_asked_then(sides, sides.was), sides.image)
        drifted = have != (_entry_of(row, supplied, entry) if row.kind.keyed else supplied)
    return (*causes, *([Cause.DRIFT] if drifted else []))


def _was_asked(was: Applied, row: Field, entry: str) -> bool:
    """A variable that is named alone was asked for, too, with no value."""
    stored = was.fields.get(row.name)
    return entry in stored if row.kind.keyed and isinstance(stored, Mapping) else stored is not None


def _asked_then(sides: Sides, was: Applied) -> dict[str, Value]:
    """The rows as they were last applied, as far as that is known."""
    found = (
        (name, _then(sides, was, container.BY_NAME[name], None)) for name in was.fields if name in container.BY_NAME
    )
    return {name: value for name, value in found if value is not None}


def _then(sides: Sides, was: Applied, row: Field, unset: Value) -> Value:
    """A row as it was last applied, from what is stored of it; `unset` where nothing is, or nobody can tell."""
    stored = was.fields.get(row.name)
    if isinstance(stored, Mapping):
        entries = cast("Mapping[str, Any]", stored)
        return tuple(sorted((entry, _opened(sides, row, entry, item)) for entry, item in entries.items()))
    opened = _opened(sides, row, "", stored)
    return unset if opened is None or applied.is_hash(opened) else opened


def _opened(sides: Sides, row: Field, entry: str, stored: Any) -> Value:
    """What was applied, from what is stored of it. What a hash stands for is known where the container has it still, or
    the file asks for it still; else it stays the hash.
    """
    if applied.is_hash(stored):
        known = (_entry_of(row, values[row.name], entry) for values in (sides.container.values, sides.service.asked))
        stored = next(
            (value for value in known if value is not ABSENT and sides.secrecy.hashed(value) == stored), stored
        )
    return applied.canonical(stored)


def _entry_of(row: Field, value: Value, entry: str) -> Any:
    if row.kind.keyed:
        return dict(value).get(entry, ABSENT)
    return ABSENT if value == row.unset else value


def _applied_entry(sides: Sides, row: Field, entry: str) -> Any:
    """What was last applied of a row's entry, as it is stored; None where it was not asked for."""
    stored = sides.was.fields.get(row.name) if sides.was else None
    if not row.kind.keyed:
        return stored
    return cast("Mapping[str, Any]", stored).get(entry) if isinstance(stored, Mapping) else None
