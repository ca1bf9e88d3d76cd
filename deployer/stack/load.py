"""From the text of a stack file to a Stack, or to all of its mistakes at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, cast

from pydantic import ValidationError

from deployer.errors import Diagnostic, Place, raise_if_any
from deployer.fields.parse import listing, mapping
from deployer.fields.sensitive import is_sensitive_name
from deployer.interpolation import InterpolationError, RequiredVariable, interpolate
from deployer.stack.check import check
from deployer.stack.document import read_document
from deployer.stack.environment import ReadEnvFile, resolve_environments
from deployer.stack.mistakes import Path, from_validation, path_text
from deployer.stack.model import Stack, StackFile
from deployer.stack.places import Places
from deployer.stack.service import Build, said
from deployer.stack.swarm import swarm_only

FREE = ("environment", "labels", "args", "driver_opts", "extra_hosts", "options", "sysctls")
"""Mappings whose keys are the user's own: `x-` has no meaning there."""

_MOST_ROUNDS = 4
"""What is wrong is taken out in one round; what only then comes to light, such as a missing key, in others."""


def load(
    text: str,
    *,
    file: str,
    folder: str,
    environment: Mapping[str, str],
    read_env_file: ReadEnvFile,
    name: str | None = None,
) -> Stack:
    """The stack that a file describes.

    `file` is the name that places bear, `folder` the absolute folder that relative paths start from, `environment`
    the variables for `${...}`, `name` what `-p` says. Raises InvalidStack with every mistake of the file.
    """
    found: list[Diagnostic] = []
    document = read_document(text, file, found)
    places = document.places
    warnings: list[Diagnostic] = []
    tree = without_extensions(document.value)
    interpolation = _Interpolation(environment, places, found, warnings)
    tree = interpolation.of(tree, ())
    expand_home(tree, environment.get("HOME", ""))
    unreadable = {diagnostic.place for diagnostic in found}
    overlay = resolve_environments(tree, places, environment, read_env_file, found)
    parsed, mistakes, wrong = _validated(tree, places)
    if parsed is None:
        raise_if_any([*found, *mistakes])
        raise AssertionError("a file that does not parse has a mistake")
    stack = Stack(
        name=name or parsed.name or name_of_folder(folder),
        file=file,
        folder=folder,
        builds=_with_arguments({**parsed.builds, **_own_builds(parsed)}, environment),
        images=parsed.images,
        services=parsed.services,
        networks=parsed.networks,
        volumes=parsed.volumes,
        places=places,
        overlay=overlay,
        warnings=(*warnings, *swarm_only({key: each.deploy for key, each in parsed.services.items()}, places)),
        sensitive=parsed.own.sensitive if parsed.own else (),
        tainted=frozenset(interpolation.tainted),
        registries=parsed.registries,
        secrets=parsed.secrets,
        configs=parsed.configs,
        environment=environment,
    )
    mistakes += check(stack, tree, wrong)
    raise_if_any([*found, *(mistake for mistake in mistakes if mistake.place not in unreadable)])
    return stack


def name_of_folder(folder: str) -> str:
    """The name of a stack that has none: the folder's, as Compose normalises it."""
    last = folder.rstrip("/").rpartition("/")[2].lower()
    return re.sub(r"[^a-z0-9_-]", "", last).lstrip("_-") or "stack"


def without_extensions(value: Any, free: bool = False) -> Any:
    """The tree less its `x-` keys, which are the user's own; `x-deployer` is ours."""
    if isinstance(value, dict):
        return {
            key: without_extensions(item, key in FREE)
            for key, item in cast("dict[str, Any]", value).items()
            if free or not key.startswith("x-") or key == "x-deployer"
        }
    if isinstance(value, list):
        return [without_extensions(item) for item in cast("list[Any]", value)]
    return value


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


class _Interpolation:
    """Replaces `${...}` in every text of a tree and collects what is wrong on the way.

    `tainted` are the paths of values that a sensitive variable went into: they must not be shown either. What stands in
    a list as KEY=value is there by its key.
    """

    def __init__(
        self, environment: Mapping[str, str], places: Places, errors: list[Diagnostic], warnings: list[Diagnostic]
    ) -> None:
        self.environment = environment
        self.places, self.errors, self.warnings = places, errors, warnings
        self.told: set[str] = set()
        self.used: set[str] = set()
        self.tainted: set[Path] = set()

    def of(self, value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {key: self.of(item, (*path, key)) for key, item in cast("dict[str, Any]", value).items()}
        if isinstance(value, list):
            return [self.of(item, (*path, index)) for index, item in enumerate(cast("list[Any]", value))]
        return self._text(value, path) if isinstance(value, str) and "$" in value else value

    def _text(self, text: str, path: Path) -> str:
        place = self.places.at(*path)
        self.used.clear()
        try:
            result = interpolate(text, self._lookup, unset=lambda name, _offset: self._unset(name, place))
            if any(map(is_sensitive_name, self.used)):
                key, equals, _ = text.partition("=")
                self.tainted.add((*path[:-1], key) if equals and isinstance(path[-1], int) else path)
            return result
        except RequiredVariable as error:
            reason = f": {error.message}" if error.message else ""
            message = f"{path_text(path)} needs the variable {error.name}{reason}"
            self.errors.append(Diagnostic("unset-variable", message, place, error.hint))
        except InterpolationError as error:
            self.errors.append(Diagnostic("bad-interpolation", f"{path_text(path)}: {error}", place, error.hint))
        return text

    def _lookup(self, name: str) -> str | None:
        self.used.add(name)
        return self.environment.get(name)

    def _unset(self, name: str, place: Place) -> None:
        if name not in self.told:
            self.told.add(name)
            self.warnings.append(
                Diagnostic(
                    "unset-variable",
                    f"the variable {name} is not set: it is taken as empty",
                    place,
                    f"set it, or say what it is otherwise: ${{{name}:-value}}",
                )
            )


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


def _own_builds(parsed: StackFile) -> dict[str, Build]:
    """The builds that services write themselves; the service's image is their further name, as in Compose."""
    return {
        name: service.build.model_copy(update={"tag": service.build.tag or said(service, "image")})
        for name, service in parsed.services.items()
        if service.build
    }
