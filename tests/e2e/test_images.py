"""Images as files and names: what the stack uses, saved, loaded, tagged, and archives that a stack loads itself."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.project import BASE, Project, ended, sleeper
from tests.e2e.proxy import Proxy, Request

pytestmark = pytest.mark.engine

DOCKERFILE = "FROM {}\nRUN echo {} > /which\n"


@pytest.fixture
def own(project: Project) -> Iterator[str]:
    """The name of an image of the test's own."""
    name = f"{project.name}-base:1"
    yield name
    remove(name)


def remove(*names: str) -> None:
    for name in names:
        subprocess.run(["docker", "rmi", "-f", name], capture_output=True, check=False)


def built(project: Project, name: str, text: str) -> str:
    """An image of that name which nothing else has; its id."""
    (project.folder / "own").mkdir(exist_ok=True)
    (project.folder / "own/Dockerfile").write_text(DOCKERFILE.format(BASE, f"{project.name} {text}"))
    subprocess.run(["docker", "build", "-q", "-t", name, project.folder / "own"], check=True, capture_output=True)
    return project.engine.inspect_image(name)["Id"]


def archived(project: Project, name: str, text: str, file: str = "base.tar") -> str:
    """The same, in an archive and no longer on the engine."""
    id = built(project, name, text)
    subprocess.run(["docker", "save", "-o", project.folder / file, name], check=True)
    remove(name)
    return id


def test_an_archive_is_loaded_where_its_image_is_not_there(project: Project, own: str) -> None:
    """The plan says so; afterwards there is nothing to do, and the container runs just that image."""
    id = archived(project, own, "one")
    project.write({"web": sleeper(image="base")}, images={"base": {"archive": "base.tar"}})
    assert project.changes()["image.base"]["action"] == "load"
    assert f"{own} from base.tar" in project.plan_text()
    project.apply()
    assert project.container("web")["Image"] == id
    project.must_be_settled()


def test_another_image_in_the_archive_replaces_what_ran_the_old_one(project: Project, own: str) -> None:
    archived(project, own, "one")
    project.write({"web": sleeper(image="base")}, images={"base": {"archive": "base.tar"}})
    project.apply()
    id = built(project, own, "two")
    subprocess.run(["docker", "save", "-o", project.folder / "base.tar", own], check=True)
    subprocess.run(["docker", "tag", project.container("web")["Image"], own], check=True)
    changes = project.changes()
    assert (changes["image.base"]["action"], changes["service.web[1]"]["known_after"]) == ("load", "image.base")
    project.apply()
    assert project.container("web")["Image"] == id
    project.must_be_settled()


def test_an_image_is_called_as_the_stack_says(project: Project, own: str) -> None:
    """An archive may know it by another name, or by none."""
    id = built(project, own, "one")
    (project.folder / "base.tar").write_bytes(b"".join(project.engine.get_image(id)))
    name = f"{project.name}-called:3"
    project.write({"web": sleeper(image="base")}, images={"base": {"archive": "base.tar", "from": name}})
    project.apply()
    assert project.engine.inspect_image(name)["Id"] == id
    project.must_be_settled()
    project.destroy()
    remove(name)


def test_an_archive_that_is_none_is_told_at_its_line(project: Project) -> None:
    (project.folder / "base.tar").write_text("no tar")
    project.write({"web": sleeper(image="base")}, images={"base": {"archive": "base.tar"}})
    result = project.run("plan")
    assert result.code == 65
    assert f"stack.yaml:{project.lines['images.base.archive']}:" in result.err
    assert "docker save" in result.err


def test_a_load_that_was_killed_is_done_again(project: Project, proxy: Proxy, own: str) -> None:
    """Whatever of it arrived, the next apply loads the whole."""
    id = archived(project, own, "one")
    project.write({"web": sleeper(image="base")}, images={"base": {"archive": "base.tar"}})
    killed: list[str] = []

    def kill(request: Request) -> None:
        if request.path == "/images/load" and not killed:
            killed.append(request.path)
            process.kill()

    proxy.after = kill
    process = project.start("apply", "--yes", "--engine", proxy.url)
    ended(process)
    assert killed
    project.apply()
    assert project.container("web")["Image"] == id
    project.must_be_settled()


def test_images_tells_what_the_stack_uses(project: Project) -> None:
    """Names, ids, sizes, who runs them; of a build that is not there, only the name."""
    project.files(Dockerfile=f"FROM {BASE}\nRUN echo 1\n")
    project.write({"web": sleeper(image="own"), "db": sleeper()}, builds={"own": {"context": "./web"}})
    found = json.loads(project.run("images", "--format", "json").out)["images"]
    base = project.engine.inspect_image(BASE)
    assert [(each["address"], each["id"], each["size"], each["used_by"]) for each in found] == [
        ("build.own", "", None, ["web"]),
        (f"image.{BASE}", base["Id"], base["Size"], ["db"]),
    ]
    assert "not here" in project.run("images").out


def test_what_is_saved_can_be_loaded(project: Project, own: str) -> None:
    """Compressed by its name, really; by the service's name; and loaded under the same name."""
    id = built(project, own, "one")
    project.write({"web": sleeper(image=own)})
    assert project.run("save", "web", "-o", "all.tar.gz").code == 0
    with gzip.open(project.folder / "all.tar.gz") as file:
        assert file.read(1)
    remove(own)
    result = project.run("load", "all.tar.gz")
    assert result.out.split() == [own]
    assert project.engine.inspect_image(own)["Id"] == id
    assert sorted(path.name for path in project.folder.glob("*.tar*")) == ["all.tar.gz"]


def test_what_is_not_there_is_not_saved(project: Project) -> None:
    """And no file is begun."""
    project.write({"web": sleeper()})
    result = project.run("save", f"{project.name}/none:1", "-o", "all.tar")
    assert (result.code, Path(project.folder, "all.tar").exists()) == (1, False)
    assert "is not on the engine" in result.err


def test_an_image_gets_a_further_name(project: Project, own: str) -> None:
    project.write({"web": sleeper()})
    assert project.run("tag", "web", own).code == 0
    assert project.engine.inspect_image(own)["Id"] == project.engine.inspect_image(BASE)["Id"]


def test_an_image_that_got_another_name_and_is_built_anew_later_is_no_edit(project: Project, own: str) -> None:
    """The apply of the new name replaced nothing; what asks for a new container is the build under it."""
    later = own.replace(":1", ":2")
    built(project, own, "a")
    project.engine.tag(own, later)
    project.write({"web": sleeper(image=own), "other": sleeper(labels={"round": "1"})})
    project.apply()
    project.write({"web": sleeper(image=later), "other": sleeper(labels={"round": "2"})})
    assert set(project.changes()) == {"service.other[1]"}
    project.apply()
    built(project, later, "b")
    image = project.fields("service.web[1]")["image"]
    assert (image["causes"], image["at"]) == (["image"], None)
    project.apply()
    project.must_be_settled()
    project.destroy()
    remove(later)


def test_destroy_can_take_the_images_along(project: Project, own: str) -> None:
    """What was built under all its names, and what was loaded; not what has another name, or was there."""
    archived(project, own, "one")
    project.files(Dockerfile=f"FROM {BASE}\nRUN echo {project.name}\n")
    further = f"{project.name}-web:1.0"
    builds = {"web": {"context": "./web", "tag": further}}
    services = {"web": sleeper(image="web"), "own": sleeper(image="own"), "base": sleeper()}
    project.write(services, builds=builds, images={"own": {"archive": "base.tar"}})
    project.apply()
    engine = project.engine
    engine.tag(further, f"{project.name}-mine", "1")
    project.destroy("--images")
    names = {tag for image in engine.images() for tag in image["RepoTags"] or () if tag.startswith(project.name)}
    assert names == {f"{project.name}-mine:1"}
    assert engine.inspect_image(BASE)
    assert project.records() == set()


def test_an_image_that_somebody_else_runs_stays(project: Project, own: str) -> None:
    """And the plan says whose container that is."""
    archived(project, own, "one")
    project.write({"own": sleeper(image="own")}, images={"own": {"archive": "base.tar"}})
    project.apply()
    other = project.engine.create_container(own, "true", name=f"{project.name}-other")["Id"]
    result = project.destroy("--images")
    assert f"{own} stays: the container {project.name}-other" in result.out
    assert project.engine.inspect_image(own)
    project.engine.remove_container(other)


def test_a_build_starts_from_an_image_that_an_archive_brings(project: Project, own: str) -> None:
    """By `deployer build` alone as by an apply, and for one service; another archive makes the build anew."""
    archived(project, own, "one")
    project.files(Dockerfile=f"FROM {own}\n")
    sections = {"builds": {"web": {"context": "./web"}}, "images": {"base": {"archive": "base.tar"}}}
    project.write({"web": sleeper(image="web"), "other": sleeper()}, **sections)
    assert set(project.changes("--only", "web")) >= {"image.base", "build.web", "service.web[1]"}
    assert project.run("build").code == 0
    project.apply()
    assert project.inside("web", "cat", "/which")[1].strip() == f"{project.name} one"
    archived(project, own, "two")
    project.apply()
    assert project.inside("web", "cat", "/which")[1].strip() == f"{project.name} two"
    project.must_be_settled()
