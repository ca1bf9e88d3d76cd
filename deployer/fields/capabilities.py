"""Capabilities of Linux (capabilities(7)), with or without `CAP_`, in any case."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from deployer.errors import did_you_mean
from deployer.fields.kinds import schema
from deployer.fields.lists import unordered, without_repeats
from deployer.fields.parse import describe, refusal

_PREFIX = "CAP_"
ALL = "ALL"
_NAMES = """
AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER
FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE
NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE
SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM
"""
CAPABILITIES = frozenset(_NAMES.split())


def canonical(name: str) -> str:
    """`NET_ADMIN` for `CAP_NET_ADMIN` and `net_admin`."""
    return name.upper().removeprefix(_PREFIX)


def on_the_wire(name: str) -> str:
    return name if name == ALL else _PREFIX + name


def capability(written: Any) -> str:
    """The name as it was written, if there is such a capability."""
    if not isinstance(written, str):
        raise refusal("bad-capability", f"expected the name of a capability, not {describe(written)}")
    name = canonical(written)
    if name != ALL and name not in CAPABILITIES:
        hint = did_you_mean(name, {*CAPABILITIES, ALL}, "capabilities")
        raise refusal("bad-capability", f"no capability is named {written!r}", hint)
    return written


Capabilities = Annotated[
    tuple[Annotated[str, BeforeValidator(capability), schema("string")], ...], AfterValidator(without_repeats)
]

CAPABILITY_SET = unordered(Capabilities, canonical, on_the_wire)
