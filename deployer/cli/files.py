"""What `deployer status --files` shows: the files of each container that are not as in its image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from deployer.cli.output import Format
from deployer.render.harmless import harmless

if TYPE_CHECKING:
    from deployer.cli.services import Replica
    from deployer.reconcile.protocol import Json, Reader

FORMAT_VERSION = 1
_LETTERS = {0: "C", 1: "A", 2: "D"}
_AT_ONCE = 8


def changed_files(reader: Reader, replicas: Sequence[Replica], stack: str, format: Format) -> str:
    """A line a file, after the container's name: A is there in addition, C has changed, D is gone; or JSON."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda replica: reader.changed_files(replica.id), replicas))
    if format is Format.JSON:
        containers = [_as_object(*pair) for pair in zip(replicas, found, strict=True)]
        return json.dumps({"format_version": FORMAT_VERSION, "stack": stack, "containers": containers}, indent=2)
    lines: list[str] = []
    for replica, changes in zip(replicas, found, strict=True):
        lines += [harmless(replica.name), *(f"  {_LETTERS[each['Kind']]} {harmless(each['Path'])}" for each in changes)]
    return "\n".join(lines)


def _as_object(replica: Replica, changes: Sequence[Json]) -> Json:
    return {
        "container": replica.name,
        "service": replica.service,
        "number": replica.number,
        "files": [{"kind": _LETTERS[each["Kind"]], "path": each["Path"]} for each in changes],
    }
