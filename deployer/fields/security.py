"""The rows of what a container is allowed to do, and what is kept from it."""

from __future__ import annotations

from deployer.fields.capabilities import CAPABILITY_SET
from deployer.fields.field import Field
from deployer.fields.kinds import FLAG
from deployer.fields.security_opt import SECURITY_OPTIONS, beside_privileged, read_options, write_options
from deployer.fields.sysctls import SYSCTLS

ROWS: tuple[Field, ...] = (
    Field(
        name="read_only",
        kind=FLAG,
        engine="HostConfig.ReadonlyRootfs",
        unset=False,
        example=(True, False),
        doc="Whether nothing can be written to its own files; volumes and tmpfs stay writable.",
    ),
    Field(
        name="privileged",
        kind=FLAG,
        engine="HostConfig.Privileged",
        unset=False,
        example=(True, False),
        proven_where="the engine itself has every capability",
        doc="Whether it may do all that the engine's host may: then nothing of it is a boundary.",
    ),
    Field(
        name="cap_add",
        kind=CAPABILITY_SET,
        engine="HostConfig.CapAdd",
        unset=frozenset(),
        example=(["NET_ADMIN"], ["CAP_NET_ADMIN", "sys_nice"]),
        doc="Capabilities of Linux that it has besides the usual ones; ALL is all of them.",
    ),
    Field(
        name="cap_drop",
        kind=CAPABILITY_SET,
        engine="HostConfig.CapDrop",
        unset=frozenset(),
        example=(["ALL"], ["CHOWN", "NET_RAW"]),
        doc="Capabilities of Linux that are taken from it; ALL is all of them, but for those in `cap_add`.",
    ),
    Field(
        name="security_opt",
        kind=SECURITY_OPTIONS,
        engine="HostConfig.SecurityOpt",
        write=write_options,
        read=read_options,
        unset=frozenset(),
        image=beside_privileged,
        example=(["no-new-privileges:true"], ["seccomp=unconfined", "systempaths=unconfined"]),
        doc="How it is held: no-new-privileges, seccomp, apparmor, label, systempaths, each as `name=value`.",
    ),
    Field(
        name="sysctls",
        kind=SYSCTLS,
        engine="HostConfig.Sysctls",
        unset=(),
        example=({"net.core.somaxconn": 512}, ["net.core.somaxconn=513"]),
        doc="Parameters of the kernel that a container has for itself: net.*, fs.mqueue.*, some of kernel.*.",
    ),
)
