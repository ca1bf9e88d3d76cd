"""The kept answers, for the planner that would ask an engine: nothing is asked of anybody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NoReturn

from deployer.errors import Diagnostic
from deployer.fields.container import FIELDS
from deployer.fields.field import Context, section
from deployer.reconcile.protocol import EngineInfo, EngineRefused, Json
from deployer.resources import identity
from deployer.resources.inspected import rows_of
from deployer.snapshot.form import Snapshot
from deployer.snapshot.hiding import SAME, Text, mapped, opener
from deployer.snapshot.trimmed import digest_in, dumped, with_hash


class SnapshotReader:
    """The answers of a snapshot, in which all is opened that is `known` here, as if it had been taken in `folder`.

    `unasked` are the images of which the snapshot does not say whether they are on the engine.
    """

    def __init__(self, snapshot: Snapshot, shown: str, known: Callable[[str], Sequence[str]], folder: str) -> None:
        self._snapshot, self._shown = snapshot, shown
        self.unasked: set[str] = set()
        opened = opener(snapshot.salt, known(snapshot.salt))
        moved = _mover(snapshot.folder, folder)

        def text(one: str) -> str:
            return moved(opened(one))

        def all_opened(documents: Iterable[Json]) -> list[Json]:
            return [_opened(each, text, snapshot.salt) for each in documents]

        self._containers = all_opened(snapshot.containers)
        self._inspects = {each["Id"]: each for each in all_opened(snapshot.inspects)}
        self._networks, self._volumes = all_opened(snapshot.networks), all_opened(snapshot.volumes)
        self._images = {name: mapped(each, text) for name, each in snapshot.images.items()}

    def info(self) -> EngineInfo:
        engine = self._snapshot.engine
        host, version, api, own = (engine[key] for key in ("host", "version", "api", "platform"))
        return EngineInfo(host, version, api, own, taken=self._snapshot.taken)

    def now(self) -> float:
        return datetime.fromisoformat(self._snapshot.taken).timestamp()

    def containers(self) -> Sequence[Json]:
        return self._containers

    def container(self, name_or_id: str) -> Json | None:
        return next((each for each in self._inspects.values() if name_or_id in (each["Id"], each["Name"][1:])), None)

    def inspected(self, ids: Sequence[str]) -> Sequence[Json]:
        return [self._inspects[id] for id in ids if id in self._inspects]

    def image(self, reference: str) -> Json | None:
        if reference in self._images:
            return self._images[reference]
        by_id = next((each for each in self._images.values() if each and each["Id"] == reference), None)
        if by_id is None:
            self.unasked.add(reference)
        return by_id

    def images(self, _: str) -> Sequence[Json]:
        return self._snapshot.builds

    def networks(self) -> Sequence[Json]:
        return self._networks

    def network(self, name_or_id: str) -> Json | None:
        return next((each for each in self._networks if name_or_id in (each["Id"], each["Name"])), None)

    def volumes(self, name: str = "") -> Sequence[Json]:
        return [each for each in self._volumes if name in each["Name"]]

    def volume(self, name: str) -> Json | None:
        return next((each for each in self._volumes if each["Name"] == name), None)

    def system(self) -> Json:
        return {"SwapLimit": self._snapshot.engine["counts_swap"]}

    def registry_digest(self, reference: str) -> str | None:
        digests, unasked = (self._snapshot.registries.get(key, {}) for key in ("digests", "unasked"))
        if reference not in digests:
            why = unasked.get(reference, f"it was not asked when {self._shown} was taken")
            raise EngineRefused(Diagnostic("not-in-snapshot", f"what {reference} is in its registry: {why}"))
        return digests[reference]

    def takes_as_insecure(self, host: str) -> bool | None:
        return self._snapshot.registries["insecure"].get(host)

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        """All other requests, of which no plan needs an answer."""
        return lambda *_, **__: self._nobody_asked(name.replace("_", " "))

    def _nobody_asked(self, what: str) -> NoReturn:
        raise EngineRefused(Diagnostic("not-in-snapshot", f"{self._shown} does not have that: {what}"))


def _mover(before: str, now: str) -> Text:
    """Gives a path beneath the folder that the stack file lay in as one beneath that where it lies now."""
    if before in ("", "/", now):
        return lambda text: text
    starts = tuple(f"{kind}{before}" for kind in ("", "folder:"))

    def moved(text: str) -> str:
        for start in starts:
            if text == start or text.startswith((f"{start}/", f"{start}:")):
                return start.removesuffix(before) + now + text[len(start) :]
        return text

    return moved


def _opened(document: Json, text: Text, salt: str) -> Json:
    """A container, network or volume, opened; of the labels in it that hold JSON each text for itself."""
    inside = section(document, "Config.Labels")
    labels = {name: _label(said, text) for name, said in (inside or section(document, "Labels")).items()}
    if identity.APPLIED in labels and inside:
        opened = {**mapped(document, text), "Config": {**mapped(document["Config"], text), "Labels": labels}}
        labels[identity.APPLIED] = _same_again(labels[identity.APPLIED], opened, salt)
    if identity.APPLIED in labels and labels.get(identity.CONFIG_HASH) not in (None, "damaged"):
        labels[identity.CONFIG_HASH] = with_hash(labels[identity.APPLIED])
    if inside:
        return {**mapped(document, text), "Config": {**mapped(document["Config"], text), "Labels": labels}}
    return {**mapped(document, text), "Labels": labels}


def _label(said: str, text: Text) -> str:
    if not said.startswith("{"):
        return text(said)
    try:
        return dumped(mapped(json.loads(said), text))
    except (ValueError, RecursionError):
        return said


def _same_again(label: str, inspect: Json, salt: str) -> str:
    """What was applied, where it was the digest of what is there: as the digest of what that is called here."""
    if SAME not in label:
        return label
    values, rows = rows_of(FIELDS, inspect, Context()), {row.name: row for row in FIELDS}
    document = json.loads(label)

    def again(row: str, entry: str, value: Any) -> Any:
        return digest_in(salt, values[row], rows[row], entry) if value == SAME else value

    fields = {
        row: {entry: again(row, entry, one) for entry, one in value.items()}
        if isinstance(value, dict)
        else again(row, "", value)
        for row, value in document["fields"].items()
    }
    return dumped({**document, "fields": fields})
