"""What cannot go with `network_mode`, and services whose namespaces cannot be joined."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.errors import Diagnostic, did_you_mean
from deployer.fields.attachments import DEFAULT
from deployer.fields.namespaces import NAMESPACES, Namespace, network_named, owner
from deployer.stack.container_names import own_containers
from deployer.stack.model import Stack
from deployer.stack.profiles import inactive
from deployer.stack.service import ServiceKeys, said

_OWN = ("networks", "links", "external_links")
_PUBLISHED = ("ports", "publish_all")
_OF_THE_OWNER = ("hostname", "extra_hosts", "dns", "expose", "mac_address")
"""What the engine refuses for a container in the network of another one (20.10 and 28)."""


def namespace_mistakes(stack: Stack) -> Iterator[Diagnostic]:
    for name, service in stack.services.items():
        for namespace in NAMESPACES:
            mode: str = said(service, namespace.row) or ""
            if mode and namespace.row == "network_mode":
                yield from _conflicts(stack, name, service, mode)
                yield from _own_network(stack, name, mode)
            kind, target = owner(mode)
            if kind:
                yield from _owners(stack, name, namespace, kind, target)


def _conflicts(stack: Stack, name: str, service: ServiceKeys, mode: str) -> Iterator[Diagnostic]:
    joins = bool(owner(mode)[0])
    excluded = (
        *_OWN,
        *(() if mode == "bridge" or network_named(mode) else _PUBLISHED),
        *(_OF_THE_OWNER if joins else ()),
    )
    for key in excluded:
        if said(service, key):
            hint = f"say it in {owner(mode)[1]}, whose network it is" if joins and key not in _OWN else ""
            yield Diagnostic(
                "network-mode",
                f"services.{name}: {key} cannot go with network_mode: {mode}",
                stack.places.key("services", name, key),
                hint or "keep one of them",
            )


def _own_network(stack: Stack, name: str, mode: str) -> Iterator[Diagnostic]:
    own = {called: key for key in (DEFAULT, *stack.networks) for called in (key, stack.network_name(key))}
    if mode in own:
        yield Diagnostic(
            "network-mode",
            f"services.{name}: {mode} is a network of this stack",
            stack.places.at("services", name, "network_mode"),
            f"write networks: [{own[mode]}]",
        )


def _owners(stack: Stack, name: str, namespace: Namespace, kind: str, target: str) -> Iterator[Diagnostic]:
    key = namespace.row
    place = stack.places.at("services", name, key)
    if kind == "container" and target in (own := own_containers(stack)):
        yield Diagnostic(
            "network-mode" if key == "network_mode" else "own-container",
            f"services.{name}: {target} is a container of this stack",
            place,
            f"write {key}: service:{own[target]}, so that it follows that one",
        )
    if kind != "service":
        return
    if target == name:
        yield Diagnostic("circle", f"{name} depends on itself", place, "take it out")
    elif target in stack.services and stack.services[target].replicas != 1:
        yield Diagnostic(
            "owner-replicas",
            f"services.{name} joins the {namespace.what} of {target}, "
            f"which has {stack.services[target].replicas} containers",
            place,
            "it can join one container's alone: scale that one to 1",
        )
    elif target in stack.inactive:
        yield inactive(f"services.{name} joins the {namespace.what} of {target}", stack.inactive[target], place)
    elif target in stack.services and key == "ipc" and (said(stack.services[target], "ipc") or "") in _CLOSED:
        yield Diagnostic(
            "ipc-not-shared",
            f"services.{name} joins the {namespace.what} of {target}, which does not share it",
            place,
            f"write ipc: shareable in {target}",
        )
    elif target not in stack.services and not stack.places.has("services", target):
        hint = did_you_mean(target, stack.services, "services here")
        yield Diagnostic("undefined-service", f"no service is named {target!r}", place, hint)


_CLOSED = ("", "private", "none")
"""The IPC modes that the engine lets nobody join; unset is private, unless its daemon.json says otherwise."""
