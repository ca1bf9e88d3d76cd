"""A plan of a snapshot is the plan of the engine that it was taken of: random stacks, in whatever state."""

from __future__ import annotations

import json
from typing import Any, cast

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from deployer.errors import InvalidStack
from deployer.plan.model import Plan
from deployer.plan.planner import make_plan
from deployer.reconcile.observe import Sought, observe
from deployer.reconcile.protocol import Reader
from deployer.resources.desired import Desired
from deployer.resources.observed import Observed
from deployer.snapshot.form import Snapshot, as_json, read
from deployer.snapshot.reader import SnapshotReader
from deployer.snapshot.take import Noting, known_in, snapshot_of
from tests.model.deployer_on_model import NAME, load, wanted
from tests.model.engine import ModelEngine
from tests.model.play import Play, is_sound, playing
from tests.model.stacks import Stack, edited, some_deeds, some_stack

POINTS = st.none() | st.integers(1, 60)


@st.composite
def two_stacks(draw: st.DrawFn) -> tuple[Stack, Stack]:
    before = draw(some_stack())
    after = draw(edited(before))
    assume(is_sound(before) and is_sound(after))
    return before, after


def test_a_plan_of_a_snapshot_is_that_of_the_engine(request: Any) -> None:
    """Changes, steps and fingerprint: after an apply, killed or not, an edit, and with people at work on the engine."""
    many = min(request.config.getoption("--cases"), 100)
    tried = settings(max_examples=many, database=None, deadline=None, suppress_health_check=list(HealthCheck))

    @tried
    @given(two_stacks(), POINTS, some_deeds)
    def holds(stacks: tuple[Stack, Stack], kill: int | None, deeds: Any) -> None:
        def play(on: Play) -> None:
            on.apply(stacks[0], kill=kill)
            on.by_hand(deeds)
            after = wanted_of(stacks[1])
            snapshot = taken(on.engine, stacks[0], after)
            live = planned(on.engine, stacks[1], after)
            reader = SnapshotReader(snapshot, "s.json", lambda salt: known_in(after, salt), after.folder)
            assert planned(cast("Reader", reader), stacks[1], after) == live

        playing(play, 0)

    holds()


def wanted_of(stack: Stack) -> Desired:
    return wanted(load(stack.document), stack.contents)


def looked_at(reader: Any, desired: Desired) -> Observed:
    sought = Sought(desired.images.values(), desired.builds.values(), desired.registries, desired.pushes)
    return observe(reader, NAME, desired.context, sought, new_salt="salt", take_over=True)


def taken(engine: ModelEngine, stack: Stack, after: Desired) -> Snapshot:
    """As it is read again. It knows of the images of `after`, too: of others no snapshot can tell."""
    desired, noting = wanted_of(stack), Noting(cast("Reader", engine))
    looked_at(noting, after)
    observed = looked_at(noting, desired)
    observed.built()
    return read(as_json(snapshot_of(noting, desired, observed, json.dumps(stack.document))), "s.json")


def planned(reader: Any, stack: Stack, desired: Desired) -> Any:
    try:
        plan = make_plan(desired, looked_at(reader, desired), load(stack.document).place)
    except InvalidStack as error:
        return [(each.code, each.message) for each in error.diagnostics]
    return told(plan)


def told(plan: Plan) -> Any:
    changes = [
        (
            each.address,
            each.action,
            each.known_after,
            tuple((field.field, field.causes, field.effect, field.at, field.sensitive) for field in each.fields),
            tuple(map(str, each.steps)),
        )
        for each in plan.changes
    ]
    return changes, plan.unchanged, plan.edges, [each.code for each in plan.warnings]
