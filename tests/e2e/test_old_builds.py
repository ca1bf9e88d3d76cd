"""What becomes of the images that a stack's builds have made before."""

from __future__ import annotations

import pytest

from tests.e2e.project import BASE, Project, dying, sleeper

pytestmark = pytest.mark.engine


def write(project: Project, text: str, **builds: object) -> None:
    """A stack whose build gives another image for each text."""
    project.files(Dockerfile=f"FROM {BASE}\nCOPY text /text\n", text=f"{project.name} {text}")
    project.write({"web": sleeper(image="web")}, builds={"web": {"context": "./web"}, **builds})


def tags(project: Project, build: str = "web") -> set[str]:
    repository = f"{project.name}/{build}"
    return {tag for image in project.engine.images(repository) for tag in image["RepoTags"] or ()}


def test_old_images_of_a_build_go_after_an_apply(project: Project) -> None:
    """The newest stay, and what has another name stays under that; the plan says it, and a plan with nothing else to
    do stays empty. What is not named as a build names its images is somebody else's.
    """
    project.engine.tag(BASE, f"{project.name}/web", "mine")
    write(project, "1")
    project.apply("--keep-builds", "2")
    first = tags(project) - {f"{project.name}/web:mine"}
    [reference] = first
    project.engine.tag(reference, f"{project.name}-kept", "1")
    write(project, "2")
    project.apply("--keep-builds", "2")
    write(project, "3", other={"context": ".", "inline": f"FROM {BASE}\nRUN echo other\n"})
    plan = project.plan_text("--keep-builds", "2")
    assert f"- build.web:{reference.rpartition(':')[2]}" in plan
    assert "older than the newest 2" in plan
    project.apply("--keep-builds", "2")
    assert len(tags(project)) == 3
    assert reference not in tags(project)
    assert project.engine.inspect_image(f"{project.name}-kept:1")
    assert f"{project.name}/web:mine" in tags(project)
    project.must_be_settled()
    assert len(tags(project, "other")) == 1
    write(project, "3")
    assert project.run("plan", "--detailed-exitcode", "--keep-builds", "0").code == 0


def test_prune_removes_old_images_by_hand(project: Project) -> None:
    """Those of builds that the stack no longer has, too; never what a container was made from, or the stack wants."""
    write(project, "1", other={"context": ".", "inline": f"FROM {BASE}\nRUN echo other\n"})
    project.apply()
    write(project, "2")
    project.apply("--keep-builds", "9", "--keep-orphans")
    assert (len(tags(project)), len(tags(project, "other"))) == (2, 1)
    assert project.run("prune", "--keep-builds", "1").code == 64
    records = project.records()
    result = project.run("prune", "--keep-builds", "1", "--yes")
    assert result.code == 0, result.err
    assert "no longer in the stack" in result.out
    assert (tags(project), tags(project, "other")) == ({project.container("web")["Config"]["Image"]}, set())
    assert project.records() > records
    project.must_be_settled()
    assert "Nothing to change" in project.run("prune", "--keep-builds", "1", "--yes").out
    project.run("destroy", "--yes")
    assert len(tags(project)) == 1


def test_no_image_goes_where_the_apply_fails(project: Project) -> None:
    write(project, "1")
    project.apply()
    write(project, "2")
    project.apply()
    before = tags(project)
    write(project, "3")
    project.write({"web": sleeper(image="web", **dying())}, builds={"web": {"context": "./web"}})
    project.apply("--keep-builds", "0", code=1)
    assert tags(project) >= before
