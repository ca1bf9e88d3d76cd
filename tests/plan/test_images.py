"""What images a plan brings, and what that means for the builds that start from them."""

from __future__ import annotations

from dataclasses import replace

from deployer.plan.model import Action, Plan
from deployer.plan.planner import make_plan
from deployer.render.plan_json import as_json
from deployer.render.plan_text import as_text
from deployer.resources.built import BuiltImage
from deployer.resources.desired import Desired, DesiredArchive, DesiredBuild, DesiredImage
from deployer.resources.from_stack import desired
from deployer.resources.observed import Observed, ObservedImage
from deployer.resources.records import Records
from deployer.resources.wire import EngineInfo
from deployer.stack.load import load

BASE = "base:1"


def wanted() -> Desired:
    """A build that starts from an image which an archive holds."""
    text = "name: shop\nimages: {base: {archive: base.tar}}\nbuilds: {web: ./web}\n"
    stack = load(text, file="stack.yaml", folder="/shop", environment={}, read_env_file=lambda *_: {})
    image = DesiredImage("image.base", BASE, archive=DesiredArchive("base.tar", "sha256:new", BASE))
    build = DesiredBuild("web", "shop/web", ".", "digest", {}, (BASE,), {}, None, ())
    return replace(desired(stack, "", {"web": build}), images={"image.base": image})


def plan(**ids: str) -> Plan:
    """The plan where the engine has these images."""
    images = {name.replace("__", ":"): ObservedImage(id, (), {}) for name, id in ids.items()}
    engine = EngineInfo("unix:///run/docker.sock", "28", "1.51")
    seen = Observed(engine, [], {}, {}, {}, images, {}, Records(salt="salt"))
    return make_plan(wanted(), seen, lambda *_: None)


def test_what_a_build_starts_from_is_loaded_first_and_not_pulled():
    found = plan()
    assert [(change.address, change.action) for change in found.changes] == [
        ("build.web", Action.BUILD),
        ("image.base", Action.LOAD),
    ]
    assert [str(step.call) for step in found.changes[0].steps] == ["build"]
    assert ((1, 0), (0, 0)) in found.edges


def test_another_base_in_the_archive_makes_the_build_anew():
    """What the build's image is called is known once the new base is there."""
    before = wanted().builds["web"].reference({BASE: "sha256:old"})
    found = plan(**{BASE.replace(":", "__"): "sha256:old", before.replace(":", "__"): "sha256:built"})
    assert {change.address for change in found.changes} == {"build.web", "image.base"}


def test_with_its_base_there_a_build_is_there():
    reference = wanted().builds["web"].reference({BASE: "sha256:new"})
    found = plan(**{BASE.replace(":", "__"): "sha256:new", reference.replace(":", "__"): "sha256:built"})
    assert found.is_empty


BUILDS = """\
name: shop
builds:
  web:
    context: ./web
    args:
      VERSION: "2"
      URL: http://me:pw@host/
      API_TOKEN: hunter2
      OWN: hunter3
"""
ARGS = {"VERSION": "2", "URL": "http://me:pw@host/", "API_TOKEN": "hunter2", "OWN": "hunter3"}


def with_other_arguments() -> Plan:
    """The plan of a build that was made with other ones."""
    stack = load(BUILDS, file="stack.yaml", folder="/shop", environment={}, read_env_file=lambda *_: {})
    now = {f"args.{name}": f"digest of {value}" for name, value in ARGS.items()}
    build = DesiredBuild(
        *("web", "shop/web", "./web", "digest", now, (), ARGS, None, ()), path=("builds", "web"), sensitive=("OWN",)
    )
    made = [BuiltImage("shop/web:old", "web", "sha256:old", 0.0)]
    engine = EngineInfo("unix:///run/docker.sock", "28", "1.51")
    seen = Observed(engine, [], {}, {}, {}, {}, {}, Records(salt="salt"), built=lambda: made)
    wanted = desired(stack, "", {"web": build})
    return make_plan(wanted, seen, stack.place, recall=lambda *_: {"args.VERSION": "digest of 1"})


def test_a_builds_argument_is_told_with_its_new_value_and_its_line() -> None:
    """What it was is not: of that only a digest is kept."""
    lines = [" ".join(line.split()) for line in as_text(with_other_arguments()).splitlines()]
    assert 'args.VERSION changed, now "2" stack.yaml:6' in lines
    assert 'args.URL added, now "http://(sensitive)@host/" stack.yaml:7' in lines


def test_of_a_builds_sensitive_argument_only_its_line_is_told() -> None:
    """One that looks like a secret, and one that the stack calls so."""
    lines = [" ".join(line.split()) for line in as_text(with_other_arguments()).splitlines()]
    assert "args.API_TOKEN added stack.yaml:8" in lines
    assert "args.OWN added stack.yaml:9" in lines
    assert "hunter" not in as_json(with_other_arguments())
