"""How a container is held: `no-new-privileges`, and options of seccomp, AppArmor, SELinux and of /proc."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from deployer.errors import did_you_mean
from deployer.fields.field import Context, Json, Value, put
from deployer.fields.kinds import schema
from deployer.fields.lists import unordered, without_repeats
from deployer.fields.parse import describe, refusal

_OPTIONS = ("no-new-privileges", "seccomp", "apparmor", "label", "systempaths")
_BARE = "no-new-privileges"
_OPEN_PATHS = "systempaths=unconfined"
_NO_LABELS = "label=disable"


def canonical(written: str) -> str:
    """`name=value`, which used to be written `name:value`; `no-new-privileges` alone is true."""
    if written == _BARE:
        return f"{_BARE}=true"
    divider = "=" if "=" in written else ":"
    name, _, value = written.partition(divider)
    return f"{name}={value}"


def security_option(written: Any) -> str:
    """The text, if the engine takes such an option."""
    if not isinstance(written, str):
        hint = 'such as "no-new-privileges:true" or "seccomp=unconfined"'
        raise refusal("bad-security-opt", f"expected a security option, not {describe(written)}", hint)
    name, _, value = canonical(written).partition("=")
    if name not in _OPTIONS:
        raise refusal(
            "bad-security-opt", f"no security option is named {name!r}", did_you_mean(name, _OPTIONS, "options")
        )
    if name == "seccomp" and value not in ("", "unconfined", "builtin"):
        hint = "until then: seccomp=unconfined, or the engine's own"
        raise refusal("not-supported-yet", f"a seccomp profile from a file, {value!r}, is not supported yet", hint)
    choices = {_BARE: ("true", "false"), "systempaths": ("unconfined",)}.get(name)
    if not value or (choices and value not in choices):
        hint = " or ".join(f"{name}={choice}" for choice in choices or ("...",))
        raise refusal("bad-security-opt", f"{written!r} says nothing that the engine knows", f"write it as {hint}")
    return written


SecurityOptions = Annotated[
    tuple[Annotated[str, BeforeValidator(security_option), schema("string")], ...], AfterValidator(without_repeats)
]

SECURITY_OPTIONS = unordered(SecurityOptions, canonical)


def write_options(body: dict[str, Any], options: Value, _written: Any, _context: Context) -> None:
    """What hides parts of /proc are two fields of their own, empty where nothing is to be hidden."""
    if _OPEN_PATHS in options:
        put(body, "HostConfig.MaskedPaths", [])
        put(body, "HostConfig.ReadonlyPaths", [])
    if rest := options - {_OPEN_PATHS}:
        put(body, "HostConfig.SecurityOpt", sorted(rest))


def read_options(inspect: Json, _: Context) -> Value:
    """Where a container is privileged, the engine itself adds label=disable and hides nothing; the former where it has
    the host's processes or IPC, too (20.10 and 28).
    """
    host = inspect["HostConfig"]
    found = {canonical(option) for option in host.get("SecurityOpt") or ()}
    if host.get("Privileged") or "host" in (host.get("PidMode"), host.get("IpcMode")):
        found.discard(_NO_LABELS)
    if not host.get("Privileged") and host.get("MaskedPaths") == []:
        found.add(_OPEN_PATHS)
    return frozenset(found)


def beside_privileged(asked: Value, everything: Mapping[str, Value], _image: Json) -> Value:
    """What `privileged` and the host's namespaces bring with them need not be asked for."""
    if everything.get("privileged"):
        return asked - {_NO_LABELS, _OPEN_PATHS}
    return asked - {_NO_LABELS} if "host" in (everything.get("pid"), everything.get("ipc")) else asked
