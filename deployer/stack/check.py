"""What no single value can tell: names that nothing bears, images that are none, circles. One function a mistake."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from deployer.errors import Diagnostic, Place, did_you_mean
from deployer.fields.attachments import DEFAULT
from deployer.fields.mount_forms import is_path
from deployer.fields.parse import mapping
from deployer.fields.references import is_reference
from deployer.stack.addresses import address_mistakes
from deployer.stack.conflicts import conflicts
from deployer.stack.container_names import container_name_mistakes
from deployer.stack.copies import copies
from deployer.stack.links import link_mistakes
from deployer.stack.mistakes import Path, undefined
from deployer.stack.model import Stack
from deployer.stack.namespaces import namespace_mistakes
from deployer.stack.own import own_mistakes
from deployer.stack.profiles import inactive
from deployer.stack.pull_policy import BUILD
from deployer.stack.registries import registry_mistakes
from deployer.stack.service import said
from deployer.stack.ways import circle_from


def check(stack: Stack, tree: Mapping[str, Any], wrong: Collection[Path] = ()) -> Iterator[Diagnostic]:
    """Every mistake between the things of a stack.

    `wrong` are the paths of what is wrong in itself, and not in the stack; `tree` tells the names of such things.
    """
    yield from _names(stack)
    yield from _images(stack, {path[1] for path in wrong if path[:1] == ("services",) and len(path) > 1})
    yield from _references(stack, tree)
    yield from _dependencies(stack)
    yield from _circles(stack)
    yield from conflicts(stack)
    yield from container_name_mistakes(stack)
    yield from copies(stack, tree, wrong)
    yield from address_mistakes(stack)
    yield from namespace_mistakes(stack)
    yield from link_mistakes(stack)
    yield from registry_mistakes(stack, tree, wrong)
    yield from own_mistakes(stack)


def _names(stack: Stack) -> Iterator[Diagnostic]:
    for section in ("services", "networks", "volumes", "builds", "images", "registries", "secrets", "configs"):
        for name in getattr(stack, section):
            if (
                not name
                or not all(char.isascii() and (char.isalnum() or char in "._-") for char in name)
                or not name[0].isalnum()
            ):
                hint = "letters, digits, . - and _; a letter or digit first"
                yield Diagnostic(
                    "bad-name", f"{name!r} is no name for an entry of {section}", stack.places.key(section, name), hint
                )


def _images(stack: Stack, wrong: Collection[str | int]) -> Iterator[Diagnostic]:
    for name, service in stack.services.items():
        if name not in wrong and not service.build and not said(service, "image"):
            yield Diagnostic(
                "missing-key",
                f"services.{name} has neither image nor build",
                stack.places.key("services", name),
                "say what it runs: image: busybox",
            )
    yield from _misspelt_images(stack)
    yield from _bad_references(stack)
    for name in stack.builds.keys() & {key for key, service in stack.services.items() if service.build}:
        if stack.places.has("builds", name):
            yield Diagnostic(
                "said-twice",
                f"both builds.{name} and services.{name}.build say how {name} is built",
                stack.places.key("services", name, "build"),
                f"write image: {name} in the service instead",
            )
    for name in stack.builds.keys() & stack.images.keys():
        yield Diagnostic(
            "said-twice",
            f"{name!r} is an entry of builds and of images",
            stack.places.key("images", name),
            "give one of them another name",
        )
    yield from _sourceless_images(stack)
    yield from _never_built(stack)
    for name, build in stack.builds.items():
        if build.dockerfile and build.inline:
            yield Diagnostic(
                "said-twice",
                f"the build {name} has a dockerfile and an inline one",
                stack.places.key("builds", name),
                "keep one of them",
            )


def _never_built(stack: Stack) -> Iterator[Diagnostic]:
    for name, service in stack.services.items():
        if service.pull_policy == BUILD and not service.build and said(service, "image") not in stack.builds:
            yield Diagnostic(
                "missing-key",
                f"services.{name} is to be built, and has no build",
                stack.places.at("services", name, "pull_policy"),
                "say how: build: ./folder; or take it out",
            )


def _sourceless_images(stack: Stack) -> Iterator[Diagnostic]:
    for name, image in stack.images.items():
        if not image.from_ and not image.archive:
            place = stack.places.key("images", name)
            yield Diagnostic("missing-key", f"images.{name} has neither from nor archive", place, "say from: NAME:TAG")
        elif image.archive and "pull" in image.model_fields_set:
            place = stack.places.key("images", name, "pull")
            message = f"images.{name} comes from an archive, and is never pulled"
            yield Diagnostic("said-twice", message, place, "take pull out")


def _misspelt_images(stack: Stack) -> Iterator[Diagnostic]:
    """A name that is nearly one of the stack's own: pulled, it would be whatever somebody else calls so."""
    own = {name for kind in ("builds", "images") for name in getattr(stack, kind) if stack.places.has(kind, name)}
    for name, service in stack.services.items():
        image = said(service, "image")
        if service.build or not image or _is_entry(stack, image) or set(image) & set(":/@"):
            continue
        alike = [key for key in own if abs(len(key) - len(image)) <= 1]
        if near := get_close_matches(image, alike, n=1, cutoff=0.6):
            yield Diagnostic(
                "undefined-build",
                f"no build or image of this file is named {image!r}",
                stack.places.at("services", name, "image"),
                f"did you mean {near[0]!r}? An image of a registry is told apart by its tag: {image}:latest",
            )


def _is_entry(stack: Stack, image: str) -> bool:
    """Whether the file has a build or an image of this name, be it right or wrong."""
    return image in stack.builds or any(stack.places.has(kind, image) for kind in ("builds", "images"))


def _bad_references(stack: Stack) -> Iterator[Diagnostic]:
    """What is neither a name of this file nor an image reference as registries and engines know them."""
    said_in = [(("services", name, "image"), said(service, "image")) for name, service in stack.services.items()]
    said_in += [(("images", name, "from"), image.from_) for name, image in stack.images.items()]
    for name, build in stack.builds.items():
        path = stack.path_of_build(name)
        said_in += [
            ((*path, "tag"), build.tag),
            *(((*path, "tags", index), tag) for index, tag in enumerate(build.tags)),
        ]
    for path, reference in said_in:
        own = path[0] == "services" and reference is not None and _is_entry(stack, reference)
        if reference and not own and not is_reference(reference) and stack.places.has(*path):
            hint = "write it as nginx:1.27, ghcr.io/owner/name:tag or 10.0.0.5:5000/name@sha256:..."
            yield Diagnostic("bad-image", f"{reference!r} is no image reference", stack.places.at(*path), hint)


def _known(stack: Stack, tree: Mapping[str, Any], section: str) -> set[str]:
    return set(getattr(stack, section)) | (mapping(tree.get(section)) or {}).keys()


def _references(stack: Stack, tree: Mapping[str, Any]) -> Iterator[Diagnostic]:
    networks, volumes = _known(stack, tree, "networks") | {DEFAULT}, _known(stack, tree, "volumes")
    for name, service in stack.services.items():
        path = ("services", name)
        for key in said(service, "networks") or ():
            if key not in networks:
                yield undefined(
                    "network",
                    key,
                    networks - {DEFAULT},
                    _entry_place(stack, (*path, "networks"), key),
                    f"declare it: networks: {{{key}: {{}}}}",
                )
        for index, mount in enumerate(said(service, "volumes") or ()):
            if mount.type == "volume" and mount.source and mount.source not in volumes:
                hint = f"declare it: volumes: {{{mount.source}: {{}}}}" if not is_path(mount.source) else ""
                yield undefined(
                    "volume",
                    mount.source,
                    volumes,
                    stack.places.at(*path, "volumes", index),
                    f"{hint}; or write ./{mount.source} for a folder" if hint else "",
                )


def _entry_place(stack: Stack, path: tuple[str | int, ...], key: str) -> Place:
    """Where a name stands in what may be a list of names or a mapping."""
    return stack.places.key(*path, key) if stack.places.has(*path, key) else stack.places.at(*path)


def _dependencies(stack: Stack) -> Iterator[Diagnostic]:
    for name, service in stack.services.items():
        for target in service.depends_on:
            place = _entry_place(stack, ("services", name, "depends_on"), target)
            if target == name:
                yield Diagnostic("circle", f"{name} depends on itself", place, "take it out")
            elif target in stack.inactive:
                if service.depends_on[target].required:
                    yield inactive(f"services.{name} depends on {target}", stack.inactive[target], place)
            elif target not in stack.services and not stack.places.has("services", target):
                yield Diagnostic(
                    "undefined-service",
                    f"no service is named {target!r}",
                    place,
                    did_you_mean(target, stack.services, "services here"),
                )


def _circles(stack: Stack) -> Iterator[Diagnostic]:
    """Each circle of services that wait for each other once, printed as a way round."""

    def needs(name: str) -> list[str]:
        return [each for each in stack.services[name].needs if each in stack.services and each != name]

    done: set[str] = set()
    told: set[frozenset[str]] = set()
    for start in stack.services:
        circle = circle_from(start, needs, done)
        if circle and frozenset(circle) not in told:
            told.add(frozenset(circle))
            way = [*circle, circle[0]]
            place = _entry_place(stack, ("services", way[0], stack.services[way[0]].says(way[1])), way[1])
            yield Diagnostic(
                "circle",
                f"services depend on each other in a circle: {' -> '.join(way)}",
                place,
                "take one of these dependencies out",
            )
