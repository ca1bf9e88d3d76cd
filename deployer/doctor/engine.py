"""How an engine is, by what it says of itself, its disk and its clock. Plain values in, findings out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deployer.doctor.finding import Finding, ok, problem, warning

Json = Mapping[str, Any]

_KIB = 1024
_SLOW_CLOCK = 2.0
_LITTLE, _TOO_LITTLE = 2 * _KIB**3, 200 * _KIB**2
_SMALL_SHARE = 0.05
_OLD_DRIVERS = {
    "vfs": "it copies every layer as a whole, which is slow and takes the disk many times over",
    "aufs": "engines from 24 on do not have it any more",
    "devicemapper": "engines from 25 on do not have it any more",
    "overlay": "engines from 24 on do not have it any more",
}


def engine(host: str, chosen_by: str, version: str, api: str) -> Finding:
    return ok("engine", f"{version} (API {api}) at {host}, from {chosen_by}")


def system_warnings(info: Json) -> Iterator[Finding]:
    """What the engine itself warns of, in its own words."""
    for each in info.get("Warnings") or ():
        text = str(each).removeprefix("WARNING: ")
        yield warning("engine", text, "the engine says so of its host: its kernel, or how it was started")


def storage(info: Json) -> Finding:
    driver, cgroups = str(info.get("Driver") or "?"), str(info.get("CgroupVersion") or "1")
    detail = f"{driver}, cgroup v{cgroups} by {info.get('CgroupDriver') or '?'}"
    if why := _OLD_DRIVERS.get(driver):
        hint = f'{why}: "storage-driver": "overlay2" in daemon.json, after save and before load of the images'
        return warning("storage", detail, hint)
    return ok("storage", detail)


def disk_usage(usage: Json) -> Finding:
    """What could be taken back: images that no container has, containers that do not run, caches."""
    images: Sequence[Json] = usage.get("Images") or ()
    unused: list[Json] = [each for each in images if not each.get("Containers")]
    ours = sum(_size(each, "Size") - max(0, _size(each, "SharedSize")) for each in unused)
    containers: Sequence[Json] = usage.get("Containers") or ()
    stopped = [each for each in containers if each.get("State") not in ("running", "paused")]
    volumes: list[Json] = [each.get("UsageData") or {} for each in usage.get("Volumes") or ()]
    loose = sum(max(0, _size(each, "Size")) for each in volumes if not each.get("RefCount"))
    caches: list[Json] = [each for each in usage.get("BuildCache") or () if not each.get("InUse")]
    back = [
        (ours, "images"),
        (sum(_size(each, "SizeRw") for each in stopped), "stopped containers"),
        (sum(_size(each, "Size") for each in caches), "build caches"),
    ]
    parts = [f"{_human(size)} in {what}" for size, what in back if size]
    free = f"{', '.join(parts)} could be taken back" if parts else "nothing could be taken back"
    kept = f"; {_human(loose)} in volumes that no container has" if loose else ""
    hint = (
        "`docker image prune -a` and `docker builder prune` take it back; look first at what they name" if parts else ""
    )
    return ok("disk", f"layers take {_human(_size(usage, 'LayersSize'))}; {free}{kept}", hint)


def free_space(folder: str, free: int, whole: int) -> Finding:
    detail = f"{_human(free)} of {_human(whole)} free for {folder}"
    hint = "`docker system df` shows what takes it; `docker image prune -a` removes images that no container has"
    if free < _TOO_LITTLE:
        return problem("space", detail, hint)
    if free < _LITTLE or (whole and free / whole < _SMALL_SHARE):
        return warning("space", detail, hint)
    return ok("space", detail)


def clock(before: float, engine: float, after: float) -> Finding:
    """The engine's time, asked between two looks at ours; it tells whole seconds, cut off."""
    behind, ahead = max(0.0, before - (engine + 1)), max(0.0, engine - after)
    away = max(behind, ahead)
    if away <= _SLOW_CLOCK:
        return ok("clock", "the engine's clock and this machine's agree")
    which = "behind" if behind else "ahead of"
    hint = "set both by NTP (timedatectl set-ntp true): logs, health and turns go by the engine's clock"
    return warning("clock", f"the engine's clock is {away:.0f} s {which} this machine's", hint)


def live_restore(info: Json) -> Finding:
    if info.get("LiveRestoreEnabled"):
        return ok("live-restore", "on: containers go on while the engine restarts")
    detail = "off: a restart of the engine takes every container down"
    swarm: Json = info.get("Swarm") or {}
    if swarm.get("LocalNodeState") not in (None, "", "inactive"):
        return ok("live-restore", detail, "a Swarm node cannot have it on")
    hint = '"live-restore": true in daemon.json, then `sudo systemctl reload docker`: no restart is needed for it'
    return ok("live-restore", detail, hint)


def builders(buildx: str) -> Finding:
    if buildx:
        return ok("builders", f"the engine's own builder; buildx is there, too: {buildx}")
    return ok("builders", "the engine's own builder; no buildx here")


def _size(thing: Json, key: str) -> int:
    return int(thing.get(key) or 0)


def _human(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < _KIB:
            return f"{size:.0f} {unit}" if unit in ("B", "KiB") else f"{size:.1f} {unit}"
        size /= _KIB
    return f"{size:.1f} TiB"
