"""Look at the engine once, and put all that a plan needs into the canonical shape."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from deployer.errors import DeployerError
from deployer.fields.container import BY_NAME
from deployer.fields.field import Context, Json, section
from deployer.fields.namespaces import all_joined
from deployer.fields.parse import SECOND
from deployer.fields.references import host_of, with_tag
from deployer.reconcile.holder import is_gone, with_the_dead
from deployer.reconcile.lost import is_about_the_engine
from deployer.reconcile.protocol import Reader
from deployer.reconcile.read_back import with_copied
from deployer.resources import identity
from deployer.resources.applied import Secrecy
from deployer.resources.builds import references as references_of
from deployer.resources.built import BuiltImage, NamedImage, built_image, tags_of
from deployer.resources.desired import DesiredBuild, DesiredImage, DesiredPush
from deployer.resources.duplicates import duplicates_in
from deployer.resources.inspected import container_of, image_of, moment, with_platform
from deployer.resources.listed import (
    copies_without_a_container,
    duplicate_of,
    names_of_their_own,
    neighbour_of,
    networks_of,
    volume_of,
)
from deployer.resources.observed import Neighbour, Observed, ObservedContainer, ObservedImage, RegistryAnswer
from deployer.resources.owners import with_owner
from deployer.resources.record_labels import HOLDER, holder_of, images_asked, images_ran, records_of, updates_of
from deployer.resources.records import Records, Updates
from deployer.resources.registries import Registry
from deployer.resources.swap import less_uncounted_swap
from deployer.stack.pull_policy import most_age


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for because the stack wants it, besides what is there of the stack."""

    images: Collection[DesiredImage] = ()
    builds: Collection[DesiredBuild] = ()
    registries: Collection[Registry] = ()
    pushes: Collection[DesiredPush] = ()
    copies: Mapping[str, Collection[str]] = field(default_factory=dict[str, Collection[str]])
    """The paths of secrets and configs by service."""


NOTHING = Sought()


def observe(
    reader: Reader,
    stack: str,
    context: Context,
    sought: Sought = NOTHING,
    *,
    new_salt: str = "",
    holding: int = 0,
    take_over: bool = False,
) -> Observed:
    """One list a kind, one inspect for each container of the stack and for each image that matters.

    `new_salt` is for a stack that has none yet. A registry is asked only about images that are to be pulled always, and
    about what is to be pushed.
    Who holds the turn of the revision `holding`, or takes it over, knows that nobody else has it.
    """
    # First of all: where nobody is at work by then, and nobody comes after, nothing below has changed meanwhile.
    volumes = sorted(reader.volumes(), key=lambda each: each["Name"])
    listed = reader.containers()
    one_offs = _one_offs(reader, listed, stack, context)
    duplicates = duplicates_in(listed, stack)
    aside = {each["Id"] for each in duplicates}
    own_names = names_of_their_own((each for each in listed if each["Id"] not in aside), stack)
    context = replace(context, containers={**own_names, **context.containers})
    containers, neighbours = _containers(reader, listed, stack, context, aside)
    found, built = _images(reader, containers, sought)
    containers = [with_platform(container, found.get(container.image_id)) for container in containers]
    records = with_the_dead(reader, records_of(volumes, stack, holding), all_are=holding > 0 or take_over)
    labels = [section(container.raw, "Config.Labels").get(identity.SALT, "") for container in containers]
    salt = records.salt or next(filter(None, labels), new_salt)
    containers = with_copied(reader, containers, sought.copies, salt)
    records = replace(records, salt=salt, updates=_updates(records, containers, salt))
    used = {id for container in containers for id in container.network_ids.values()}
    networks, twins = networks_of(reader.networks(), stack, used)
    return Observed(
        engine=reader.info(),
        containers=containers,
        neighbours=neighbours,
        networks=networks,
        volumes={each["Name"]: volume_of(each, stack) for each in volumes if not identity.is_record(each["Name"])},
        images=found,
        registry_answers=_answers(reader, sought.images, found),
        records=records,
        twins=twins,
        pushed=_pushed(reader, containers, built, sought.pushes),
        not_insecure=_not_insecure(reader, sought.registries),
        left_copies=copies_without_a_container(volumes, listed, stack),
        one_offs=one_offs,
        left_one_offs=[each for each in one_offs if each.never_started and _nobody_starts(each, reader)],
        built=cache(partial(built_images, reader, stack)),
        ran=partial(images_ran, volumes, stack, records),
        asked=cache(partial(images_asked, volumes, stack, records)),
        duplicates=[duplicate_of(each) for each in duplicates if each.get("Names")],
    )


def _updates(records: Records, containers: Iterable[ObservedContainer], salt: str) -> Updates:
    living = {each.id: each.values for each in containers}
    secrecy = Secrecy(salt)

    def shows(id: str, row: str, value: Any) -> bool:
        if row not in BY_NAME:
            return False
        asked = BY_NAME[row].unset if value is None else value
        return secrecy.is_row_kept_as(BY_NAME[row], BY_NAME[row].less_default(living[id], asked, asked), value)

    return updates_of(records, living, shows)


def _containers(
    reader: Reader, all: Iterable[Json], stack: str, context: Context, aside: Collection[str]
) -> tuple[list[ObservedContainer], dict[str, Neighbour]]:
    """The stack's own, and the others, among which are those that are put `aside`."""
    ours: list[str] = []
    others: list[Json] = []
    for listed in all:
        if identity.is_of(stack, listed.get("Labels") or {}) and listed["Id"] not in aside:
            ours.append(listed["Id"])
        elif listed.get("Names"):
            others.append(listed)
    found = [container_of(inspect, context) for inspect in reader.inspected(ours)]
    containers = less_uncounted_swap(found, lambda: reader.system().get("SwapLimit") is not False)
    neighbours = {each.name: each for each in _started(reader, [neighbour_of(each) for each in others], containers)}
    own = {container.id: container for container in containers}
    return [with_owner(container, own, neighbours) for container in containers], neighbours


def _one_offs(reader: Reader, all: Iterable[Json], stack: str, context: Context) -> list[ObservedContainer]:
    labels = ((listed["Id"], listed.get("Labels") or {}) for listed in all)
    found = [id for id, said in labels if said.get(identity.PROJECT) == stack and identity.is_one_off(said)]
    return [container_of(inspect, context) for inspect in reader.inspected(found)] if found else []


def _nobody_starts(one_off: ObservedContainer, reader: Reader) -> bool:
    """Whether who made it is gone. Others than deployer do not say who they are."""
    try:
        return is_gone(holder_of(section(one_off.raw, "Config.Labels")[HOLDER]), reader)
    except (KeyError, ValueError, TypeError):
        return False


def _started(reader: Reader, neighbours: list[Neighbour], containers: list[ObservedContainer]) -> Iterable[Neighbour]:
    """The neighbours, with the time of their start where a container of ours is in a namespace of theirs."""
    wanted = {id for container in containers for id in all_joined(container.raw)} & {each.id for each in neighbours}
    times = {each["Id"]: each["State"]["StartedAt"] for each in reader.inspected(sorted(wanted))} if wanted else {}
    return (replace(each, started_at=times.get(each.id, "")) for each in neighbours)


def _images(
    reader: Reader, containers: Collection[ObservedContainer], sought: Sought
) -> tuple[dict[str, ObservedImage], frozenset[str]]:
    """By reference, and by id those that containers run; and the names of the builds that are there.

    What a build is tagged with depends on its bases, so these come first.
    """
    builds = sought.builds
    references = {image.reference for image in sought.images} | {base for build in builds for base in build.bases}
    references |= {with_tag(tag) for build in builds for tag in build.tags} | {push.reference for push in sought.pushes}
    found = _inspected(reader, references)
    known = {image.id: image for image in found.values()}
    run = {container.image_id for container in containers}
    found |= {id: known[id] for id in run & known.keys()} | _inspected(reader, run - known.keys())
    ids = {reference: image.id for reference, image in found.items()}
    built = references_of({build.name: build for build in builds}, ids)
    there = _inspected(reader, set(built.values()))
    return {**found, **there}, frozenset(name for name, reference in built.items() if reference in there)


def built_images(reader: Reader, stack: str) -> Sequence[BuiltImage]:
    """The images of the stack's builds; a list and an inspect for each, so it is asked for only where it is needed."""
    references = sorted(tags_of(reader.images(f"{stack}/*"), stack))
    if not references:
        return ()
    with ThreadPoolExecutor(min(8, len(references))) as pool:
        inspects = zip(references, pool.map(reader.image, references), strict=True)
        return [built_image(reference, inspect) for reference, inspect in inspects if inspect]


def named_images(reader: Reader, addresses: Mapping[str, str]) -> Sequence[NamedImage]:
    """The images of the stack by all names that it knows them by; `addresses` by reference, besides its builds' own."""
    with ThreadPoolExecutor(8) as pool:
        inspects = zip(addresses.items(), pool.map(reader.image, addresses), strict=True)
        return [NamedImage(address, name, inspect["Id"]) for (name, address), inspect in inspects if inspect]


def _inspected(reader: Reader, references: set[str]) -> dict[str, ObservedImage]:
    wanted = sorted(references - {""})
    if not wanted:
        return {}
    with ThreadPoolExecutor(min(8, len(wanted))) as pool:
        return {
            reference: image_of(inspect)
            for reference, inspect in zip(wanted, pool.map(reader.image, wanted), strict=True)
            if inspect is not None
        }


def _answers(
    reader: Reader, images: Collection[DesiredImage], found: Mapping[str, ObservedImage]
) -> dict[str, RegistryAnswer]:
    """What the tags mean in their registries now; one out of reach is no error where the image is there."""
    asked = [each.reference for each in images if each.reference in found and _is_due(each, found[each.reference])]
    return {reference: _answer(reader, reference) for reference in asked}


def _is_due(image: DesiredImage, there: ObservedImage) -> bool:
    """Whether the registry is to be asked about an image by now; when it was last pulled is when it was last tagged."""
    age, since = most_age(image.pull), moment(there.tagged_at)
    return age is not None and (since is None or (datetime.now(UTC) - since).total_seconds() * SECOND >= age)


def _pushed(
    reader: Reader, containers: list[ObservedContainer], built: frozenset[str], pushes: Collection[DesiredPush]
) -> dict[str, RegistryAnswer]:
    """What the registries have of what is to be pushed. One that is a service of the stack is asked when it is up."""
    up = {"", *(each.service for each in containers if each.is_up)}
    asked = [push.reference for push in pushes if push.build in built and push.service in up]
    if not asked:
        return {}
    with ThreadPoolExecutor(min(8, len(asked))) as pool:
        return dict(zip(asked, pool.map(lambda each: _answer(reader, each), asked), strict=True))


def _answer(reader: Reader, reference: str) -> RegistryAnswer:
    try:
        return RegistryAnswer(reader.registry_digest(reference))
    except DeployerError as error:
        if is_about_the_engine(error):
            raise
        return RegistryAnswer(trouble=trouble_in(error))


def trouble_in(error: DeployerError) -> str:
    """Why a registry did not tell, without what it was asked."""
    return error.diagnostics[0].message.partition(": ")[2] or str(error)


def _not_insecure(reader: Reader, registries: Collection[Registry]) -> frozenset[str]:
    insecure = (each for each in registries if each.insecure)
    return frozenset(each.name for each in insecure if reader.takes_as_insecure(host_of(each.address)) is False)
