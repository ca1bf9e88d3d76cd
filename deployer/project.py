"""A stack with its sources, meeting an engine: one method a plan that can be made of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.came_about import CameAbout
from deployer.errors import Diagnostic, did_you_mean, raise_if_any
from deployer.stack_sources import StackSources

if TYPE_CHECKING:
    from deployer.plan.model import Plan
    from deployer.plan.one_off import NewOneOff, OneOff
    from deployer.plan.parts import Part
    from deployer.plan.planner import Options
    from deployer.reconcile.protocol import Reader
    from deployer.resources.built import NamedImage
    from deployer.resources.desired import Desired, DesiredBuild, DesiredImage
    from deployer.resources.observed import Observed
    from deployer.resources.revisions import About
    from deployer.stack.model import Stack


@dataclass(frozen=True, slots=True)
class Pinned:
    """Images that are chosen already, by address, and builds that are made, by name: nothing of them is read anew.

    Builds that are `needless` are not even looked at.
    """

    images: Mapping[str, DesiredImage] = field(default_factory=dict[str, "DesiredImage"])
    builds: Mapping[str, DesiredBuild] = field(default_factory=dict[str, "DesiredBuild"])
    needless: frozenset[str] = frozenset()


UNPINNED = Pinned()


@dataclass
class Project:
    """A stack that can be planned and carried out; one that is known `by_name` alone can only be removed. `named` tells
    whether the command line says what it is called.

    `pin` says anew for each plan which images are chosen already; `contents` are the digests of what secrets and
    configs held when they were last read.
    """

    stack: Stack
    path: Path
    by_name: bool = False
    named: bool = False
    pin: Callable[[Project, Reader], Pinned] = lambda *_: UNPINNED
    contents: Mapping[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def sources(self) -> StackSources:
        return StackSources(self.stack)

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
            each
            for each in check(stack, {})
            if each.code in ("fixed-port", "fixed-name", "fixed-address", "owner-replicas")
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

    @cached_property
    def commit(self) -> tuple[str, bool]:
        """The commit of the checkout, "" where there is none, and whether that is dirty."""
        from deployer.sources.commit import commit_of

        return commit_of(self.path.parent)

    @property
    def _files(self) -> tuple[str, ...]:
        from deployer.sources.files import shown_path

        return () if self.by_name else tuple(shown_path(Path(each)) for each in self.stack.files)

    @cached_property
    def _came_about(self) -> CameAbout:
        return CameAbout(self.stack)

    def about(self, command: str, plan: Plan, keep: int, salt: str, became: Mapping[str, str]) -> About:
        """How a revision came about that carries out a plan, and what `became` of its changes, by address."""
        return self._came_about.about(command, plan, keep, salt, became, commit=self.commit, contents=self.contents)

    def masked(self, salt: str) -> Mapping[str, str]:
        """Salted digests of what is sensitive in the stack, by its path."""
        return self._came_about.masked(salt)

    def desired(
        self,
        only: Collection[str] = (),
        *,
        alone: bool = False,
        pinned: Pinned = UNPINNED,
        unread: list[Diagnostic] | None = None,
    ) -> Desired:
        """What should be, or `only` these services and what they need, `alone` without what they depend on; each
        build's inputs, and what secrets and configs hold, are read anew. Where there is a list for what is `unread`, it
        takes what is wrong with secrets and configs, which is no error then.
        """
        from deployer.fields.references import with_tag
        from deployer.resources.as_read import with_archives, with_digests, with_images
        from deployer.resources.from_stack import desired
        from deployer.resources.narrowed import narrowed

        whole = desired(self.stack, self.origin, {})
        part = narrowed(whole, only, alone=alone) if only else whole
        mistakes: list[Diagnostic] = []
        needed = {*part.images, *(f"build.{push.build}" for push in part.pushes)}
        wanted = [name for name in self.stack.builds if not only or f"build.{name}" in needed]
        chosen = [name for name in wanted if name not in pinned.needless]
        builds = self.sources.builds(chosen, mistakes, pinned.builds)
        digests = self.contents = self.sources.contents(part.services, mistakes if unread is None else unread)
        part = self.sources.bound(part, mistakes)
        archives = self.sources.archives((whole.images if builds else part.images).keys() - pinned.images, mistakes)
        raise_if_any(mistakes)
        bases = {with_tag(base) for build in builds.values() for base in build.bases}
        images = with_archives(whole, archives).images
        brought = {address: image for address, image in images.items() if image.reference in bases}
        part = replace(part, builds=builds, images={**brought, **part.images})
        return with_images(with_archives(with_digests(part, digests), archives), pinned.images)

    def check(self) -> None:
        """Raises what is wrong and shows without an engine: what cannot be read, and limits that no engine takes."""
        from deployer.plan.abilities import limits_too_low

        raise_if_any(limits_too_low(self.desired(), self.stack.place))

    def observe(self, reader: Reader, desired: Desired, holding: int = 0, *, take_over: bool = False) -> Observed:
        from deployer.fields.copies import copied_paths
        from deployer.reconcile.observe import Sought, observe

        builds, images = desired.builds.values(), desired.images.values()
        copies = {name: copied_paths(service.asked) for name, service in desired.services.items()}
        sought = Sought(images, builds, desired.registries, desired.pushes, copies)
        name, salt = self.stack.name, self.salt
        return observe(reader, name, desired.context, sought, new_salt=salt, holding=holding, take_over=take_over)

    def plan(
        self,
        reader: Reader,
        options: Options | None = None,
        holding: int = 0,
        unread: list[Diagnostic] | None = None,
    ) -> tuple[Plan, Observed]:
        """What apply would do now, and what it was made from. `holding` is the revision whose turn the caller has;
        `unread` takes what is wrong with secrets and configs, for who only looks.
        """
        from deployer.plan.planner import make_plan
        from deployer.reconcile.holder import sees_the_host
        from deployer.resources.builds import references as references_of
        from deployer.resources.builds import started_from

        pinned = self.pin(self, reader)
        only, alone = (options.only, options.alone) if options else ((), False)
        desired = self.desired(only, alone=alone, pinned=pinned, unread=unread)
        if not holding:  # nothing is copied without the turn
            self.sources.forget_contents()
        observed = self.observe(reader, desired, holding, take_over=options is not None and options.take_over)
        if (missing := self.sources.missing_paths(desired)) and sees_the_host(reader):
            observed = replace(observed, missing_paths=missing)
        plan = make_plan(desired, observed, self.stack.place, options, self.sources.recall)
        plan = replace(plan, files=self._files)
        self.sources.remember_bound(desired, observed.records.salt)
        ids = {reference: image.id for reference, image in observed.images.items()}
        references = references_of(desired.builds, ids)
        for build in desired.builds.values():
            if references[build.name] in observed.images and not build.made:
                started = started_from(build, ids, references) or {}
                self.sources.remember(build, references[build.name], started)
        return plan, observed

    def with_warnings(self, plan: Plan) -> Plan:
        """A plan with what is to be thought of in the stack file, too: whoever looks at it has nothing else."""
        return replace(plan, warnings=(*self.stack.warnings, *plan.warnings))

    def plan_part(
        self, reader: Reader, part: Part, holding: int = 0, *, take_over: bool = False
    ) -> tuple[Plan, Observed]:
        """What apply would do of its builds, its pushes or its pulls. No secret is read for it."""
        from deployer.plan.parts import Part, plan_part
        from deployer.resources.as_read import with_archives
        from deployer.resources.from_stack import desired

        wanted = desired(self.stack, self.origin, {})
        mistakes: list[Diagnostic] = []
        wanted = with_archives(wanted, self.sources.archives(wanted.images, mistakes))
        if part is Part.PULL:
            wanted = replace(wanted, pushes=())
        else:
            wanted = replace(wanted, builds=self.sources.builds(self.stack.builds, mistakes))
        raise_if_any(mistakes)
        observed = self.observe(reader, wanted, holding, take_over=take_over)
        return plan_part(wanted, observed, part, self.stack.place, self.sources.recall), observed

    def one_off(self, reader: Reader, service: str, wish: OneOff, plan: Plan) -> NewOneOff:
        """A one-off of a service as it would be created now; `plan` is one that has the service's image. Its secrets
        and configs are read, for the sources to pack.
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
        from deployer.plan.destroying import plan_destroy
        from deployer.plan.protection import protected_volumes
        from deployer.reconcile.observe import observe
        from deployer.resources.from_stack import context_of, desired

        context = context_of(self.stack)
        observed = observe(
            reader, self.stack.name, context, new_salt=self.salt, holding=holding, take_over=options.take_over
        )
        going = self._images_there(reader) if images else ()
        origin = None if self.by_name else self.origin
        protected = protected_volumes(desired(self.stack, "", {}).volumes.values(), observed, self.stack.place)
        plan = plan_destroy(self.stack.name, origin, self.stack.folder, observed, options, going, protected)
        nothing = tuple(_nothing_there(reader, self.stack.name, observed)) if self.named else ()
        files = None if nothing else self._files  # a file of that folder may be another stack's
        return replace(plan, warnings=(*plan.warnings, *nothing), files=files), observed

    def _images_there(self, reader: Reader) -> Sequence[NamedImage]:
        """The images on the engine that the stack has built, under all the names that it gives them, or loaded from
        archives. What was pulled may be of use to others.
        """
        from deployer.fields.references import with_tag
        from deployer.reconcile.observe import built_images, named_images
        from deployer.resources.as_read import with_archives
        from deployer.resources.from_stack import desired

        wanted = desired(self.stack, self.origin, {})
        wanted = with_archives(wanted, self.sources.archives(wanted.images, []))
        names = {each.reference: each.address for each in wanted.images.values() if each.archive}
        names |= {with_tag(tag): f"build.{name}" for name, build in self.stack.builds.items() for tag in build.names()}
        names |= {push.reference: push.address for push in wanted.pushes}
        names |= {each.reference: each.address for each in built_images(reader, self.stack.name)}
        return named_images(reader, names)

    def plan_prune(
        self, reader: Reader, keep: int | None, holding: int = 0, *, take_over: bool = False
    ) -> tuple[Plan, Observed]:
        """The removal of old images of the stack's builds."""
        from deployer.plan.prune import plan_prune

        desired = self.desired()
        observed = self.observe(reader, desired, holding, take_over=take_over)
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
        from deployer.reconcile.holder import sees_the_host
        from deployer.reconcile.observe import observe
        from deployer.resources.from_stack import desired
        from deployer.resources.inspected import needed_to_start
        from deployer.sources.files import is_missing

        wanted = desired(self.stack, self.origin, {})
        observed = observe(
            reader, self.stack.name, wanted.context, new_salt=self.salt, holding=holding, take_over=take_over
        )
        if (
            observed.engine.is_here
        ):  # who starts anew takes up what mounted files hold; what cannot be read says nothing
            wanted = self.sources.bound(wanted, [])
            self.sources.remember_bound(wanted, observed.records.salt)
        needed = frozenset[str]().union(*(needed_to_start(each.raw) for each in observed.containers))
        if (missing := frozenset(filter(is_missing, needed))) and sees_the_host(reader):
            observed = replace(observed, missing_paths=missing)
        return make(wanted, observed), observed

    def asked_for(self, before: str = "", only: Collection[str] = ()) -> str:
        """What a record keeps of the stack: as resolved, without anything sensitive, compressed.

        Where `only` some services are meant, the rest is as it was `before`.
        """
        from deployer.history.trees import laid_over, with_contents
        from deployer.render.config import whole_tree
        from deployer.resources.from_stack import desired
        from deployer.resources.narrowed import narrowed
        from deployer.resources.revisions import packed, tree_in

        tree = with_contents(whole_tree(self.stack), self.sources.open_contents())
        if only:
            part = narrowed(desired(self.stack, self.origin, {}), only)
            images = {address.partition(".")[2] for address in part.images}
            copied = self.stack.copied(part.services)
            names: dict[str, Collection[str]] = {
                "services": part.services,
                "networks": part.networks,
                "volumes": part.volumes,
                "builds": images | {push.build for push in part.pushes},
                "images": images,
                "registries": self.stack.registries,
                **{section: [name for kind, name in copied if kind == section] for section in ("secrets", "configs")},
            }
            tree = laid_over(tree_in(before) or {}, tree, names)
        return packed(tree)


def _nothing_there(reader: Reader, name: str, observed: Observed) -> Iterator[Diagnostic]:
    """A warning where nothing on the engine is of a stack that was named by hand: it may be a slip."""
    from deployer.resources.identity import PROJECT

    things = (each for each in (*observed.networks.values(), *observed.volumes.values()) if each.ours)
    if observed.containers or observed.one_offs or observed.records.all or any(things):
        return
    labels = ((listed.get("Labels") or {}).get(PROJECT) for listed in reader.containers())
    others = sorted(set(filter(None, labels)))
    hint = did_you_mean(name, others, "stacks with containers there") or "no stack has containers there"
    message = f"nothing on the engine is of a stack named {name}, so there is nothing to remove"
    yield Diagnostic("no-such-stack", message, hint=hint)
