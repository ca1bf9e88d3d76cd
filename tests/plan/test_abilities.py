"""What the engine's API does not have yet is an error of the plan."""

from __future__ import annotations

import pytest

from deployer.errors import Diagnostic, InvalidStack
from deployer.plan.planner import make_plan
from deployer.resources.from_stack import desired
from deployer.resources.observed import Observed
from deployer.resources.records import Records
from deployer.resources.wire import EngineInfo
from deployer.stack.load import load

STACK = """name: shop
services:
  web:
    image: web:1
    annotations: {io.example.tier: a}
"""


def refused(api: str) -> tuple[Diagnostic, ...]:
    stack = load(STACK, file="stack.yaml", folder="/shop", environment={}, read_env_file=lambda *_: {})
    seen = Observed(EngineInfo("unix:///d.sock", "20.10.24", api), [], {}, {}, {}, {}, {}, Records(salt="salt"))
    try:
        make_plan(desired(stack, "", {}), seen, stack.place)
    except InvalidStack as error:
        return tuple(error.diagnostics)
    return ()


def test_a_key_that_the_engine_is_too_old_for_is_refused_at_its_line() -> None:
    """The message names the version that is needed, and the engine's."""
    (found,) = refused("1.42")
    assert found.code == "engine-too-old"
    assert found.message == "services.web.annotations needs Engine API 1.43, and engine 20.10.24 has 1.42"
    assert found.place
    assert (found.place.file, found.place.line) == ("stack.yaml", 5)


@pytest.mark.parametrize("api", ["1.43", "1.51", "1.100", "2.0"])
def test_an_engine_that_has_it_is_asked(api: str) -> None:
    """Versions are compared by their numbers, not by their letters."""
    assert refused(api) == ()
