"""Containers that bear a service's labels and are none of its replicas: `docker run` of an image that `docker commit`
made of one has all of its labels, and anybody can write some of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from deployer.fields import container
from deployer.fields.container_names import CONTAINER_NAME, SUCCESSOR, container_name
from deployer.fields.field import Json
from deployer.resources import identity
from deployer.resources.applied import decode


def duplicates_in(listed: Iterable[Json], stack: str) -> list[Json]:
    """Those of the list of all that are left alone.

    Of several with one service and number, those are replicas that are called as deployer calls it, or take such a
    one's place or leave it to one; where none is, as all were renamed, the one that was there first, for a copy comes
    after what it was made of. Without a number, in a label or in its name, a container is none.
    """
    found: list[Json] = []
    alike: defaultdict[tuple[str, int], list[Json]] = defaultdict(list)
    for each in listed:
        labels = _labels(each)
        if identity.is_of(stack, labels) and (service := labels.get(identity.SERVICE)):
            number = identity.number_of(labels) or identity.number_in(name_of(each))
            alike[service, number].append(each)
    for (_, number), group in alike.items():
        found += group if not number else _less_the_real(group, stack) if len(group) > 1 else ()
    return found


def name_of(listed: Json) -> str:
    return (listed.get("Names") or [""])[0].lstrip("/")


def made_as(labels: Mapping[str, str]) -> str:
    """The name of its own that a container was made with; "" where it was made with none."""
    text = labels.get(identity.APPLIED, "")
    if CONTAINER_NAME.name not in text:
        return ""
    applied = decode(text, container.FIELDS)
    return applied.fields.get(CONTAINER_NAME.name) or "" if applied else ""


def _less_the_real(group: Sequence[Json], stack: str) -> Iterator[Json]:
    ids = {each["Id"] for each in group}
    left = {predecessor for each in group if (predecessor := _labels(each).get(identity.REPLACES, "")) in ids}
    real = {
        each["Id"]
        for each in group
        if each["Id"] in left or _labels(each).get(identity.REPLACES) in ids or _is_called_so(each, stack)
    }
    real = real or {min(group, key=lambda each: (each.get("Created", 0), each["Id"]))["Id"]}
    return (each for each in group if each["Id"] not in real)


def _is_called_so(listed: Json, stack: str) -> bool:
    """Whether its name is the one that it was made with."""
    labels = _labels(listed)
    number = identity.number_of(labels) or identity.number_in(name_of(listed))
    made = made_as(labels) or container_name(stack, labels[identity.SERVICE], number)
    return name_of(listed).removesuffix(SUCCESSOR) == made


def _labels(listed: Json) -> Mapping[str, str]:
    return listed.get("Labels") or {}
