"""Memory as a file system, in the short form: `/run:size=64m,mode=1777`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from deployer.errors import did_you_mean
from deployer.fields.field import Context, Kind, Value
from deployer.fields.kinds import schema
from deployer.fields.lists import or_alone, without_repeats
from deployer.fields.mount_forms import target_path
from deployer.fields.parse import describe, refusal, show_size, size

_HINT = "write it as /run, or with options as /run:size=64m,mode=1777"
_SIZE = re.compile(r"\d+[kmgt]?", re.IGNORECASE)
_NUMBERS = ("uid", "gid", "nr_blocks", "nr_inodes")
_SWITCHES = ("exec", "suid", "dev", "atime", "diratime", "relatime", "mand")
_OPPOSITE = {
    **{name: f"no{name}" for name in _SWITCHES},
    **{f"no{name}": name for name in _SWITCHES},
    **{"ro": "rw", "rw": "ro", "sync": "async", "async": "sync", "strictatime": "nostrictatime"},
    "nostrictatime": "strictatime",
}
_DEFAULTS = ("noexec", "nosuid", "nodev", "rw")
"""What the engine mounts it with unless told otherwise (moby, daemon/oci_linux.go)."""

OPTIONS = ("size", "mode", "mpol", *_NUMBERS, *_OPPOSITE)


def parts(written: str) -> tuple[str, str]:
    """The path and the text of the options."""
    path, _, options = written.partition(":")
    return target_path(path), options


def canonical_options(text: str) -> Value:
    """The options that are not the engine's defaults, sorted: of one said twice, or switched, the last counts."""
    values: dict[str, str] = {}
    for option in text.split(",") if text else ():
        name, equals, value = option.strip().partition("=")
        values.pop(_OPPOSITE.get(name, ""), None)
        values[name] = equals + _value(name, value)
    return tuple(sorted(name + value for name, value in values.items() if name not in _DEFAULTS))


def _value(name: str, value: str) -> str:
    """One notation for each value: `64m`, `1777`."""
    if name == "size" and _SIZE.fullmatch(value):
        return show_size(size(value))
    return value.lstrip("0") or value[:1] if name == "mode" or name in _NUMBERS else value


def _check_option(option: str) -> None:
    name, equals, value = option.strip().partition("=")
    if name not in OPTIONS:
        hint = did_you_mean(name, OPTIONS, "options")
        raise refusal("bad-tmpfs", f"no option of a tmpfs is named {name!r}", hint)
    if bool(equals) is (name in _OPPOSITE):
        raise refusal("bad-tmpfs", f"{option!r}: {name} takes {'no' if equals else 'a'} value", _HINT)
    notation = {"size": r"\d+[kmgtKMGT%]?", "mode": "0?[0-7]{1,4}", "mpol": r"\S+"}.get(name, r"\d+")
    if equals and not re.fullmatch(notation, value):
        hint = "write it as 64m, 1g, 50% or a number of bytes" if name == "size" else _HINT
        raise refusal("bad-tmpfs", f"{option!r}: expected a {name}, not {value!r}", hint)


def tmpfs(written: Any) -> str:
    """The text, if it is a path with options that the engine takes."""
    if not isinstance(written, str) or not written.startswith("/"):
        raise refusal("bad-tmpfs", f"expected an absolute path, not {describe(written)}", _HINT)
    _, _, options = written.partition(":")
    for option in options.split(",") if options else ():
        _check_option(option)
    return written


Tmpfs = Annotated[
    tuple[Annotated[str, BeforeValidator(tmpfs), schema("string")], ...],
    AfterValidator(without_repeats),
    BeforeValidator(or_alone(tmpfs), json_schema_input_type=str | list[str]),
]


def _normal(written: tuple[str, ...], _: Context) -> Value:
    found = {path: canonical_options(options) for path, options in map(parts, written)}
    return tuple(sorted(found.items()))


def _encode(mounts: Value) -> dict[str, str]:
    return {path: ",".join(options) for path, options in mounts}


def _decode(wire: dict[str, str]) -> Value:
    return tuple(sorted((target_path(path), canonical_options(options)) for path, options in wire.items()))


def _show(path: str, options: Value) -> str:
    return f"{path}:{','.join(options)}" if options else path


TMPFS = Kind(Tmpfs, _normal, _encode, _decode, str, keyed=True, show_entry=_show)
