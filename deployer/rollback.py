"""The way back: a revision read from its record, made a project like any other."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from deployer.errors import Diagnostic, InvalidStack, Place, raise_if_any
from deployer.project import Pinned, Project
from deployer.resources.records import SUCCEEDED

if TYPE_CHECKING:
    from deployer.plan.model import Change, FieldChange, Plan
    from deployer.reconcile.had import Had
    from deployer.reconcile.protocol import Reader
    from deployer.resources.desired import DesiredBuild, DesiredImage
    from deployer.resources.records import Record, Records
    from deployer.resources.revisions import KeptImage, Tree
    from deployer.stack.model import Service, Stack
    from deployer.stack.places import Node


@dataclass(frozen=True, slots=True)
class Kept:
    """What a revision keeps: its record, the stack as it was resolved, the images that ran."""

    record: Record
    tree: Tree
    images: Mapping[str, KeptImage] = field(default_factory=dict[str, "KeptImage"])

    @property
    def revision(self) -> int:
        return self.record.revision


def kept_of(reader: Reader, stack: str, record: Record) -> Kept:
    """Raises InvalidStack where the record holds no stack, or not all of it."""
    from deployer.reconcile.apply import desired_in, images_kept
    from deployer.resources.revisions import tree_in

    text = desired_in(reader, stack, record.revision)
    tree = tree_in(text)
    if tree is None:
        what = "is damaged: the stack in it cannot be read" if text else "does not hold the stack"
        message = f"the record of revision {record.revision} {what}"
        raise InvalidStack(Diagnostic("record-damaged", message, hint="see deployer history for the others"))
    return Kept(record, tree, images_kept(reader, stack, record.revision))


Wishes = Callable[["Record"], object]
"""What a revision asked for, less what is sensitive: equal where two asked for the same, and ran the same images."""


def wishes_of(reader: Reader, stack: str) -> Wishes:
    """Each revision's is read once."""
    known: dict[int, object] = {}

    def wish(record: Record) -> object:
        if record.revision not in known:
            known[record.revision] = _wish_of(reader, stack, record)
        return known[record.revision]

    return wish


def asked_the_same(wish: Wishes, one: Record, other: Record) -> bool:
    """Whether two revisions asked for the very same; of what is sensitive, earlier deployers have kept nothing to tell
    by.
    """
    hidden, others = one.about.masked, other.about.masked
    return (not hidden or not others or hidden == others) and wish(one) == wish(other)


def _wish_of(reader: Reader, stack: str, record: Record) -> tuple[object, ...]:
    from deployer.reconcile.apply import desired_in, images_kept
    from deployer.resources.revisions import tree_in

    images = images_kept(reader, stack, record.revision)
    return tree_in(desired_in(reader, stack, record.revision)), {name: each.id for name, each in images.items()}


def applied_last(reader: Reader, named: Stack, records: Records) -> Stack:
    """The stack of the newest revision that came about, as far as its record has it; of a stack that is only `named`,
    where no record can be read.
    """
    from deployer.history.trees import readable

    for record in reversed(records.all):
        if record.result == SUCCEEDED and record.has_stack:
            with suppress(InvalidStack):
                kept = kept_of(reader, named.name, record)
                return _stack_of(readable(kept.tree), named, kept.revision, record.about.inactive)
    return named


def told_of(plan: Plan, number: int, *, pinned: bool = True) -> Plan:
    """The plan, saying where it goes: what is not in that revision may well be in the stack file. Its images are
    `pinned` where it says which ones it ran.
    """
    from deployer.plan.model import NO_LONGER, Action, Cause
    from deployer.render.causes import is_ahead

    built = {each.address for each in plan.changes if each.action is Action.BUILD}

    def told(each: FieldChange) -> FieldChange:
        """The revision asks for just that image: no tag was moved for it, and nothing is built from other inputs."""
        is_asked = pinned and each.field == "image" and each.causes in ((Cause.IMAGE,), (Cause.BUILD,))
        asked = replace(each, causes=(Cause.EDIT,), at=Place(f"revision {number}", 0, 0))
        return asked if is_asked and not is_ahead(each) else each

    def detail(each: Change) -> str:
        """A new container runs what the build gave then, not what it gives today."""
        image, comma, rest = each.detail.partition(", ")
        is_of_then = pinned and each.action is Action.CREATE and image.startswith("build.") and image not in built
        return f"{image} of revision {number}{comma}{rest}" if is_of_then else each.detail

    changes = (
        replace(
            each,
            detail=detail(each),
            reason=each.reason.replace(NO_LONGER, f"not in revision {number}"),
            fields=tuple(map(told, each.fields)),
        )
        for each in plan.changes
    )
    warnings = tuple(each for each in plan.warnings if each.code != "rolled-back")
    return replace(plan, changes=tuple(changes), warnings=warnings, back_to=number, files=None)


@dataclass(frozen=True, slots=True)
class Back:
    """The project as it was in a revision; the places of it, as text, that are not as they were, as no revision keeps
    what is sensitive; and what is to be warned of.
    """

    project: Project
    changed: tuple[str, ...]
    warnings: tuple[Diagnostic, ...]


def gone_back(today: Project, kept: Kept, protected: Collection[str] = ()) -> Back:
    """The way back, with today's values for what no revision keeps. Volumes that are `protected` now, by their names on
    the engine, stay so. With a value that is not as it was, it is no longer what the revision's commit says: dirty.

    Raises InvalidStack where something sensitive is nowhere to be had, or what the revision says is no stack any more.
    """
    from deployer.history.images import told_unpinned
    from deployer.history.today import filled, refuse_missing, told
    from deployer.history.trees import moved, readable
    from deployer.render.config import whole_tree

    number, about = kept.revision, kept.record.about
    tree = readable(moved(kept.tree, about.folder, today.stack.folder))
    found = filled(tree, readable(whole_tree(today.stack)), readable(whole_tree(today.stack, bare=True)))
    refuse_missing(found.missing, number)
    stack = _stack_of(found.tree, today.stack, number, about.inactive)
    # a URL hides its user info by itself: hidden whole, the rest of it would be lost to the next way back
    stack = replace(stack, tainted=frozenset(found.taken))
    guarded = {
        key: each.model_copy(update={"protect": each.protect or stack.volume_name(key) in protected})
        for key, each in stack.volumes.items()
    }
    stack = replace(stack, volumes=guarded)
    project = Project(stack, today.path, pin=partial(_pinned, kept))
    now = project.masked(kept.record.salt)
    changed = tuple(sorted(place for place, digest in about.masked.items() if now.get(place) != digest))
    project.commit = about.commit, about.dirty or bool(changed)
    unpinned = told_unpinned(_addresses(stack) - kept.images.keys(), number)
    return Back(project, changed, (*told(found, about.masked.keys(), changed, number), *unpinned))


def _addresses(stack: Stack) -> set[str]:
    from deployer.resources.from_stack import desired

    return {*desired(stack, "", {}).images, *(f"build.{name}" for name in stack.builds)}


def _stack_of(tree: Tree, today: Stack, number: int, inactive: tuple[str, ...]) -> Stack:
    from deployer.stack.load import load_files
    from deployer.stack.outside import TextFile

    name = f"revision {number}"

    def nothing(path: str, place: Place, *_: object) -> NoReturn:
        raise InvalidStack(Diagnostic("file-missing", f"{path} does not exist", place))

    try:
        stack = load_files(
            [TextFile(json.dumps(tree), name, today.files[0])],
            folder=today.folder,
            environment=dict(_variables(tree, today)),
            read_file=nothing,
            read_env_file=nothing,
            name=today.name,
            profiles=("*",),
        )
    except InvalidStack as error:
        raise InvalidStack(*(replace(each, place=Place(name, 0, 0)) for each in error.diagnostics)) from error
    _without_lines(stack.places.root)
    return replace(stack, files=today.files, inactive=_inactive(stack, today, inactive), warnings=())


def _variables(tree: Tree, today: Stack) -> Iterator[tuple[str, str]]:
    """Those of today; what a secret or config of today is made from as the file has it that says so."""
    yield from today.environment.items()
    for section in ("secrets", "configs"):
        for name, said in (tree.get(section) or {}).items():
            variable = said.get("environment")
            if variable and name in getattr(today, section):
                value = today.variables_at(section, name, "environment").get(variable)
                yield from [(variable, value)] if value is not None else []


def _inactive(stack: Stack, today: Stack, names: tuple[str, ...]) -> dict[str, Service]:
    """What was no part of it by its profiles is left alone, as it was then."""
    from deployer.stack.service import Service

    known = {**today.services, **today.inactive}
    left = (name for name in names if name not in stack.services)
    return {name: known.get(name) or Service.model_validate({}) for name in left}


def _without_lines(node: Node) -> None:
    """What a record says has a revision, and no line in any file."""
    from deployer.stack.places import ListNode, MappingNode

    node.line = node.column = 0
    if isinstance(node, ListNode):
        for item in node.items:
            _without_lines(item)
    elif isinstance(node, MappingNode):
        for entry in node.entries.values():
            entry.line = entry.column = 0
            _without_lines(entry.node)


def _pinned(kept: Kept, project: Project, reader: Reader) -> Pinned:
    """Where the revision's images are to be had now: on the engine, in a registry, or by a build whose inputs are as
    they were. Raises InvalidStack, before anything is done, for each that is not.
    """
    from deployer.history.images import image_had
    from deployer.reconcile.had import where_had
    from deployer.resources.from_stack import desired

    stack, wanted = project.stack, desired(project.stack, "", {})
    run = {service.image.address for service in wanted.services.values()}
    needed = {*wanted.images, *(f"build.{push.build}" for push in wanted.pushes)}
    images = {address: image for address, image in kept.images.items() if address in _addresses(stack)}
    had = where_had(reader, images)
    builds = {
        name: _made(name, stack, images[address], found)
        for address, found in had.items()
        if not found.trouble and (name := address.removeprefix("build.")) != address
    }
    chosen = {
        address: image_had(address, images[address], found.source, found.instead)
        for address, found in had.items()
        if not found.trouble and address.startswith("image.") and (address in run or not found.instead)
    }
    missing = {address: found.trouble for address, found in had.items() if found.trouble and address in needed}
    needless = {address for address, found in had.items() if found.trouble} - missing.keys()
    bases = _brought_again(kept, project, reader, missing, builds)
    return Pinned({**bases, **chosen}, builds, frozenset(address.removeprefix("build.") for address in needless))


def _made(name: str, stack: Stack, kept: KeptImage, found: Had) -> DesiredBuild:
    from deployer.history.images import build_had

    return build_had(name, stack.builds[name], stack.path_of_build(name), stack.name, kept, found.source)


def _brought_again(
    kept: Kept, project: Project, reader: Reader, missing: Mapping[str, str], made: Mapping[str, DesiredBuild]
) -> dict[str, DesiredImage]:
    """What is neither on the engine nor in a registry is loaded or built again, where that makes the same. Gives the
    images that builds start from, for which the same holds. Raises InvalidStack.
    """
    from deployer.history.images import gone

    bases: dict[str, DesiredImage] = {}
    refused: list[Diagnostic] = []
    for address, trouble in missing.items():
        kind, _, name = address.partition(".")
        if kind == "image":
            why = _why_not_loaded(project, address, kept.images[address])
        else:
            why, found = _why_not_built(kept, project, reader, name, made)
            bases |= found
        if why is not None:
            refused.append(gone(address, kept.images[address], kept.revision, trouble, why))
    raise_if_any(refused)
    return bases


def _why_not_loaded(project: Project, address: str, kept: KeptImage) -> str | None:
    """None where its archive holds just that image."""
    mistakes: list[Diagnostic] = []
    found = project.sources.archives([address], mistakes).get(address)
    if mistakes:
        return mistakes[0].message
    if found is None:
        return ""
    return None if found[1].id == kept.id else f"{found[1].file} holds another one now"


def _why_not_built(
    kept: Kept, project: Project, reader: Reader, name: str, made: Mapping[str, DesiredBuild]
) -> tuple[str | None, dict[str, DesiredImage]]:
    """None where it can be built as it was; and the images from elsewhere that it starts from."""
    from deployer.fields.references import with_tag
    from deployer.history.images import as_it_was, bases_of
    from deployer.reconcile.had import where_had
    from deployer.resources.desired import DesiredImage

    mistakes: list[Diagnostic] = []
    read: dict[str, DesiredBuild] = {}
    try:
        read = project.sources.builds([name], mistakes, made)
    except InvalidStack as error:
        mistakes += error.diagnostics
    if mistakes:
        return mistakes[0].message, {}
    builds = {one.name: one for one in read.values() if not one.made}
    moved = [one for one in builds.values() if not as_it_was(one, kept.images)]
    if moved:
        return " and ".join(f"what goes into it from {one.folder} is not as it was" for one in moved), {}
    bases = bases_of(builds, kept.images)
    had = where_had(reader, bases)
    for address, found in had.items():
        if found.trouble or found.instead:
            trouble = found.trouble or "another one has its name"
            return f"{bases[address].reference}, which it starts from, is not to be had as it was: {trouble}", {}
    return None, {
        address: DesiredImage(address, with_tag(bases[address].reference), source=found.source)
        for address, found in had.items()
    }
