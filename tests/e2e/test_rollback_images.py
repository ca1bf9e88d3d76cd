"""A rollback runs the images of then: found, pulled by digest, built again, or refused before anything is touched."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import APIClient
from docker.errors import APIError

from tests.crash.own_engine import OwnEngine, own_engine, why_not
from tests.e2e.project import BASE, Project, sleeper
from tests.e2e.registry import PROGRAM, Registry, registry_in

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not PROGRAM, reason="needs docker-registry: scripts/packages docker-registry"),
]

DOCKERFILE = f"FROM {BASE}\nCOPY app.py /app.py\n"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry_in(tmp_path_factory.mktemp("registry")) as made:
        yield made


def push(engine: APIClient, registry: Registry, name: str, text: str) -> str:
    """An image of that text under that name in the registry; on the engine too. Gives its id."""
    repository, _, tag = name.rpartition(":")
    made = engine.create_container(BASE, ["sh", "-c", f"echo {text} > /text"])["Id"]
    try:
        engine.start(made)
        engine.wait(made)
        image = engine.commit(made, f"{registry.address}/{repository}", tag, conf={"Cmd": ["sleep", "1000"]})["Id"]
    finally:
        engine.remove_container(made)
    engine.push(f"{registry.address}/{repository}", tag)
    return image


def forget(engine: APIClient, *references: str) -> None:
    for reference in references:
        with contextlib.suppress(APIError):
            engine.remove_image(reference)


@pytest.mark.usefixtures("clean_images")
def test_a_tag_that_moved_is_left_alone_and_the_image_of_then_runs_by_its_digest(project: Project, registry: Registry):
    """It is gone from the engine, and the registry has it. The tag goes on meaning the new one, for whoever runs it."""
    name = f"{project.name}:1"
    reference = f"{registry.address}/{name}"
    old = push(project.engine, registry, name, "old")
    project.write({"web": sleeper(image=reference)})
    project.apply()
    new = push(project.engine, registry, name, "new")
    project.apply()
    forget(project.engine, old)

    result = project.run("rollback", "--yes")

    assert result.code == 0, result.out + result.err
    assert project.inside("web", "cat", "/text") == (0, "old\n")
    assert project.engine.inspect_image(reference)["Id"] == new
    assert "Nothing to change" in project.run("rollback", "--to", "1").out
    image = project.fields("service.web[1]")["image"]
    assert (image["causes"], image["after"].partition(" @ ")[0]) == (["edit"], reference), "the file says the way on"


def built(project: Project) -> None:
    project.write({"web": sleeper(image="app"), "data": sleeper()}, builds={"app": {"context": "./web"}})


def test_a_build_whose_image_is_gone_is_made_again_where_its_inputs_are_as_they_were(project: Project):
    """Where they are not, the plan says so before anything stops."""
    project.files(Dockerfile=DOCKERFILE, app__py="1")
    built(project)
    project.apply()
    first = project.container("web")["Config"]["Image"]
    project.files(app__py="2")
    project.apply()
    forget(project.engine, first)
    before = project.id_of("web")

    refused = project.run("rollback", "--yes")

    assert refused.code == 65
    assert "build.app of revision 1 is not to be had" in refused.err
    assert "what goes into it from" in refused.err
    assert "nothing was touched" in refused.err
    assert (project.id_of("web"), len(project.records())) == (before, 4)

    (project.folder / "web").rename(project.folder / "moved")
    moved = project.run("rollback", "--yes")
    assert (moved.code, "rollback-image" in moved.err) == (65, True)
    (project.folder / "moved").rename(project.folder / "web")

    project.files(app__py="1")
    assert "build" in project.run("rollback", "--to", "1", "--yes").out
    assert project.container("web")["Config"]["Image"] == first
    assert project.inside("web", "cat", "/app.py") == (0, "1")


def test_an_image_that_lost_its_name_is_given_it_again(project: Project):
    """It is on the engine still, as something runs it: nothing is built, and no context is read."""
    project.files(Dockerfile=DOCKERFILE, app__py="1")
    built(project)
    project.apply()
    first = project.container("web")["Config"]["Image"]
    project.engine.tag(first, f"{project.name}-kept", "1")
    project.files(app__py="2")
    project.apply()
    forget(project.engine, first)
    (project.folder / "web").rename(project.folder / "moved")

    result = project.run("rollback", "--yes")

    assert result.code == 0, result.err
    assert project.container("web")["Config"]["Image"] == first


@pytest.fixture
def own(engine: APIClient) -> Iterator[OwnEngine]:
    if reason := why_not():
        pytest.skip(reason)
    with own_engine(engine) as made:
        yield made


def test_after_a_prune_the_images_of_then_come_from_where_they_are(
    own: OwnEngine, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Twelve applies, all that nothing runs is removed from the engine, and back to the fifth: what was pulled comes by
    its digest though its tag has moved, what was built and pushed from the registry, though its folder has changed.
    """
    monkeypatch.setenv("DOCKER_HOST", own.host)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_COLOR", "1")
    alone = {"network_mode": "none"}  # this engine has no rules for packets
    with APIClient(own.host, version="auto") as engine:
        project = Project(engine, tmp_path / "shop", "pruned")
        project.folder.mkdir()
        name = f"{registry.address}/pruned/pulled:1"

        def write(number: int) -> None:
            project.files(Dockerfile=DOCKERFILE, app__py=str(number))
            project.write(
                {
                    "built": sleeper(image="app", **alone),
                    "pulled": sleeper(image=name, environment={"N": str(number)}, **alone),
                    "numbered": sleeper(image=f"{registry.address}/pruned/numbered:{number}", **alone),
                },
                builds={"app": {"context": "./web", "tag": "pruned/app:1", "push": ["private"]}},
                registries={"private": {"address": registry.address, "insecure": True}},
            )

        for number in range(1, 13):
            push(engine, registry, "pruned/pulled:1", str(number))
            push(engine, registry, f"pruned/numbered:{number}", f"numbered {number}")
            write(number)
            project.apply()
        prune(engine)

        result = project.run("rollback", "--to", "5", "--yes")

        assert result.code == 0, result.out + result.err
        assert project.inside("built", "cat", "/app.py") == (0, "5")
        assert project.inside("pulled", "cat", "/text") == (0, "5\n")
        assert project.inside("numbered", "cat", "/text") == (0, "numbered 5\n")
        assert "Nothing to change" in project.run("rollback", "--to", "5").out
        assert len(project.records()) == 20
        write(5)
        assert "service.numbered[1]" not in project.changes(), "it has the name that it had"


def prune(engine: APIClient) -> None:
    """As `docker system prune -af` does."""
    engine.prune_containers()
    engine.prune_images({"dangling": False})
    engine.prune_networks()
