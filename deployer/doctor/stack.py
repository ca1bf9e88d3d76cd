"""What is unwise in a stack file though it can be carried out: image references, and a registry open to everybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from deployer.doctor.images import image_warnings
from deployer.errors import Diagnostic, Place
from deployer.fields.references import parse_reference
from deployer.stack.model import Stack
from deployer.stack.service import Service, said

_EVERYWHERE = ("", "0.0.0.0", "::")
_REGISTRIES = ("library/registry", "distribution/distribution")
_REGISTRY_CONFIG = ("/etc/docker/registry", "/etc/distribution")


def stack_warnings(stack: Stack, today: date) -> list[Diagnostic]:
    """Each in the order of the file; an image that is used several times is told of once."""
    found = [*_images(stack, today), *_open_registries(stack)]
    return sorted(found, key=lambda each: each.place or Place(""))


def image_references(stack: Stack) -> Iterator[tuple[str, Place]]:
    """Every image of a registry that the stack names, where it does so."""
    for name, image in stack.images.items():
        if image.from_ and not image.archive:
            path = ("images", name, "from")
            yield image.from_, stack.place(*(path if stack.places.has(*path) else path[:2]))
    for name, service in stack.services.items():
        reference = said(service, "image")
        if reference and not service.build and reference not in stack.builds and reference not in stack.images:
            yield reference, stack.place("services", name, "image")


def _images(stack: Stack, today: date) -> Iterator[Diagnostic]:
    told: set[str] = set()
    for reference, place in image_references(stack):
        if reference not in told:
            told.add(reference)
            yield from image_warnings(reference, place, today)


# --- a registry for everybody ----------------------------------------------------------------------------------------


def _open_registries(stack: Stack) -> Iterator[Diagnostic]:
    for name, service in stack.services.items():
        image = said(service, "image")
        entry = stack.images.get(image or "")
        reference = entry.from_ if entry else image
        if not reference or parse_reference(reference).path not in _REGISTRIES or _is_guarded(service):
            continue
        for index, port in enumerate(said(service, "ports") or ()):
            if port.host_ip in _EVERYWHERE:
                local = f'"127.0.0.1:{port.published or port.target}:{port.target}"'
                yield Diagnostic(
                    "registry-open",
                    f"{name} is a registry with neither login nor TLS, published on all addresses: whoever reaches "
                    "this host may replace your images",
                    stack.place("services", name, "ports", index),
                    f"publish it for this host alone, {local}, or set REGISTRY_AUTH (htpasswd) and "
                    "REGISTRY_HTTP_TLS_CERTIFICATE",
                )
                break


def _is_guarded(service: Service) -> bool:
    """Whether it asks for a login or speaks TLS, or may do so by a configuration of its own."""
    names: Mapping[str, Any] = said(service, "environment") or {}
    targets = [mount.target for mount in said(service, "volumes") or ()]
    targets += [copy.path for copy in said(service, "configs") or ()]
    targets += [copy.path for copy in said(service, "secrets") or ()]
    return (
        any(each.startswith(("REGISTRY_AUTH", "REGISTRY_HTTP_TLS")) for each in names)
        or any(target.startswith(_REGISTRY_CONFIG) for target in targets)
        or bool(said(service, "command"))
    )
