"""Mirrors are tried before an image's own registry: no setting of the engine, and no name of theirs is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.project import BASE, Project, ended, sleeper
from tests.e2e.registry import PROGRAM, Moody, Registry, Request, moods_before, registry_in

pytestmark = [
    pytest.mark.engine,
    pytest.mark.usefixtures("clean_images"),
    pytest.mark.skipif(not PROGRAM, reason="needs docker-registry: scripts/packages docker-registry"),
]

NOBODY = "127.0.0.1:1"


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry_in(tmp_path_factory.mktemp("origin")) as made:
        yield made


@pytest.fixture
def moody(origin: Registry) -> Iterator[Moody]:
    with moods_before(origin) as made:
        yield made


@pytest.fixture(scope="module")
def cache(origin: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A pull-through cache of the origin."""
    with registry_in(tmp_path_factory.mktemp("cache"), mirrors=f"http://{origin.address}") as made:
        yield made


def put(project: Project, registry: str, name: str, text: str = "") -> str:
    """An image of its own in a registry, and no longer on the engine; gives its id."""
    reference = f"{registry}/{name}"
    project.files(Dockerfile=f"FROM {BASE}\nLABEL test={project.name}{text}\n")
    built = list(project.engine.build(path=str(project.folder / "web"), tag=reference, rm=True, decode=True))
    assert not any("error" in line for line in built), built
    id = project.engine.inspect_image(reference)["Id"]
    pushed = project.engine.push(reference)
    assert "error" not in str(pushed), pushed
    project.engine.remove_image(reference)
    return id


def tags(project: Project, id: str) -> list[str]:
    return project.engine.inspect_image(id)["RepoTags"]


def write(project: Project, registry: str, image: str, *mirrors: str, **more: str) -> None:
    registries = {"here": {"address": registry, "mirrors": list(mirrors)}}
    project.write({"web": sleeper(image=image, **more)}, registries=registries)


def test_a_mirror_gives_the_image_under_its_plain_name(project: Project, origin: Registry, cache: Registry) -> None:
    """The plan names it; afterwards the engine has the plain name alone, and there is nothing to do."""
    id = put(project, origin.address, "shop:1")
    image = f"{origin.address}/shop:1"
    write(project, origin.address, image, cache.address)
    assert f"{image} from the mirror {cache.address}; it is not on the engine" in project.plan_text()
    project.apply()
    assert tags(project, id) == [image]
    assert cache.digest("shop:1")
    project.must_be_settled()
    write(project, origin.address, image, cache.address, pull_policy="always")
    project.must_be_settled()


def test_an_image_of_docker_hub_comes_from_a_mirror(project: Project, origin: Registry) -> None:
    """As `library/NAME`. The Hub itself cannot be asked here, and that is no error."""
    id = put(project, origin.address, f"library/{project.name}:1")
    write(project, "docker.io", f"{project.name}:1", origin.address)
    result = project.apply()
    assert tags(project, id) == [f"{project.name}:1"]
    assert "is not used" not in result.err
    project.must_be_settled()


def test_a_base_image_comes_from_a_mirror(project: Project, origin: Registry) -> None:
    id = put(project, origin.address, f"library/{project.name}:1")
    project.files(Dockerfile=f"FROM {project.name}:1\nRUN echo built > /built\n")
    builds = {"web": {"context": "./web"}}
    hub = {"hub": {"address": "docker.io", "mirrors": [origin.address]}}
    project.write({"web": sleeper(image="web")}, registries=hub, builds=builds)
    project.apply()
    assert tags(project, id) == [f"{project.name}:1"]
    assert project.inside("web", "cat", "/built") == (0, "built\n")


def test_without_its_mirrors_an_image_comes_from_its_registry_and_that_is_said(
    project: Project, origin: Registry, tmp_path: Path
) -> None:
    """Each mirror with the reason why not: one that nobody runs, one that lacks it, one that has another image."""
    id = put(project, origin.address, "cart:1")
    with registry_in(tmp_path / "empty") as empty, registry_in(tmp_path / "wrong") as wrong:
        other = put(project, wrong.address, "cart:1", "-another")
        image = f"{origin.address}/cart:1"
        write(project, origin.address, image, NOBODY, empty.address, wrong.address)
        result = project.apply()
    told = [line for line in result.err.splitlines() if line.startswith(f"image.{image}: ")]
    assert f"the mirror {NOBODY} is not used: " in told[1]
    assert "connection refused" in told[1]
    assert f"the mirror {empty.address} is not used: it has no {empty.address}/cart:1" in told[2]
    assert f"the mirror {wrong.address} is not used: it has sha256:" in told[3]
    assert f"no mirror has {image}: it is pulled from {origin.address} itself" in told[4]
    assert project.container("web")["Image"] == id != other
    assert tags(project, id) == [image]


def test_a_digest_in_the_name_must_be_the_mirrors(project: Project, origin: Registry, cache: Registry) -> None:
    """It is pulled by that digest; a mirror with another image under the tag is of no use."""
    id = put(project, origin.address, "till:1")
    digest = origin.digest("till:1")
    image = f"{origin.address}/till@{digest}"
    write(project, origin.address, image, cache.address)
    result = project.apply()
    assert "is not used" not in result.err
    assert project.container("web")["Image"] == id
    project.must_be_settled()


def test_a_pull_that_was_killed_leaves_no_name_of_a_mirror(project: Project, origin: Registry, moody: Moody) -> None:
    """Killed while a layer is on its way from the mirror; the next apply ends well."""
    id = put(project, origin.address, "desk:1")
    image = f"{origin.address}/desk:1"
    write(project, origin.address, image, moody.address)
    process = project.start("apply", "--yes")

    def mood(request: Request) -> None:
        if request.method == "GET" and "/blobs/" in request.path:
            process.kill()
            process.wait()

    moody.answers(mood)
    assert ended(process).code == -9
    moody.answers(lambda _: None)
    project.apply()
    assert tags(project, id) == [image]
    project.must_be_settled()
