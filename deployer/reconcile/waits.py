"""Waiting for containers: events wake a wait, inspect decides it, a slow tick is the net."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from deployer.errors import DeployerError, Diagnostic, OperationFailed
from deployer.fields.field import Json, section
from deployer.fields.sensitive import mask_line, mask_values
from deployer.plan.steps import Signalled, Wait
from deployer.reconcile.protocol import Reader
from deployer.resources.inspected import moment
from deployer.resources.secret_values import secret_values

TICK = 0.5
"""Seconds after which a wait looks again though no event woke it: the engine's buffer holds only 256 events."""

SETTLED = 0.5
"""Seconds after which a container that was started without a check is looked at once more."""

LOG_LINES = 20

_KILLED = 137
"""The exit code of a health check that was at work when its container ended, which ends it by SIGKILL."""

RESTARTS = "keeps restarting"
"""What is told of a container that the engine starts again and again."""

RUN_AGAIN = "run it again: it goes on from what is there"
"""What to do where somebody else has removed something."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Until when a wait lasts, by the monotonic clock, and the option that makes it longer."""

    until: float
    option: str


class Waker:
    """Lets waits sleep until the engine says that something happened to a container of the stack."""

    def __init__(self, reader: Reader, labels: dict[str, str]) -> None:
        self._reader, self._labels = reader, labels
        self._news = threading.Condition()
        self._count = 0
        self._ended: set[str] = set()
        self._hears = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to the engine's events for as long as the context is open; without them the tick alone wakes."""
        try:
            stream = self._reader.events(labels=self._labels)
            events = stream.__enter__()
        except DeployerError:
            yield
            return
        self._hears = True
        thread = threading.Thread(target=self._listen, args=(events,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stream.__exit__(None, None, None)
            thread.join(timeout=5)

    def _listen(self, events: Iterator[Json]) -> None:
        with suppress(DeployerError):
            for event in events:
                if event.get("Action") == "die":
                    self._ended.add(str(section(event, "Actor").get("ID")))
                self.wake()
        self._hears = False

    def wake(self) -> None:
        with self._news:
            self._count += 1
            self._news.notify_all()

    def sleep(self, seen: int, seconds: float) -> None:
        """Until there is news that `seen` does not count, at most for so many seconds."""
        with self._news:
            if self._count == seen:
                self._news.wait(seconds)

    @property
    def seen(self) -> int:
        return self._count

    def has_not_heard(self, container: str) -> bool:
        """Whether it has listened all the time, and the engine has not said that the container of this id ended."""
        return self._hears and container not in self._ended


def await_ready(
    reader: Reader, waker: Waker, container: str, wait: Wait, limit: Limit, stop: threading.Event
) -> Json | None:
    """Until the container is healthy, or, without a check, has run for the monitor time. Of one that was signalled, and
    has ended since, its inspect.

    Raises OperationFailed when it cannot be any more.
    """
    began = time.monotonic()
    stale: str | None = None
    while True:
        seen = waker.seen
        found = _inspect(reader, container, wait)
        if wait.signalled and _has_ended(found, wait.signalled):
            return found
        stale = _last_probe(found) if stale is None else stale
        ready = _is_ready(found, wait, time.monotonic() - began, stale)
        if ready:
            return None
        if ready is None:
            raise failed(reader, wait.service, container, describe(found))
        _in_time(container, wait, limit, stop, describe(found))
        waker.sleep(
            seen, min(TICK, max(wait.monitor / 1e9 - (time.monotonic() - began), 0.02)) if wait.monitor else TICK
        )


def await_completed(
    reader: Reader, waker: Waker, container: str, wait: Wait, limit: Limit, stop: threading.Event
) -> None:
    """Until the container has exited with 0."""
    while True:
        seen = waker.seen
        found = _inspect(reader, container, wait)
        state = found["State"]
        if state["Status"] in ("exited", "dead"):
            if state["ExitCode"] == 0:
                return
            raise failed(reader, wait.service, container, f"exited with code {state['ExitCode']}, and had to complete")
        _in_time(container, wait, limit, stop, describe(found))
        waker.sleep(seen, TICK)


def running(reader: Reader, waker: Waker) -> frozenset[str]:
    """The names and ids of the containers that run, and have not ended since the waker listens, as one list tells it of
    them all; none where it does not.
    """
    listed = [each for each in reader.containers() if each["State"] == "running" and waker.has_not_heard(each["Id"])]
    names = (name.removeprefix("/") for each in listed for name in each.get("Names") or ())
    return frozenset((*names, *(each["Id"] for each in listed)))


def look(reader: Reader, container: str, wait: Wait) -> None:
    """One look at the end at a container without a check: that it still runs."""
    found = _inspect(reader, container, wait)
    state = found["State"]
    done = state["Status"] == "exited" and state["ExitCode"] == 0 and wait.may_exit
    if not done and (state["Status"] not in ("running", "paused") or found.get("RestartCount", 0) > 0):
        raise failed(reader, wait.service, container, describe(found))


def _has_ended(found: Json, signalled: Signalled) -> bool:
    """Also where the engine has restarted it already."""
    state = found["State"]
    return state["Status"] in ("exited", "dead", "restarting") or state["StartedAt"] != signalled.started_at


def _last_probe(found: Json) -> str:
    """When the last health check ended; "" where there was none."""
    probes = section(found, "State.Health").get("Log") or []
    return str(probes[-1].get("End", "")) if probes else ""


def _is_ready(found: Json, wait: Wait, waited: float, stale: str) -> bool | None:
    """Whether it is ready; None where it cannot become so any more.

    What a check said before the wait is of no account: a container that was paused is unhealthy until its next check.
    """
    state = found["State"]
    match state["Status"], (state.get("Health") or {}).get("Status", "none"):
        case "exited", _ if state["ExitCode"] == 0 and wait.may_exit:
            return True
        case "restarting", _ if wait.restarts and found.get("RestartCount", 0) <= wait.restarts:
            return False
        case (("exited" | "dead" | "restarting"), _):
            return None
        case _, "unhealthy":
            return False if stale and _last_probe(found) == stale else None
        case _, "healthy":
            return True
        case "running", ("none" | ""):
            is_again = found.get("RestartCount", 0) > wait.restarts and wait.monitor
            return None if is_again else waited >= wait.monitor / 1e9
        case _:
            return False


def describe(found: Json) -> str:
    """What became of a container, by its inspect: `exited with code 3 after 0.2 s`."""
    state = found["State"]
    health = (state.get("Health") or {}).get("Status", "")
    if state["Status"] in ("exited", "dead"):
        began, ended = moment(state.get("StartedAt", "")), moment(state.get("FinishedAt", ""))
        after = f" after {max(0.0, (ended - began).total_seconds()):.1f} s" if began and ended else ""
        return f"exited with code {state['ExitCode']}{after}"
    if state["Status"] == "restarting" or found.get("RestartCount", 0):
        # The code is that of the last exit only until it runs again.
        return RESTARTS + (f": it exited with code {state['ExitCode']}" if state["ExitCode"] else "")
    return f"is {state['Status']}" + (f" and {health}" if health not in ("", "none") else "")


def _inspect(reader: Reader, container: str, wait: Wait) -> Json:
    found = reader.container(container)
    if found is None:
        raise OperationFailed(
            Diagnostic(
                "container-gone",
                f"somebody else has removed the container {container} while it was waited for",
                address=f"service.{wait.service}",
                hint=RUN_AGAIN,
            )
        )
    return found


def _in_time(container: str, wait: Wait, limit: Limit, stop: threading.Event, state: str) -> None:
    address = f"service.{wait.service}"
    if stop.is_set():
        raise OperationFailed(
            Diagnostic("interrupted", f"stopped waiting for {container}, which {state}", address=address)
        )
    if time.monotonic() > limit.until:
        raise OperationFailed(
            Diagnostic(
                "timeout",
                f"{container} was not ready in time: it {state}",
                address=address,
                hint=f"give it longer: {limit.option}",
            )
        )


def without(told: Diagnostic, secrets: Collection[str]) -> Diagnostic:
    """What is told, and in what goes with it, the container's own words, these masked."""
    return replace(told, notes=tuple(mask_values(note, secrets) for note in told.notes))


def failed(reader: Reader, service: str, container: str, what: str) -> OperationFailed:
    """A container that does not work: what became of it, its last health check's output and its last log
    lines. What those say after names of secrets is masked, and so is what its variables hold that nobody may see.
    """
    notes: list[str] = []
    sick = what.endswith("unhealthy")  # the engine's word
    hint = f"`deployer run --rm {service}` runs it where you can watch it"
    if sick:
        hint = "if it only needs longer to come up: `start_period`, or `retries`, in `healthcheck`"
    with suppress(DeployerError):
        found = reader.container(container) or {}
        secrets = secret_values(found)

        def masked(line: str) -> str:
            return mask_line(mask_values(line, secrets))

        probes = section(found, "State.Health").get("Log") or []
        probes = [each for each in probes if sick or each["ExitCode"] != _KILLED]
        if probes and probes[-1]["ExitCode"]:
            # A word is not cut: the half of a secret would not be known for one, here or by who masks more.
            output = re.match(r".{0,500}(?!\S)", mask_values(probes[-1]["Output"].strip(), secrets), re.DOTALL)
            said = "\n".join(map(masked, output[0].splitlines() if output else ()))
            notes.append(f"last health check (exit {probes[-1]['ExitCode']}): {said}")
        lines = [line.text for line in reader.logs(container, tail=LOG_LINES)]
        shown = [f"  {masked(line.expandtabs())}" for line in lines]
        notes.append("\n".join(["last log lines:", *shown]) if shown else "it wrote nothing")
    return OperationFailed(
        Diagnostic(
            "unhealthy" if sick else "not-ready",
            f"{service} {what}",
            hint=hint,
            address=f"service.{service}",
            notes=tuple(notes),
        )
    )
