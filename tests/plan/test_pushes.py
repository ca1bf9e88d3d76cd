"""Which pushes a plan has, why, and what comes before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from deployer.errors import InvalidStack, Unreachable
from deployer.plan.images import no_recall
from deployer.plan.model import Action, Change, Plan
from deployer.plan.parts import Part, plan_part
from deployer.plan.planner import make_plan
from deployer.plan.steps import Pull
from deployer.resources.desired import Desired, DesiredBuild
from deployer.resources.from_stack import desired
from deployer.resources.narrowed import narrowed
from deployer.resources.observed import Observed, ObservedImage, RegistryAnswer
from deployer.resources.records import Records
from deployer.resources.wire import EngineInfo
from deployer.stack.load import load

ADDRESS = "r.local:5000"
NAME = f"{ADDRESS}/shop:1.0"
OURS, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"

FILE = """\
name: shop
registries:
  private: {address: "r.local:5000", service: registry}
builds:
  web: {tag: "shop:1.0", push: private}
services:
  registry: {image: "registry:2", healthcheck: {test: "true"}}
  web: {image: web}
"""


def wanted(text: str = FILE, **bases: tuple[str, ...]) -> Desired:
    stack = load(text, file="stack.yaml", folder="/srv/shop", environment={}, read_env_file=lambda *_: {})
    builds = {
        name: DesiredBuild(name, f"shop/{name}", ".", "digest", {}, bases.get(name, ()), {}, None, build.names())
        for name, build in stack.builds.items()
    }
    return desired(stack, "", builds)


def seen(
    images: Mapping[str, ObservedImage] | None = None, pushed: Mapping[str, RegistryAnswer] | None = None
) -> Observed:
    engine = EngineInfo("unix:///run/docker.sock", "28", "1.51")
    return Observed(engine, [], {}, {}, {}, images or {}, {}, Records(salt="salt"), pushed=pushed or {})


def built(text: str = FILE, *digests: str, alias: bool = True) -> dict[str, ObservedImage]:
    """The build is there, with its tag and, with `alias`, its name at the registry."""
    image = ObservedImage("sha256:image", digests, {})
    reference = wanted(text).builds["web"].reference({})
    registry = {"registry:2": ObservedImage("sha256:registry", (), {})}
    return {**registry, reference: image, "shop:1.0": image, **({NAME: image} if alias else {})}


def plan(images: Mapping[str, ObservedImage] | None = None, answer: RegistryAnswer | None = None) -> Plan:
    return make_plan(wanted(), seen(images, {NAME: answer} if answer else {}), lambda *_: None)


def push_of(plan: Plan) -> Change | None:
    return next((each for each in plan.changes if each.address == "push.web->private"), None)


def before(plan: Plan) -> set[str]:
    """The edges, as `address call -> address call`."""

    def at(step: tuple[int, int]) -> str:
        change = plan.changes[step[0]]
        return f"{change.address} {change.steps[step[1]].call}"

    return {f"{at(one)} -> {at(other)}" for one, other in plan.edges}


def test_a_push_comes_after_its_build_and_after_its_registry_is_ready():
    """The service whose build is pushed waits for neither."""
    edges = before(plan())
    assert "build.web tag -> push.web->private tag" in edges
    assert "service.registry[1] wait until ready -> push.web->private push" in edges
    assert not {edge for edge in edges if edge.startswith("push.") or edge.endswith("-> service.web[1] push")}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "its registry, service.registry, is not up yet"),
        (RegistryAnswer(), "not there yet"),
        (RegistryAnswer(trouble="connection refused"), "the registry cannot be asked: connection refused"),
    ],
)
def test_a_push_says_why_it_is_needed(answer: RegistryAnswer | None, reason: str):
    """A registry that cannot be asked does not stop the plan."""
    push = push_of(plan(built(), answer))
    assert push
    assert (push.action, push.reason, push.fields) == (Action.PUSH, reason, ())


def test_what_the_registry_has_already_is_not_pushed():
    """By its digest, whatever it was pushed as."""
    digests = (f"elsewhere:5000/shop@{OURS}",)
    assert push_of(plan(built(FILE, *digests), RegistryAnswer(OURS))) is None


def test_another_digest_in_the_registry_is_drift_where_ours_was_pushed():
    push = push_of(plan(built(FILE, f"{ADDRESS}/shop@{OURS}"), RegistryAnswer(OTHER)))
    assert push
    (field,) = push.fields
    assert (field.before, field.after, field.causes) == (OTHER[7:19], OURS[7:19], ("drift",))


def test_an_image_that_was_never_pushed_is_an_edit_where_another_one_is_there():
    push = push_of(plan(built(), RegistryAnswer(OTHER)))
    assert push
    assert [(field.before, field.causes) for field in push.fields] == [(OTHER[7:19], ("edit",))]


def test_the_name_on_the_engine_alone_is_put_right_by_a_tag():
    images = {**built(FILE, f"{ADDRESS}/shop@{OURS}"), NAME: ObservedImage("sha256:other", (), {})}
    push = push_of(plan(images, RegistryAnswer(OURS)))
    assert push
    assert (push.action, [str(step) for step in push.steps]) == (Action.UPDATE, [f"tag {NAME}"])


RUNS_IT = FILE + f'  shop: {{image: "{NAME}"}}\n'


def test_who_runs_what_is_pushed_waits_for_the_push_and_pulls_nothing():
    """The push gives the image that name on the engine."""
    made = make_plan(wanted(RUNS_IT), seen(), lambda *_: None)
    assert f"image.{NAME}" not in {each.address for each in made.changes}
    assert "push.web->private push -> service.shop[1] create" in before(made)


def test_an_image_of_the_stacks_own_registry_is_pulled_when_that_is_ready():
    """And so is a base image of a build."""
    text = FILE + '  cache: {image: "r.local:5000/cache:1"}\n'
    made = make_plan(wanted(text, web=("r.local:5000/base:1",)), seen(), lambda *_: None)
    edges = before(made)
    assert "service.registry[1] wait until ready -> image.r.local:5000/cache:1 pull" in edges
    assert "service.registry[1] wait until ready -> build.web pull" in edges


def test_a_registry_that_is_built_from_itself_is_a_circle():
    """It is printed."""
    text = FILE.replace('image: "registry:2"', "image: web").replace("  web: {image: web}\n", "")
    with pytest.raises(InvalidStack, match="wait for each other") as caught:
        make_plan(wanted(text, web=("r.local:5000/base:1",)), seen(), lambda *_: None)
    assert "build.web -> " in str(caught.value)
    assert "service.registry[1]" in str(caught.value)


def test_a_part_of_the_stack_has_the_pushes_that_it_needs():
    """Who runs a build needs no push of it; who runs what is pushed needs that, its build and its registry."""
    assert narrowed(wanted(RUNS_IT), ["web"]).pushes == ()
    part = narrowed(wanted(RUNS_IT), ["shop"])
    assert [push.address for push in part.pushes] == ["push.web->private"]
    assert (set(part.builds), set(part.services)) == ({"web"}, {"shop", "registry"})


def test_a_pull_names_the_mirrors_that_it_tries():
    text = 'registries: {hub: {address: docker.io, mirrors: ["m:5000", "n:5000"]}}\nservices: {web: {image: "a:1"}}\n'
    made = make_plan(wanted(text), seen(), lambda *_: None)
    pull = next(each for each in made.changes if each.action is Action.PULL)
    assert pull.detail == "a:1 from the mirror m:5000, else n:5000"
    assert [(str(step), step.payload) for step in pull.steps] == [
        ("pull a:1 from the mirror m:5000, else n:5000", Pull(("m:5000", "n:5000")))
    ]


def test_a_registry_that_the_engine_does_not_take_as_insecure_stops_the_plan():
    """With what daemon.json has to say."""
    observed = replace(seen(), not_insecure=frozenset({"private"}))
    with pytest.raises(InvalidStack) as caught:
        make_plan(wanted(), observed, lambda *_: None)
    (told,) = caught.value.diagnostics
    assert told.code == "registry-insecure"
    assert '{"insecure-registries": ["r.local:5000"]}' in told.hint


def part(which: Part, observed: Observed, text: str = FILE.replace(", service: registry", "")) -> list[str]:
    found = plan_part(wanted(text), observed, which, lambda *_: None, no_recall)
    return [f"{each.action} {each.address}" for each in found.changes]


def test_a_part_of_the_plan_has_nothing_else():
    """Builds; pushes with the builds that they need; pulls."""
    assert part(Part.BUILD, seen()) == ["build build.web"]
    assert part(Part.PUSH, seen()) == ["build build.web", "push push.web->private"]
    assert part(Part.PULL, seen()) == ["pull image.registry:2"]
    assert part(Part.PUSH, seen(built(FILE, f"a@{OURS}"), {NAME: RegistryAnswer(OURS)})) == []


def test_a_push_alone_starts_no_registry():
    """One that is a service of the stack must run."""
    with pytest.raises(Unreachable, match=r"service\.registry of this stack, which does not run"):
        part(Part.PUSH, seen(), FILE)
