"""What a change of one service takes along: who is in its namespaces, has its mounts, or is to start anew with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from deployer.plan.model import Action, Call, Cause, Change, FieldChange, Plan
from deployer.plan.planner import Options, make_plan
from deployer.resources import identity
from deployer.resources.body import container_body
from deployer.resources.desired import Desired
from deployer.resources.from_stack import desired
from deployer.resources.inspected import container_of
from deployer.resources.listed import names_of_their_own
from deployer.resources.narrowed import narrowed
from deployer.resources.observed import Observed, ObservedImage, ObservedThing
from deployer.resources.owners import with_owner
from deployer.resources.records import Records
from deployer.resources.wire import EngineInfo
from deployer.stack.load import load

NETWORK = "shop_default"
STARTED = "2026-01-01T00:00:00.5Z"


def wanted(services: str, more: str = "") -> Desired:
    """Each line is a service; the keys of the image and of its end go without saying."""
    lines = [
        f"  {name}: {{image: busybox, {keys}}}" for name, keys in (line.split(": ", 1) for line in services.split("\n"))
    ]
    text = "\n".join(["name: shop", "services:", *lines, more])
    stack = load(text, file="stack.yaml", folder="/shop", environment={}, read_env_file=lambda *_: {})
    return desired(stack, "", {})


def mounts_of(body: Mapping[str, Any], others: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """As the engine lists them, with those of the containers that it has them from."""
    host = body["HostConfig"]
    given = {
        mount["Destination"]: mount for name in host.get("VolumesFrom") or () for mount in others[name.split(":")[0]]
    }
    own = [each.split(":")[:2] for each in host.get("Binds") or ()]
    given |= {target: {"Type": "bind", "Source": source, "Destination": target} for source, target in own}
    for each in host.get("Mounts") or ():
        name = each.get("Source") or "f" * 64
        given[each["Target"]] = {"Type": "volume", "Name": name, "Destination": each["Target"]}
    return list(given.values())


def running(stack: Desired, *, labels: bool = True, started: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The inspects of the containers that an apply of this stack leaves."""
    found: list[dict[str, Any]] = []
    references = {name: service.container_name(1) for name, service in stack.services.items()}
    mounts: dict[str, list[dict[str, Any]]] = {}
    for name, service in stack.services.items():
        body = container_body(stack, service, 1, salt="salt", revision=1, anonymous={}, references=references)
        host, container = body.setdefault("HostConfig", {}), references[name]
        mounts[container] = mounts_of(body, mounts)
        for key in ("NetworkMode", "IpcMode", "PidMode"):
            if str(host.get(key)).startswith("container:"):
                host[key] = f"container:id-of-{host[key].partition(':')[2]}"
        networks = {
            key: {**settings, "NetworkID": f"id-of-{key}"}
            for key, settings in body.get("NetworkingConfig", {}).get("EndpointsConfig", {}).items()
        }
        config = {key: value for key, value in body.items() if key not in ("HostConfig", "NetworkingConfig")}
        if not labels:
            config["Labels"] = {key: text for key, text in config["Labels"].items() if key != identity.APPLIED}
        found.append(
            {
                "Id": f"id-of-{container}",
                "Name": f"/{container}",
                "Image": "sha256:1",
                "Config": {**config, "Image": "busybox:latest"},
                "HostConfig": host,
                "State": {"Status": "running", "StartedAt": (started or {}).get(name, STARTED)},
                "NetworkSettings": {"Networks": networks},
                "Mounts": mounts[container],
            }
        )
    return found


def plan_on(applied: Desired, want: Desired) -> tuple[Change, ...]:
    """The changes of what was applied into what is wanted, its networks as they were made."""
    return plan(want, running(applied), applied).changes


def plan(
    want: Desired,
    inspects: Iterable[Mapping[str, Any]],
    applied: Desired | None = None,
    *only: str,
    replace_of: frozenset[str] = frozenset(),
) -> Plan:
    inspects = list(inspects)
    listed = [{"Names": [each["Name"]], "Labels": each["Config"]["Labels"]} for each in inspects]
    context = replace(want.context, containers={**names_of_their_own(listed, "shop"), **want.context.containers})
    found = [container_of(inspect, context) for inspect in inspects]
    own = {each.id: each for each in found}
    values = {row: value for thing in (applied or want).networks.values() for row, value in thing.asked.items()}
    volumes = {
        each.name: ObservedThing(each.name, each.name, each.key, True, None, each.asked, None, {})
        for each in want.volumes.values()
    }
    seen = Observed(
        EngineInfo("unix:///d.sock", "28.5.2", "1.51"),
        [with_owner(each, own, {}) for each in found],
        {},
        {NETWORK: ObservedThing(f"id-of-{NETWORK}", NETWORK, "default", True, None, values, None, {"Name": NETWORK})}
        if want.networks
        else {},
        volumes,
        {name: ObservedImage("sha256:1", (), {}) for name in ("busybox:latest", "sha256:1")},
        {},
        Records(salt="salt"),
    )
    part = narrowed(want, only) if only else want
    return make_plan(part, seen, lambda *_: None, Options(only=frozenset(only), replace=replace_of))


def changed(before: str, after: str, more: str = "", **how: Any) -> Plan:
    """The plan of an edit, after an apply of what was there before."""
    applied = wanted(before, more)
    assert plan(applied, running(applied)).is_empty
    return plan(wanted(after, more), running(applied, **how))


def told(found: Plan) -> dict[str, tuple[Action, list[tuple[str, str | None, str]]]]:
    return {
        change.address: (change.action, [(each.field, each.after, each.note) for each in change.fields])
        for change in found.changes
    }


def field_of(found: Plan, address: str) -> FieldChange:
    (only,) = next(change.fields for change in found.changes if change.address == address)
    return only


FIVE = "\n".join(
    ["e: network_mode: none", *(f"{one}: network_mode: 'service:{other}'" for one, other in ("de", "cd", "bc", "ab"))]
)


def test_a_change_of_the_last_of_five_is_followed_to_the_first():
    """Each is in the next one's network namespace: the plan names whom each follows, and where it began."""
    found = changed(FIVE, FIVE.replace("e: network_mode: none", "e: network_mode: none, user: '1000'", 1))
    root = "with service.e[1]: user"
    assert told(found) == {
        "service.e[1]": (Action.REPLACE, [("user", "1000", "")]),
        "service.d[1]": (Action.REPLACE, [("network_mode", "service:e (made anew)", root)]),
        **{
            f"service.{one}[1]": (
                Action.REPLACE,
                [("network_mode", f"service:{other} (made anew)", f"with service.{other}[1], and that {root}")],
            )
            for one, other in ("cd", "bc", "ab")
        },
    }
    assert {field_of(found, f"service.{name}[1]").causes for name in "abcd"} == {(Cause.DEPENDENCY,)}
    assert {change.group for change in found.changes} == {"service.e[1]"}


def test_a_restart_of_the_last_of_five_restarts_all_others():
    """Somebody started it anew by hand: no field is changed, and each says that it has no network any more."""
    stack = wanted(FIVE)
    found = plan(stack, running(stack, started={"e": "2026-01-01T00:00:09.5Z"}))
    assert {change.address: change.action for change in found.changes} == {
        f"service.{name}[1]": Action.RESTART for name in "abcd"
    }
    assert field_of(found, "service.d[1]").note == "it has no network since its owner was started"
    assert field_of(found, "service.a[1]").note.endswith("and that with service.d[1]: network_mode")


@pytest.mark.parametrize("key", ["ipc", "pid"])
def test_who_is_in_another_namespace_follows_its_owner(key: str):
    shares = "ipc: shareable, " if key == "ipc" else ""
    services = f"db: {shares}network_mode: none\nweb: {key}: 'service:db', network_mode: none"
    found = changed(services, services.replace(f"db: {shares}", f"db: {shares}tty: true, "))
    assert told(found)["service.web[1]"] == (
        Action.REPLACE,
        [(key, "service:db (made anew)", "with service.db[1]: tty")],
    )
    assert "restart" not in str(found.changes[1].steps)


def test_what_is_to_start_anew_with_another_does():
    """The same container, stopped before that one is, and started when that one is ready."""
    services = (
        "db: tty: false\nweb: depends_on: {db: {condition: service_started, restart: true}}\naside: depends_on: [db]"
    )
    found = changed(services, services.replace("false", "true"))
    assert told(found) == {
        "service.db[1]": (Action.REPLACE, [("tty", "true", "")]),
        "service.web[1]": (Action.RESTART, [("depends_on.db", "db (made anew)", "with service.db[1]: tty")]),
    }
    db, web = found.changes
    at = {
        (index, step.call): (index, number)
        for index, change in enumerate((db, web))
        for number, step in enumerate(change.steps)
    }
    assert (at[1, Call.STOP], at[0, Call.STOP]) in found.edges
    assert (at[0, Call.START], at[1, Call.START]) in found.edges
    assert db.group == web.group


def test_of_what_is_made_anew_only_the_fields_that_need_it_are_named():
    """Whoever takes the edit of the others back would be started anew all the same."""
    services = "db: tty: false\nweb: depends_on: {db: {condition: service_started, restart: true}}"
    found = changed(services, services.replace("false", "true, mem_limit: 64m"))
    assert field_of(found, "service.web[1]").note == "with service.db[1]: tty"


def test_what_is_changed_in_place_besides_is_not_why_others_are_started_anew():
    """The one in the middle follows the first one: that is where it began."""
    waits = "depends_on: {%s: {condition: service_started, restart: true}}"
    services = f"db: tty: false\nweb: mem_limit: 64m, {waits % 'db'}\nproxy: {waits % 'web'}"
    found = changed(services, services.replace("false", "true").replace("64m", "65m"))
    assert field_of(found, "service.proxy[1]").note == "with service.web[1], and that with service.db[1]: tty"


def test_where_somebody_asked_for_it_what_is_changed_besides_is_not_why():
    services = "db: mem_limit: 64m\nweb: depends_on: {db: {condition: service_started, restart: true}}"
    applied, want = wanted(services), wanted(services.replace("64m", "65m"))
    found = plan(want, running(applied), replace_of=frozenset({"db"}))
    assert field_of(found, "service.web[1]").note == "with service.db[1]: asked for: --replace"


def test_what_has_completed_does_not_run_again_with_another():
    """A one-shot is to start anew with its database while it runs, and not once it has done its work."""
    services = (
        "db: tty: false\nseed: restart: 'no', depends_on: {db: {condition: service_started, restart: true}}\n"
        "web: depends_on: {seed: {condition: service_completed_successfully}}"
    )
    applied, want = wanted(services), wanted(services.replace("false", "true"))
    inspects = running(applied)
    assert {change.address for change in plan(want, inspects).changes} == {"service.db[1]", "service.seed[1]"}
    inspects[1]["State"] = {"Status": "exited", "ExitCode": 0, "StartedAt": STARTED}
    assert {change.address for change in plan(want, inspects).changes} == {"service.db[1]"}


def test_what_is_to_start_anew_with_a_one_shot_does_when_that_is_made_anew():
    services = (
        "seed: restart: 'no', tty: false\n"
        "web: depends_on: {seed: {condition: service_completed_successfully, restart: true}}"
    )
    applied, want = wanted(services), wanted(services.replace("false", "true"))
    inspects = running(applied)
    inspects[0]["State"] = {"Status": "exited", "ExitCode": 0, "StartedAt": STARTED}
    assert told(plan(want, inspects))["service.web[1]"] == (
        Action.RESTART,
        [("depends_on.seed", "seed (made anew)", "with service.seed[1]: tty")],
    )


def test_a_follower_that_a_plan_leaves_out_is_named():
    """With --only, a service that is made anew takes nobody along; whoever only waits for it is not concerned."""
    services = (
        "db: tty: false\nweb: depends_on: {db: {condition: service_started, restart: true}}\n"
        "side: network_mode: 'service:db'\naside: depends_on: [db]"
    )
    applied, want = wanted(services), wanted(services.replace("false", "true"))
    found = plan(want, running(applied), applied, "db")
    assert [change.address for change in found.changes] == ["service.db[1]"]
    assert [(each.code, each.message) for each in found.warnings] == [
        ("follower-left", f"service.{name} follows db, which is made anew, and stays as it is")
        for name in ("side", "web")
    ]
    assert plan(applied, running(applied), applied, "db").warnings == ()


def test_a_link_is_a_dependency_that_starts_it_anew():
    """As Compose has it; a chain of them is followed."""
    services = "db: tty: false\nweb: links: ['db:database']\nproxy: links: [web]"
    found = changed(services, services.replace("false", "true"))
    assert told(found)["service.web[1]"] == (
        Action.RESTART,
        [("links.db", "db (made anew)", "with service.db[1]: tty")],
    )
    assert told(found)["service.proxy[1]"] == (
        Action.RESTART,
        [("links.web", "web (started anew)", "with service.web[1], and that with service.db[1]: tty")],
    )


def test_a_further_replica_restarts_nobody():
    services = "db: tty: false\nweb: links: [db]"
    found = changed(services, services.replace("tty: false", "scale: 2"))
    assert {change.address: change.action for change in found.changes} == {"service.db[2]": Action.CREATE}


DATA = "volumes: {data: {}, more: {}}"


def test_who_has_the_mounts_of_another_keeps_them_while_they_are_the_same():
    """A new container of that one mounts the same volumes, the unnamed among them."""
    services = "db: tty: false, volumes: ['data:/data', /unnamed]\nweb: volumes_from: ['db:ro']"
    found = changed(services, services.replace("false", "true"), DATA)
    assert list(told(found)) == ["service.db[1]"]


def test_who_has_the_mounts_of_another_is_made_anew_when_they_are_others():
    """However far away the change is, with where it began."""
    services = "db: volumes: ['data:/data']\nweb: volumes_from: [db]\nproxy: volumes_from: ['web:ro']"
    found = changed(services, services.replace("data:/data", "more:/data"), DATA)
    assert told(found)["service.web[1]"] == (
        Action.REPLACE,
        [("volumes_from", "db (other mounts: /data)", "with service.db[1]: volumes./data")],
    )
    why = "with service.web[1], and that with service.db[1]: volumes./data"
    assert told(found)["service.proxy[1]"] == (Action.REPLACE, [("volumes_from", "web:ro (other mounts: /data)", why)])
    assert len({change.group for change in found.changes}) == 1


def test_a_mount_of_its_own_hides_the_one_that_it_would_have():
    services = "db: volumes: ['data:/data']\nweb: volumes_from: [db], volumes: ['/srv:/data']"
    found = changed(services, services.replace("data:/data", "more:/data"), DATA)
    assert list(told(found)) == ["service.db[1]"]


def test_where_nothing_tells_what_was_applied_the_cause_is_unknown():
    """The labels are lost: what differs is found all the same, and what follows is still known to follow."""
    services = "db: tty: false, network_mode: none\nweb: network_mode: 'service:db'"
    found = changed(services, services.replace("false", "true"), labels=False)
    assert field_of(found, "service.db[1]").causes == (Cause.UNKNOWN,)
    assert not field_of(found, "service.db[1]").applied_known
    assert field_of(found, "service.web[1]").causes == (Cause.DEPENDENCY,)


def test_an_edit_of_what_has_drifted_too_shows_all_three_values():
    applied = wanted("db: network_mode: none, user: '1000'")
    (inspect,) = running(applied)
    inspect["Config"]["User"] = "1001"
    field = field_of(plan(wanted("db: network_mode: none, user: '1002'"), [inspect]), "service.db[1]")
    assert (field.before, field.after, field.applied) == ("1001", "1002", "1000")
    assert field.causes == (Cause.EDIT, Cause.DRIFT)


def test_a_network_that_is_made_anew_says_whom_it_takes_along():
    network = "networks: {default: {labels: {tier: a}}}"
    applied = wanted("web: tty: false\ndb: network_mode: none", network)
    found = plan(applied, running(applied))
    assert found.is_empty
    after = wanted("web: tty: false\ndb: network_mode: none", network.replace("tier: a", "tier: b"))
    changes = plan_on(applied, after)
    assert [(change.address, change.detail) for change in changes if change.address == "network.default"] == [
        ("network.default", "replaced with it: service.web[1]")
    ]
    assert {change.address for change in changes} == {"network.default", "service.web[1]"}


def test_it_says_who_is_removed_too():
    """In words that say what becomes of each."""
    network = "networks: {default: {labels: {tier: a}}}"
    applied = wanted("web: tty: false\nold: tty: false", network)
    after = wanted("web: tty: false", network.replace("tier: a", "tier: b"))
    (said,) = (each.detail for each in plan_on(applied, after) if each.address == "network.default")
    assert said == "replaced with it: service.web[1]; removed: service.old[1]"


def test_an_image_that_is_mounted_is_pulled_before_who_mounts_it_is_made():
    services = "web: network_mode: none, volumes: [{type: image, source: tools, target: /tools}]"
    found = plan(wanted(services), [])
    assert {change.address for change in found.changes} == {"image.tools:latest", "service.web[1]"}
    pull = next(index for index, change in enumerate(found.changes) if change.action is Action.PULL)
    assert ((pull, 0), (1 - pull, 0)) in found.edges
