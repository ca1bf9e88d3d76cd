"""A service's environment: its `env_file`s, over them its `environment`, and what is passed on from where deployer
runs. Its labels likewise: its `label_file`s, over them its `labels`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from deployer.errors import DeployerError, Diagnostic, Place
from deployer.fields.kinds import environment_values
from deployer.fields.parse import key_values, listing, mapping
from deployer.interpolation import FromFile, set_at
from deployer.stack.mistakes import Path
from deployer.stack.outside import EnvFile, ReadEnvFile, layered
from deployer.stack.places import Places

Overlay = dict[Path, Place]
"""Where values are written that stand in another file than their key."""


def resolve_environments(
    tree: Mapping[str, Any],
    places: Places,
    environment: Mapping[str, str],
    read: ReadEnvFile,
    found: list[Diagnostic],
    unread: Collection[str] = (),
) -> Overlay:
    """Put each service's whole environment in the place of `environment` and `env_file`.

    Gives the places of what came from files. Those of the services in `unread` are not looked at. What is passed on is
    a variable of the stack file that says so; env files refer to those of the whole stack, `environment`, and to the
    service's own, as with Compose.
    """
    overlay: Overlay = {}
    services = mapping(tree.get("services")) or {}
    for name, entry in services.items():
        service = mapping(entry)
        if service is None or not service.keys() & {"env_file", "environment"}:
            continue
        path: Path = ("services", name)
        files = service.pop("env_file", None)
        if name in unread:
            continue
        try:
            own = environment_values(service.get("environment") or {})
        except ValueError:
            own = {}  # the model says what is wrong with it
        passed_on = {
            key: places.source(*path, "environment", key).environment.get(key) if value is None else value
            for key, value in own.items()
        }
        known = layered(environment, {key: value for key, value in passed_on.items() if value is not None})
        from_files = _from_files(files, (*path, "env_file"), places, read, known, found)
        if service.get("environment") and not own:
            continue
        overlay |= {(*path, "environment", key): place for key, (_, place) in from_files.items() if key not in own}
        for key, value in passed_on.items():
            if value is not None and own[key] is None:
                variable: Path = (*path, "environment", key)
                overlay[variable] = replace(places.at(*variable), behind=(set_at(key, value),))
        said = {key: None if value is None else str(value) for key, value in passed_on.items()}
        service["environment"] = {**{key: value for key, (value, _) in from_files.items()}, **said}
    return overlay


def resolve_labels(
    tree: Mapping[str, Any],
    places: Places,
    environment: Mapping[str, str],
    read: ReadEnvFile,
    found: list[Diagnostic],
    unread: Collection[str] = (),
) -> Overlay:
    """Put each service's whole labels in the place of `labels` and `label_file`; the places of what came from files."""
    overlay: Overlay = {}
    for name, entry in (mapping(tree.get("services")) or {}).items():
        service = mapping(entry)
        if service is None or "label_file" not in service:
            continue
        path: Path = ("services", name)
        files = service.pop("label_file")
        if name in unread:
            continue
        from_files = _from_files(files, (*path, "label_file"), places, read, environment, found)
        try:
            own = key_values(service.get("labels") or {})
        except ValueError:
            continue  # the model says what is wrong with it
        overlay |= {(*path, "labels", key): place for key, (_, place) in from_files.items() if key not in own}
        service["labels"] = {**{key: value for key, (value, _) in from_files.items()}, **own}
    return overlay


def _from_files(
    written: Any,
    path: Path,
    places: Places,
    read: ReadEnvFile,
    known: Mapping[str, str],
    found: list[Diagnostic],
) -> EnvFile:
    """The variables of `env_file`: a path, or a list of paths and of {path, required, format}; later files win. They
    refer to what is `known`, and to those before.
    """
    variables: dict[str, tuple[str, Place]] = {}
    if written is None:
        return variables
    several = listing(written)
    for index, entry in enumerate([written] if several is None else several):
        at: Path = path if several is None else (*path, index)
        if (asked := _entry(entry, at, places, found)) is None:
            continue
        file, required, raw = asked
        try:
            before = {key: FromFile(value, where) for key, (value, where) in variables.items()}
            variables.update(read(file, places.at(*at), known, before, raw))
        except DeployerError as error:
            if required or any(diagnostic.code != "file-missing" for diagnostic in error.diagnostics):
                found.extend(error.diagnostics)
    return variables


def _entry(entry: Any, path: Path, places: Places, found: list[Diagnostic]) -> tuple[str, bool, bool] | None:
    """The path of one entry, whether the file must be there, and whether its values are taken as they are."""
    if isinstance(entry, str):
        return entry, True, False
    long_form = mapping(entry) or {}
    labels = "label_file" in path
    if not labels and isinstance(long_form.get("path"), str):
        for key in long_form.keys() - {"path", "required", "format"}:
            message = f"env_file has no key {key!r}"
            found.append(Diagnostic("unknown-key", message, places.key(*path, key), "path, required and format"))
        written = long_form.get("format")
        if written not in (None, "", _RAW):
            message = f"env_file has no format {written!r}"
            found.append(Diagnostic("bad-choice", message, places.at(*path, "format"), "format: raw, or take it out"))
        return long_form["path"], long_form.get("required", True) in (True, "true"), written == _RAW
    what, hint = _LABELS if labels else _VARIABLES
    found.append(Diagnostic("bad-env-file", f"expected the path of {what}", places.at(*path), hint))
    return None


_RAW = "raw"
_VARIABLES = ("an environment file", "write env_file: ./web.env, or a list of paths or of {path, required, format}")
_LABELS = ("a file of labels", "write label_file: ./web.labels, or a list of paths")
