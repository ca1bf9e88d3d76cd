"""Pulls and pushes: mirrors first, patience with a registry that is busy, and a look at what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from deployer.errors import DeployerError, Diagnostic, OperationFailed, Unreachable
from deployer.fields.platform import is_of
from deployer.fields.references import Reference, parse_reference, with_tag
from deployer.plan.steps import Pull
from deployer.reconcile.protocol import Progress
from deployer.resources.inspected import image_of

if TYPE_CHECKING:
    from deployer.reconcile.calls import World

Result = TypeVar("Result")
Tell = Callable[[Progress], None]

PAUSES = (1.0, 4.0, 15.0)
"""Seconds between the tries, where the registry does not say how long it wants to be left alone."""

ASKED = 10.0
"""Seconds that a registry has to say what it holds, where a mirror has the image already."""

PASSING = ("registry-limit", "registry-failing")
"""What may be over in a moment; the engine keeps the layers that it has, and the registry those that it got."""

FINAL = ("no-space",)
"""What no mirror helps against."""


def pull(world: World, reference: str, asked: Pull, tell: Tell) -> None:
    """Pull an image by the first of its mirrors that has it as its own registry does, else from that itself."""
    _pull(world, reference, asked, tell)
    there = image_of(found) if (found := world.engine.image(reference)) and asked.platform else None
    if there and there.platform and not is_of(asked.platform, there.platform):
        message = f"{reference} is there for {there.platform} only, not for {asked.platform}"
        hint = "take platform out, or name an image that is made for it"
        raise OperationFailed(Diagnostic("image-platform", message, hint=hint))


def _pull(world: World, reference: str, asked: Pull, tell: Tell) -> None:
    mirrors, platform = asked.mirrors, asked.platform
    for mirror in mirrors:
        try:
            _by_mirror(world, reference, mirror, platform, tell)
            return
        except (Unreachable, OperationFailed) as error:
            if _is_the_engines(error):
                raise
            tell(Progress("", f"the mirror {mirror} is not used: {_why(error)}", aloud=True))
    if mirrors:
        host = parse_reference(reference).host
        tell(Progress("", f"no mirror has {reference}: it is pulled from {host} itself", aloud=True))
        world.look()
    _patiently(world, reference, lambda: world.engine.pull(reference, tell, platform), tell)


def push(world: World, reference: str, tell: Tell) -> None:
    """Push an image, and look whether the registry has just that under its name now."""
    by_the_engine: list[str] = []

    def attempt() -> str:
        return world.engine.push(reference, _once_aloud(tell, by_the_engine))

    pushed = _patiently(world, reference, attempt, tell, by_the_engine)
    there = _patiently(world, reference, lambda: world.engine.registry_digest(reference), tell)
    if there != pushed:
        found = f"has {there[:19]} there" if there else "has nothing there"
        message = f"{reference} was pushed as {pushed[:19]}, and the registry {found}"
        hint = "somebody else may push the same name: apply again"
        raise OperationFailed(Diagnostic("push-failed", message, hint=hint))


def _once_aloud(tell: Tell, told: list[str]) -> Tell:
    """Tells once aloud that the engine tries again by itself, as it does with the layers of a push, for a minute."""

    def telling(progress: Progress) -> None:
        if progress.status.startswith("Retrying in") and not told:
            told.append(progress.item)
            tell(Progress(progress.item, "the registry does not take it: the engine tries again by itself", aloud=True))
        tell(progress)

    return telling


def _by_mirror(world: World, reference: str, mirror: str, platform: str, tell: Tell) -> None:
    """By its digest: so the mirror can give nothing else, and no name of the mirror's is made that could be left over.

    A name with a digest in it is given only by a pull from its own registry; the layers are there by then.
    """
    asked = parse_reference(reference)
    digest = asked.digest or _agreed_digest(world, asked, reference, mirror, tell)
    world.look()
    world.engine.pull(asked.at(mirror, digest), tell, platform)
    world.look()
    if asked.digest:
        world.engine.pull(reference, tell, platform)
    else:
        repository, _, tag = with_tag(reference).rpartition(":")
        world.engine.tag(asked.at(mirror, digest), repository, tag)
    tell(Progress("", f"pulled from the mirror {mirror}"))


def _agreed_digest(world: World, asked: Reference, reference: str, mirror: str, tell: Tell) -> str:
    """What the mirror has under the name, where the registry itself has the same, or cannot be asked."""
    named = asked.at(mirror)
    digest = world.engine.registry_digest(named)
    if not digest:
        raise OperationFailed(Diagnostic("image-not-found", f"it has no {named}"))
    try:
        origin = _within(ASKED, lambda: world.engine.registry_digest(reference), asked.host)
    except DeployerError as error:
        if _is_the_engines(error):
            raise
        tell(Progress("", f"{asked.host} cannot be asked whether the mirror's {digest[:19]} is right"))
        return digest
    if origin != digest:
        whose = f"{asked.host} has {origin[:19]}" if origin else f"{asked.host} has none"
        raise OperationFailed(Diagnostic("mirror-differs", f"it has {digest[:19]} as {reference}, and {whose}"))
    return digest


def _within(seconds: float, ask: Callable[[], Result], host: str) -> Result:
    """The answer, if it comes in time: behind a wall that drops what is sent, the engine would wait for minutes."""
    future = Future[Result]()

    def work() -> None:
        try:
            future.set_result(ask())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        return future.result(seconds)
    except TimeoutError:
        message = f"{host} does not answer within {seconds:.0f} seconds"
        raise Unreachable(Diagnostic("registry-unreachable", message)) from None


def _patiently(
    world: World, reference: str, attempt: Callable[[], Result], tell: Tell, tried: Collection[str] = ()
) -> Result:
    """Try again what may pass, as long as there is time, unless the engine has `tried` again itself.

    What is interrupted ends with the last failure.
    """
    for pause in PAUSES:
        try:
            return attempt()
        except Unreachable as error:
            code = error.diagnostics[0].code
            if code not in PASSING or tried:
                raise
            said = world.engine.retry_after(reference) if code == "registry-limit" else None
            seconds = pause if said is None else said
            if time.monotonic() + seconds > world.deadline:
                raise _with_time(error, seconds) from error
            told = "as the registry asks" if said is not None else _why(error)
            tell(Progress("", f"trying again in {seconds:.0f}s: {told}", aloud=True))
            if world.stop.wait(seconds):
                raise
            world.look()
    return attempt()


def _with_time(error: Unreachable, seconds: float) -> Unreachable:
    first, *rest = error.diagnostics
    note = f"it would be tried again in {seconds:.0f}s, and there is less time than that: --timeout"
    return Unreachable(replace(first, notes=(*first.notes, note)), *rest)


def _is_the_engines(error: DeployerError) -> bool:
    """Whether it is the engine itself that cannot go on, and not the registry."""
    codes = {each.code for each in error.diagnostics}
    lost = any(code.startswith("engine-") for code in codes) and isinstance(error, Unreachable)
    return lost or bool(codes & set(FINAL))


def _why(error: DeployerError) -> str:
    """The reason alone: what was being done stands beside it."""
    message = error.diagnostics[0].message
    return message.partition(": ")[2] if message.startswith("could not ") else message
