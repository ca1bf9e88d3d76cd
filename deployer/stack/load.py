"""From the text of a stack file to a Stack, or to all of its mistakes at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, cast

from pydantic import ValidationError

from deployer.errors import Diagnostic, InvalidStack, Place, raise_if_any
from deployer.fields.parse import listing, mapping
from deployer.interpolation import set_at
from deployer.stack.check import check
from deployer.stack.copies import decimal_modes
from deployer.stack.document import plain
from deployer.stack.environment import Overlay, resolve_environments, resolve_labels
from deployer.stack.extensions import extensions, without_extensions
from deployer.stack.files import Files, name_of_folder
from deployer.stack.mistakes import Path, bad_stack_name, from_validation
from deployer.stack.model import STACK_NAME, Stack, StackFile
from deployer.stack.outside import EnvFile, ReadEnvFile, ReadFile, TextFile
from deployer.stack.places import Places
from deployer.stack.profiles import inactive_services
from deployer.stack.service import Build, Service, said
from deployer.stack.settings import with_settings
from deployer.stack.swarm import swarm_only
from deployer.stack.variables import Variables, filled_values, tainted_paths

_MOST_ROUNDS = 4
"""What is wrong is taken out in one round; what only then comes to light, such as a missing key, in others."""


def load(
    text: str,
    *,
    file: str,
    folder: str,
    environment: Mapping[str, str],
    read_env_file: Callable[[str, Place], EnvFile],
    name: str | None = None,
) -> Stack:
    """The stack that one text describes, which names no other file but env files."""
    return load_files(
        [TextFile(text, file, f"{folder}/{file}")],
        folder=folder,
        environment=environment,
        read_file=_nothing_to_read,
        read_env_file=lambda path, place, _given, _before, _raw: read_env_file(path, place),
        name=name,
    )


def _nothing_to_read(path: str, place: Place) -> TextFile:
    raise InvalidStack(Diagnostic("file-missing", f"{path} does not exist", place))


def load_files(
    texts: Sequence[TextFile],
    *,
    folder: str,
    environment: Mapping[str, str],
    read_file: ReadFile,
    read_env_file: ReadEnvFile,
    name: str | None = None,
    profiles: Collection[str] = (),
    settings: Sequence[str] = (),
    named: Collection[str] = (),
) -> Stack:
    """The stack that files describe, the later ones merged over the first.

    `folder` is the absolute folder that relative paths start from, `environment` the variables for `${...}`, `name`
    what `-p` says, `profiles` those that are active, `settings` what `--set` says, `named` the services that the
    command line names. Raises InvalidStack with every mistake of the files, and their warnings.
    """
    found = [bad_stack_name(repr(name))] if name and not re.fullmatch(STACK_NAME, name) else list[Diagnostic]()
    warnings: list[Diagnostic] = []
    variables = Variables(found, warnings)
    files = Files(folder, read_file, read_env_file, found, variables)
    root, environment = files.stack(texts, environment, name)
    root = with_settings(root, settings, files.extra, found)
    places = Places(root)
    whole = plain(root)
    tree = without_extensions(whole)
    expand_home(tree, environment.get("HOME", ""))
    unreadable = {diagnostic.place for diagnostic in found}
    inactive = inactive_services(mapping(tree.get("services")) or {}, profiles, named)
    overlay = resolve_environments(tree, places, environment, read_env_file, found, inactive)
    overlay |= resolve_labels(tree, places, environment, read_env_file, found, inactive)
    parsed, mistakes, wrong = _validated(tree, places)
    if parsed is None:
        raise_if_any([*found, *mistakes], warnings=warnings)
        raise AssertionError("a file that does not parse has a mistake")
    active = {key: service for key, service in parsed.services.items() if key not in inactive}
    builds = {**parsed.builds, **_own_builds(active)}
    overlay |= _arguments_passed_on(builds, places, environment)
    stack = Stack(
        name=name or parsed.name or name_of_folder(folder),
        file=texts[0].shown,
        files=tuple(text.path for text in texts),
        folder=folder,
        builds=_with_arguments(builds, environment),
        images=parsed.images,
        services=active,
        inactive={key: service for key, service in parsed.services.items() if key in inactive},
        networks=parsed.networks,
        volumes=parsed.volumes,
        places=places,
        overlay=overlay,
        warnings=(
            *warnings,
            *swarm_only({key: each.deploy for key, each in parsed.services.items()}, places),
            *decimal_modes(parsed.services, places),
        ),
        sensitive=parsed.own.sensitive if parsed.own else (),
        tainted=frozenset((*(tainted_paths(root) if variables.tainted else ()), *_secret_paths(overlay))),
        filled=filled_values(root) if variables.filled else {},
        registries=parsed.registries,
        secrets=parsed.secrets,
        configs=parsed.configs,
        environment=environment,
        extensions=extensions(whole),
    )
    mistakes += () if files.incomplete else check(stack, tree, wrong)
    readable = (mistake for mistake in mistakes if mistake.place not in unreadable)
    raise_if_any([*found, *readable], warnings=stack.warnings)
    return stack


def _secret_paths(overlay: Overlay) -> Iterator[Path]:
    """The paths of values that encrypted files hold."""
    return (path for path, place in overlay.items() if place.secret or any(each.secret for each in place.behind))


def expand_home(tree: Mapping[str, Any], home: str) -> None:
    """Put the user's folder in the place of the `~` that a bind's source starts with, as Compose does."""
    for service in (mapping(tree.get("services")) or {}).values():
        volumes = listing((mapping(service) or {}).get("volumes")) or []
        for index, entry in enumerate(volumes):
            if isinstance(entry, str):
                volumes[index] = _at_home(entry, home)
            elif (long_form := mapping(entry)) and "source" in long_form:
                long_form["source"] = _at_home(long_form["source"], home)


def _at_home(path: Any, home: str) -> Any:
    return home + path[1:] if home and isinstance(path, str) and path.startswith("~/") else path


def _validated(tree: Any, places: Places) -> tuple[StackFile | None, list[Diagnostic], set[Path]]:
    """The file as a model without what is wrong, so that the rest can be judged; the mistakes, and their paths."""
    mistakes: list[Diagnostic] = []
    wrong: set[Path] = set()
    rest = tree
    for _ in range(_MOST_ROUNDS):
        try:
            return StackFile.model_validate(rest), mistakes, wrong
        except ValidationError as error:
            if not mistakes:
                mistakes += from_validation(error, StackFile, places)
                wrong |= {detail["loc"] for detail in error.errors()}
                rest = deepcopy(tree)
            for detail in error.errors():
                _take_out(rest, detail["loc"])
    return None, mistakes, wrong


def _take_out(tree: dict[str, Any], path: Path) -> None:
    """Remove what is at a path: of a list the whole, as places go by index; of what is missing, its owner."""
    keys = path[: next((depth for depth, part in enumerate(path) if isinstance(part, int)), len(path))]
    owner: Any = tree
    for depth, key in enumerate(keys):
        here = cast("dict[Any, Any]", owner)
        if key not in here:
            _take_out(tree, keys[:depth])
            return
        if depth == len(keys) - 1 or not isinstance(here[key], dict):
            del here[key]
            return
        owner = here[key]


def _with_arguments(builds: Mapping[str, Build], environment: Mapping[str, str]) -> dict[str, Build]:
    """The builds, each argument that is named alone having its value from where deployer runs, or left out."""
    found: dict[str, Build] = {}
    for name, build in builds.items():
        values = {key: environment.get(key) if value is None else value for key, value in build.args.items()}
        args = {key: value for key, value in values.items() if value is not None}
        found[name] = build.model_copy(update={"args": args})
    return found


def _arguments_passed_on(builds: Mapping[str, Build], places: Places, environment: Mapping[str, str]) -> Overlay:
    """The places of the arguments that are named alone, with where their values are set."""
    found: Overlay = {}
    for name, build in builds.items():
        said = ("builds", name) if places.has("builds", name) else ("services", name, "build")
        for key in (key for key, value in build.args.items() if value is None and key in environment):
            path: Path = (*said, "args", key)
            found[path] = replace(places.at(*path), behind=(set_at(key, environment[key]),))
    return found


def _own_builds(services: Mapping[str, Service]) -> dict[str, Build]:
    """The builds that services write themselves; the service's image is their further name, as in Compose."""
    return {
        name: service.build.model_copy(update={"tag": service.build.tag or said(service, "image")})
        for name, service in services.items()
        if service.build
    }
