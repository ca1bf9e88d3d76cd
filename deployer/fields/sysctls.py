"""Parameters of the kernel that a container has for itself."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from deployer.fields import parse
from deployer.fields.field import Kind
from deployer.fields.kinds import MAPPING_SCHEMA, pairs

_OWN = re.compile(
    r"(?:net\.|fs\.mqueue\.).+|kernel\.(?:msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced|domainname)"
)
"""What runc lets a container set (libcontainer, configs/validate)."""


def sysctls(written: Any) -> dict[str, str | None]:
    values = parse.key_values(written, bare=lambda _: None)
    for name, value in values.items():
        if not _OWN.fullmatch(name.replace("/", ".")):
            hint = "net.*, fs.mqueue.*, and of kernel.* what is for messages, semaphores and shared memory"
            raise parse.refusal("bad-sysctl", f"{name!r} is no parameter that a container has for itself", hint)
        if value is None or not value.strip():
            raise parse.refusal("bad-sysctl", f"{name!r} needs a value", f"write it as {name}: 1")
    return values


Sysctls = Annotated[dict[str, str | None], BeforeValidator(sysctls), WithJsonSchema(MAPPING_SCHEMA)]

SYSCTLS = Kind(Sysctls, pairs, dict, pairs, str, keyed=True, quoted=True)
