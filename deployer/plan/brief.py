"""A new container in a few words: what it runs, what it has of its host, where it can be reached, what it mounts."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from deployer.fields.container import BY_NAME
from deployer.fields.field import Value
from deployer.fields.mounts import is_nameless
from deployer.plan.model import Shows
from deployer.plan.powers import HOSTS_OWN, is_loose, is_the_hosts, powers
from deployer.resources.desired import DesiredService

_LONGEST = 100
"""Characters of mounts that are named on the line; of more than that only those that give away much."""


def brief(service: DesiredService) -> str:
    """`redis:7, privileged, port 127.0.0.1:6379:6379, data:/data`, and whether it runs once; of a build its address, as
    its tag says nothing to a person. Where there are many mounts, they are counted, but for those of the host's own
    folders and of sockets.
    """
    ports = BY_NAME["ports"].kind.show(service.asked["ports"]).replace('"', "")
    name = service.asked["container_name"]
    parts = (
        image_in_brief(service),
        *in_brief(service, powers(service.asked)),
        f"port{'s' if ', ' in ports else ''} {ports}" if ports else "",
        f"container_name: {name}" if name else "",
        _in_brief(service),
        "runs once" if service.completes else "",
    )
    return ", ".join(part for part in parts if part)


def image_in_brief(service: DesiredService) -> str:
    return service.image.address if service.image.address.startswith("build.") else service.image.reference


def is_in_brief(service: DesiredService, row: str) -> bool:
    """Whether what a service asks for of a row is on that line."""
    if row in HOSTS_OWN:
        return service.asked[row] == "host"
    loose = row == "security_opt" and any(map(is_loose, service.asked[row]))
    return loose or row in ("image", "ports", "container_name", "volumes", "tmpfs", "privileged", "cap_add", "devices")


def mounts(service: DesiredService) -> tuple[str, ...]:
    """All that it mounts, as the stack file would say it, `./conf:/etc/shop:ro`; what gives away much comes first."""
    return tuple(text for _, text in sorted(_mounts(service), key=lambda each: not each[0]))


def _in_brief(service: DesiredService) -> str:
    every = mounts(service)
    if len(", ".join(every)) <= _LONGEST and Shows.NOTHING.value not in every:
        return ", ".join(every)
    great = [text for is_great, text in _mounts(service) if is_great and text != Shows.NOTHING.value]
    rest = len(every) - len(great)
    more = f"{rest} {'more ' if great else ''}mount{'s' if rest > 1 else ''}"
    return ", ".join([*great, *([more] if rest else [])])


def in_brief(service: DesiredService, found: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Powers over the host, a text a row: `privileged`, `pid: host`, `cap_add: NET_ADMIN SYS_ADMIN`."""
    for row, those in groupby(found, key=itemgetter(0)):
        text = " ".join(filter(None, (each for _, each in those)))
        hidden = text and row not in HOSTS_OWN and service.hides(row)
        yield f"{row}: {Shows.NOTHING.value if hidden else text}" if text else row


def mount_texts(service: DesiredService) -> dict[str, str]:
    """What is mounted of the host, of volumes and of images, by target, as the stack file would say it."""
    return {target: text for target, (_, text) in _volumes(service).items()}


def _mounts(service: DesiredService) -> Iterator[tuple[bool, str]]:
    """Each mount, and whether it is of something that is the host's own."""
    yield from _volumes(service).values()
    tmpfs: Value = service.asked.get("tmpfs", ())
    yield from ((False, f"tmpfs:{target}") for target, _ in tmpfs)


def _volumes(service: DesiredService) -> dict[str, tuple[bool, str]]:
    row = BY_NAME["volumes"]
    found: dict[str, tuple[bool, str]] = {}
    keys = {name: key for key, name in service.context.volumes.items()}
    for target, value in service.asked["volumes"]:
        kind, source, *options = value
        said = _from_folder(source, service.context.folder) if kind == "bind" else keys.get(source, source)
        text = f"(volume):{target}" if is_nameless(value) else row.shown(target, (kind, said, *options))
        shown = Shows.NOTHING.value if service.hides("volumes", target) else text
        found[target] = (kind == "bind" and is_the_hosts(source), shown)
    return found


def _from_folder(path: str, folder: str) -> str:
    """As it is written from the stack's folder, where it lies in it."""
    if not folder or not path.startswith(f"{folder.rstrip('/')}/"):
        return path
    return f"./{posixpath.relpath(path, folder)}"
