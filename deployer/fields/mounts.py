"""What a container sees of the outside: named volumes, folders of the host, memory, images. One entry a target."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Any

from deployer.fields.copies import is_copy
from deployer.fields.field import Context, Json, Kind, Value, put, section
from deployer.fields.kinds import pairs, user_labels
from deployer.fields.mount_forms import (
    PROPAGATIONS,
    READ_ONLY_BELOW,
    SELINUX,
    BindOptions,
    Mount,
    Mounts,
    TmpfsOptions,
    VolumeOptions,
    target_path,
)
from deployer.fields.parse import show_size
from deployer.fields.references import with_tag


def _normal(mounts: Any, context: Context) -> Value:
    return tuple(sorted((entry.target, _canonical(entry, context)) for entry in mounts))


def _canonical(entry: Mount, context: Context) -> Value:
    """(type, source, read-only, size, mode), then pairs of further options that are set: the source as the engine names
    it, "" of a volume without a name.
    """
    match entry.type:
        case "volume":
            source, options = context.volumes.get(entry.source, entry.source), entry.volume or VolumeOptions()
            further = {"nocopy": options.nocopy, "labels": pairs(options.labels), "subpath": options.subpath}
            further["selinux"] = entry.bind.selinux if entry.bind else None
            return _value("volume", source, entry.read_only, further=further)
        case "bind":
            bind = entry.bind or BindOptions()
            path = host_path(entry.source, context.folder)
            further = {"propagation": bind.propagation, "recursive": bind.recursive, "selinux": bind.selinux}
            return _value("bind", path, entry.read_only, further=further)
        case "image":
            further = {"subpath": entry.image.subpath if entry.image else None}
            return _value("image", with_tag(entry.source), False, further=further)
        case "tmpfs":
            options = entry.tmpfs or TmpfsOptions(size=0, mode=0)
            return _value("tmpfs", "", entry.read_only, options.size, options.mode)


NOTHING: Json = MappingProxyType({})
_FURTHER = ("nocopy", "propagation", "recursive", "selinux", "subpath", "labels")
_UNSET = (None, False, "", (), "rprivate", "enabled")
_RECURSIVE = {
    "disabled": "NonRecursive",
    "writable": "ReadOnlyNonRecursive",
    "readonly": "ReadOnlyForceRecursive",
}
"""The flags of the engine's BindOptions."""


def _value(kind: str, source: str, read_only: bool, size: int = 0, mode: int = 0, further: Json = NOTHING) -> Value:
    said = ((name, further[name]) for name in _FURTHER if further.get(name) not in _UNSET)
    return (kind, source, read_only, size, mode, *said)


def parts_since(written: tuple[Mount, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What of a mount not every engine has."""
    for index, entry in enumerate(written):
        if entry.type == "image":
            yield (index, "type"), "1.48"
        if entry.volume and entry.volume.subpath:
            yield (index, "volume", "subpath"), "1.45"
        if entry.bind and entry.bind.recursive in READ_ONLY_BELOW:
            yield (index, "bind", "recursive"), "1.44"


def images_of(mounts: Value) -> frozenset[str]:
    """The references of the images that are mounted."""
    return frozenset(value[1] for _, value in mounts if value[0] == "image")


def needed_paths(written: Sequence[Mount], folder: str) -> Iterator[tuple[int, str]]:
    """The paths of the host that must be there, as nobody makes them, each with the index of its entry."""
    for index, entry in enumerate(written):
        if _must_be_there(entry):
            yield index, host_path(entry.source, folder)


def made_paths(written: Sequence[Mount], folder: str) -> Iterator[tuple[str, str]]:
    """The paths of the host where the engine makes a folder if nothing is there, each with the target of its mount."""
    for entry in written:
        if entry.type == "bind" and not _must_be_there(entry):
            yield entry.target, host_path(entry.source, folder)


def _must_be_there(entry: Mount) -> bool:
    return entry.type == "bind" and entry.bind is not None and not entry.bind.create_host_path


def host_path(source: str, folder: str) -> str:
    """The absolute, cleaned path of a bind's source; two spellings of one path are one."""
    return posixpath.normpath(posixpath.join(folder, source))


def write_mounts(body: dict[str, Any], mounts: Value, written: Any, _: Context) -> None:
    """Binds go as Mounts where a missing source is an error, which it is then at create; as Binds where the folder is
    to be made, which Mounts cannot before API 1.42. What only one of them can say decides where it goes, too.
    """
    kept = {entry.target for entry in written or () if _must_be_there(entry)}
    entries: list[dict[str, Any]] = []
    binds: list[str] = []
    for target, value in mounts:
        options = dict(value[5:])
        if "selinux" in options or (value[0] == "bind" and target not in kept and "recursive" not in options):
            binds.append(_bind(target, value))
        else:
            entries.append(_entry(target, value, made=value[0] == "bind" and target not in kept))
    if entries:
        put(body, "HostConfig.Mounts", entries)
    if binds:
        put(body, "HostConfig.Binds", binds)


def _bind(target: str, value: Value) -> str:
    _, source, read_only, _, _, *further = value
    options = (name if option is True else option for name, option in further)
    return ":".join((source, target, ",".join(("ro" if read_only else "rw", *options))))


def _entry(target: str, value: Value, *, made: bool) -> dict[str, Any]:
    """`made` says that the folder of the host is made where nothing is."""
    kind, source, read_only, size, mode, *further = value
    options = dict(further)
    entry: dict[str, Any] = {"Type": kind, "Target": target, "ReadOnly": read_only}
    if source:
        entry["Source"] = source
    if size or mode:
        entry["TmpfsOptions"] = {"SizeBytes": size, "Mode": mode}
    bind = {"Propagation": options["propagation"]} if "propagation" in options else dict[str, Any]()
    bind |= {_RECURSIVE[options["recursive"]]: True} if "recursive" in options else {}
    if made:
        bind["CreateMountpoint"] = True
    if bind:
        entry["BindOptions"] = bind
    subpath = {"Subpath": options["subpath"]} if "subpath" in options else {}
    nocopy = {"NoCopy": True} if "nocopy" in options else {}
    labels = {"Labels": dict(options["labels"])} if "labels" in options else {}
    if kind == "volume" and (subpath or nocopy or labels):
        entry["VolumeOptions"] = {**nocopy, **labels, **subpath}
    if kind == "image" and subpath:
        entry["ImageOptions"] = subpath
    return entry


def is_anonymous(volume: str) -> bool:
    """Whether the engine gave the volume its name: 64 hexadecimal digits."""
    return len(volume) == 64 and set(volume) <= set("0123456789abcdef")


def is_nameless(value: Value) -> bool:
    """Whether it is a volume without a name."""
    return value[:2] == ("volume", "")


def read_mounts(inspect: Json, _: Context) -> Value:
    """What was asked, by target, from each place where it may stand; the name that the engine gave a volume is no part
    of it, nor is the volume of a container's secrets.
    """
    host = inspect["HostConfig"]
    found = {target_path(target): _value("volume", "", False) for target in section(inspect, "Config.Volumes")}
    for bind in host.get("Binds") or ():
        source, target, *options = bind.split(":")
        found[target_path(target)] = _read_bind(source, ",".join(options).split(","))
    for entry in (each for each in host.get("Mounts") or () if not is_copy(each)):
        found[target_path(entry["Target"])] = _read_entry(entry)
    return tuple(sorted(found.items()))


def _read_bind(source: str, options: Sequence[str]) -> Value:
    """`docker run -v` keeps volumes there, too."""
    kind = "bind" if source.startswith("/") else "volume"
    propagation = next((option for option in options if option in PROPAGATIONS), "")
    selinux = next((option for option in options if option in SELINUX), "")
    further = {"propagation": propagation, "selinux": selinux, "nocopy": "nocopy" in options}
    return _value(kind, _source(source), "ro" in options, further=further)


def _read_entry(entry: Json) -> Value:
    memory, volume, bind = (section(entry, f"{kind}Options") for kind in ("Tmpfs", "Volume", "Bind"))
    if entry["Type"] == "image":
        subpath = section(entry, "ImageOptions").get("Subpath", "")
        return _value("image", entry["Source"], False, further={"subpath": subpath})
    return _value(
        entry["Type"],
        _source(entry.get("Source") or ""),
        entry.get("ReadOnly", False),
        memory.get("SizeBytes", 0),
        memory.get("Mode", 0),
        further={
            "propagation": bind.get("Propagation", ""),
            "recursive": next((said for said, flag in _RECURSIVE.items() if bind.get(flag)), ""),
            "nocopy": volume.get("NoCopy", False),
            "labels": user_labels(dict(section(volume, "Labels"))),
            "subpath": volume.get("Subpath", ""),
        },
    )


def _source(text: str) -> str:
    return "" if not text or is_anonymous(text) else posixpath.normpath(text)


def less_declared(have: Value, want: Value, was: Value) -> Value:
    """Less the volumes without a name that nobody asks or asked for: the image declares them, or did once."""
    asked = {target for side in (want, was) for target, _ in side}
    return tuple((target, value) for target, value in have if target in asked or not is_nameless(value))


def _show(target: str, value: Value) -> str:
    kind, source, read_only, size, mode, *further = value
    options = ["ro"] if read_only else []
    if kind == "tmpfs":
        options += [f"size={show_size(size)}"] if size else []
        options += [f"mode={mode:o}"] if mode else []
    options += [_shown(name, option) for name, option in further]
    shown = "" if is_nameless(value) else source or kind
    return ":".join(part for part in (shown, target, ",".join(options)) if part)


def _shown(name: str, option: Value) -> str:
    match name:
        case "nocopy":
            return name
        case "subpath" | "recursive":
            return f"{name}={option}"
        case "labels":
            return "labels=" + " ".join(f"{label}={text}" for label, text in option)
        case _:
            return option


MOUNTS = Kind(Mounts, _normal, list, tuple, str, keyed=True, show_entry=_show)
