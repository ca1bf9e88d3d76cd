"""Where the rooms are joined: files become a stack, the stack meets an engine. Shared by all that is not pure."""

from __future__ import annotations

import base64
import os
import secrets
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from deployer.errors import Diagnostic, InvalidStack, Place, raise_if_any
from deployer.sources.dotenv import read_dotenv
from deployer.sources.files import find_stack_file, read_text, shown_path

if TYPE_CHECKING:
    from deployer.fields.copies import Section
    from deployer.plan.model import Plan
    from deployer.plan.one_off import NewOneOff, OneOff
    from deployer.plan.parts import Part
    from deployer.plan.planner import Options
    from deployer.plan.steps import Copies
    from deployer.reconcile.protocol import Engine, Reader
    from deployer.resources.built import NamedImage
    from deployer.resources.desired import Desired, DesiredArchive, DesiredBuild, DesiredImage
    from deployer.resources.observed import Observed
    from deployer.resources.registries import Registry
    from deployer.sources.builds import BuildSources, Recipe
    from deployer.sources.contents import Content
    from deployer.stack.model import Stack


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line says for every command."""

    files: Sequence[str] = ()
    project_name: str | None = None
    env_files: Sequence[str] = ()
    engine: str | None = None
    context: str | None = None


def load_stack(choices: Choices) -> tuple[Stack, Path]:
    """The stack that the command line names, and its file. Raises DeployerError."""
    from deployer.stack.load import load

    if len(choices.files) > 1:
        raise InvalidStack(
            Diagnostic(
                "not-supported-yet", "several stack files at once are not supported yet", hint="put them into one file"
            )
        )
    path = Path(os.path.abspath(choices.files[0])) if choices.files else find_stack_file(Path.cwd())
    folder = path.parent
    shown = shown_path(path)
    text = read_text(path, shown)
    stack = load(
        text,
        file=shown,
        folder=str(folder),
        environment=_environment(folder, choices.env_files),
        read_env_file=lambda name, place: _read_env_file(folder, name, place),
        name=choices.project_name,
    )
    return stack, path


def _environment(folder: Path, env_files: Sequence[str]) -> Mapping[str, str]:
    """The variables for `${...}`: the environment's own go before those of `.env`, or of the files that --env-file
    names.
    """
    found: dict[str, str] = {}
    paths = [Path(os.path.abspath(name)) for name in env_files] or [
        path for path in (folder / ".env",) if path.is_file()
    ]
    for path in paths:
        shown = shown_path(path)
        values = read_dotenv(read_text(path, shown), shown, {**found, **os.environ})
        found |= {name: value for name, (value, _) in values.items()}
    return {**found, **os.environ}


def _read_env_file(folder: Path, name: str, place: Place) -> Mapping[str, tuple[str, Place]]:
    path = folder / Path(name).expanduser()
    shown = shown_path(path)
    return read_dotenv(read_text(path, shown, place), shown, os.environ)


def connect(choices: Choices, registries: Sequence[Registry] = ()) -> Engine:
    """The engine that the command line, the environment or the docker configuration name. Raises Unreachable.

    `registries` are those of a stack, with its logins.
    """
    from deployer.engine.client import connect as connect_to
    from deployer.engine.locate import locate

    return connect_to(locate(choices.engine, choices.context, os.environ, Path.home()), registries=registries)


@dataclass
class Project:
    """A stack with what was read of its builds, secrets and configs, ready to be planned and carried out."""

    stack: Stack
    path: Path
    _sources: dict[str, BuildSources] = field(default_factory=dict)
    _contents: dict[str, Content] = field(default_factory=dict)

    def scaled(self, numbers: Mapping[str, int]) -> Project:
        """The same project with other numbers of replicas. Raises InvalidStack where that cannot be."""
        from deployer.stack.check import check

        services = dict(self.stack.services)
        for name, number in numbers.items():
            deploy = services[name].deploy
            less = deploy.model_copy(update={"replicas": None}) if deploy else None
            services[name] = services[name].model_copy(update={"scale": number, "deploy": less})
        stack = replace(self.stack, services=services)
        raise_if_any(
            each for each in check(stack, {}) if each.code in ("fixed-port", "fixed-address", "owner-replicas")
        )
        return Project(stack, self.path)

    @cached_property
    def origin(self) -> str:
        from deployer.sources.origin import origin

        return origin(self.path)

    @cached_property
    def salt(self) -> str:
        """A salt for a stack that has none yet: the same in every plan of this run."""
        return secrets.token_hex(16)

    def desired(self, only: Collection[str] = (), *, alone: bool = False) -> Desired:
        """What should be, or `only` these services and what they need, `alone` without what they depend on; each
        build's inputs, and what secrets and configs hold, are read anew.
        """
        from deployer.resources.as_read import with_archives, with_digests
        from deployer.resources.from_stack import desired
        from deployer.resources.narrowed import narrowed

        whole = desired(self.stack, self.origin, {})
        part = narrowed(whole, only, alone=alone) if only else whole
        mistakes: list[Diagnostic] = []
        needed = {*part.images, *(f"build.{push.build}" for push in part.pushes)}
        chosen = [name for name in self.stack.builds if not only or f"build.{name}" in needed]
        builds = self._read_builds(chosen, mistakes)
        self._contents = self._read_contents(part.services, mistakes)
        archives = self._read_archives(part.images, mistakes)
        raise_if_any(mistakes)
        digests = {name: content.digest for name, content in self._contents.items()}
        return with_archives(with_digests(replace(part, builds=builds), digests), archives)

    def _read_archives(
        self, addresses: Collection[str], mistakes: list[Diagnostic]
    ) -> dict[str, tuple[str, DesiredArchive]]:
        """The images that come from archives, by address: the reference that each is to have, and what it is there."""
        from deployer.fields.references import with_tag
        from deployer.resources.desired import DesiredArchive
        from deployer.sources.image_archive import chosen, read_image_archive

        found: dict[str, tuple[str, DesiredArchive]] = {}
        for name, entry in self.stack.images.items():
            if not entry.archive or f"image.{name}" not in addresses:
                continue
            place = self.stack.place("images", name, "archive")
            path = self._path(entry.archive)
            try:
                images = read_image_archive(path, place)
                wanted = with_tag(entry.from_) if entry.from_ else ""
                image, reference = chosen(images, wanted, shown_path(path), place)
            except InvalidStack as error:
                mistakes += error.diagnostics
                continue
            known = reference if reference in image.names else image.id
            found[f"image.{name}"] = (reference, DesiredArchive(entry.archive, image.id, known))
        return found

    def open_archive(self, image: DesiredImage) -> BinaryIO:
        assert image.archive
        return open(self._path(image.archive.file), "rb")

    def _path(self, written: str) -> Path:
        """A path of the stack file, which starts from the file's folder."""
        return Path(self.stack.folder, Path(written).expanduser())

    def build_needs(self) -> dict[str, dict[str, str]]:
        """Of each build, which others it starts from. Only Dockerfiles are read; one that cannot be tells nothing."""
        from deployer.resources.builds import refuse_circles
        from deployer.sources.builds import read_bases

        bases: dict[str, Mapping[str, Place]] = {}
        for name in self.stack.builds:
            with suppress(InvalidStack):
                bases[name] = read_bases(self._recipe(name))
        needs = self._needs({name: list(found) for name, found in bases.items()})
        refuse_circles(needs, lambda name, image: bases[name][image])
        return needs

    def _needs(self, bases: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
        from deployer.resources.builds import needs_of

        return needs_of(bases, {name: build.tag for name, build in self.stack.builds.items()})

    def _read_builds(self, names: Iterable[str], mistakes: list[Diagnostic]) -> dict[str, DesiredBuild]:
        """What goes into each of the builds, and into those that they start from."""
        from deployer.resources.builds import joined, refuse_circles

        builds: dict[str, DesiredBuild] = {}
        waiting, seen = list(names), set[str]()
        while waiting:
            name = waiting.pop(0)
            if name in seen:
                continue
            seen.add(name)
            try:
                builds[name] = self._build(name)
                waiting += self._needs({name: builds[name].bases})[name].values()
            except InvalidStack as error:
                mistakes += error.diagnostics
        if mistakes:
            return builds
        needs = self._needs({name: build.bases for name, build in builds.items()})
        refuse_circles(needs, lambda name, image: self._sources[name].bases[image])
        return joined(builds, needs)

    def _read_contents(self, services: Collection[str], mistakes: list[Diagnostic]) -> dict[str, Content]:
        """What each secret and config of the services holds; read once, so that all replicas get the same."""
        found: dict[str, Content] = {}
        for section, name in self.stack.copied(services):
            try:
                found[f"{section}.{name}"] = self._content(section, name)
            except InvalidStack as error:
                mistakes += error.diagnostics
        return found

    def _content(self, section: Section, name: str) -> Content:
        from deployer.sources import contents

        source, whose = self.stack.source(section, name), f"{section}.{name}"
        place = self.stack.place(section, name, *source.said)
        if source.file is not None:
            path = Path(self.stack.folder, source.file)
            return contents.content_of_file(path, shown_path(path), place)
        if source.environment is not None:
            return contents.content_of_variable(source.environment, self.stack.environment, whose, place)
        return contents.content_of_text(source.content or "", whose, place)

    def archive(self, copies: Copies) -> bytes:
        """The tar of what is copied into one folder of a container."""
        from deployer.sources.contents import PackedFile, archive

        return archive(
            PackedFile(file.path, self._contents[file.content], file.uid, file.gid, file.mode) for file in copies.files
        )

    def _recipe(self, name: str) -> Recipe:
        from deployer.sources.builds import Recipe

        build, inline = self.stack.builds[name], self.stack.path_of_inline(name)
        return Recipe(
            folder=self._path(build.context),
            dockerfile=build.dockerfile,
            inline=build.inline,
            args={key: value for key, value in build.args.items() if value is not None},
            target=build.target,
            place=self.stack.place(*self.stack.path_of_build(name)),
            inline_at=lambda place: self.stack.places.in_block(place.line, place.column, *inline),
        )

    def _build(self, name: str) -> DesiredBuild:
        from deployer.resources.desired import DesiredBuild
        from deployer.sources.builds import read_build

        build = self.stack.builds[name]
        sources = self._sources[name] = read_build(self._recipe(name))
        return DesiredBuild(
            name=name,
            repository=f"{self.stack.name}/{name}".lower(),
            folder=build.context,
            digest=sources.digest,
            inputs=sources.inputs,
            bases=tuple(sources.bases),
            args=sources.recipe.args,
            target=build.target,
            tag=build.tag,
            path=self.stack.path_of_build(name),
        )

    def observe(self, reader: Reader, desired: Desired, holding: int = 0, *, take_over: bool = False) -> Observed:
        from deployer.reconcile.observe import observe

        return observe(
            reader,
            self.stack.name,
            desired.context,
            desired.images.values(),
            desired.builds.values(),
            self.salt,
            holding,
            take_over,
            desired.registries,
            desired.pushes,
        )

    def plan(self, reader: Reader, options: Options | None = None, holding: int = 0) -> tuple[Plan, Observed]:
        """What apply would do now, and what it was made from. `holding` is the revision whose turn the caller has."""
        from deployer.plan.planner import make_plan
        from deployer.reconcile.observe import built_images
        from deployer.resources.builds import references as references_of
        from deployer.resources.builds import started_from

        desired = self.desired(options.only, alone=options.alone) if options else self.desired()
        if not holding:  # nothing is copied without the turn
            self._contents = {}
        observed = self.observe(reader, desired, holding, take_over=options is not None and options.take_over)
        plan = make_plan(desired, observed, self.stack.place, options, self._recall)
        if not plan.is_empty and not (options and options.only):
            observed = replace(observed, built=built_images(reader, self.stack.name))
            plan = make_plan(desired, observed, self.stack.place, options, self._recall)
        ids = {reference: image.id for reference, image in observed.images.items()}
        references = references_of(desired.builds, ids)
        for build in desired.builds.values():
            if references[build.name] in observed.images:
                started = started_from(build, ids, references) or {}
                self.remember(build, references[build.name], started)
        return plan, observed

    def plan_part(
        self, reader: Reader, part: Part, holding: int = 0, *, take_over: bool = False
    ) -> tuple[Plan, Observed]:
        """What apply would do of its builds, its pushes or its pulls. No secret is read for it."""
        from deployer.plan.parts import Part, plan_part
        from deployer.resources.from_stack import desired

        wanted = desired(self.stack, self.origin, {})
        if part is Part.PULL:
            wanted = replace(wanted, pushes=())
        else:
            mistakes: list[Diagnostic] = []
            wanted = replace(wanted, builds=self._read_builds(self.stack.builds, mistakes))
            raise_if_any(mistakes)
        observed = self.observe(reader, wanted, holding, take_over=take_over)
        return plan_part(wanted, observed, part, self.stack.place, self._recall), observed

    def registries(self) -> tuple[Registry, ...]:
        """The registries of the stack, with the logins that it says. Raises InvalidStack where a password is not
        there.
        """
        from deployer.resources.registries import registries_of

        mistakes: list[Diagnostic] = []
        found = tuple(self._with_login(each, mistakes) for each in registries_of(self.stack))
        raise_if_any(mistakes)
        return found

    def _with_login(self, registry: Registry, mistakes: list[Diagnostic]) -> Registry:
        from deployer.resources.login import Login
        from deployer.sources import contents

        said = self.stack.registries[registry.name]
        if said.username is None or said.password is None:
            return registry
        place = self.stack.place("registries", registry.name, "password", *said.password.said)
        try:
            if said.password.file is not None:
                path = Path(self.stack.folder, Path(said.password.file).expanduser())
                content = contents.content_of_file(path, shown_path(path), place)
            else:
                whose = f"registries.{registry.name}.password"
                name = said.password.env or ""
                content = contents.content_of_variable(name, self.stack.environment, whose, place)
        except InvalidStack as error:
            mistakes += error.diagnostics
            return registry
        return replace(registry, login=Login(said.username, contents.line(content)))

    def one_off(self, reader: Reader, service: str, wish: OneOff, plan: Plan) -> NewOneOff:
        """A one-off of a service as it would be created now; `plan` is one that has the service's image. Its secrets
        and configs are read, for `archive` to pack.
        """
        from deployer.plan.one_off import new_one_off

        desired = self.desired((service,), alone=True)
        made = new_one_off(desired, self.observe(reader, desired), service, wish)
        body = {**made.new.body, "Image": plan.images[made.new.image]}
        return replace(made, new=replace(made.new, body=body))

    def plan_destroy(
        self, reader: Reader, options: Options, holding: int = 0, *, images: bool = False
    ) -> tuple[Plan, Observed]:
        """The removal of all that the stack owns, with its `images` too. Nothing is built for it, so no build's inputs
        are read.
        """
        from deployer.plan.planner import plan_destroy
        from deployer.reconcile.observe import observe
        from deployer.resources.from_stack import context_of

        context = context_of(self.stack)
        observed = observe(
            reader, self.stack.name, context, new_salt=self.salt, holding=holding, take_over=options.take_over
        )
        going = self._images_there(reader) if images else ()
        return plan_destroy(self.stack.name, self.origin, self.stack.folder, observed, options, going), observed

    def _images_there(self, reader: Reader) -> Sequence[NamedImage]:
        """The images on the engine under names of the stack: its builds', with their further names, and those of
        `images` and of the services.
        """
        from deployer.fields.references import with_tag
        from deployer.reconcile.observe import built_images, named_images
        from deployer.resources.as_read import with_archives
        from deployer.resources.from_stack import desired

        wanted = desired(self.stack, self.origin, {})
        wanted = with_archives(wanted, self._read_archives(wanted.images, []))
        names = {each.reference: each.address for each in wanted.images.values() if each.reference}
        names |= {with_tag(build.tag): f"build.{name}" for name, build in self.stack.builds.items() if build.tag}
        names |= {push.reference: push.address for push in wanted.pushes}
        names |= {each.reference: each.address for each in built_images(reader, self.stack.name)}
        return named_images(reader, names)

    def plan_prune(
        self, reader: Reader, keep: int, holding: int = 0, *, take_over: bool = False
    ) -> tuple[Plan, Observed]:
        """The removal of old images of the stack's builds."""
        from deployer.plan.prune import plan_prune
        from deployer.reconcile.observe import built_images

        desired = self.desired()
        observed = self.observe(reader, desired, holding, take_over=take_over)
        observed = replace(observed, built=built_images(reader, self.stack.name))
        return plan_prune(desired, observed, keep), observed

    def plan_there(
        self,
        reader: Reader,
        make: Callable[[Desired, Observed], Plan],
        holding: int = 0,
        *,
        take_over: bool = False,
    ) -> tuple[Plan, Observed]:
        """What becomes of the containers that are there, as `make` has it. No build's inputs are read."""
        from deployer.reconcile.observe import observe
        from deployer.resources.from_stack import desired

        wanted = desired(self.stack, self.origin, {})
        observed = observe(
            reader, self.stack.name, wanted.context, new_salt=self.salt, holding=holding, take_over=take_over
        )
        return make(wanted, observed), observed

    def _recall(self, build: str, hash: str) -> Mapping[str, str] | None:
        from deployer.sources.build_cache import recall

        return recall(self.stack.name, build, hash)

    def resolved(self) -> str:
        """The stack as resolved, without anything sensitive, compressed: what a record keeps of it."""
        from deployer.render.config import as_json

        return base64.b64encode(zlib.compress(as_json(self.stack).encode())).decode()

    def place_in_build(self, build: DesiredBuild, said: str) -> Place | None:
        """Where in the Dockerfile that lies of which the builder speaks."""
        return self._sources[build.name].place_of(said)

    def remember(self, build: DesiredBuild, reference: str, started_from: Mapping[str, str]) -> None:
        """Keep what went into an image, so that a later plan can say what changed."""
        from deployer.resources.builds import inputs_of
        from deployer.sources.build_cache import remember

        remember(self.stack.name, build.name, reference.rpartition(":")[2], inputs_of(build, started_from))

    def write_context(self, build: DesiredBuild, references: Mapping[str, str], tar: IO[bytes]) -> str:
        """Write the tar that a build is made from, with these references in the place of what its Dockerfile calls
        them. Gives the Dockerfile's name in it.
        """
        from deployer.sources.context_tar import write_tar

        context = self._sources[build.name].context_with(references)
        write_tar(context, tar)
        return context.dockerfile
