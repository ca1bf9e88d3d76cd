"""How a stack file writes a mount: the short form, and the long one that it stands for."""

from __future__ import annotations

import posixpath
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from deployer.fields.kinds import Count, Flag, Labels, Model, Size, Text
from deployer.fields.parse import describe, refusal

_HINT = "write it as data:/var/lib/data, ./conf:/etc/app:ro, or in the long form with type, source and target"
_ACCESS = ("ro", "rw")
SELINUX = ("z", "Z")
_CONSISTENCY = ("cached", "delegated", "consistent")
"""What the engine on a Mac once was told; no engine of ours makes a difference."""


def target_path(written: Any) -> str:
    if not isinstance(written, str) or not written.startswith("/"):
        raise refusal("bad-volume", f"the target must be an absolute path, not {describe(written)}", _HINT)
    return "/" + posixpath.normpath(written).lstrip("/")


Propagation = Literal["rprivate", "private", "rshared", "shared", "rslave", "slave"]


PROPAGATIONS = get_args(Propagation)


class BindOptions(Model):
    selinux: Literal["z", "Z"] | None = Field(
        default=None, description="Relabels it for SELinux: z to be shared by containers, Z for this one alone."
    )
    propagation: Propagation = Field(
        default="rprivate",
        description="Whether mounts made later on one side are seen on the other; rprivate unless set.",
    )
    create_host_path: Flag = Field(
        default=True, description="Whether a folder is made on the host where nothing is; else that is an error."
    )
    recursive: Literal["enabled", "disabled", "writable", "readonly"] = Field(
        default="enabled",
        description="Whether mounts below it are there, too: disabled leaves them out; where it is read_only, writable "
        "leaves them as they are, and readonly makes sure that they are read only.",
    )


READ_ONLY_BELOW = ("writable", "readonly")
"""What `recursive` says of the mounts below one that is read only."""


class VolumeOptions(Model):
    labels: Labels = Field(default={}, description="Labels of the volume, where this container's making makes it.")
    nocopy: Flag = Field(
        default=False, description="Whether a new volume stays empty; else it gets what the image has at its target."
    )
    subpath: Text | None = Field(default=None, description="The folder in the volume to mount; it must be there.")


class ImageOptions(Model):
    subpath: Text | None = Field(default=None, description="The folder in the image to mount.")


class TmpfsOptions(Model):
    size: Size = Field(default=0, description="How much it may hold; half of the memory unless set.")
    mode: Count = Field(default=0, description="Permissions of its root, such as 0o1777.")


class Mount(Model):
    """One entry of `volumes`, in the long form."""

    type: Literal["volume", "bind", "tmpfs", "image"] = Field(
        description="volume, bind (a folder or file of the host), tmpfs (memory) or image (what is in one, to read)."
    )
    source: Text = Field(
        default="",
        description="Key of the volume, path on the host, relative to the stack file, or image; a volume may lack it.",
    )
    target: Annotated[str, BeforeValidator(target_path, json_schema_input_type=str)] = Field(
        description="Absolute path in the container."
    )
    read_only: Flag = Field(default=False, description="Nothing can be written there.")
    consistency: Literal["consistent", "cached", "delegated"] | None = Field(
        default=None, description="Of no meaning; for files that are used on a Mac, too."
    )
    bind: BindOptions | None = Field(default=None, description="For type bind; of a named volume, `selinux` alone.")
    volume: VolumeOptions | None = Field(default=None, description="For type volume.")
    tmpfs: TmpfsOptions | None = Field(default=None, description="For type tmpfs.")
    image: ImageOptions | None = Field(default=None, description="For type image.")


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
    propagation = next((each for each in options if each in PROPAGATIONS), None)
    selinux = next((each for each in options if each in SELINUX), None)
    relabelled = {"selinux": selinux} if selinux else {}
    if kind == "bind":
        spread = {"propagation": propagation} if propagation else {}
        return {**short, "bind": {**relabelled, **spread, "create_host_path": True}}
    labelled = {"bind": relabelled} if relabelled else {}
    return {**short, **labelled, "volume": {"nocopy": True} if "nocopy" in options else {}}


def _options(written: str, kind: str) -> list[str]:
    """Those of the short form; each is of one kind of mount."""
    options = written.split(",")
    own = (*SELINUX, *(PROPAGATIONS if kind == "bind" else ("nocopy",)))
    for option in options:
        if option not in (*_ACCESS, *_CONSISTENCY, *own):
            raise refusal("bad-volume", f"no option of a {kind} is named {option!r}", ", ".join((*_ACCESS, *own)))
    return options


def _bound(entry: Mount, bind: BindOptions) -> None:
    """Checks what no engine can do at once, as relabelling is asked of it in another place than all the rest."""
    what = "create_host_path: false" if not bind.create_host_path else f"recursive: {bind.recursive}"
    if bind.selinux and (not bind.create_host_path or bind.recursive != "enabled"):
        hint = "take one of them out: the engine relabels only what it makes where it is not there, with all below it"
        raise refusal("bad-volume", f"the bind at {entry.target} has selinux and {what}", hint)
    if bind.recursive in READ_ONLY_BELOW and not entry.read_only:
        raise refusal(
            "bad-volume", f"the bind at {entry.target} has {what}, and is no read_only one", "read_only: true"
        )
    if bind.recursive == "readonly" and bind.propagation != "rprivate":
        hint = "take propagation out, or say propagation: rprivate"
        raise refusal("bad-volume", f"the bind at {entry.target} has {what} and another propagation", hint)


def _is_relabelled(entry: Mount) -> bool:
    """Whether it is a named volume with a label for SELinux, which Compose keeps where a bind's is."""
    if entry.type != "volume" or not entry.bind or entry.bind.model_fields_set != {"selinux"}:
        return False
    if not entry.source or (entry.volume and (entry.volume.labels or entry.volume.subpath)):
        what = "labels or a subpath" if entry.source else "no name"
        hint = "take selinux out, or say that: the engine relabels a volume by its name alone"
        raise refusal("bad-volume", f"the volume at {entry.target} has selinux and {what}", hint)
    return True


def sourced(entry: Mount) -> Mount:
    """Checks what type and source cannot tell alone."""
    if entry.type == "bind" and not entry.source:
        raise refusal("bad-volume", f"the bind at {entry.target} has no source", "source: the path on the host")
    if entry.type == "image" and not entry.source:
        raise refusal(
            "bad-volume", f"the image at {entry.target} has no source", "source: the image, such as nginx:1.27"
        )
    if entry.type == "bind" and entry.bind:
        _bound(entry, entry.bind)
    if entry.type == "tmpfs" and entry.source:
        raise refusal("bad-volume", f"the tmpfs at {entry.target} has a source", "take it out: it is memory")
    if entry.type == "bind" and entry.source.startswith("~"):
        hint = f"write it as ${{HOME}}{entry.source[1:]}" if entry.source.startswith("~/") else _HINT
        raise refusal("not-supported-yet", f"the home folder in {entry.source!r} is not supported yet", hint)
    relabelled = _is_relabelled(entry)
    for kind in ("bind", "volume", "tmpfs", "image"):
        if kind != entry.type and getattr(entry, kind) and not (relabelled and kind == "bind"):
            hint = f"take it out, or say it under {entry.type}"
            raise refusal("bad-volume", f"the {entry.type} at {entry.target} has options for a {kind}", hint)
    return entry


Mounts = tuple[
    Annotated[Mount, BeforeValidator(mount, json_schema_input_type=str | Mount), AfterValidator(sourced)], ...
]
