"""Where the images of a revision are to be had now: on the engine, by name or by id, or in a registry, by digest."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from deployer.errors import DeployerError
from deployer.fields.references import parse_reference
from deployer.reconcile.protocol import Reader
from deployer.resources.revisions import KeptImage

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Had:
    """`source` is "" where the engine has it by its name, else its id there, or its name with a digest in a registry.

    Where another image has its name by now, it runs by `instead`: its name with a digest, or its id. Where it is not to
    be had, `trouble` says why.
    """

    source: str = ""
    instead: str = ""
    trouble: str = ""


def where_had(reader: Reader, images: Mapping[str, KeptImage]) -> dict[str, Had]:
    """By address. Registries are asked only for what is not on the engine."""
    with ThreadPoolExecutor(min(_AT_ONCE, len(images) or 1)) as pool:
        return dict(zip(images, pool.map(lambda address: _had(reader, address, images[address]), images), strict=True))


def _had(reader: Reader, address: str, image: KeptImage) -> Had:
    """The tag of a build tells what went into it: whatever has it is right."""
    named = reader.image(image.reference)
    if named and (named["Id"] == image.id or address.startswith("build.")):
        return Had()
    if there := reader.image(image.id):
        known = (digest for digest in _nearest(image) if digest in (there.get("RepoDigests") or ()))
        return Had(image.id, instead=next(known, image.id) if named else "")
    troubles: list[str] = []
    for digest in _nearest(image):
        try:
            if reader.registry_digest(digest):
                return Had(digest, instead=digest if named else "")
            troubles.append(f"{parse_reference(digest).host} no longer has {digest}")
        except DeployerError as error:
            if any(each.code.startswith("engine-") for each in error.diagnostics):
                raise
            troubles.append(error.diagnostics[0].message)
    return Had(trouble="; ".join(troubles) or "no registry has ever had it")


def _nearest(image: KeptImage) -> list[str]:
    """Its names with digests, those of its own repository first."""
    own = parse_reference(image.reference).name
    return sorted(image.digests, key=lambda each: parse_reference(each).name != own)
