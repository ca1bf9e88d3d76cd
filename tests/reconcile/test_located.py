"""Where a failure says that it comes from: the line of the stack file, the names that people use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from deployer.errors import Diagnostic
from deployer.plan.model import Call
from deployer.resources.wire import EngineRefused
from tests.model.clock import Clock
from tests.model.deployer_on_model import Deployer, passing
from tests.model.engine import ModelEngine
from tests.model.things import image

CHECK = {"test": ["CMD", "ok"], "interval": "1s"}


@pytest.fixture
def engine() -> Iterator[ModelEngine]:
    made = ModelEngine(Clock())
    made.local["busybox:1"] = image("busybox:1", "busybox:1", ())
    with passing(made.clock):
        yield made


def failure(engine: ModelEngine, **service: Any) -> Diagnostic:
    """What is told of an apply of a service `web`, after it was applied as it was, if it was."""
    outcome = Deployer(engine).apply({"services": {"web": {"image": "busybox:1", **service}}}, {})
    (error,) = outcome.errors
    (diagnostic,) = error.diagnostics
    return diagnostic


def test_a_failing_health_check_is_shown_where_it_is_written(engine: ModelEngine) -> None:
    """With its line, that says the test."""
    found = failure(engine, command=["ail"], healthcheck=CHECK)
    assert (found.code, found.message) == ("not-ready", "web is running and unhealthy")
    assert found.place
    assert '"ok"' in found.place.excerpt[found.place.column - 1 :]


def test_what_ends_by_itself_does_not_blame_its_health_check(engine: ModelEngine) -> None:
    """The check had no say in it."""
    found = failure(engine, command=["fail"], healthcheck=CHECK)
    assert (found.code, found.place, found.address) == ("not-ready", None, "service.web")


def refusing(engine: ModelEngine, code: str, **service: Any) -> Diagnostic:
    """What is told where the engine refuses to update the service."""
    Deployer(engine).apply({"services": {"web": {"image": "busybox:1", "mem_limit": "64m", "cpus": 2}}}, {})

    def before(what: str, which: str) -> None:
        if what == Call.UPDATE:
            raise EngineRefused(Diagnostic(code, f"could not update container {which}: no"), 400)

    engine.before = before
    return failure(engine, **service)


def test_a_refused_update_is_shown_where_its_field_is_written(engine: ModelEngine) -> None:
    """The container has its name there, which a person knows, and not its id."""
    found = refusing(engine, "engine-refused", mem_limit="64m", cpus=1)
    assert found.message == "could not update container shop-web-1: no"
    assert found.place
    assert found.place.excerpt[found.place.column - 1 :].startswith("1}")


def test_of_several_fields_that_is_blamed_of_which_the_plan_cautioned(engine: ModelEngine) -> None:
    """The engine says that it is about memory."""
    found = refusing(engine, "memory-in-use", mem_limit="32m", cpus=1)
    assert found.place
    assert found.place.excerpt[found.place.column - 1 :].startswith('"32m"')


def test_of_several_fields_none_is_blamed_where_nothing_tells_which(engine: ModelEngine) -> None:
    """A wrong line is worse than none."""
    found = refusing(engine, "engine-refused", mem_limit="32m", cpus=1)
    assert (found.place, found.address) == (None, "service.web[1]")
