"""What the plan says of an edit, and what nobody is ever shown."""

from __future__ import annotations

import json

import pytest

from tests.e2e.project import Project, free_port, sleeper

pytestmark = pytest.mark.engine

OLD, NEW = "hunter2-was-it", "hunter3-will-be"


def test_one_edited_value_is_named_with_both_values_and_its_line(project: Project) -> None:
    """That field and no other, as the user named it."""
    project.write({"web": sleeper(environment={"MODE": "dark", "LEVEL": "1"}), "db": sleeper()})
    project.apply()
    project.write({"web": sleeper(environment={"MODE": "light", "LEVEL": "1"}), "db": sleeper()})
    at = f"stack.yaml:{project.lines['services.web.environment.MODE']}"
    changes = project.changes()
    assert list(changes) == ["service.web[1]"]
    (field,) = changes["service.web[1]"]["fields"]
    assert (field["field"], field["before"], field["after"]) == ("environment.MODE", "dark", "light")
    assert (field["causes"], field["at"], field["effect"]) == (["edit"], at, "replace")
    text = project.plan_text()
    assert '"dark" -> "light"' in text
    assert at in text
    assert "1 replacement; " in text
    project.apply()
    assert "MODE=light" in project.container("web")["Config"]["Env"]
    project.must_be_settled()


def test_an_edit_of_what_was_changed_by_hand_shows_all_three_values(project: Project) -> None:
    """Edited and drifted: before, after, and what was applied."""
    project.write({"web": sleeper(mem_limit="32m")})
    project.apply()
    project.engine.update_container(project.container_name("web"), mem_limit="48m", memswap_limit="96m")
    project.write({"web": sleeper(mem_limit="64m")})
    field = project.fields("service.web[1]")["mem_limit"]
    assert field["causes"] == ["edit", "drift"]
    assert [field[side] for side in ("before", "after", "applied")] == ["48m", "64m", "32m"]
    project.apply()
    project.must_be_settled()


def test_an_update_in_place_keeps_the_container_and_is_remembered(project: Project) -> None:
    """A label cannot change on a living container, so the records know what was last asked for."""
    project.write({"web": sleeper(mem_limit="32m")})
    project.apply()
    before = project.container("web")
    project.write({"web": sleeper(mem_limit="64m")})
    assert project.changes()["service.web[1]"]["action"] == "update"
    project.apply()
    after = project.container("web")
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    assert after["HostConfig"]["Memory"] == 64 << 20
    project.must_be_settled()
    project.engine.update_container(project.container_name("web"), mem_limit="32m", memswap_limit="64m")
    field = project.fields("service.web[1]")["mem_limit"]
    assert (field["causes"], field["before"], field["applied"]) == (["drift"], "32m", "64m")


def test_sensitive_values_are_shown_nowhere(project: Project) -> None:
    """Neither in the plan in any form, nor by apply, nor in labels, records or errors; that they changed is shown."""
    said: list[str] = []

    def write(value: str, **fields: object) -> None:
        project.write({"web": sleeper(environment={"DB_PASSWORD": value, "MODE": "dark"}, **fields)})

    def say(*arguments: str) -> str:
        result = project.run(*arguments)
        said.append(result.out + result.err)
        return said[-1]

    write(OLD)
    say("plan", "--verbose")
    say("apply", "--yes", "--verbose")
    write(NEW)
    assert "(sensitive) -> (sensitive)" in say("plan")
    say("plan", "--verbose")
    plan = json.loads(say("plan", "--format", "json"))
    (field,) = plan["changes"][0]["fields"]
    assert (field["field"], field["before"], field["after"]) == ("environment.DB_PASSWORD", None, None)
    assert field["sensitive"] is True
    say("config")
    say("apply", "--yes", "--format", "json", "--verbose")
    assert f"DB_PASSWORD={NEW}" in project.container("web")["Config"]["Env"]
    project.must_be_settled()
    write(OLD, command=["no-such-command"])
    assert "service.web[1]" in say("apply", "--yes", "--verbose")
    said.append(json.dumps(project.container("web")["Config"]["Labels"]))
    said += [json.dumps(project.engine.inspect_volume(name)) for name in project.records()]
    assert len(said) > 10
    assert [text for text in said if OLD in text or NEW in text] == []


def test_of_a_list_that_two_files_say_the_new_item_is_named_and_the_list_is_whole(project: Project) -> None:
    """Not the line of the file that came last, and not as if the other port had never been there."""
    first, second, third = free_port(), free_port(), free_port()
    override = project.folder / "stack.override.yaml"
    project.write({"web": sleeper(ports=[f"127.0.0.1:{first}:80"])})
    override.write_text(f"services:\n  web:\n    ports:\n      - 127.0.0.1:{second}:81\n")
    project.apply()
    project.write({"web": sleeper(ports=[f"127.0.0.1:{third}:80"])})
    ports = project.fields("service.web[1]")["ports"]
    assert ports["at"] == f"stack.yaml:{project.lines['services.web.ports']}"
    for value, there in ((ports["before"], first), (ports["after"], third)):
        assert f"127.0.0.1:{there}:80" in value
        assert f"127.0.0.1:{second}:81" in value


def test_a_review_is_told_of_new_power_over_the_host_and_of_none_that_was_there(project: Project) -> None:
    """However the engine shows what it was given."""
    power = {"cap_add": ["SYS_NICE"], "pid": "host", "security_opt": ["seccomp:unconfined"], "devices": ["/dev/null"]}
    outside = {"ports": [f"{free_port()}:80", "81"], "volumes": ["/tmp:/host:ro", "/etc:/x"]}
    told = ("New power over the host", "New mounts of the host", "Newly open to the outside")
    project.write({"web": sleeper(**power, **outside)})
    first = project.run("plan", "--format", "markdown").out
    assert [each in first for each in told] == [True] * 3
    project.apply()
    project.write({"web": sleeper(**power, **outside, user="1000")})
    again = project.run("plan", "--format", "markdown").out
    assert "1 replacement" in again
    assert [each in again for each in told] == [False] * 3
