"""Names of containers that cannot be: of several replicas, of two services, and of the stack's own where others' are
meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from deployer.errors import Diagnostic
from deployer.fields.container_names import container_name
from deployer.fields.links import target
from deployer.fields.volumes_from import giver
from deployer.stack.model import Stack
from deployer.stack.own import ignores_count
from deployer.stack.service import said


def own_containers(stack: Stack) -> dict[str, str]:
    """The services by the names of their first containers."""
    return {
        said(service, "container_name") or container_name(stack.name, name, 1): name
        for name, service in stack.services.items()
    }


def container_name_mistakes(stack: Stack) -> Iterator[Diagnostic]:
    yield from _of_several(stack)
    yield from _used_twice(stack)
    yield from _own_as_others(stack)


def _of_several(stack: Stack) -> Iterator[Diagnostic]:
    """Compose refuses it likewise."""
    for name, service in stack.services.items():
        own: str = said(service, "container_name") or ""
        if own and (service.replicas > 1 or ignores_count(service)):
            many = "as many replicas as others say" if ignores_count(service) else f"{service.replicas} replicas"
            yield Diagnostic(
                "fixed-name",
                f"services.{name} has {many}, and only one container can be named {own}",
                stack.places.key("services", name, "container_name"),
                "take container_name out, or scale to 1",
            )


def _used_twice(stack: Stack) -> Iterator[Diagnostic]:
    """Among all names that containers will have; the second one that asks for one is told, with the other's line."""
    owners: dict[str, str] = {}
    for name, service in stack.services.items():
        if not said(service, "container_name"):
            owners |= {container_name(stack.name, name, number): name for number in range(1, service.replicas + 1)}
    for name, service in stack.services.items():
        own: str = said(service, "container_name") or ""
        other = owners.setdefault(own, name) if own else name
        if other != name:
            named = stack.places.has("services", other, "container_name")
            place = stack.places.key("services", other, *(("container_name",) if named else ()))
            yield Diagnostic(
                "name-taken",
                f"services.{name}: the container of services.{other} is named {own} already ({place})",
                stack.places.key("services", name, "container_name"),
                "give one of them another name",
            )


def _own_as_others(stack: Stack) -> Iterator[Diagnostic]:
    """What names a container of somebody else, and is one of the stack's."""
    own = own_containers(stack)
    for name, service in stack.services.items():
        for index, link in enumerate(said(service, "external_links") or ()):
            if whose := own.get(target(link)):
                alias = link.partition(":")[2] or target(link)
                hint = f"write links: ['{whose}:{alias}'], so that it follows that one"
                yield _own(stack, name, ("external_links", index), target(link), hint)
        for index, entry in enumerate(said(service, "volumes_from") or ()):
            kind, named, mode = giver(entry)
            if kind == "container" and (whose := own.get(named)):
                hint = f"write {':'.join(filter(None, (whose, mode)))}, so that it follows that one"
                yield _own(stack, name, ("volumes_from", index), named, hint)


def _own(stack: Stack, service: str, path: tuple[str, int], container: str, hint: str) -> Diagnostic:
    message = f"services.{service}: {container} is a container of this stack"
    return Diagnostic("own-container", message, stack.places.at("services", service, *path), hint)
