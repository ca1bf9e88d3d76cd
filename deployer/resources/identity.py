"""What things are called and labelled, so that Compose's friends see the stack as one and a later run knows its own."""

from __future__ import annotations

import re
from collections.abc import Mapping

from deployer.fields.container_names import SUCCESSOR

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
ONEOFF = "com.docker.compose.oneoff"
CONFIG_HASH = "com.docker.compose.config-hash"
WORKING_DIR = "com.docker.compose.project.working_dir"
CONFIG_FILES = "com.docker.compose.project.config_files"
DEPENDS_ON = "com.docker.compose.depends_on"
NETWORK = "com.docker.compose.network"
VOLUME = "com.docker.compose.volume"

ORIGIN = "io.deployer.origin"
APPLIED = "io.deployer.applied"
SALT = "io.deployer.salt"
REVISION = "io.deployer.revision"
REPLACES = "io.deployer.replaces"
PREDECESSOR = "io.deployer.predecessor"
ANONYMOUS = "io.deployer.anonymous"
MOUNTED = "io.deployer.mounted-images"

_NUMBER = re.compile("[0-9]{1,9}")


def one_off_name(stack: str, service: str, slug: str) -> str:
    return f"{stack}-{service}-run-{slug}"


def container_address(service: str, number: int) -> str:
    return f"service.{service}[{number}]"


def number_of(labels: Mapping[str, str]) -> int:
    """The number of a replica; 0 where its label is none."""
    number = labels.get(NUMBER, "")
    return int(number) if _NUMBER.fullmatch(number) else 0


def revision_of(labels: Mapping[str, str]) -> int | None:
    """The revision that made a container; None where its label says none."""
    said = labels.get(REVISION, "")
    return int(said) if _NUMBER.fullmatch(said) else None


def number_in(name: str) -> int:
    """The number that a container's name ends in; 0 where it ends in none."""
    last = name.removesuffix(SUCCESSOR).rpartition("-")[2]
    return int(last) if _NUMBER.fullmatch(last) else 0


def is_of(stack: str, labels: Mapping[str, str]) -> bool:
    """Whether a container with these labels is one of the stack's services, and not a command that ran beside them."""
    return labels.get(PROJECT) == stack and not is_one_off(labels)


def is_one_off(labels: Mapping[str, str]) -> bool:
    """Whether a container with these labels runs, or ran, a command beside the services."""
    return labels.get(ONEOFF, "False") == "True"


def origin_of(labels: Mapping[str, str]) -> str | None:
    """Where the thing's stack file lies: what deployer wrote, else the folder that Compose wrote; None where neither
    did.
    """
    if origin := labels.get(ORIGIN):
        return origin
    folder = labels.get(WORKING_DIR)
    return f"folder:{folder}" if folder else None


RECORD_ENDING = r"\.deployer\.r(\d+)(?:\.(done|\d+))?"
"""How the names of a record's volumes end: the first, what ended it, and further ones that hold what is too long."""


def record_name(stack: str, revision: int) -> str:
    """The volume that is the record of a revision: a dot stands in no stack's name, so it is nobody's volume."""
    return f"{stack}.deployer.r{revision}"


def done_name(stack: str, revision: int) -> str:
    return f"{record_name(stack, revision)}.done"


def is_record(volume: str) -> bool:
    """Whether the volume is the record of a revision, or goes with one."""
    return re.fullmatch(f".+{RECORD_ENDING}", volume) is not None
