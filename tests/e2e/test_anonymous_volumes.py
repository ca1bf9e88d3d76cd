"""Volumes without a name hold data too."""

from __future__ import annotations

import pytest

from tests.e2e.project import BASE, Project, dying, sleeper

pytestmark = pytest.mark.engine


def test_the_data_of_an_anonymous_volume_survives_replacements(project: Project) -> None:
    """They go over to the successor by name, twice too; a failed replacement loses nothing either."""
    project.files(Dockerfile=f"FROM {BASE}\nVOLUME /data\n")

    def write(**fields: object) -> None:
        project.write({"db": sleeper(image="db", **fields)}, builds={"db": {"context": "./web"}})

    write()
    project.apply()
    volume = project.container("db")["Mounts"][0]["Name"]
    assert project.inside("db", "sh", "-c", "echo precious > /data/it")[0] == 0
    for user in ("1000", "1001"):
        write(user=user)
        project.apply()
        assert project.inside("db", "cat", "/data/it") == (0, "precious\n")
        assert [mount["Name"] for mount in project.container("db")["Mounts"]] == [volume]
        project.must_be_settled()
    write(**dying())
    project.apply(code=1)
    assert project.inside("db", "cat", "/data/it") == (0, "precious\n")


def own_volume(project: Project) -> str:
    (mount,) = project.container("db")["Mounts"]
    return mount["Name"]


@pytest.mark.parametrize("written", ["/data", {"type": "volume", "target": "/data", "volume": {"nocopy": True}}])
def test_a_volume_of_the_stack_file_without_a_name_is_carried_over_too(project: Project, written: object) -> None:
    """Through replacements, a failed one too, and through a stop; by drift it is seen when it is gone."""
    project.write({"db": sleeper(volumes=[written])})
    project.apply()
    project.must_be_settled()
    volume = own_volume(project)
    assert project.inside("db", "sh", "-c", "echo precious > /data/it")[0] == 0
    for user in ("0:1", "0:2"):
        project.write({"db": sleeper(volumes=[written], user=user)})
        assert set(project.fields("service.db[1]")) == {"user"}
        project.apply()
        assert own_volume(project) == volume
        assert project.inside("db", "cat", "/data/it") == (0, "precious\n")
        project.must_be_settled()
    project.write({"db": sleeper(volumes=[written], **dying())})
    project.apply(code=1)
    assert project.inside("db", "cat", "/data/it") == (0, "precious\n")
    project.destroy()
    assert project.engine.inspect_volume(volume)["Name"] == volume
    project.engine.remove_volume(volume)


def test_a_service_that_goes_leaves_them_and_the_plan_says_so(project: Project) -> None:
    """By the name by which they can be removed; so does destroy, with what would take them along."""
    project.write({"db": sleeper(volumes=["/data"]), "web": sleeper(volumes=["/data"])})
    project.apply()
    db, web = (project.container(each)["Mounts"][0]["Name"] for each in ("db", "web"))
    project.write({"web": sleeper(volumes=["/data"])})
    assert f" stays, with its data, until docker volume rm {db}\n" in project.plan_text()
    project.apply()
    told = project.destroy().out
    assert f"stays, with its data, until docker volume rm {web}; to remove it, too: --volumes" in told
    for each in (db, web):
        project.engine.remove_volume(each)


def test_destroy_takes_them_along_with_volumes_alone(project: Project) -> None:
    """Those of every replica, carried over or not, and those that the image declares; the plan names them."""
    project.files(Dockerfile=f"FROM {BASE}\nVOLUME /seed\n")
    builds = {"db": {"context": "./web"}}
    db = sleeper(image="db", volumes=["/data"], deploy={"replicas": 2, "update_config": {"monitor": "0s"}})
    project.write({"db": db}, builds=builds)
    project.apply()
    project.write({"db": {**db, "user": "0:1"}}, builds=builds)
    project.apply()
    volumes = {mount["Name"] for number in (1, 2) for mount in project.container("db", number)["Mounts"]}
    assert len(volumes) == 4
    told = project.destroy("--volumes").out
    assert "with its data at /data, /seed" in told
    left = {each["Name"] for each in project.engine.volumes()["Volumes"] or ()}
    assert not volumes & left
    assert not project.containers()


def test_one_that_the_stack_no_longer_asks_for_is_no_longer_mounted(project: Project) -> None:
    """Its data stays on the engine."""
    project.write({"db": sleeper(volumes=["/data", "/other"])})
    project.apply()
    names = {mount["Destination"]: mount["Name"] for mount in project.container("db")["Mounts"]}
    project.write({"db": sleeper(volumes=["/other"])})
    (field,) = project.fields("service.db[1]").values()
    assert (field["field"], field["before"], field["after"], field["causes"]) == (
        "volumes./data",
        "/data",
        None,
        ["edit"],
    )
    project.apply()
    project.must_be_settled()
    assert own_volume(project) == names["/other"]
    assert project.engine.inspect_volume(names["/data"])["Name"] == names["/data"]
    project.engine.remove_volume(names["/data"])
    project.destroy("--volumes")
