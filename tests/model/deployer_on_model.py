"""Deployer on the model: a stack is planned and carried out by the real reconciler, its steps in an order of chance."""

from __future__ import annotations

import hashlib
import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import SimpleNamespace
from typing import IO, Any, BinaryIO
from unittest.mock import patch

from deployer.errors import Place
from deployer.plan.destroying import plan_destroy
from deployer.plan.model import Plan, StepId
from deployer.plan.planner import Options, make_plan
from deployer.plan.steps import Copies
from deployer.reconcile import again, apply, calls, run, transfers, turn, waits
from deployer.reconcile.observe import Sought, observe
from deployer.reconcile.run import Outcome, Tell
from deployer.reconcile.scheduler import Schedule
from deployer.resources.as_read import with_digests
from deployer.resources.desired import Desired, DesiredBuild, DesiredImage
from deployer.resources.from_stack import desired
from deployer.stack.load import load_files
from deployer.stack.model import Stack
from deployer.stack.outside import TextFile
from tests.model.clock import Clock
from tests.model.engine import ModelEngine

looking = import_module("deployer.reconcile.observe")

NAME = "shop"
FOLDER = "/srv/shop"
ORIGIN = f"folder:{FOLDER}"
SECONDS = 60.0

Document = Mapping[str, Any]


class AtOnce:
    """What stands in the place of a thread, and of a pool of them: what it is to do is done when it starts."""

    def __init__(self, *_: Any, target: Callable[[], None] = lambda: None, **__: Any) -> None:
        self.start = target

    def __enter__(self) -> AtOnce:
        return self

    def __exit__(self, *_: object) -> None: ...

    def map(self, function: Callable[..., Any], *things: Any) -> Iterator[Any]:
        return map(function, *things)


class Killed(BaseException):
    """Deployer ends here, without another word."""


@dataclass
class Sources:
    """What builds and copies hold: the digest of the one, something of the other."""

    def secrets(self) -> tuple[str, ...]:
        return ()

    def write_context(self, build: DesiredBuild, references: Mapping[str, str], tar: IO[bytes]) -> str:
        tar.write(build.inputs["content"].encode())
        return "Dockerfile"

    def archive(self, copies: Copies) -> bytes:
        return b"a tar"

    def open_archive(self, image: DesiredImage) -> BinaryIO:
        raise NotImplementedError

    def place_in_build(self, build: DesiredBuild, said: str) -> Place | None:
        return None

    def remember(self, build: DesiredBuild, reference: str, started_from: Mapping[str, str]) -> None: ...


def load(document: Document) -> Stack:
    """The stack of a document. Raises InvalidStack."""
    return _load(json.dumps({"name": NAME, **document}))


@lru_cache(maxsize=8)
def _load(text: str) -> Stack:
    def nothing(*_: Any) -> Any:
        raise NotImplementedError

    return load_files(
        [TextFile(text, "stack.yaml", f"{FOLDER}/stack.yaml")],
        folder=FOLDER,
        environment={},
        read_file=nothing,
        read_env_file=nothing,
    )


def wanted(stack: Stack, contents: Mapping[str, str]) -> Desired:
    """What the stack wants; `contents` is what its builds and secrets hold (`builds.app`, `secrets.key`)."""
    builds = {
        name: DesiredBuild(
            name=name,
            repository=f"{NAME}/{name}",
            folder=f"./{name}",
            digest=hashlib.sha256(contents[f"builds.{name}"].encode()).hexdigest(),
            inputs={"content": contents[f"builds.{name}"].partition("#")[0]},
            bases=("busybox:1",),
            args={},
            target=None,
            tags=(),
            path=("builds", name),
        )
        for name in stack.builds
    }
    return with_digests(desired(stack, ORIGIN, builds), contents)


@dataclass
class Deployer:
    """`order` draws the order of what may start at once; None leaves it to the reconciler. `begin` is called with each
    plan that is carried out, and `tell` with what happens then.
    """

    engine: ModelEngine
    order: random.Random | None = None
    tell: Tell = lambda _: None
    begin: Callable[[Document, Plan], None] = lambda *_: None

    def plan(
        self, document: Document, contents: Mapping[str, str], options: Options | None = None, holding: int = 0
    ) -> apply.Planned:
        """What an apply would do. Raises InvalidStack."""
        stack = load(document)
        want = wanted(stack, contents)
        sought = Sought(want.images.values(), want.builds.values(), want.registries, want.pushes)
        observed = observe(self.engine, NAME, want.context, sought, new_salt="salt", holding=holding, take_over=True)
        return make_plan(want, observed, stack.place, options), observed

    def apply(self, document: Document, contents: Mapping[str, str], options: Options | None = None) -> Outcome:
        """Raises InvalidStack where the plan refuses, and Killed where the engine does so."""
        return self._carry_out(document, lambda holding: self.plan(document, contents, options, holding))

    def destroy(self, document: Document, *, volumes: bool = False) -> Outcome:
        context = wanted(load(document), dict.fromkeys(("builds.app", "secrets.key"), "")).context

        def look(holding: int) -> apply.Planned:
            observed = observe(self.engine, NAME, context, new_salt="salt", holding=holding, take_over=True)
            return plan_destroy(NAME, ORIGIN, FOLDER, observed, Options(volumes=volumes)), observed

        return self._carry_out({}, look, forget=True)

    def _carry_out(self, document: Document, look: Callable[[int], apply.Planned], *, forget: bool = False) -> Outcome:
        def noted(holding: int) -> apply.Planned:
            planned = look(holding)
            self.begin(document, planned[0])
            return planned

        job = apply.Job(
            look=noted,
            agreed=lambda _: True,
            tell=self.tell,
            sources=Sources(),
            parallel=1,
            seconds=SECONDS,
            patience=turn.Patience(take_over=True),
            forget=forget,
        )
        with patch.object(run, "Schedule", self._schedule()):
            return apply.apply(self.engine, look(0), job)

    def _schedule(self) -> type[Schedule]:
        order = self.order

        class InAnyOrder(Schedule):
            def due(self) -> list[StepId]:
                steps = super().due()
                if order:
                    order.shuffle(steps)
                return steps

        return InAnyOrder


@contextmanager
def passing(clock: Clock) -> Iterator[None]:
    """The clock stands for that of the machine, wherever the reconciler asks for the time or sleeps."""

    def sleep(_waker: waits.Waker, _seen: int, seconds: float) -> None:
        clock.sleep(seconds)

    with ExitStack() as stack:
        for module in (again, apply, calls, run, transfers, turn, waits):
            stack.enter_context(patch.object(module, "time", clock))
        threads = SimpleNamespace(Thread=AtOnce, Lock=threading.Lock, Event=threading.Event)
        stack.enter_context(patch.object(run, "threading", threads))
        stack.enter_context(patch.object(looking, "ThreadPoolExecutor", AtOnce))
        stack.enter_context(patch.object(waits.Waker, "sleep", sleep))
        yield
