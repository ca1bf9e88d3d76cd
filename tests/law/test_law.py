"""The law that every row of the field table obeys, because the row exists.

Applied is an empty plan; edited is that field and no other; applied again, the engine shows it; changed by hand, it is
drift. All rows are tried at once, each in a service of its own, and every test looks at what was found of one row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import TypeAdapter

from deployer.errors import InvalidStack
from deployer.fields import container, network, volume
from deployer.fields.container_names import container_name
from deployer.fields.field import Context, Effect, Field, Json, Value, get, put
from deployer.fields.kinds import OWN_LABELS
from deployer.plan.model import Cause, Change
from deployer.reconcile.protocol import Engine
from deployer.resources import identity
from deployer.resources.as_read import salted
from deployer.resources.body import container_body, endpoints, network_body, volume_body
from deployer.resources.desired import Desired, DesiredService
from deployer.resources.inspected import rows_of
from deployer.resources.wire import EngineRefused

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Case:
    """A row under one of its names, in a service of its own."""

    row: Field
    name: str

    @property
    def example(self) -> tuple[Any, Any]:
        return self.row.example_as.get(self.name, self.row.example)

    @property
    def key(self) -> str:
        return self.name.replace(".", "-").replace("_", "-")

    def __str__(self) -> str:
        return self.name


def cases(rows: Iterable[Field]) -> list[Case]:
    return [Case(row, name) for row in rows for name in row.names]


def provable(rows: Iterable[Field]) -> list[Case]:
    return [case for case in cases(rows) if not case.row.unproven]


def selected(request: pytest.FixtureRequest, engine: Engine, cases: Iterable[Case]) -> list[Case]:
    """Those of the cases that a test of this run looks at, and that the engine's API is new enough for."""
    chosen = [item.callspec.params.get("case") for item in request.session.items if hasattr(item, "callspec")]
    return [case for case in cases if case in chosen and engine.info().speaks(case.row.since)]


SERVICES = provable(container.FIELDS)
NETWORKS = provable(network.FIELDS)
VOLUMES = provable(volume.FIELDS)
UNPROVEN = [
    pytest.param(kind, row, id=f"{kind}.{row.name}")
    for kind, rows in (("service", container.FIELDS), ("network", network.FIELDS), ("volume", volume.FIELDS))
    for row in rows
    if row.unproven
]


@dataclass
class Found:
    """What became of one case: its change in the plan of each phase, and the inspect after each apply."""

    before: Any
    after: Any
    errors: dict[str, str] = field(default_factory=dict)
    plans: dict[str, Change | None] = field(default_factory=dict)
    inspects: dict[str, Json] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    context: Context = field(default_factory=Context)
    image: Json | None = None

    def shown(self, row: Field, phase: str) -> Value:
        """What the engine shows of it, less what it filled in where nobody asked."""
        asked = self.canonical(row, self.before if phase == "applied" else self.after)
        return row.less_filled(row.out_of(self.inspects[phase], self.context), asked, asked)

    def canonical(self, row: Field, written: Any) -> Value:
        """What the engine is to show of a written value, without asking any other row."""
        value = row.unset
        for examples in row.example_as.values():
            if written in examples:
                written = row.example[examples.index(written)]
        if written is not None:
            value = row.kind.normal(TypeAdapter(row.kind.written).validate_python(written), self.context)
        return row.on_image({row.name: value}, self.image)


def expected(case: Case, have: Value, want: Value) -> list[tuple[str, str | None, str | None]]:
    """The lines of a plan for one row: the field as it was written, both values as a user would write them."""
    row = case.row
    if row.kind.keyed:
        old, new = dict(have), dict(want)
        return [
            (
                f"{case.name}.{entry}",
                row.shown(entry, old[entry]) if entry in old else None,
                row.shown(entry, new[entry]) if entry in new else None,
            )
            for entry in sorted(old.keys() | new.keys())
            if old.get(entry) != new.get(entry)
        ]
    old, new = (None if value in (row.unset, frozenset()) else row.shown("", value) for value in (have, want))
    return [(case.name, old, new)]


def block(lines: Mapping[str, int], *paths: str) -> range:
    """The lines of the first of the paths that is in the file: its key's, and those of what it holds."""
    path = next(path for path in paths if path in lines)
    return range(lines[path], 1 + max(line for other, line in lines.items() if f"{other}.".startswith(f"{path}.")))


def said(change: Change | None) -> list[tuple[str, str | None, str | None]]:
    return [(each.field, each.before, each.after) for each in change.fields] if change else []


def causes(change: Change | None) -> set[tuple[Cause, ...]]:
    return {each.causes for each in change.fields} if change else set()


@pytest.fixture
def law_of(request: pytest.FixtureRequest) -> Callable[[str, Field], None]:
    """Counts a row for the summary."""

    def note(kind: str, row: Field) -> None:
        request.node.user_properties.append(("row", f"{kind}.{row.name}"))
        if row.unproven:
            request.node.user_properties.append(("unproven", f"{kind}.{row.name}: {row.unproven}"))
        if row.unseen:
            request.node.user_properties.append(("unseen", f"{kind}.{row.name}: {row.unseen}"))

    return note


@pytest.mark.parametrize(("kind", "row"), UNPROVEN)
def test_a_row_that_cannot_be_tried_here_is_sent_and_read_back(
    kind: str, row: Field, law_of: Callable[[str, Field], None]
) -> None:
    """Where no engine of ours can have the field, the create body holds it, and an inspect of that shape shows it."""
    law_of(kind, row)
    found = Found(*row.example)
    for written in row.example:
        want, body, inspect = found.canonical(row, written), {}, {}
        row.into(body, want, written, Context())
        assert (get(body, row.engine) is None) == (want == row.unset)
        put(inspect, row.inspect or row.engine, row.kind.encode(want))
        assert row.out_of(inspect, Context()) == want
    assert len({found.canonical(row, written) for written in row.example}) == 2


# Services


def nest(document: dict[str, Any], path: str, value: Any) -> None:
    """Set a dotted key without touching what stands beside it."""
    if value is None:
        return
    head, _, rest = path.partition(".")
    if rest:
        document[head] = dict(document.get(head, {}))
        nest(document[head], rest, value)
    else:
        document[head] = value


IN_A_NETWORK = {
    "image",
    "container_name",
    "hostname",
    "domainname",
    "extra_hosts",
    "dns",
    "dns_search",
    "dns_opt",
    "links",
    "external_links",
    "ports",
    "expose",
    "publish_all",
    "networks",
    "mac_address",
    "network_mode",
}
"""Rows that a network has a part in. To the others it is nothing but work for the engine, hundreds of times."""


def service(case: Case, image: str, written: Any) -> dict[str, Any]:
    """A service that stops at once, in a network where that matters, and says besides only what the row needs."""
    said: dict[str, Any] = {"image": image, "init": True, "stop_grace_period": "0s"}
    if case.row.name not in IN_A_NETWORK:
        said["network_mode"] = "none"
    said = {name: value for name, value in said.items() if name not in case.row.names or name == "image"}
    said |= {**case.row.needs, "deploy": {"update_config": {"monitor": "0s"}}}
    nest(said, case.name, written)
    return said


class Tried(dict[str, Found]):
    """What was found of each case; one that this engine cannot have is skipped, and the summary says so."""

    def __init__(self, cases: Iterable[Case]) -> None:
        super().__init__()
        self.rows = {case.name: case.row for case in cases}

    def __missing__(self, name: str) -> Found:
        row = self.rows[name]
        pytest.skip(f"it is tried only where {row.proven_where or f'the engine has API {row.since}'}")


def refuses(engine: Engine, row: Field, image: str) -> bool:
    """Whether this engine cannot start a container with the row's example, or leaves it out, for what its host is."""
    name, body = f"{image.replace(':', '-')}-{row.name}", dict[str, Any](Image=image)
    want = Found(*row.example).canonical(row, row.example[0])
    row.into(body, want, row.example[0], Context())
    try:
        engine.start_container(engine.create_container(name, body))
        return row.out_of(engine.container(name) or {}, Context()) != want
    except EngineRefused:
        return True
    finally:
        engine.remove_container(name, force=True)


@pytest.fixture(scope="module")
def services(
    live_stack: Callable[[str], Any], engine: Engine, images: tuple[str, str], request: pytest.FixtureRequest
) -> dict[str, Found]:
    """Every phase of the law, all rows at once."""
    stack = live_stack("services")
    found = Tried(SERVICES)
    for case in selected(request, engine, SERVICES):
        if not (case.row.proven_where and refuses(engine, case.row, images[0])):
            found[case.name] = Found(*(images if case.row is container.IMAGE else case.example))
    first = enter(stack, found, images[0], "applied", lambda it: it.before)
    look(stack, found, "edited", images[0], lambda it: it.after)
    enter(stack, found, images[0], "again", lambda it: it.after)
    for case in tried(found):
        change_by_hand(engine, case, found[case.name], first)
    look(stack, found, "by hand", images[0], lambda it: it.after)
    enter(stack, found, images[0], "mended", lambda it: it.after)
    look(stack, found, "taken out", images[0], lambda _: None)
    enter(stack, found, images[0], "unset", lambda _: None)
    stack.remove_everything()  # the rest is looking at what was found
    return found


def tried(found: Mapping[str, Found]) -> list[Case]:
    return [case for case in SERVICES if case.name in found]


def written(found: Mapping[str, Found], image: str, value: Callable[[Found], Any]) -> dict[str, Any]:
    """A service for each case, and one that stays as it is, for those that refer to another one."""
    example = {"image": image, "init": True, "stop_grace_period": "0s"}
    return {"example": example, **{case.key: service(case, image, value(found[case.name])) for case in tried(found)}}


def look(stack: Any, found: Mapping[str, Found], phase: str, image: str, value: Callable[[Found], Any]) -> None:
    """Write the file, and keep what the plan says of each case."""
    stack.write(written(found, image, value))
    changes = stack.changes()
    for case in tried(found):
        found[case.name].plans[phase] = changes.get(identity.container_address(case.key, 1))
        found[case.name].lines = stack.lines if phase == "edited" else found[case.name].lines


def enter(stack: Any, found: Mapping[str, Found], image: str, phase: str, value: Callable[[Found], Any]) -> Desired:
    """Write the file, apply it, and keep what the engine shows and the next plan says."""
    stack.write(written(found, image, value))
    errors = [str(error) for error in stack.apply().errors]
    look(stack, found, phase, image, value)
    project = stack.project()
    first = project.desired()
    desired = salted(first, project.observe(stack.engine, first).records.salt)
    for case in tried(found):
        it = found[case.name]
        if value(it) is not None:  # what nothing says is not read
            it.context = desired.services[case.key].context
        name = desired.services[case.key].container_name(1)
        it.errors[phase] = "; ".join(error for error in errors if name in error or len(errors) == 1)
        it.inspects[phase] = stack.engine.container(name) or {}
        shown = stack.engine.image(it.inspects[phase].get("Image", ""))
        it.image = shown["Config"] if shown else None
    return first


def change_by_hand(engine: Engine, case: Case, it: Found, first: Desired) -> None:
    """Give the container its first value again, by the engine's own means where it has some, else by making it anew."""
    row, was = case.row, it.inspects["again"]
    if not was or row.unseen:
        return  # it could not be applied, and its tests say so; or whoever does it is not seen
    now, then = it.canonical(row, it.after), it.canonical(row, it.before)
    if row is container.IMAGE or row.effect_of(now, then) is not Effect.IN_PLACE:
        make_again(engine, was, first, first.services[case.key])
    elif row.engine.startswith("HostConfig."):
        asked = first.services[case.key].asked
        engine.update_container(was["Id"], row.update_body({**asked, row.name: then}))
    elif row is container.BY_NAME["container_name"]:
        engine.rename_container(was["Id"], then)
    else:
        for name, settings in endpoints(first.services[case.key]):
            engine.disconnect(name, was["Id"])
            engine.connect(name, was["Id"], settings)


def make_again(engine: Engine, was: Json, first: Desired, asked: DesiredService) -> None:
    """Remove the container and make it as it was at first, with the labels that tell what was applied since."""
    references = {name: container_name(first.stack, name, 1) for name in first.services}
    body = container_body(first, asked, 1, salt="", revision=1, anonymous={}, references=references)
    mine = {name: text for name, text in body["Labels"].items() if not name.startswith(OWN_LABELS)}
    own = {name: text for name, text in was["Config"]["Labels"].items() if name.startswith(OWN_LABELS)}
    engine.remove_container(was["Id"], force=True)
    name = was["Name"].lstrip("/")
    engine.create_container(name, {**body, "Image": asked.image.reference, "Labels": {**mine, **own}})
    engine.start_container(name)


each_service_row = pytest.mark.parametrize("case", SERVICES, ids=str)


@each_service_row
def test_applied_is_an_empty_plan(case: Case, services: dict[str, Found], law_of: Any) -> None:
    """What was just applied is no difference."""
    law_of("service", case.row)
    it, row = services[case.name], case.row
    assert it.errors["applied"] == ""
    assert said(it.plans["applied"]) == []
    assert row is container.IMAGE or it.shown(row, "applied") == it.canonical(row, it.before)


@each_service_row
def test_an_edit_names_that_field_and_no_other(case: Case, services: dict[str, Found], law_of: Any) -> None:
    """The plan shows the field, both values, the line and what it takes."""
    law_of("service", case.row)
    it = services[case.name]
    change = it.plans["edited"]
    assert change is not None, "the plan is empty"
    assert causes(change) == {(Cause.EDIT,)}
    for each in change.fields:
        assert each.at is not None
        assert each.at.file.endswith("stack.yaml")
        assert each.at.line in block(it.lines, f"services.{case.key}.{each.field}", f"services.{case.key}.{case.name}")
    if case.row is container.IMAGE:
        (only,) = change.fields
        assert (only.field, only.effect) == ("image", Effect.REPLACE)
        assert it.before in str(only.before)
        assert it.after in str(only.after)
        return
    have, want = it.canonical(case.row, it.before), it.canonical(case.row, it.after)
    assert said(change) == expected(case, have, want)
    assert {each.effect for each in change.fields} == {case.row.effect_of(have, want)}


@each_service_row
def test_applied_again_the_engine_shows_it(case: Case, services: dict[str, Found], law_of: Any) -> None:
    """The value is on the engine, the plan is empty, and a container that could be changed in place is the same one."""
    law_of("service", case.row)
    it, row = services[case.name], case.row
    assert it.errors["again"] == ""
    assert said(it.plans["again"]) == []
    old, new = it.inspects["applied"], it.inspects["again"]
    path = row.inspect or row.engine
    assert get(new, path) != get(old, path), f"inspect shows the same {path} as before"
    if row is container.IMAGE:
        assert new["Config"]["Image"] == it.after
        return
    have, want = it.canonical(row, it.before), it.canonical(row, it.after)
    assert it.shown(row, "again") == want
    assert row.read or row.kind.decode(get(new, path)) == want
    assert (new["Id"] == old["Id"]) is (row.effect_of(have, want) is Effect.IN_PLACE)


@each_service_row
def test_changed_by_hand_is_drift(case: Case, services: dict[str, Found], law_of: Any) -> None:
    """The plan names that field and no other, says what was applied, and apply mends it."""
    law_of("service", case.row)
    it, row = services[case.name], case.row
    change = it.plans["by hand"]
    if row.unseen:
        assert change is None
        return
    assert change is not None, "the plan is empty"
    assert causes(change) == {(Cause.DRIFT,)}
    assert {each.at for each in change.fields} == {None}
    assert all(each.applied_known for each in change.fields)
    if row is container.IMAGE:
        (only,) = change.fields
        assert (only.field, only.effect) == ("image", Effect.REPLACE)
        assert it.before in str(only.before)
        assert it.after in str(only.after)
        assert it.after in str(only.applied)
    else:
        have, want = it.canonical(row, it.before), it.canonical(row, it.after)
        assert said(change) == expected(case, have, want)
        was = [shown for _, shown, _ in expected(case, want, row.unset)]
        assert {each.applied for each in change.fields} <= set(was)
        assert it.shown(row, "mended") == want
    assert it.errors["mended"] == ""
    assert said(it.plans["mended"]) == []


@each_service_row
def test_taken_out_of_the_file_is_the_default_again(case: Case, services: dict[str, Found], law_of: Any) -> None:
    """An unset field is ours too: the plan names it, and once applied the engine shows the default."""
    law_of("service", case.row)
    it, row = services[case.name], case.row
    if row is container.IMAGE:
        assert said(it.plans["unset"]) == []
        return
    want = it.canonical(row, None)
    if row.name == "networks":
        want = (("default", (case.key,)),)
    have = it.canonical(row, it.after)
    change = it.plans["taken out"]
    assert said(change) == ([] if have == want else expected(Case(row, row.name), have, want))
    assert causes(change) <= {(Cause.EDIT,)}
    assert it.errors["unset"] == ""
    assert said(it.plans["unset"]) == []
    values = rows_of(container.FIELDS, it.inspects["unset"], it.context)
    assert row.less_filled(row.less_default(values, want, row.unset), want, row.unset) == want


# Networks


@pytest.fixture(scope="module")
def networks(live_stack: Callable[[str], Any], engine: Engine, request: pytest.FixtureRequest) -> dict[str, Found]:
    """Every phase of the law, a network a row."""
    stack = live_stack("networks")
    cases, found = selected(request, engine, NETWORKS), Tried(NETWORKS)
    found |= {case.name: Found(*case.row.example) for case in cases}

    def keep(phase: str, value: Callable[[Found], Any], *, apply: bool = False) -> None:
        stack.write(networks={case.key: {**case.row.needs, case.name: value(found[case.name])} for case in cases})
        errors = "; ".join(map(str, stack.apply().errors)) if apply else ""
        changes = stack.changes()
        for case in cases:
            it = found[case.name]
            it.errors[phase], it.plans[phase] = errors, changes.get(f"network.{case.key}")
            it.inspects[phase] = engine.network(f"{stack.name}_{case.key}") or {}
            it.lines = stack.lines if phase == "edited" else it.lines

    keep("applied", lambda it: it.before, apply=True)
    first = stack.project().desired()
    keep("edited", lambda it: it.after)
    keep("again", lambda it: it.after, apply=True)
    for case in cases:
        body = network_body(first, first.networks[case.key])
        engine.remove_network(body["Name"])
        mine = {name: text for name, text in body["Labels"].items() if not name.startswith(OWN_LABELS)}
        own = found[case.name].inspects["again"]["Labels"]
        own = {name: text for name, text in own.items() if name.startswith(OWN_LABELS)}
        engine.create_network({**body, "Labels": {**mine, **own}})
    keep("by hand", lambda it: it.after)
    keep("mended", lambda it: it.after, apply=True)
    return found


@pytest.mark.parametrize("case", NETWORKS, ids=str)
def test_a_network_obeys_the_law(case: Case, networks: dict[str, Found], law_of: Any) -> None:
    """Applied is empty; an edit is that field at its line; applied again the engine shows it."""
    law_of("network", case.row)
    it, row = networks[case.name], case.row
    have, want = it.canonical(row, it.before), it.canonical(row, it.after)
    assert said(it.plans["applied"]) == [], it.errors["applied"]
    assert row.out_of(it.inspects["applied"], Context()) == have
    change = it.plans["edited"]
    assert said(change) == expected(case, have, want)
    assert causes(change) == {(Cause.EDIT,)}
    assert change
    for each in change.fields:
        assert each.at
        assert each.at.line == it.lines[f"networks.{case.key}.{each.field}"]
    assert said(it.plans["again"]) == [], it.errors["again"]
    assert row.out_of(it.inspects["again"], Context()) == want
    assert row.kind.decode(get(it.inspects["again"], row.inspect or row.engine)) == want


@pytest.mark.parametrize("case", NETWORKS, ids=str)
def test_a_network_changed_by_hand_is_drift(case: Case, networks: dict[str, Found], law_of: Any) -> None:
    """Removed and made again with the same labels and another value: drift, with what was applied, and mended."""
    law_of("network", case.row)
    it, row = networks[case.name], case.row
    have, want = it.canonical(row, it.before), it.canonical(row, it.after)
    change = it.plans["by hand"]
    assert said(change) == expected(case, have, want)
    assert causes(change) == {(Cause.DRIFT,)}
    assert change
    assert {each.applied for each in change.fields} == {each.after for each in change.fields}
    assert said(it.plans["mended"]) == [], it.errors["mended"]
    assert row.out_of(it.inspects["mended"], Context()) == want


def test_an_external_network_is_used_and_left(live_stack: Callable[[str], Any], engine: Engine, images: Any) -> None:
    """It is neither compared nor changed nor removed, whatever it is made of."""
    stack = live_stack("external")
    name = f"{stack.name}_elsewhere"  # a name that the clean-up knows, labels that name nobody
    engine.create_network({"Name": name, "Labels": {"tier": "theirs"}})
    there = engine.network(name)
    quick = {"image": images[0], "init": True, "stop_grace_period": "0s", "networks": ["theirs"]}
    stack.write({"web": quick}, networks={"theirs": {"external": True, "name": name}})
    stack.must_apply()
    assert list(stack.container("web")["NetworkSettings"]["Networks"]) == [name]
    assert not stack.destroy().errors
    now = engine.network(name)
    assert now
    assert there
    assert (now["Id"], now["Labels"]) == (there["Id"], {"tier": "theirs"})


def test_an_external_network_that_is_missing_is_refused(live_stack: Callable[[str], Any], images: Any) -> None:
    """Nothing is made in its place."""
    stack = live_stack("missing")
    networks = {"theirs": {"external": True, "name": f"{stack.name}_nowhere"}}
    stack.write({"web": {"image": images[0], "networks": ["theirs"]}}, networks=networks)
    with pytest.raises(InvalidStack) as refused:
        stack.plan()
    assert [it.code for it in refused.value.diagnostics] == ["external-missing"]


def test_a_network_and_a_volume_bear_the_names_they_are_given(
    live_stack: Callable[[str], Any], engine: Engine, images: Any
) -> None:
    """`name:` is what the engine calls it; the key is what the file does."""
    stack = live_stack("named")
    quick = {
        "image": images[0],
        "init": True,
        "stop_grace_period": "0s",
        "networks": {"front": {"aliases": ["web"]}},
        "volumes": ["data:/data"],
    }
    network_name, volume_name = f"{stack.name}_net", f"{stack.name}_vol"
    stack.write({"app": quick}, networks={"front": {"name": network_name}}, volumes={"data": {"name": volume_name}})
    stack.must_apply()
    app = stack.container("app")
    assert list(app["NetworkSettings"]["Networks"]) == [network_name]
    assert [mount["Name"] for mount in app["Mounts"]] == [volume_name]
    engine.disconnect(network_name, app["Id"])
    assert {each.field: each.causes for change in stack.changes().values() for each in change.fields} == {
        "networks.front": (Cause.DRIFT,)
    }
    stack.must_apply()


# Volumes


@pytest.fixture(scope="module")
def volumes(live_stack: Callable[[str], Any]) -> tuple[Any, dict[str, Found]]:
    """A stack with a volume a row, applied."""
    stack = live_stack("volumes")
    found = {case.name: Found(*case.row.example) for case in VOLUMES}
    write_volumes(stack, found, lambda it: it.before)
    errors = "; ".join(map(str, stack.apply().errors))
    changes = stack.changes()
    for case in VOLUMES:
        it = found[case.name]
        it.errors["applied"], it.plans["applied"] = errors, changes.get(f"volume.{case.key}")
        it.inspects["applied"] = stack.engine.volume(f"{stack.name}_{case.key}") or {}
    return stack, found


def write_volumes(stack: Any, found: Mapping[str, Found], value: Callable[[Found], Any]) -> None:
    stack.write(volumes={case.key: {case.name: value(found[case.name])} for case in VOLUMES})


@pytest.mark.parametrize("case", VOLUMES, ids=str)
def test_a_volume_is_applied_and_no_difference(case: Case, volumes: Any, law_of: Any) -> None:
    """Applied is an empty plan, and the engine shows what was asked."""
    law_of("volume", case.row)
    _, found = volumes
    it, row = found[case.name], case.row
    assert said(it.plans["applied"]) == [], it.errors["applied"]
    assert row.out_of(it.inspects["applied"], Context()) == it.canonical(row, it.before)
    assert row.kind.decode(get(it.inspects["applied"], row.inspect or row.engine)) == it.canonical(row, it.before)


@pytest.mark.parametrize("case", VOLUMES, ids=str)
def test_an_edit_of_a_volume_is_refused_at_its_line(case: Case, volumes: Any, law_of: Any) -> None:
    """A volume cannot be changed, only made anew without its data: the field is named, and nothing is touched."""
    law_of("volume", case.row)
    stack, found = volumes
    write_volumes(stack, found, lambda it: it.after if it is found[case.name] else it.before)
    with pytest.raises(InvalidStack) as refused:
        stack.apply()
    (diagnostic,) = refused.value.diagnostics
    assert (diagnostic.code, diagnostic.address) == ("volume-changed", f"volume.{case.key}")
    assert f" {case.name} " in diagnostic.message
    assert diagnostic.place
    assert diagnostic.place.line in block(stack.lines, f"volumes.{case.key}.{case.name}")
    assert stack.engine.volume(f"{stack.name}_{case.key}") == found[case.name].inspects["applied"]


@pytest.mark.parametrize("case", VOLUMES, ids=str)
def test_a_volume_changed_by_hand_is_refused(case: Case, volumes: Any, law_of: Any) -> None:
    """Removed and made again with the same labels and another value: it may hold data, so a person decides."""
    law_of("volume", case.row)
    stack, found = volumes
    write_volumes(stack, found, lambda it: it.after if it is found[case.name] else it.before)
    other = stack.project().desired()
    body = volume_body(other, other.volumes[case.key])
    stack.engine.remove_volume(body["Name"])
    made = stack.engine.create_volume(body)
    write_volumes(stack, found, lambda it: it.before)
    try:
        with pytest.raises(InvalidStack) as refused:
            stack.apply()
        (diagnostic,) = refused.value.diagnostics
        assert (diagnostic.code, diagnostic.address) == ("volume-changed", f"volume.{case.key}")
        assert f" {case.name} " in diagnostic.message
        there = stack.engine.volume(body["Name"])
        assert there["CreatedAt"] == made["CreatedAt"]
    finally:
        stack.engine.remove_volume(body["Name"])
        assert not stack.apply().errors  # made anew, as the file says, for the next row


def test_an_external_volume_is_used_and_left(live_stack: Callable[[str], Any], engine: Engine, images: Any) -> None:
    """It is neither compared nor removed, not even with --volumes."""
    stack = live_stack("outside")
    name = f"{stack.name}_elsewhere"
    engine.create_volume({"Name": name, "Labels": {"tier": "theirs"}})
    quick = {"image": images[0], "init": True, "stop_grace_period": "0s", "volumes": ["theirs:/data"]}
    stack.write({"app": quick}, volumes={"theirs": {"external": True, "name": name}})
    stack.must_apply()
    assert [mount["Name"] for mount in stack.container("app")["Mounts"]] == [name]
    assert not stack.destroy(volumes=True).errors
    there = engine.volume(name)
    assert there
    assert there["Labels"] == {"tier": "theirs"}
