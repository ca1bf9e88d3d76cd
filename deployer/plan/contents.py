"""What mounted files hold, where the stack says what a change of it takes (`x-deployer: {reload: {...}}`).

The engine cannot show it: it is compared with what was applied. Where nothing tells that, what has changed since the
container was started is taken for a difference; a time proves less than a digest, but it is wrong on the safe side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from deployer.errors import Diagnostic
from deployer.fields.field import Effect
from deployer.plan import steps
from deployer.plan.model import Call, Cause, FieldChange, Shows, Step
from deployer.plan.readiness import await_signalled
from deployer.resources.applied import CONTENTS, Applied
from deployer.resources.desired import BoundContent, Desired, DesiredService
from deployer.resources.inspected import moment
from deployer.resources.observed import Observed, ObservedContainer
from deployer.stack.service import REPLACE, RESTART

if TYPE_CHECKING:
    from deployer.plan.diff import PlaceOf
    from deployer.plan.images import Recall

_END = " content"
_NAMED = 3
"""How many files a line names."""


def content_changes(
    service: DesiredService, container: ObservedContainer, was: Applied | None, recall: Recall
) -> Iterator[FieldChange]:
    """Each mount that holds something else than the container has taken up."""
    mounts = dict(container.values["volumes"])
    then: Any = was.fields.get(CONTENTS) if was else None
    known = cast("Mapping[str, Any]", then) if isinstance(then, Mapping) else dict[str, Any]()
    for target, content in service.contents.items():
        if not content.digest or mounts.get(target, ("",))[:2] != ("bind", content.source):
            continue
        before = known.get(target)
        if before == content.digest or (before is None and not _since_start(content, container)):
            continue
        if (effect := _effect(content.way, container)) is not Effect.NONE:
            yield FieldChange(
                f"volumes.{target}{_END}",
                None,
                None,
                (Cause.UNKNOWN,) if before is None else (Cause.EDIT,),
                effect,
                applied_known=before is not None,
                note=_note(service, target, content, before, recall),
            )


def is_content(change: FieldChange) -> bool:
    return change.field.startswith("volumes.") and change.field.endswith(_END)


def taken_up(service: DesiredService) -> dict[str, Mapping[str, str]]:
    """What a container of the service has from its next start on, for the records."""
    found = {target: content.digest for target, content in service.contents.items() if content.digest}
    return {CONTENTS: found} if found else {}


def signals(
    service: DesiredService, container: ObservedContainer, fields: Iterable[FieldChange], place: PlaceOf
) -> tuple[Step, ...]:
    """The signals that make it read anew, each once; it may take one for its end, so it is waited for."""
    asked = [change.field for change in fields if is_content(change) and change.effect is Effect.IN_PLACE]
    read = [each for target, each in service.contents.items() if f"volumes.{target}{_END}" in asked]
    if not read:
        return ()
    ways = list(dict.fromkeys(each.way for each in read))
    at = place("services", service.name, "x-deployer", "reload", read[0].key)
    wait = await_signalled(service, container, steps.Signalled(" or ".join(ways), container.started_at, at))
    # Taken back, it is as before only if it goes on; one that was not well before need not become so.
    was_well = container.status == "running" and container.health in ("", "healthy")
    back = (wait,) if was_well and not service.completes else steps.back_up(container)
    sent = [Step(Call.KILL, container.id, way, undo=back, detail=f"with {way}", name=container.name) for way in ways]
    return (*sent, wait)


def uncompared(service: DesiredService) -> tuple[str, ...]:
    """The mounted files and folders whose content nobody looks at, as the stack has them; a socket has none."""
    mounts = service.written["volumes"].value if "volumes" in service.written else ()
    binds = (
        mount
        for mount in mounts
        if mount.type == "bind" and mount.target not in service.contents and not mount.source.endswith(".sock")
    )
    return tuple(
        dict.fromkeys(Shows.NOTHING.value if service.hides("volumes", each.target) else each.source for each in binds)
    )


def contents_elsewhere(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """What a mount holds on another machine cannot be read from here."""
    for service in desired.services.values() if not observed.engine.is_here else ():
        for content in service.contents.values():
            yield Diagnostic(
                "reload-elsewhere",
                f"services.{service.name}: what {content.written} holds cannot be compared: "
                f"the engine is on another machine ({observed.engine.host})",
                place("services", service.name, "x-deployer", "reload", content.key),
                "take it out of reload; or make a config of the file, which is compared on every engine",
            )


def signals_missed(desired: Desired, place: PlaceOf) -> Iterator[Diagnostic]:
    """A mounted file is that very file: a new one of its name is on the host alone, until the container restarts."""
    for service in desired.services.values():
        for content in service.contents.values():
            if content.is_file and content.way not in (RESTART, REPLACE):
                yield Diagnostic(
                    "reload-file",
                    f"services.{service.name}: {content.way} may find the old {content.written}: "
                    "most programs save a file by putting a new one in its place, and the mount stays with the old one",
                    place("services", service.name, "x-deployer", "reload", content.key),
                    "mount its folder instead, or write restart",
                )


def memory_of(service: str, target: str) -> str:
    """Under which name the sources remember what a mount held: no build bears such a one."""
    return f"content of {service} {target}"


def _since_start(content: BoundContent, container: ObservedContainer) -> bool:
    started = moment(container.started_at)
    return started is not None and content.changed > started.timestamp()


def _effect(way: str, container: ObservedContainer) -> Effect:
    """What does not run reads it at its start, as does what keeps restarting; one that has done its work is not
    signalled any more.
    """
    if way == REPLACE:
        return Effect.REPLACE
    if way == RESTART:
        return Effect.RESTART
    if container.is_alive and container.status != "restarting":
        return Effect.IN_PLACE
    return Effect.NONE if container.has_completed else Effect.RESTART


def _note(service: DesiredService, target: str, content: BoundContent, before: str | None, recall: Recall) -> str:
    if before is None:
        return f"{content.written} changed since the container was started"
    then = recall(memory_of(service.name, target), before)
    if then is None:
        return f"{content.written} changed"
    names = sorted(name for name in then.keys() | content.files.keys() if then.get(name) != content.files.get(name))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more} changed" if names else f"{content.written} changed"
