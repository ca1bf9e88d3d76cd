"""What can be wrong with secrets and configs: where their content comes from, and where it goes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from deployer.errors import Diagnostic
from deployer.fields.copies import FOLDER, SECTIONS, Section, is_beneath
from deployer.fields.parse import mapping
from deployer.fields.tmpfs import parts
from deployer.stack.mistakes import Path, undefined
from deployer.stack.model import Stack
from deployer.stack.places import Places
from deployer.stack.service import ServiceKeys, said

_DECIMAL = re.compile(r"[1-7][0-7]{2}(?![\w.])")

Used = tuple[Section, int, Any]
"""An entry of a service's secrets or configs, with its index there."""


def copies(stack: Stack, tree: Mapping[str, Any], wrong: Collection[Path]) -> Iterator[Diagnostic]:
    """Every mistake in the secrets and configs of a stack, but of those that are wrong in themselves."""
    for section in SECTIONS:
        yield from _sources(stack, section, {path[1:2] for path in wrong if path[:1] == (section,)})
    for name, service in stack.services.items():
        used: list[Used] = [
            (section, index, copy) for section in SECTIONS for index, copy in enumerate(said(service, section) or ())
        ]
        yield from _undefined(stack, tree, name, used)
        yield from _targets(stack, name, service, used)
        yield from _read_only(stack, name, service, used)


def decimal_modes(services: Mapping[str, ServiceKeys], places: Places) -> Iterator[Diagnostic]:
    """Permissions that are written as people say them, and that YAML takes for a decimal number: `mode: 400`."""
    for name, service in services.items():
        for section in SECTIONS:
            for index, copy in enumerate(said(service, section) or ()):
                place = places.at("services", name, section, index, "mode")
                written = _DECIMAL.match(place.excerpt[place.column - 1 :])
                if written and int(written[0]) == copy.mode:
                    message = (
                        f"services.{name}: the mode {written[0]} of {section}.{copy.source} has no zero in front, so "
                        f"it is a decimal number, as with Compose: the permissions are {copy.mode:04o}"
                    )
                    hint = f"write 0{written[0]}, if those are meant; {copy.mode:04o}, if these are"
                    yield Diagnostic("decimal-mode", message, place, hint)


def _sources(stack: Stack, section: Section, wrong: Collection[Path]) -> Iterator[Diagnostic]:
    for name, source in getattr(stack, section).items():
        if (name,) in wrong:
            continue
        place = stack.places.key(section, name)
        if not source.said:
            hint = "file: ./NAME, environment: VARIABLE, or content: TEXT"
            yield Diagnostic("missing-key", f"{section}.{name} does not say what it holds", place, hint)
        elif len(source.said) > 1:
            keys = " and ".join(source.said)
            message = f"{section}.{name} has {keys}, and can hold only one thing"
            yield Diagnostic("said-twice", message, stack.places.key(section, name, source.said[1]), "keep one of them")
        if source.environment is not None and not _is_variable(source.environment):
            message = f"{section}.{name}.environment is no name of a variable"  # it may be the secret itself
            yield Diagnostic("bad-environment", message, stack.places.key(section, name, "environment"))


def _is_variable(name: str) -> bool:
    return name.isascii() and name.isidentifier()


def _undefined(stack: Stack, tree: Mapping[str, Any], name: str, used: Collection[Used]) -> Iterator[Diagnostic]:
    for section, index, copy in used:
        known = set(getattr(stack, section)) | (mapping(tree.get(section)) or {}).keys()
        if copy.source not in known:
            yield undefined(
                "secret" if section == "secrets" else "config",
                copy.source,
                known,
                stack.places.at("services", name, section, index),
                f"declare it: {section}: {{{copy.source}: {{file: ./{copy.source}}}}}",
            )


def _targets(stack: Stack, name: str, service: ServiceKeys, used: Collection[Used]) -> Iterator[Diagnostic]:
    """A file is at one place alone, where nothing else is, and in nothing that outlives the container."""
    seen: list[str] = []
    mounts: list[str] = [mount.target for mount in said(service, "volumes") or ()]
    mounts += [parts(text)[0] for text in said(service, "tmpfs") or ()]
    for section, index, copy in used:
        place = stack.places.at("services", name, section, index)
        path: str = copy.path
        if met := next((other for other in seen if _meet(path, other)), None):
            where = path if path == met else f"{met} and {path}"
            message = f"services.{name} has two secrets or configs at {where}"
            yield Diagnostic("said-twice", message, place, "give one of them another target")
        elif over := next((mount for mount in mounts if _lies_in(path, mount)), None):
            message = f"services.{name}: {path} would be copied into what is mounted at {over}, and stay there"
            yield Diagnostic("said-twice", message, place, "give it a target outside of the service's volumes")
        seen.append(path)


def _meet(one: str, other: str) -> bool:
    return one == other or is_beneath(one, other) or is_beneath(other, one)


def _lies_in(path: str, mount: str) -> bool:
    """`/run/secrets` is a mount of its own, which lies over what is mounted above it."""
    if is_beneath(path, FOLDER):
        return _meet(path, mount) and not is_beneath(FOLDER, mount)
    return path == mount or is_beneath(path, mount)


def _read_only(stack: Stack, name: str, service: ServiceKeys, used: Collection[Used]) -> Iterator[Diagnostic]:
    for section, index, copy in used:
        if said(service, "read_only") and not is_beneath(copy.path, FOLDER):
            yield Diagnostic(
                "read-only",
                f"services.{name} is read_only: nothing can be copied to {copy.path}",
                stack.places.at("services", name, section, index),
                f"give it a target beneath {FOLDER}, which can be filled all the same: "
                f"{posixpath.join(FOLDER, posixpath.basename(copy.path))}",
            )
