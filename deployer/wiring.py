"""Where the rooms are joined: files become a stack, the stack meets an engine. Shared by all that is not pure."""

from __future__ import annotations

import base64
import os
import secrets
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
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
    from deployer.plan.planner import Options
    from deployer.plan.steps import Copies
    from deployer.reconcile.protocol import Engine, Reader
    from deployer.resources.desired import Desired, DesiredArchive, DesiredBuild, DesiredImage
    from deployer.resources.observed import Observed
    from deployer.sources.builds import BuildSources
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


def connect(choices: Choices) -> Engine:
    """The engine that the command line, the environment or the docker configuration name. Raises Unreachable."""
    from deployer.engine.client import connect as connect_to
    from deployer.engine.locate import locate

    return connect_to(locate(choices.engine, choices.context, os.environ, Path.home()))


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
        from deployer.resources.desired import desired, narrowed, with_archives, with_digests

        whole = desired(self.stack, self.origin, {})
        part = narrowed(whole, only, alone=alone) if only else whole
        builds: dict[str, DesiredBuild] = {}
        mistakes: list[Diagnostic] = []
        for name in self.stack.builds:
            if only and f"build.{name}" not in part.images:
                continue
            try:
                builds[name] = self._build(name)
            except InvalidStack as error:
                mistakes += error.diagnostics
        self._contents = self._read_contents(part.services, mistakes)
        archives = self._read_archives(part.images, mistakes)
        raise_if_any(mistakes)
        digests = {name: content.digest for name, content in self._contents.items()}
        return with_archives(with_digests(replace(part, builds=builds), digests), archives)

    def _read_archives(
        self, addresses: Collection[str], mistakes: list[Diagnostic]
    ) -> dict[str, tuple[str, DesiredArchive]]:
        """The images that come from archives, by address: the reference that each is to have, and what it is there."""
        from deployer.resources.desired import DesiredArchive, with_tag
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

    def _build(self, name: str) -> DesiredBuild:
        from deployer.resources.desired import DesiredBuild
        from deployer.sources.builds import read_build

        build = self.stack.builds[name]
        path = ("builds", name) if self.stack.places.has("builds", name) else ("services", name, "build")
        place = self.stack.place(*path)
        args = {key: value for key, value in build.args.items() if value is not None}
        folder = self._path(build.context)
        sources = self._sources[name] = read_build(folder, build.dockerfile, build.inline, args, build.target, place)
        return DesiredBuild(
            name=name,
            repository=f"{self.stack.name}/{name}".lower(),
            folder=build.context,
            digest=sources.digest,
            inputs=sources.inputs,
            bases=sources.bases,
            dockerfile=sources.context.dockerfile,
            args=args,
            target=build.target,
            tag=build.tag,
            path=path,
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
        )

    def plan(self, reader: Reader, options: Options | None = None, holding: int = 0) -> tuple[Plan, Observed]:
        """What apply would do now, and what it was made from. `holding` is the revision whose turn the caller has."""
        from deployer.plan.planner import make_plan

        desired = self.desired(options.only, alone=options.alone) if options else self.desired()
        if not holding:  # nothing is copied without the turn
            self._contents = {}
        observed = self.observe(reader, desired, holding, take_over=options is not None and options.take_over)
        plan = make_plan(desired, observed, self.stack.place, options, self._recall)
        for build in desired.builds.values():
            reference = plan.images[build.address]
            if reference in observed.images:
                self.remember(build, reference)
        return plan, observed

    def one_off(self, reader: Reader, service: str, wish: OneOff, plan: Plan) -> NewOneOff:
        """A one-off of a service as it would be created now; `plan` is one that has the service's image. Its secrets
        and configs are read, for `archive` to pack.
        """
        from deployer.plan.one_off import new_one_off

        desired = self.desired((service,), alone=True)
        made = new_one_off(desired, self.observe(reader, desired), service, wish)
        body = {**made.new.body, "Image": plan.images[made.new.image]}
        return replace(made, new=replace(made.new, body=body))

    def plan_destroy(self, reader: Reader, options: Options, holding: int = 0) -> tuple[Plan, Observed]:
        """The removal of all that the stack owns. Nothing is built for it, so no build's inputs are read."""
        from deployer.plan.planner import plan_destroy
        from deployer.reconcile.observe import observe
        from deployer.resources.desired import context_of

        context = context_of(self.stack)
        observed = observe(
            reader, self.stack.name, context, new_salt=self.salt, holding=holding, take_over=options.take_over
        )
        return plan_destroy(self.stack.name, self.origin, self.stack.folder, observed, options), observed

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
        from deployer.resources.desired import desired

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

    def remember(self, build: DesiredBuild, reference: str) -> None:
        """Keep what went into an image, so that a later plan can say what changed."""
        from deployer.sources.build_cache import remember

        remember(self.stack.name, build.name, reference.rpartition(":")[2], build.inputs)

    def write_context(self, build: DesiredBuild, tar: IO[bytes]) -> None:
        from deployer.sources.context_tar import write_tar

        write_tar(self._sources[build.name].context, tar)
