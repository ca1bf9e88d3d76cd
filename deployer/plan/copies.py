"""Secrets and configs in a plan: what is copied where, and a change of them told without what they hold."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deployer.errors import Diagnostic, Place
from deployer.fields.copies import FOLDER, SECTIONS, content_of, is_beneath, path_of
from deployer.fields.field import Value
from deployer.plan.model import FieldChange
from deployer.plan.steps import CopiedFile, Copies
from deployer.resources.desired import DesiredService
from deployer.resources.observed import ObservedContainer

if TYPE_CHECKING:
    from deployer.plan.diff import Sides


def copies_of(service: DesiredService) -> tuple[Copies, ...]:
    """What is copied into each container of a service, by the folder that it is unpacked in."""
    folders: dict[str, list[CopiedFile]] = {}
    for section in SECTIONS:
        for copy in _written(service, section):
            folder = FOLDER if is_beneath(copy.path, FOLDER) else "/"
            path = posixpath.relpath(copy.path, folder)
            file = CopiedFile(path, f"{section}.{copy.source}", copy.uid, copy.gid, copy.mode)
            folders.setdefault(folder, []).append(file)
    return tuple(Copies(folder, tuple(files)) for folder, files in sorted(folders.items(), reverse=True))


def volume_over(path: str, volumes: Iterable[str]) -> str | None:
    """The volume that a file would lie in, and stay in when its container goes; not that of the secrets itself."""
    others = (volume for volume in volumes if volume != FOLDER)
    return None if is_beneath(path, FOLDER) else next((each for each in others if is_beneath(path, each)), None)


def into_volume(service: str, path: str, volume: str, place: Place | None = None) -> Diagnostic:
    where = f"the volume that the image has at {volume}"
    message = f"services.{service}: {path} would be copied into {where}, and stay there"
    return Diagnostic("copy-into-volume", message, place, f"give it a target outside of it, such as beneath {FOLDER}")


def as_bound(service: DesiredService, container: ObservedContainer) -> Mapping[str, Value]:
    """The container's values, with what Compose bound or copied taken for a copy, where it is what would be copied.

    So a project of Compose's is taken over as it is, until the container is replaced for another reason.
    """
    if container.applied is not None:
        return container.values
    values = dict(container.values)
    mounts = dict(values["volumes"])
    for section in SECTIONS:
        files = {
            copy.entry: content_of(section, copy.source, service.context).file for copy in _written(service, section)
        }
        for entry, wanted in service.asked[section]:
            if mounts.get(path_of(entry), ("",))[:2] == ("bind", files[entry]):
                del mounts[path_of(entry)]
                values[section] = (*values[section], (entry, wanted))
            elif container.copied.get(path_of(entry)) == wanted:
                values[section] = (*values[section], (entry, wanted))
        values[section] = tuple(sorted(values[section]))
    return {**values, "volumes": tuple(sorted(mounts.items()))}


def told(change: FieldChange, sides: Sides, section: str, entry: str, have: Any, want: Any) -> FieldChange:
    """A change of a copy as it is shown: of another content that it is another one, and nothing of it."""
    if not isinstance(have, tuple) or not isinstance(want, tuple) or have[0] == want[0]:
        return change
    copy = next(each for each in _written(sides.service, section) if each.entry == entry)
    content = content_of(section, copy.source, sides.service.context)
    note = f"{content.name} changed"
    if have[1:] != want[1:]:
        note += f"; {change.before} -> {change.after}"
    at = sides.place(section, copy.source, "file" if content.file else "content") if change.at else None
    return replace(change, before=None, after=None, applied=None, sensitive=section == "secrets", note=note, at=at)


def _written(service: DesiredService, section: str) -> tuple[Any, ...]:
    said = service.written.get(section)
    return said.value if said else ()
