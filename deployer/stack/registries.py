"""What can be wrong with registries and with pushes to them. One function a mistake."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from deployer.errors import Diagnostic, did_you_mean
from deployer.fields.parse import mapping
from deployer.fields.references import HUB, names_a_host, parse_reference
from deployer.stack.mistakes import Path, undefined
from deployer.stack.model import Stack
from deployer.stack.profiles import inactive
from deployer.stack.registry import Registry
from deployer.stack.service import Build, said


def registry_mistakes(stack: Stack, tree: Mapping[str, Any], wrong: Collection[Path] = ()) -> Iterator[Diagnostic]:
    """Every mistake in the registries of a stack, but of those that are wrong in themselves."""
    bad = {path[1] for path in wrong if path[:1] == ("registries",) and len(path) > 1}
    yield from _addresses_twice(stack)
    for name, registry in stack.registries.items():
        if name not in bad:
            yield from _login(stack, name, registry)
        if registry.service is not None and registry.service not in stack.services:
            place = stack.places.at("registries", name, "service")
            if registry.service in stack.inactive:
                behind = stack.inactive[registry.service]
                yield inactive(f"registries.{name} is {registry.service}", behind, place)
            elif not stack.places.has("services", registry.service):
                yield undefined("service", registry.service, stack.services, place)
    written = (mapping(tree.get("registries")) or {}).keys()
    pushed: dict[str, str] = {}
    for name, build in stack.builds.items():
        yield from _pushes(stack, name, build, {*stack.registries, *written}, pushed)
    yield from _circles(stack)


def push_reference(registry: Registry, tag: str) -> str:
    """The name that a build's `tag` has in a registry, with the tag that the engine takes where none is written."""
    return f"{registry.address}/{tag}" + ("" if ":" in tag.rpartition("/")[2] else ":latest")


def registry_behind(stack: Stack, service: str) -> str:
    """The registry, itself a service of this stack, that a service's image comes from; "" where there is none."""
    image: str = said(stack.services[service], "image") or ""
    if stack.services[service].build or not image or image in stack.builds:
        return ""
    reference = parse_reference(stack.images[image].from_ or "" if image in stack.images else image)
    fitting = [name for name, each in stack.registries.items() if reference.lies_at(each.address) and each.service]
    return max(fitting, key=lambda name: len(stack.registries[name].address), default="")


def _addresses_twice(stack: Stack) -> Iterator[Diagnostic]:
    seen: dict[str, str] = {}
    for name, registry in stack.registries.items():
        if (first := seen.setdefault(registry.address, name)) != name:
            message = f"registries.{name} and registries.{first} have one address, {registry.address}"
            yield Diagnostic("said-twice", message, stack.places.at("registries", name, "address"), "keep one of them")


def _login(stack: Stack, name: str, registry: Registry) -> Iterator[Diagnostic]:
    place = stack.places.key("registries", name)
    if (registry.username is None) != (registry.password is None):
        missing = "password" if registry.password is None else "username"
        hint = "password: {env: NAME}" if missing == "password" else "username: NAME"
        yield Diagnostic("missing-key", f"registries.{name} needs the key {missing!r}, too", place, hint)
    password = registry.password
    if password is None:
        return
    place = stack.places.key("registries", name, "password")
    if not password.said:
        hint = "write {env: NAME} or {file: ./PATH}"
        yield Diagnostic("missing-key", f"registries.{name}.password does not say where it comes from", place, hint)
    elif len(password.said) > 1:
        message = f"registries.{name}.password has env and file, and can come from only one place"
        yield Diagnostic("said-twice", message, place, "keep one of them")
    if password.env is not None and not (password.env.isascii() and password.env.isidentifier()):
        message = f"registries.{name}.password.env is no name of a variable"  # it may be the password itself
        yield Diagnostic("bad-environment", message, stack.places.key("registries", name, "password", "env"))


def _pushes(
    stack: Stack, name: str, build: Build, known: Collection[str], pushed: dict[str, str]
) -> Iterator[Diagnostic]:
    path = stack.path_of_build(name)
    for index, to in enumerate(build.push):
        several = stack.places.has(*path, "push", index)
        place = stack.places.at(*path, "push", *((index,) if several else ()))
        if to not in known:
            hint = did_you_mean(to, known, "registries here") or f"declare it: registries: {{{to}: {{address: ...}}}}"
            yield Diagnostic("undefined-registry", f"no registry is named {to!r}", place, hint)
        elif mistake := _push_name(name, build, stack.registries.get(to)):
            yield Diagnostic("push-name", mistake[0], place, mistake[1])
            return
        elif to in stack.registries and build.tag:
            reference = push_reference(stack.registries[to], build.tag)
            if (first := pushed.setdefault(reference, name)) != name or to in build.push[:index]:
                message = f"the build {name} is pushed as {reference}, and the build {first} is, too"
                yield Diagnostic("said-twice", message, place, "give one of them another tag, or keep one of them")


def _push_name(name: str, build: Build, registry: Registry | None) -> tuple[str, str] | None:
    """Why a build's tag is no name to push it by, and the mend."""
    if not build.tag:
        return f"the build {name} is pushed, and has no tag to be pushed as", f"say the name: tag: {name}:1.0"
    if "@" in build.tag:
        return f"{build.tag!r} names a digest, which nothing can be pushed as", f"tag: {name}:1.0"
    head, slash, rest = build.tag.partition("/")
    if slash and names_a_host(head):
        return f"the tag {build.tag!r} names a registry already", f"say it without: tag: {rest}"
    if registry and registry.address == HUB and not slash:
        return (
            f"on Docker Hub, {build.tag!r} would be one of its official images",
            f"say whose it is: address: {HUB}/NAME, or tag: NAME/{build.tag}",
        )
    return None


def _circles(stack: Stack) -> Iterator[Diagnostic]:
    """A registry that needs what is pulled from it: its own image, or that of a service that it depends on."""
    for name in stack.services:
        registry = registry_behind(stack, name)
        start = stack.registries[registry].service if registry else None
        if start and (way := _way(stack, start, name)):
            yield Diagnostic(
                "circle",
                f"the image of {name} comes from the registry {registry}, which is to wait for it: "
                + " -> ".join(f"service.{each}" for each in (*way, start)),
                stack.places.at("services", name, "image"),
                "run it from another registry, or build it here",
            )


def _way(stack: Stack, start: str, target: str) -> tuple[str, ...]:
    """How one service comes to wait for another one, the shortest way; () where it does not."""
    ways: dict[str, tuple[str, ...]] = {start: (start,)}
    waiting = [start] if start in stack.services else []
    for each in waiting:
        for needed in stack.services[each].needs if each != target else ():
            if needed in stack.services and needed not in ways:
                ways[needed] = (*ways[each], needed)
                waiting.append(needed)
    return ways.get(target, ())
