"""The services that a command line names, and the containers that they have now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.errors import Diagnostic, OperationFailed, WrongUsage, did_you_mean

if TYPE_CHECKING:
    from deployer.reconcile.protocol import Reader


@dataclass(frozen=True, slots=True)
class Replica:
    """A container of a service; `state` is the engine's word."""

    service: str
    number: int
    id: str
    name: str
    state: str


def replicas_of(reader: Reader, stack: str) -> list[Replica]:
    """All of the stack's containers by service and number; who is to take another one's place comes after that one."""
    from deployer.resources import identity
    from deployer.resources.duplicates import duplicates_in, name_of

    found: list[Replica] = []
    all = reader.containers()
    aside = {each["Id"] for each in duplicates_in(all, stack)}
    for listed in all:
        labels: Mapping[str, str] = listed.get("Labels") or {}
        if identity.is_of(stack, labels) and listed["Id"] not in aside:
            service = labels.get(identity.SERVICE, "")
            found.append(Replica(service, identity.number_of(labels), listed["Id"], name_of(listed), listed["State"]))
    return sorted(found, key=lambda each: (each.service, each.number, each.name))


def refuse_unknown(wanted: Iterable[str], known: Collection[str]) -> None:
    """Raise WrongUsage, with the nearest name, for each service that is not there."""
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise WrongUsage(
            *(
                Diagnostic(
                    "undefined-service",
                    f"no service is named {name!r}",
                    hint=did_you_mean(name, known, "services here"),
                )
                for name in unknown
            )
        )


def one_of(
    replicas: Sequence[Replica], services: Collection[str], service: str, index: int | None, *, running: bool = True
) -> Replica:
    """The replica of that index, else the first that runs, which it must unless it need not be `running`. Raises where
    there is none, or no such service.
    """
    refuse_unknown([service], {*services, *(each.service for each in replicas)})
    of_service = [each for each in replicas if each.service == service]
    found = [each for each in of_service if index in (None, each.number)]
    if of_service and not found:
        hint = f"it has: {', '.join(str(number) for number in sorted({each.number for each in of_service}))}"
        raise OperationFailed(Diagnostic("no-container", f"{service} has no container {index}", hint=hint))
    if chosen := [each for each in found if each.state == "running"] or ([] if running else found):
        return chosen[0]
    raise OperationFailed(_not_running(service, found))


def _not_running(service: str, found: Sequence[Replica]) -> Diagnostic:
    if not found:
        return Diagnostic("no-container", f"{service} has no container", hint="deployer apply makes it")
    states = ", ".join(f"{each.name} is {each.state}" for each in found)
    paused = all(each.state == "paused" for each in found)
    verb = "unpause" if paused else "start"
    hint = f"deployer {verb} {service} lets it run; deployer logs {service} shows what it wrote"
    return Diagnostic("not-running", f"{service} does not run: {states}", hint=hint)
