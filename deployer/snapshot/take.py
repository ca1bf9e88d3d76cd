"""A look at the engine, kept: what a plan of the stack asks, and the answers."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from deployer.errors import DeployerError
from deployer.fields.field import section
from deployer.fields.log_driver import OPTION
from deployer.fields.sensitive import mask_line
from deployer.project import Project
from deployer.reconcile.observe import trouble_in
from deployer.reconcile.protocol import EngineInfo, Json, Reader
from deployer.resources import identity
from deployer.resources.applied import HASH, Secrecy
from deployer.resources.as_read import salted
from deployer.resources.body import CONTAINER_ROWS
from deployer.resources.desired import Desired, DesiredService
from deployer.resources.observed import Observed
from deployer.snapshot import trimmed
from deployer.snapshot.form import Snapshot
from deployer.snapshot.hiding import leaves


@dataclass
class Noting:
    """An engine whose answers are kept."""

    reader: Reader
    images_asked: dict[str, Json | None] = field(default_factory=dict[str, "Json | None"])
    inspects: dict[str, Json] = field(default_factory=dict[str, Json])
    digests: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    unasked: dict[str, str] = field(default_factory=dict[str, str])
    insecure: dict[str, bool | None] = field(default_factory=dict[str, "bool | None"])
    lists: dict[str, Sequence[Json]] = field(default_factory=dict[str, Sequence[Json]])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reader, name)

    def containers(self) -> Sequence[Json]:
        return self.lists.setdefault("containers", self.reader.containers())

    def networks(self) -> Sequence[Json]:
        return self.lists.setdefault("networks", self.reader.networks())

    def volumes(self, name: str = "") -> Sequence[Json]:
        return self.lists.setdefault("volumes", self.reader.volumes(name))

    def images(self, reference: str) -> Sequence[Json]:
        return self.lists.setdefault("images", self.reader.images(reference))

    def inspected(self, ids: Sequence[str]) -> Sequence[Json]:
        found = self.reader.inspected(ids)
        self.inspects |= {each["Id"]: each for each in found}
        return found

    def image(self, reference: str) -> Json | None:
        self.images_asked[reference] = found = self.reader.image(reference)
        return found

    def registry_digest(self, reference: str) -> str | None:
        try:
            self.digests[reference] = self.reader.registry_digest(reference)
        except DeployerError as error:
            self.unasked[reference] = mask_line(trouble_in(error))
            raise
        return self.digests[reference]

    def takes_as_insecure(self, host: str) -> bool | None:
        self.insecure[host] = self.reader.takes_as_insecure(host)
        return self.insecure[host]


def take(project: Project, reader: Reader) -> Snapshot:
    """What the engine has of the stack now, and of others as far as a plan meets them. Raises DeployerError."""
    noting, desired = Noting(reader), project.desired()
    observed = project.observe(cast("Reader", noting), desired)
    observed.built()
    return snapshot_of(noting, desired, observed, _text_of(project.stack.files))


def snapshot_of(noting: Noting, desired: Desired, observed: Observed, text: str) -> Snapshot:
    """What was looked at, hidden as far as it does not stand in the stack file's `text`."""
    stack, info = desired.stack, noting.reader.info()
    salt = _salt(observed, stack, info)
    public = {name: frozenset(_public(service, salt, text)) for name, service in desired.services.items()}
    everywhere = frozenset(each for found in public.values() for each in found)
    own = {each.id: each for each in (*observed.containers, *observed.one_offs)}
    told = {id: trimmed.secrets(each.raw) for id, each in own.items()}
    return Snapshot(
        stack=stack,
        origin=desired.origin,
        folder=desired.folder,
        taken=datetime.fromtimestamp(noting.reader.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        salt=salt,
        engine={
            "host": info.host,
            "version": info.version,
            "api": info.api,
            "platform": info.platform,
            "counts_swap": _counts_swap(noting.reader),
        },
        containers=[
            trimmed.without(trimmed.listed(each, stack, salt, everywhere), told.get(each["Id"], frozenset()), salt)
            for each in noting.containers()
        ],
        inspects=_sorted(
            trimmed.without(
                trimmed.container(each, salt, public.get(own[each["Id"]].service, ())), told[each["Id"]], salt
            )
            if each["Id"] in own
            else {"Id": each["Id"], "Name": each["Name"], "State": {"StartedAt": each["State"]["StartedAt"]}}
            for each in noting.inspects.values()
        ),
        images={
            name: trimmed.image(each, salt) if each else None for name, each in sorted(noting.images_asked.items())
        },
        builds=_sorted({"Id": each["Id"], "RepoTags": each.get("RepoTags")} for each in noting.images(f"{stack}/*")),
        networks=_sorted(trimmed.network(each, stack, salt) for each in noting.networks()),
        volumes=sorted(_volumes(noting.volumes(), stack, salt, observed), key=lambda each: each["Name"]),
        registries={
            "digests": dict(sorted(noting.digests.items())),
            "insecure": dict(sorted(noting.insecure.items())),
            "unasked": dict(sorted(noting.unasked.items())),
        },
    )


def known_to(project: Project, salt: str) -> list[str]:
    """The texts of a stack, and the salted digests that deployer would keep of them, to open a snapshot with."""
    from deployer.resources.as_read import with_digests
    from deployer.resources.from_stack import desired

    wanted = desired(project.stack, project.origin, {})
    return known_in(with_digests(wanted, project.sources.contents(wanted.services, [])), salt)


def known_in(desired: Desired, salt: str) -> list[str]:
    """The same of what should be."""
    desired, found = salted(desired, salt), set[str]()
    for service in desired.services.values():
        secrecy = Secrecy(salt, service.sensitive, service.hidden)
        for row in CONTAINER_ROWS:
            value = service.asked[row.name]
            stored = secrecy.stored(row, value)
            is_secret = any(text.startswith(HASH) for text in leaves(stored))
            found.update(leaves(value) if is_secret or row.name in trimmed.HIDDEN_ROWS else _options(value))
            found.update(text for text in leaves(stored) if text.startswith(HASH))
        found.update(content.digest for content in service.contents.values())
    for thing in (*desired.networks.values(), *desired.volumes.values()):
        found.update(text for row in trimmed.HIDDEN_ROWS for text in leaves(thing.asked.get(row)))
    return sorted(found)


def _options(value: object) -> Iterator[str]:
    """The texts in the options and labels of a network's or a mount's entry, and the digests of secrets."""
    if isinstance(value, tuple):
        pair = cast("tuple[Any, ...]", value)
        if len(pair) == 2 and pair[0] in trimmed.OPTIONS:
            yield from leaves(pair[1])
        else:
            for each in pair:
                yield from _options(each)
    elif isinstance(value, str) and value.startswith(HASH):
        yield value


def _public(service: DesiredService, salt: str, text: str) -> Iterable[tuple[str, str]]:
    """What a service asks for that stands in the stack file itself, word by word, and not under a secret's name."""
    secrecy = Secrecy(salt, service.sensitive, service.hidden)
    for name in trimmed.HIDDEN_ROWS:
        asked = service.asked.get(name)
        if asked is None:
            continue
        by_entry = (
            asked if name in ("environment", "labels", "annotations", "logging", "healthcheck") else (("", asked),)
        )
        for entry, value in by_entry:
            if not secrecy.hides(name, entry, value):
                said = "" if name == "healthcheck" else entry
                yield from ((said, each) for each in leaves(value) if _stands(each, said.removeprefix(OPTION), text))


def _stands(value: str, entry: str, text: str) -> bool:
    """Of what has a name the name stands before it, on the same line."""
    if not entry:
        return value in text
    return any(value in line[line.index(entry) + len(entry) :] for line in text.splitlines() if entry in line)


def _text_of(files: Collection[str]) -> str:
    found: list[str] = []
    for each in files:
        try:
            found.append(Path(each).read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
    return "\n".join(found)


def _salt(observed: Observed, stack: str, info: EngineInfo) -> str:
    """The stack's own; where it has none yet, one that is the same each time."""
    if observed.records.all or any(
        section(each.raw, "Config.Labels").get(identity.SALT) for each in observed.containers
    ):
        return observed.records.salt
    return hashlib.sha256(f"{stack}\0{info.host}".encode()).hexdigest()[:32]


def _counts_swap(reader: Reader) -> bool:
    try:
        return reader.system().get("SwapLimit") is not False
    except DeployerError:
        return True


def _volumes(volumes: Iterable[Json], stack: str, salt: str, observed: Observed) -> Iterable[dict[str, Any]]:
    dead = {name for each in observed.records.abandoned for name in each.volumes}
    ours = {name for each in observed.records.all for name in each.volumes} | set(observed.records.strays)
    for each in volumes:
        if each["Name"] in ours:
            yield trimmed.record(each, is_dead=each["Name"] in dead)
        elif not identity.is_record(each["Name"]):
            yield trimmed.volume(each, stack, salt)


def _sorted(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda each: each["Id"])
