"""The images that the stack runs: which are there, which must be built or pulled, and what each is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from deployer.fields.field import Effect
from deployer.fields.kinds import show_text
from deployer.fields.platform import is_of
from deployer.fields.references import with_tag
from deployer.fields.sensitive import is_sensitive_name, mask_user_info
from deployer.plan import steps
from deployer.plan.diff import PlaceOf
from deployer.plan.model import Action, Call, Cause, Change, FieldChange, Step
from deployer.resources.builds import FROM, in_order, inputs_of, started_from
from deployer.resources.built import BuiltImage
from deployer.resources.desired import Desired, DesiredArchive, DesiredBuild, DesiredImage
from deployer.resources.observed import Observed, ObservedImage
from deployer.resources.registries import mirrors_of

NOT_ON_ENGINE = "it is not on the engine"
"""Why an image is pulled or loaded."""

Recall = Callable[[str, str], Mapping[str, str] | None]
"""A build's name and the hash in a tag of it -> what went into that image, where it was built or planned from here."""


def no_recall(_build: str, _hash: str) -> None:
    """For where nothing is known of earlier builds."""
    return


@dataclass(frozen=True, slots=True)
class ImageNow:
    """What is known of an image before anything is done: `id` is "" where it has to be made first, and `how` says by
    what.
    """

    reference: str
    id: str
    how: str = "pulled"


@dataclass(slots=True)
class Images:
    changes: list[Change] = field(default_factory=list[Change])
    now: dict[str, ImageNow] = field(default_factory=dict[str, ImageNow])


def plan_images(desired: Desired, observed: Observed, place: PlaceOf, recall: Recall) -> Images:
    """The builds, pulls and loads that are needed, and what is known of every image."""
    images = Images()
    for image in desired.images.values():
        if image.archive:
            _load(image, image.archive, observed, images)
        elif image.reference:
            _pull(image, desired, observed, images)
    brought, images.changes = images.changes, []
    for build in in_order(desired.builds):
        _build(build, desired, observed, place, recall, images)
    images.changes += brought
    return images


def brought_for(build: DesiredBuild, desired: Desired) -> dict[str, str]:
    """The images that a build starts from and the stack names in `images` or in a service: as its Dockerfile names
    them -> their addresses.
    """
    addresses = {image.reference: image.address for image in desired.images.values() if image.reference}
    named = {base: addresses.get(with_tag(base)) for base in build.bases}
    return {base: address for base, address in named.items() if address}


def _pull(image: DesiredImage, desired: Desired, observed: Observed, images: Images) -> None:
    there = observed.images.get(image.reference)
    if image.source and not there:
        images.changes.append(_sourced(image.address, image.reference, image.source, desired))
        images.now[image.address] = ImageNow(image.reference, _id_in(image.source))
        return
    reason = other_platform(image, there) if there else NOT_ON_ENGINE
    answer = observed.registry_answers.get(image.reference)
    digest = answer.digest if answer else None
    if there and digest and not any(local.endswith(f"@{digest}") for local in there.digests):
        reason = "its registry has another one now"
    if reason:
        step = _pull_step(image.reference, desired, image.platform)
        detail = " ".join(filter(None, [image.reference, step.detail]))
        images.changes.append(Change(image.address, Action.PULL, reason, steps=(step,), detail=detail))
    images.now[image.address] = ImageNow(image.reference, there.id if there and not reason else "")


def other_platform(image: DesiredImage, there: ObservedImage) -> str:
    """Why an image that is there is not the one wanted; "" where it is, or where it is not known."""
    is_right = not image.platform or not there.platform or is_of(image.platform, there.platform)
    return "" if is_right else f"it is there for {there.platform}"


def _sourced(address: str, reference: str, source: str, desired: Desired, further: tuple[Step, ...] = ()) -> Change:
    """An image that is known by its id or digest is given its name again."""
    tag = Step(Call.TAG, reference, source)
    if _id_in(source):
        field = FieldChange("tag", None, reference, (Cause.DRIFT,), Effect.NONE)
        return Change(address, Action.UPDATE, "tag", (field,), (tag, *further), detail=f"tag {reference}")
    pull = _pull_step(source, desired)
    detail = " ".join(filter(None, [source, pull.detail, f"as {reference}"]))
    return Change(address, Action.PULL, NOT_ON_ENGINE, steps=(pull, tag, *further), detail=detail)


def _id_in(source: str) -> str:
    return "" if "@" in source else source


def _load(image: DesiredImage, archive: DesiredArchive, observed: Observed, images: Images) -> None:
    there = observed.images.get(image.reference)
    if there and there.id == archive.id:
        images.now[image.address] = ImageNow(image.reference, there.id)
        return
    reason = "the archive holds another one" if there else NOT_ON_ENGINE
    tag = (Step(Call.TAG, image.reference, archive.name),) if archive.name != image.reference else ()
    load = Step(Call.LOAD, archive.file, image, name=image.reference, detail=f"from {archive.file}")
    detail = f"{image.reference} from {archive.file}"
    images.changes.append(Change(image.address, Action.LOAD, reason, steps=(load, *tag), detail=detail))
    images.now[image.address] = ImageNow(image.reference, "", "loaded")


def _pull_step(reference: str, desired: Desired, platform: str = "") -> Step:
    return steps.pull(reference, mirrors_of(reference, desired.registries), platform)


def _build(
    build: DesiredBuild, desired: Desired, observed: Observed, place: PlaceOf, recall: Recall, images: Images
) -> None:
    brought = {base: images.now[address].id for base, address in brought_for(build, desired).items()}
    ids = {base: observed.images[base].id for base in build.bases if base in observed.images} | brought
    missing = [base for base in build.bases if base not in ids]
    ids = {base: id for base, id in ids.items() if id}
    built = {other: images.now[f"build.{other}"].reference for other in build.on.values()}
    started = started_from(build, ids, built)
    reference = "" if started is None else build.reference(started)
    there = observed.images.get(reference)
    images.now[build.address] = ImageNow(reference, there.id if there else "", "pulled" if build.made else "built")
    tag = tuple(Step(Call.TAG, name, build.address) for name in dict.fromkeys(map(with_tag, build.tags)))
    if not there and build.made:
        images.changes.append(_sourced(build.address, reference, build.source, desired, tag))
        images.now[build.address] = replace(images.now[build.address], id=_id_in(build.source))
    elif not there:
        inputs = inputs_of(build, started or {})
        fields = tuple(_differences(build, inputs, desired, observed, place, recall))
        runbook = (*(_pull_step(base, desired) for base in missing), Step(Call.BUILD, build.name, build), *tag)
        images.changes.append(
            Change(build.address, Action.BUILD, _reason(fields), fields, runbook, detail=_detail(build, fields))
        )
    else:
        _retag(build, tag, there.id, observed, place, images)


def _retag(
    build: DesiredBuild, steps: Sequence[Step], id: str, observed: Observed, place: PlaceOf, images: Images
) -> None:
    """The image is there already, and only further names of it are not."""
    lacking = [step for step in steps if step.target not in observed.images or observed.images[step.target].id != id]
    if lacking:
        fields = tuple(_named(build, step.target, observed, place) for step in lacking)
        detail = ", ".join(f"tag {step.target}" for step in lacking)
        images.changes.append(
            Change(build.address, Action.UPDATE, fields[0].field, fields, tuple(lacking), detail=detail)
        )


def _named(build: DesiredBuild, name: str, observed: Observed, place: PlaceOf) -> FieldChange:
    tagged = observed.images.get(name)
    return FieldChange(
        "tag" if len(build.tags) == 1 else f"tags.{name}",
        tagged.id[7:19] if tagged else None,
        name,
        (Cause.DRIFT if tagged else Cause.EDIT,),
        Effect.NONE,
        at=place(*build.path, "tag" if len(build.tags) == 1 else "tags"),
    )


def _reason(fields: tuple[FieldChange, ...]) -> str:
    return fields[0].field if fields else "not built yet"


def _differences(
    build: DesiredBuild,
    inputs: Mapping[str, str],
    desired: Desired,
    observed: Observed,
    place: PlaceOf,
    recall: Recall,
) -> Iterator[FieldChange]:
    """What differs from the inputs of the image that was used until now, where those are known."""
    before = _inputs_before(build, desired, observed, recall)
    if before is None:
        return
    bases_known = any(name.startswith(FROM) for name in before)
    for name in sorted(before.keys() | inputs.keys()):
        was, now = before.get(name), inputs.get(name)
        if was != now and (bases_known or not name.startswith(FROM)):
            what = "changed" if was and now else "removed" if was else "added"
            said = name.startswith(("args.", "labels.", "extra_hosts.")) or name in ("target", "network")
            at = place(*build.path, *name.split(".", 1)) if said else None
            note = what + _value_now(build, name)
            yield FieldChange(name, None, None, (Cause.EDIT,), Effect.REPLACE, at=at, note=note)


def _value_now(build: DesiredBuild, name: str) -> str:
    """Of an argument, where it is not sensitive. What it was nobody knows: of that only a digest is kept."""
    kind, _, argument = name.partition(".")
    if kind != "args" or argument not in build.args or is_sensitive_name(argument, build.sensitive):
        return ""
    return f", now {show_text(mask_user_info(build.args[argument]))}"


def _inputs_before(
    build: DesiredBuild, desired: Desired, observed: Observed, recall: Recall
) -> Mapping[str, str] | None:
    """What went into the image that a service runs now, from which a build that starts from this one was made, or
    which was made last.
    """
    for reference in sorted(_running(build, desired, observed)):
        if (found := recall(build.name, reference.rpartition(":")[2])) is not None:
            return found
    for other in desired.builds.values():
        for image in (image for image, name in other.on.items() if name == build.name):
            inputs = _inputs_before(other, desired, observed, recall) or {}
            reference = inputs.get(f"{FROM}{image}", "")
            if reference and (found := recall(build.name, reference.rpartition(":")[2])) is not None:
                return found
    for made in sorted(_made(build, observed), key=lambda each: each.made, reverse=True):
        if (found := recall(build.name, made.reference.rpartition(":")[2])) is not None:
            return found
    return None


def _made(build: DesiredBuild, observed: Observed) -> list[BuiltImage]:
    return [each for each in observed.built() if each.reference.startswith(f"{build.repository}:")]


def _running(build: DesiredBuild, desired: Desired, observed: Observed) -> set[str]:
    """By its own tag, or, of what was pushed and is run by its name in a registry, by its id."""
    ids = {container.image_id for container in observed.containers}
    return {each.reference for each in _made(build, observed) if each.id in ids} | {
        container.image_reference
        for service in desired.services.values()
        if service.image.address == build.address
        for container in observed.of_service(service.name)
        if container.image_reference.startswith(f"{build.repository}:")
    }


def _detail(build: DesiredBuild, fields: tuple[FieldChange, ...]) -> str:
    """`./web, 14 files: app.py and 1 more changed`."""
    files = sum(name.startswith("context/") for name in build.inputs)
    detail = f"{build.folder}, {files} file{'' if files == 1 else 's'}"
    if build.on:
        detail += f", from {', '.join(sorted({f'build.{other}' for other in build.on.values()}))}"
    if not fields:
        return detail
    shown = [change.field.removeprefix("context/") for change in fields]
    verbs = {change.note.partition(",")[0] for change in fields}
    verb = verbs.pop() if len(verbs) == 1 else "changed"
    more = f" and {len(shown) - 1} more" if len(shown) > 1 else ""
    return f"{detail}: {shown[0]}{more} {verb}"
