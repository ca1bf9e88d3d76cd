"""What the sources of a stack hold: its builds, its secrets and configs, its archives of images, its logins.

Each is read anew when a plan is made, and kept for those who carry that out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from deployer.errors import Diagnostic, InvalidStack, Place, raise_if_any
from deployer.fields.sensitive import is_sensitive_name, mask_line
from deployer.home import from_home
from deployer.sources.files import is_missing, shown_path
from deployer.sources.noted import WHOLE, note_file, note_inputs

if TYPE_CHECKING:
    from deployer.fields.copies import Section
    from deployer.plan.steps import Copies
    from deployer.resources.desired import BoundContent, Desired, DesiredArchive, DesiredBuild, DesiredImage
    from deployer.resources.registries import Registry
    from deployer.sources.bound import Bound
    from deployer.sources.builds import BuildSources, Recipe
    from deployer.sources.contents import Content
    from deployer.stack.model import Stack

_LONGEST = 64 * 1024
"""Characters of a config that a record keeps: what is longer is no setting any more."""


@dataclass
class StackSources:
    """All of it is read for plans; what steps send to the engine is kept for the reconciler (its `Sources`)."""

    stack: Stack
    _builds: dict[str, BuildSources] = field(default_factory=dict)
    _contents: dict[str, Content] = field(default_factory=dict)

    def builds(
        self, names: Iterable[str], mistakes: list[Diagnostic], made: Mapping[str, DesiredBuild] | None = None
    ) -> dict[str, DesiredBuild]:
        """What goes into each of the builds, and into those that they start from; what is `made` is not read."""
        from deployer.resources.builds import joined, refuse_circles

        builds: dict[str, DesiredBuild] = dict(made or {})
        waiting, seen = list(names), set[str]()
        while waiting:
            name = waiting.pop(0)
            if name in seen or name in builds:
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
        refuse_circles(needs, lambda name, image: self._builds[name].bases[image])
        return joined(builds, needs)

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

    def dockerfile(self, name: str) -> tuple[str, str]:
        """The text of a build's Dockerfile, and what it is called. Raises InvalidStack where it cannot be read."""
        from deployer.sources.context import read_dockerfile

        recipe = self._recipe(name)
        if recipe.inline is not None:
            return recipe.inline, f"the inline Dockerfile of {name}"
        folder, source = read_dockerfile(recipe.folder, recipe.dockerfile or "Dockerfile", place=recipe.place)
        return source.text, shown_path(folder / source.name)

    def bases_of(self, build: str) -> Sequence[str] | None:
        """The images that a build's Dockerfile names; None of one that was not read."""
        sources = self._builds.get(build)
        return tuple(sources.bases) if sources else None

    def _needs(self, bases: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
        from deployer.resources.builds import needs_of

        return needs_of(bases, {name: build.names() for name, build in self.stack.builds.items()})

    def _build(self, name: str) -> DesiredBuild:
        from deployer.fields.platform import canonical
        from deployer.resources.build_options import options_of
        from deployer.resources.desired import DesiredBuild
        from deployer.sources.builds import read_build

        build = self.stack.builds[name]
        sources = self._builds[name] = read_build(self._recipe(name))
        note_inputs(f"build.{name}", {**sources.inputs, WHOLE: sources.digest})
        return DesiredBuild(
            name=name,
            repository=f"{self.stack.name}/{name}".lower(),
            folder=build.context,
            digest=sources.digest,
            inputs=sources.inputs,
            bases=tuple(sources.bases),
            args=sources.recipe.args,
            target=build.target,
            tags=build.names(),
            path=self.stack.path_of_build(name),
            platform=canonical(build.platforms[0]) if build.platforms else "",
            options=options_of(build),
            sensitive=self.stack.sensitive_in_build(name),
        )

    def _recipe(self, name: str) -> Recipe:
        from deployer.resources.build_options import further_inputs
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
            further=further_inputs(build),
        )

    def contents(self, services: Collection[str], mistakes: list[Diagnostic]) -> dict[str, str]:
        """The digest of what each secret and config of the services holds; read once, so that all replicas get the
        same.
        """
        self.forget_contents()
        for section, name in self.stack.copied(services):
            try:
                self._contents[f"{section}.{name}"] = self._content(section, name)
            except InvalidStack as error:
                mistakes += error.diagnostics
        return {name: content.digest for name, content in self._contents.items()}

    def open_contents(self) -> dict[str, str]:
        """What configs hold, by name: texts of no great length in which nothing looks like a secret. For records."""
        found: dict[str, str] = {}
        for section, name in self.stack.copied(self.stack.services):
            if section == "configs" and not self._is_closed(name):
                with suppress(InvalidStack, UnicodeDecodeError):
                    content = self._content(section, name)
                    text = content.data.decode()
                    if (
                        not content.closed
                        and len(text) <= _LONGEST
                        and text == "\n".join(map(mask_line, text.split("\n")))
                    ):
                        found[name] = text
        return found

    def secrets(self) -> frozenset[str]:
        """What secrets hold, and configs that nobody may see, line by line; nothing of what cannot be read. What is at
        hand for an apply is not read again: that is what its containers got.
        """
        found: set[str] = set()
        for section, name in self.stack.copied(self.stack.services):
            with suppress(InvalidStack, UnicodeDecodeError):
                content = self._contents.get(f"{section}.{name}") or self._content(section, name)
                if section == "secrets" or content.closed or self._is_closed(name):
                    found.update(line.strip() for line in content.data.decode().splitlines())
        return frozenset(found - {""})

    def _is_closed(self, config: str) -> bool:
        """Whether a sensitive variable says what a config holds, or where it comes from."""
        variable = self.stack.configs[config].environment
        tainted = any(path[:2] == ("configs", config) for path in self.stack.tainted)
        return tainted or (variable is not None and is_sensitive_name(variable, self.stack.sensitive))

    def forget_contents(self) -> None:
        self._contents = {}

    def _content(self, section: Section, name: str) -> Content:
        from deployer.sources import contents

        source, whose = self.stack.source(section, name), f"{section}.{name}"
        place = self.stack.place(section, name, *source.said)
        if source.file is not None:
            path = Path(self.stack.folder, source.file)
            return contents.content_of_file(path, shown_path(path), place)
        if source.environment is not None:
            return contents.content_of_variable(
                source.environment, self.stack.variables_at(section, name, "environment"), whose, place
            )
        return contents.content_of_text(source.content or "", whose, place)

    def bound(self, desired: Desired, mistakes: list[Diagnostic]) -> Desired:
        """The same with what the watched mounts of its services hold; each source is read once."""
        from deployer.resources.as_read import with_bound

        read: dict[str, Bound] = {}

        def anew(service: str, known: BoundContent) -> BoundContent:
            from deployer.sources.bound import read_bound

            place = self.stack.places.key("services", service, "x-deployer", "reload", known.key)
            try:
                found = read[known.source] = read.get(known.source) or read_bound(Path(known.source), place)
            except InvalidStack as error:
                mistakes.extend(error.diagnostics)
                return known
            return replace(known, digest=found.digest, changed=found.changed, files=found.files, is_file=found.is_file)

        return with_bound(desired, anew)

    def missing_paths(self, desired: Desired) -> frozenset[str]:
        """What is mounted of this machine and is not there. What cannot be looked at from here may be."""
        from deployer.fields.mounts import made_paths, needed_paths

        folder = self.stack.folder
        written = (each.written["volumes"].value for each in desired.services.values() if "volumes" in each.written)
        paths = {path for every in written for _, path in (*needed_paths(every, folder), *made_paths(every, folder))}
        return frozenset(filter(is_missing, paths))

    def remember_bound(self, desired: Desired, salt: str) -> None:
        """Keep which files the watched mounts hold, so that a later plan can say which of them changed."""
        from deployer.plan.contents import memory_of
        from deployer.resources.applied import digest_with
        from deployer.sources.build_cache import remember

        for service in desired.services.values():
            for target, content in service.contents.items():
                if content.digest:
                    digest = digest_with(salt, content.digest)
                    remember(self.stack.name, memory_of(service.name, target), digest, content.files)

    def archives(self, addresses: Collection[str], mistakes: list[Diagnostic]) -> dict[str, tuple[str, DesiredArchive]]:
        """The images that come from archives, by address: the reference that each is to have, and what it is there."""
        found: dict[str, tuple[str, DesiredArchive]] = {}
        for name, entry in self.stack.images.items():
            if entry.archive and f"image.{name}" in addresses:
                try:
                    found[f"image.{name}"] = self._archive(name, entry.archive, entry.from_)
                except InvalidStack as error:
                    mistakes += error.diagnostics
        return found

    def _archive(self, name: str, file: str, said: str | None) -> tuple[str, DesiredArchive]:
        from deployer.fields.references import with_tag
        from deployer.resources.desired import DesiredArchive
        from deployer.sources.image_archive import chosen, read_image_archive

        place = self.stack.place("images", name, "archive")
        path = self._path(file)
        image, reference = chosen(
            read_image_archive(path, place), with_tag(said) if said else "", shown_path(path), place
        )
        note_file(path, image.id.encode())
        return reference, DesiredArchive(file, image.id, reference if reference in image.names else image.id)

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
                path = self._path(said.password.file)
                content = contents.content_of_file(path, shown_path(path), place)
            else:
                whose = f"registries.{registry.name}.password"
                name = said.password.env or ""
                variables = self.stack.variables_at("registries", registry.name, "password", "env")
                content = contents.content_of_variable(name, variables, whose, place)
        except InvalidStack as error:
            mistakes += error.diagnostics
            return registry
        return replace(registry, login=Login(said.username, contents.line(content)))

    def _path(self, written: str) -> Path:
        """A path of the stack file, which starts from the file's folder."""
        return Path(self.stack.folder, from_home(written))

    def archive(self, copies: Copies) -> bytes:
        """The tar of what is copied into one folder of a container."""
        from deployer.sources.contents import PackedFile, archive

        return archive(
            PackedFile(file.path, self._contents[file.content], file.uid, file.gid, file.mode) for file in copies.files
        )

    def open_archive(self, image: DesiredImage) -> BinaryIO:
        assert image.archive
        return open(self._path(image.archive.file), "rb")

    def write_context(self, build: DesiredBuild, references: Mapping[str, str], tar: IO[bytes]) -> str:
        """Write the tar that a build is made from, with these references in the place of what its Dockerfile calls
        them. Gives the Dockerfile's name in it.
        """
        from deployer.sources.context_tar import write_tar

        context = self._builds[build.name].context_with(references)
        write_tar(context, tar)
        return context.dockerfile

    def place_in_build(self, build: DesiredBuild, said: str) -> Place | None:
        """Where in the Dockerfile that lies of which the builder speaks."""
        return self._builds[build.name].place_of(said)

    def recall(self, build: str, hash: str) -> Mapping[str, str] | None:
        from deployer.sources.build_cache import recall

        return recall(self.stack.name, build, hash)

    def remember(self, build: DesiredBuild, reference: str, started_from: Mapping[str, str]) -> None:
        """Keep what went into an image, so that a later plan can say what changed."""
        from deployer.resources.builds import inputs_of
        from deployer.sources.build_cache import remember

        remember(self.stack.name, build.name, reference.rpartition(":")[2], inputs_of(build, started_from))
