"""The plan from a revision in git to the files as they are: as if what runs were the stack at that revision."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.fields.container import FIELDS
from deployer.fields.sensitive import is_sensitive_name, mask_user_info
from deployer.home import from_home
from deployer.plan.model import Cause, Change, FieldChange, Plan
from deployer.plan.planner import Options, make_plan
from deployer.project import Project
from deployer.resources.as_read import salted
from deployer.resources.observed import Observed
from deployer.revisited.imagined import imagined, moved
from deployer.revisited.taken import as_they_are_now
from deployer.revisited.told import told
from deployer.sources.files import shown_path
from deployer.sources.git_tree import GitTree, tree_at
from deployer.sources.noted import Seen, noting
from deployer.stack.model import Stack

_GIT = "git:"
_MOST = 8
"""So many files are named at most that a revision does not have."""


@dataclass(frozen=True, slots=True)
class Loader:
    """How a stack is loaded: `load` does it from these files and env files, where those that the command line names
    are the `env_files`.
    """

    load: Callable[[list[str], list[str]], tuple[Stack, Path]]
    env_files: Sequence[str] = ()


def plan_against(project: Project, loader: Loader, said: str, options: Options) -> tuple[Plan, Observed]:
    """`said` is git: and a revision. Raises InvalidStack where the repository has none such, or the stack at it is
    invalid.
    """
    revision = said.removeprefix(_GIT)
    with tempfile.TemporaryDirectory(prefix="deployer-") as folder:
        tree = tree_at(project.path.parent, revision, Path(folder))
        try:
            with noting() as seen:
                before = _stack_at(project, loader, tree, seen)
                plan, observed = _plan(project, before, tree, said, options)
        except InvalidStack as error:
            raise InvalidStack(*(_renamed(each, tree, revision) for each in error.diagnostics)) from None
        changes = plan.changes
        if before:
            changes = tuple(_with_both_values(each, before.stack, project.stack) for each in changes)
            changes = tuple(_with_both_lines(each, before.stack, tree, revision) for each in changes)
        as_now = as_they_are_now(before.stack, tree, loader.env_files, seen) if before else ()
    shown = sorted(shown_path(Path(_back(each, tree, _top(project, tree)))) for each in as_now)
    warnings = (*plan.warnings, *_not_known(project, before, revision), *_not_compared(shown, revision))
    files = tuple(_shown(project))
    plan = replace(plan, changes=changes, warnings=warnings, against=said, files=files)
    return told(plan, observed), observed


def _stack_at(project: Project, loader: Loader, tree: GitTree, seen: Seen) -> Project | None:
    """The stack as it was; None where none of its files was there. What is read for it is `seen`."""
    files = [tree.inside(Path(each)) for each in project.stack.files]
    there = [str(each) for each in files if each.is_file()]
    if not there:
        return None
    env_files = [str(_env_file(tree, each)) for each in loader.env_files]
    stack, path = loader.load(there, env_files)
    found = Project(stack, path)
    found.origin, found.salt = project.origin, project.salt
    read = {os.path.abspath(each) for each in seen.files} - set(env_files)
    contents = (each.file for each in (*stack.secrets.values(), *stack.configs.values()) if each.file)
    contexts = (each.context for each in stack.builds.values())
    named = {os.path.abspath(Path(stack.folder, from_home(each))) for each in (*contents, *contexts)}
    outside = sorted(each for each in read | named if not Path(each).is_relative_to(tree.folder))
    if outside:
        hint = "name files of the repository; or plan against a snapshot"
        message = f"the stack names {', '.join(outside)}, which is outside of the repository, so it has no revisions"
        raise InvalidStack(Diagnostic("outside-repository", message, hint=hint))
    return found


def _env_file(tree: GitTree, said: str) -> Path:
    """One outside of the repository has no revisions: it is the same before and after."""
    path = Path(said).absolute()
    try:
        then = tree.inside(path)
    except InvalidStack:
        return path
    return then if then.is_file() else path


def _plan(
    project: Project, before: Project | None, tree: GitTree, said: str, options: Options
) -> tuple[Plan, Observed]:
    after, salt = project.desired(options.only), project.salt
    if before and before.stack.name == project.stack.name:
        was = before.desired()
    else:
        was = replace(after, services={}, images={}, builds={}, networks={}, volumes={}, pushes=())
    was = replace(was, origin=after.origin, folder=after.folder, file=after.file)
    top = _top(project, tree)
    there = moved(salted(was, salt), lambda text: _back(text, tree, top))
    observed, recall = imagined(there, said, tree.commit[:12], salt, after)
    return make_plan(after, observed, project.stack.place, options, recall), observed


def _top(project: Project, tree: GitTree) -> Path:
    """The top folder of the checkout by the way that the stack file was named, which may lead through a link."""
    folder = project.path.parent
    inside = len(folder.resolve().relative_to(tree.top).parts)
    top = (folder, *folder.parents)[inside]
    return top if top.resolve() == tree.top else tree.top


def _back(text: str, tree: GitTree, top: Path) -> str:
    """A path in the folder of the revision as that of the checkout."""
    folder = str(tree.folder)
    return str(top) + text[len(folder) :] if text == folder or text.startswith(f"{folder}/") else text


def _renamed(diagnostic: Diagnostic, tree: GitTree, revision: str) -> Diagnostic:
    """What is wrong with the stack as it was, named as git names a file of a revision: `main:stack.yaml`."""

    def text(said: str) -> str:
        said = said.replace(f"{tree.folder}/", f"{revision}:").replace(str(tree.folder), revision)
        return said.replace(f"{tree.folder.parent}/", f"{revision}:../")

    place = diagnostic.place and replace(diagnostic.place, file=text(diagnostic.place.file))
    notes = tuple(map(text, diagnostic.notes))
    return replace(diagnostic, message=text(diagnostic.message), place=place, hint=text(diagnostic.hint), notes=notes)


def _with_both_values(change: Change, before: Stack, after: Stack) -> Change:
    """With what a build's arguments were and are: an engine's plan knows but a digest of what they were."""
    kind, _, build = change.address.partition(".")
    if kind != "build" or build not in before.builds:
        return change

    def valued(field: FieldChange) -> FieldChange:
        section, _, name = field.field.partition(".")
        stacks = (before, after)
        if section != "args" or any(is_sensitive_name(name, each.sensitive_in_build(build)) for each in stacks):
            return field
        was, now = (value and mask_user_info(value) for value in (each.builds[build].args.get(name) for each in stacks))
        return field if was == now else replace(field, before=was, after=now, note="", quoted=True)

    return replace(change, fields=tuple(map(valued, change.fields)))


def _with_both_lines(change: Change, before: Stack, tree: GitTree, revision: str) -> Change:
    def there(field: FieldChange) -> FieldChange:
        if Cause.EDIT not in field.causes or (field.before is None and not field.sensitive):
            return field
        place = _place(change.address, field.field, before)
        if place is None:
            return field
        file = place.file.replace(f"{tree.folder}/", f"{revision}:")
        return replace(field, was_at=replace(place, file=file, excerpt="", behind=()))

    return replace(change, fields=tuple(map(there, change.fields)))


def _place(address: str, field: str, stack: Stack) -> Place | None:
    """Where the value was written; the nearest line above it where it was a part of something."""
    kind, _, name = address.partition(".")
    if kind == "build" and name in stack.builds:
        path = (*stack.path_of_build(name), *field.split(".", 1))
        return stack.place(*path) if _has(stack, *path) else None
    section = {"service": "services", "network": "networks", "volume": "volumes"}.get(kind)
    if section is None:
        return None
    key = name.partition("[")[0]
    paths = list(_paths(field)) if section == "services" else [tuple(field.split(".")), (field.partition(".")[0],)]
    found = next((path for path in paths if _has(stack, section, key, *path)), None)
    return stack.place(section, key, *found) if found else None


def _has(stack: Stack, *path: str) -> bool:
    """Whether something is written there, in the stack file or in an env file."""
    return path in stack.overlay or stack.places.has(*path)


def _paths(field: str) -> Iterator[tuple[str, ...]]:
    for row in FIELDS:
        for name in row.names:
            if field == name or field.startswith(f"{name}."):
                entry = field[len(name) + 1 :]
                if entry:
                    yield (*name.split("."), *row.kind.path_of(entry))
                yield tuple(name.split("."))


def _not_known(project: Project, before: Project | None, revision: str) -> Iterator[Diagnostic]:
    hint = "what runs, and which images are there, only a plan of the engine or of a snapshot tells"
    if before is None:
        message = f"none of {', '.join(_shown(project))} was there at {revision}: everything is new"
        yield Diagnostic("made-offline", message, hint=hint)
    else:
        if before.stack.name != project.stack.name:
            yield Diagnostic(
                "made-offline",
                f"the stack was named {before.stack.name} at {revision}, and is {project.stack.name} now: another one, "
                f"of which nothing is there yet, and {before.stack.name} stays as it is",
                hint=f"deployer -p {before.stack.name} destroy removes it",
            )
        message = f"two versions of the files are compared, as if the stack at {revision} were what runs"
        yield Diagnostic("made-offline", message, hint=hint)


def _not_compared(files: Sequence[str], revision: str) -> Iterator[Diagnostic]:
    if files:
        more = f" and {len(files) - _MOST} more" if len(files) > _MOST else ""
        named = f"{', '.join(files[:_MOST])}{more}"
        yield Diagnostic(
            "made-offline",
            f"{revision} does not have {named}, which the stack reads: what changed in them is not in this plan",
            hint="they are taken as they are now, before and after",
        )


def _shown(project: Project) -> Iterator[str]:
    return (shown_path(Path(each)) for each in project.stack.files)
