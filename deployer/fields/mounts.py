"""What a container sees of the outside: named volumes, folders of the host, memory. One entry a target."""

from __future__ import annotations

import posixpath
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

from deployer.fields.copies import is_copy
from deployer.fields.field import Context, Json, Kind, Value, put, section
from deployer.fields.kinds import Count, Flag, Model, Size, Text
from deployer.fields.parse import describe, refusal, show_size

_HINT = "write it as data:/var/lib/data, ./conf:/etc/app:ro, or in the long form with type, source and target"
_ACCESS = {"ro": True, "rw": False}


def target_path(written: Any) -> str:
    if not isinstance(written, str) or not written.startswith("/"):
        raise refusal("bad-volume", f"the target must be an absolute path, not {describe(written)}", _HINT)
    return "/" + posixpath.normpath(written).lstrip("/")


class BindOptions(Model):
    create_host_path: Flag = Field(
        False, description="Make the folder on the host where nothing is; the short form does."
    )

    @classmethod
    def later(cls) -> frozenset[str]:
        return frozenset({"propagation", "selinux", "recursive"})


class VolumeOptions(Model):
    @classmethod
    def later(cls) -> frozenset[str]:
        return frozenset({"nocopy", "subpath", "labels"})


class TmpfsOptions(Model):
    size: Size = Field(default=0, description="How much it may hold; half of the memory unless set.")
    mode: Count = Field(default=0, description="Permissions of its root, such as 0o1777.")


class Mount(Model):
    """One entry of `volumes`, in the long form."""

    type: Literal["volume", "bind", "tmpfs"] = Field(
        description="volume (named), bind (a folder or file of the host) or tmpfs (memory)."
    )
    source: Text = Field(default="", description="Key of the volume, or path on the host; relative to the stack file.")
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
    """The long form of `source:target[:ro|rw]`."""
    if isinstance(written, dict):
        return cast("dict[str, Any]", written)
    parts = written.split(":") if isinstance(written, str) else []
    if len(parts) == 1 and parts[0].startswith("/"):
        raise refusal(
            "not-supported-yet",
            "anonymous volumes are not supported yet",
            "give the volume a name: declare it under volumes: and write name:" + parts[0],
        )
    if len(parts) not in (2, 3) or not parts[0]:
        raise refusal("bad-volume", f"expected a volume, not {describe(written)}", _HINT)
    read_only = False
    for option in parts[2].split(",") if len(parts) == 3 else ():
        if option not in _ACCESS:
            known = option in (
                "z",
                "Z",
                "nocopy",
                "rprivate",
                "private",
                "rshared",
                "shared",
                "rslave",
                "slave",
                "cached",
                "delegated",
                "consistent",
            )
            raise refusal(
                "not-supported-yet" if known else "bad-volume",
                f"the volume option {option!r} is not supported yet"
                if known
                else f"no volume option is named {option!r}",
                "ro or rw",
            )
        read_only = _ACCESS[option]
    if is_path(parts[0]):
        return Mount(
            type="bind",
            source=parts[0],
            target=target_path(parts[1]),
            read_only=read_only,
            bind=BindOptions(create_host_path=True),
        )
    return Mount(type="volume", source=parts[0], target=target_path(parts[1]), read_only=read_only)


def sourced(entry: Mount) -> Mount:
    """Checks what type and source cannot tell alone."""
    if entry.type == "volume" and not entry.source:
        hint = "give the volume a name: declare it under volumes: and write it as source"
        raise refusal("not-supported-yet", "anonymous volumes are not supported yet", hint)
    if entry.type == "bind" and not entry.source:
        raise refusal("bad-volume", f"the bind at {entry.target} has no source", "source: the path on the host")
    if entry.type == "tmpfs" and entry.source:
        raise refusal("bad-volume", f"the tmpfs at {entry.target} has a source", "take it out: it is memory")
    if entry.type == "bind" and entry.source.startswith("~"):
        hint = f"write it as ${{HOME}}{entry.source[1:]}" if entry.source.startswith("~/") else _HINT
        raise refusal("not-supported-yet", f"the home folder in {entry.source!r} is not supported yet", hint)
    return entry


Mounts = tuple[
    Annotated[Mount, BeforeValidator(mount, json_schema_input_type=str | Mount), AfterValidator(sourced)], ...
]


def _normal(mounts: Any, context: Context) -> Value:
    return tuple(sorted((entry.target, _canonical(entry, context)) for entry in mounts))


def _canonical(entry: Mount, context: Context) -> Value:
    """(type, source, read-only, size, mode): the source as the engine names it."""
    match entry.type:
        case "volume":
            return ("volume", context.volumes.get(entry.source, entry.source), entry.read_only, 0, 0)
        case "bind":
            return ("bind", host_path(entry.source, context.folder), entry.read_only, 0, 0)
        case "tmpfs":
            options = entry.tmpfs or TmpfsOptions(size=0, mode=0)
            return ("tmpfs", "", entry.read_only, options.size, options.mode)


def host_path(source: str, folder: str) -> str:
    """The absolute, cleaned path of a bind's source; two spellings of one path are one."""
    return posixpath.normpath(posixpath.join(folder, source))


def write_mounts(body: dict[str, Any], mounts: Value, written: Any, _: Context) -> None:
    """Binds go as Mounts, so that a missing source fails at create; as Binds where the folder is to be made, which
    Mounts cannot.
    """
    made = {entry.target for entry in written or () if entry.bind and entry.bind.create_host_path}
    entries: list[dict[str, Any]] = []
    binds: list[str] = []
    for target, (kind, source, read_only, size, mode) in mounts:
        if kind == "bind" and target in made:
            binds.append(f"{source}:{target}:{'ro' if read_only else 'rw'}")
            continue
        entry: dict[str, Any] = {"Type": kind, "Target": target, "ReadOnly": read_only}
        if source:
            entry["Source"] = source
        if size or mode:
            entry["TmpfsOptions"] = {"SizeBytes": size, "Mode": mode}
        entries.append(entry)
    if entries:
        put(body, "HostConfig.Mounts", entries)
    if binds:
        put(body, "HostConfig.Binds", binds)


def is_anonymous(volume: str) -> bool:
    """Whether the engine gave the volume its name: 64 hexadecimal digits."""
    return len(volume) == 64 and set(volume) <= set("0123456789abcdef")


def read_mounts(inspect: Json, _: Context) -> Value:
    """What was asked, by target, from both places where it may stand; what the image declares for itself is no part
    of it, nor is the volume of a container's secrets.
    """
    host = inspect["HostConfig"]
    found: dict[str, Value] = {}
    for bind in host.get("Binds") or ():
        source, target, *options = bind.split(":")
        kind = "bind" if source.startswith("/") else "volume"
        found[target_path(target)] = (kind, posixpath.normpath(source), "ro" in ",".join(options).split(","), 0, 0)
    for entry in (each for each in host.get("Mounts") or () if not is_copy(each)):
        options = section(entry, "TmpfsOptions")
        source = posixpath.normpath(entry["Source"]) if entry.get("Source") else ""
        found[target_path(entry["Target"])] = (
            entry["Type"],
            source,
            entry.get("ReadOnly", False),
            options.get("SizeBytes", 0),
            options.get("Mode", 0),
        )
    return tuple(sorted((target, value) for target, value in found.items() if not is_anonymous(value[1])))


def _show(target: str, value: Value) -> str:
    kind, source, read_only, size, mode = value
    options = ["ro"] if read_only else []
    if kind == "tmpfs":
        options += [f"size={show_size(size)}"] if size else []
        options += [f"mode={mode:o}"] if mode else []
    return ":".join(part for part in (source or kind, target, ",".join(options)) if part)


MOUNTS = Kind(Mounts, _normal, list, tuple, str, keyed=True, show_entry=_show)
