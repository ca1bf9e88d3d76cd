"""What a container sees of the outside: named volumes, folders of the host, memory. One entry a target."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from deployer.fields.copies import is_copy
from deployer.fields.field import Context, Json, Kind, Value, put, section
from deployer.fields.kinds import Count, Flag, Model, Size, Text
from deployer.fields.parse import describe, refusal, show_size

_HINT = "write it as data:/var/lib/data, ./conf:/etc/app:ro, or in the long form with type, source and target"
_ACCESS = ("ro", "rw")
_LATER = ("z", "Z", "cached", "delegated", "consistent")


def target_path(written: Any) -> str:
    if not isinstance(written, str) or not written.startswith("/"):
        raise refusal("bad-volume", f"the target must be an absolute path, not {describe(written)}", _HINT)
    return "/" + posixpath.normpath(written).lstrip("/")


Propagation = Literal["rprivate", "private", "rshared", "shared", "rslave", "slave"]


_PROPAGATIONS = get_args(Propagation)


class BindOptions(Model):
    propagation: Propagation = Field(
        default="rprivate",
        description="Whether mounts made later on one side are seen on the other; rprivate unless set.",
    )
    create_host_path: Flag = Field(
        default=True, description="Whether a folder is made on the host where nothing is; else that is an error."
    )

    @classmethod
    def later(cls) -> frozenset[str]:
        return frozenset({"selinux", "recursive"})


class VolumeOptions(Model):
    nocopy: Flag = Field(
        default=False, description="Whether a new volume stays empty; else it gets what the image has at its target."
    )

    @classmethod
    def later(cls) -> frozenset[str]:
        return frozenset({"subpath", "labels"})


class TmpfsOptions(Model):
    size: Size = Field(default=0, description="How much it may hold; half of the memory unless set.")
    mode: Count = Field(default=0, description="Permissions of its root, such as 0o1777.")


class Mount(Model):
    """One entry of `volumes`, in the long form."""

    type: Literal["volume", "bind", "tmpfs"] = Field(
        description="volume, bind (a folder or file of the host) or tmpfs (memory)."
    )
    source: Text = Field(
        default="",
        description="Key of the volume, or path on the host, relative to the stack file; a volume may have none.",
    )
    target: Annotated[str, BeforeValidator(target_path, json_schema_input_type=str)] = Field(
        description="Absolute path in the container."
    )
    read_only: Flag = Field(default=False, description="Nothing can be written there.")
    bind: BindOptions | None = Field(default=None, description="For type bind.")
    volume: VolumeOptions | None = Field(default=None, description="For type volume.")
    tmpfs: TmpfsOptions | None = Field(default=None, description="For type tmpfs.")

    @classmethod
    def later(cls) -> frozenset[str]:
        return frozenset({"consistency", "image"})


def is_path(source: str) -> bool:
    """Whether a short form's source is a folder of the host: it starts with a dot, a slash or a tilde (Compose
    Specification, volumes).
    """
    return source.startswith((".", "/", "~"))


def mount(written: Any) -> Any:
    """The long form of `source:target[:options]`, and of the target of a volume without a name."""
    if isinstance(written, dict):
        return cast("dict[str, Any]", written)
    parts = written.split(":") if isinstance(written, str) else []
    if len(parts) == 1 and parts[0].startswith("/"):
        return {"type": "volume", "target": parts[0], "volume": {}}
    if len(parts) not in (2, 3) or not parts[0]:
        raise refusal("bad-volume", f"expected a volume, not {describe(written)}", _HINT)
    kind = "bind" if is_path(parts[0]) else "volume"
    options = _options(str(parts[2]) if len(parts) == 3 else "rw", kind)
    short: dict[str, Any] = {"type": kind, "source": parts[0], "target": target_path(parts[1])}
    if "ro" in options:
        short["read_only"] = True
    propagation = next((each for each in options if each in _PROPAGATIONS), None)
    short["bind" if kind == "bind" else "volume"] = {
        **({"propagation": propagation} if propagation else {}),
        **({"create_host_path": True} if kind == "bind" else {"nocopy": True} if "nocopy" in options else {}),
    }
    return short


def _options(written: str, kind: str) -> list[str]:
    """Those of the short form; each is of one kind of mount."""
    options = written.split(",")
    own = _PROPAGATIONS if kind == "bind" else ("nocopy",)
    for option in options:
        if option in _LATER:
            raise refusal("not-supported-yet", f"the volume option {option!r} is not supported yet", "ro or rw")
        if option not in (*_ACCESS, *own):
            raise refusal("bad-volume", f"no option of a {kind} is named {option!r}", ", ".join((*_ACCESS, *own)))
    return options


def sourced(entry: Mount) -> Mount:
    """Checks what type and source cannot tell alone."""
    if entry.type == "bind" and not entry.source:
        raise refusal("bad-volume", f"the bind at {entry.target} has no source", "source: the path on the host")
    if entry.type == "tmpfs" and entry.source:
        raise refusal("bad-volume", f"the tmpfs at {entry.target} has a source", "take it out: it is memory")
    if entry.type == "bind" and entry.source.startswith("~"):
        hint = f"write it as ${{HOME}}{entry.source[1:]}" if entry.source.startswith("~/") else _HINT
        raise refusal("not-supported-yet", f"the home folder in {entry.source!r} is not supported yet", hint)
    for kind in ("bind", "volume", "tmpfs"):
        if kind != entry.type and getattr(entry, kind):
            hint = f"take it out, or say it under {entry.type}"
            raise refusal("bad-volume", f"the {entry.type} at {entry.target} has options for a {kind}", hint)
    return entry


Mounts = tuple[
    Annotated[Mount, BeforeValidator(mount, json_schema_input_type=str | Mount), AfterValidator(sourced)], ...
]


def _normal(mounts: Any, context: Context) -> Value:
    return tuple(sorted((entry.target, _canonical(entry, context)) for entry in mounts))


def _canonical(entry: Mount, context: Context) -> Value:
    """(type, source, read-only, size, mode), then pairs of further options that are set: the source as the engine names
    it, "" of a volume without a name.
    """
    match entry.type:
        case "volume":
            source = context.volumes.get(entry.source, entry.source)
            return _value("volume", source, entry.read_only, nocopy=bool(entry.volume and entry.volume.nocopy))
        case "bind":
            propagation = entry.bind.propagation if entry.bind else ""
            return _value("bind", host_path(entry.source, context.folder), entry.read_only, propagation=propagation)
        case "tmpfs":
            options = entry.tmpfs or TmpfsOptions(size=0, mode=0)
            return _value("tmpfs", "", entry.read_only, options.size, options.mode)


def _value(
    kind: str,
    source: str,
    read_only: bool,
    size: int = 0,
    mode: int = 0,
    *,
    propagation: str = "",
    nocopy: bool = False,
) -> Value:
    further = {"nocopy": nocopy, "propagation": "" if propagation == "rprivate" else propagation}
    return (kind, source, read_only, size, mode, *((name, option) for name, option in further.items() if option))


def host_path(source: str, folder: str) -> str:
    """The absolute, cleaned path of a bind's source; two spellings of one path are one."""
    return posixpath.normpath(posixpath.join(folder, source))


def write_mounts(body: dict[str, Any], mounts: Value, written: Any, _: Context) -> None:
    """Binds go as Mounts where a missing source is an error, which it is then at create; as Binds where the folder is
    to be made, which Mounts cannot.
    """
    kept = {entry.target for entry in written or () if entry.bind and not entry.bind.create_host_path}
    entries: list[dict[str, Any]] = []
    binds: list[str] = []
    for target, value in mounts:
        if value[0] == "bind" and target not in kept:
            binds.append(_bind(target, value))
        else:
            entries.append(_entry(target, value))
    if entries:
        put(body, "HostConfig.Mounts", entries)
    if binds:
        put(body, "HostConfig.Binds", binds)


def _bind(target: str, value: Value) -> str:
    _, source, read_only, _, _, *further = value
    return ":".join((source, target, ",".join(("ro" if read_only else "rw", *(option for _, option in further)))))


def _entry(target: str, value: Value) -> dict[str, Any]:
    kind, source, read_only, size, mode, *further = value
    options = dict(further)
    entry: dict[str, Any] = {"Type": kind, "Target": target, "ReadOnly": read_only}
    if source:
        entry["Source"] = source
    if size or mode:
        entry["TmpfsOptions"] = {"SizeBytes": size, "Mode": mode}
    if "propagation" in options:
        entry["BindOptions"] = {"Propagation": options["propagation"]}
    if "nocopy" in options:
        entry["VolumeOptions"] = {"NoCopy": True}
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
    propagation = next((option for option in options if option in _PROPAGATIONS), "")
    return _value(kind, _source(source), "ro" in options, propagation=propagation, nocopy="nocopy" in options)


def _read_entry(entry: Json) -> Value:
    memory = section(entry, "TmpfsOptions")
    return _value(
        entry["Type"],
        _source(entry.get("Source") or ""),
        entry.get("ReadOnly", False),
        memory.get("SizeBytes", 0),
        memory.get("Mode", 0),
        propagation=section(entry, "BindOptions").get("Propagation", ""),
        nocopy=section(entry, "VolumeOptions").get("NoCopy", False),
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
    options += [name if option is True else option for name, option in further]
    shown = "" if is_nameless(value) else source or kind
    return ":".join(part for part in (shown, target, ",".join(options)) if part)


MOUNTS = Kind(Mounts, _normal, list, tuple, str, keyed=True, show_entry=_show)
