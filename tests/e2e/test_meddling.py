"""Somebody else at work on the engine meanwhile: what happened is said, and the next apply goes on."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from tests.crash.meddler import places, try_meddled
from tests.crash.meddling import Meddling, Places, tries
from tests.crash.scenarios import NEVER_HEALTHY, REGISTRY
from tests.e2e.project import Project, sleeper
from tests.e2e.proxy import Proxy, Request

pytestmark = pytest.mark.engine

SEED = 11
KINDS = random.Random(SEED).sample([kind for kind in Meddling if not kind.takes_an_engine], 6)


@pytest.fixture(scope="module")
def replacement(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """After which calls of a replacement each can be done. What a stage puts into the environment is taken back."""
    with pytest.MonkeyPatch.context() as environment:
        for name in (REGISTRY, "XDG_CACHE_HOME", "XDG_STATE_HOME", "NO_COLOR"):
            environment.setenv(name, str(tmp_path_factory.mktemp("stage")))
        yield places("replacement")


@pytest.mark.parametrize("kind", KINDS)
def test_a_replacement_that_others_interfere_with_ends_in_words_and_the_next_apply_goes_on(
    kind: Meddling, replacement: Places
) -> None:
    """A sample of the kinds, at one place each; `scripts/crash-test --meddle all` tries more."""
    [point] = tries({"replacement": replacement}, [kind], 1, SEED)
    assert try_meddled(point).wrong == []


def after(path: str, deed: Callable[[], object]) -> Callable[[Request], None]:
    """A hook that does it once, after that request."""
    done: list[str] = []

    def hook(request: Request) -> None:
        if request.path.endswith(path) and not done:
            done.append(path)
            deed()

    return hook


def test_what_somebody_else_removed_is_told_by_name(project: Project, proxy: Proxy) -> None:
    """The container that is to be replaced, when its successor was just made: that one goes, too."""
    project.write({"web": sleeper(networks=["front"])}, networks={"front": {}})
    project.apply()
    name = project.container_name("web")
    project.write({"web": sleeper(networks=["front"], user="1000")}, networks={"front": {}})
    proxy.after = after("/containers/create", lambda: project.engine.remove_container(name, force=True))
    result = project.apply("--engine", proxy.url, code=1)
    assert f"error[container-gone]: somebody else has removed the container {name} meanwhile" in result.err
    assert "run it again" in result.err
    assert project.containers() == set()
    project.apply()
    project.must_be_settled()


def test_a_network_that_somebody_else_removed_is_told_by_name(project: Project, proxy: Proxy) -> None:
    project.write({"web": sleeper(networks=["front"])}, networks={"front": {}})
    network = f"{project.name}_front"
    proxy.after = after("/containers/create", lambda: project.engine.remove_network(network))
    result = project.apply("--engine", proxy.url, code=1)
    assert f"error[network-gone]: somebody else has removed {network}" in result.err
    project.apply()
    project.must_be_settled()


def test_a_successor_that_somebody_renamed_is_stopped_before_the_old_one_is_back(
    project: Project, proxy: Proxy
) -> None:
    """Two containers of a service are never up on one volume."""
    shape = {"volumes": {"data": {}}}
    project.write({"web": sleeper(volumes=["data:/data"])}, **shape)
    project.apply()
    before, name = project.id_of("web"), project.container_name("web")
    project.write({"web": sleeper(volumes=["data:/data"], healthcheck=NEVER_HEALTHY)}, **shape)
    aside = f"{project.name}-aside"
    proxy.after = after(".next/start", lambda: project.engine.rename(f"{name}.next", aside))
    result = project.apply("--engine", proxy.url, code=1)
    assert "unhealthy" in result.err
    assert (project.id_of("web"), project.container("web")["State"]["Status"]) == (before, "running")
    running = project.engine.containers(filters={"label": f"com.docker.compose.project={project.name}"})
    assert [each["Id"] for each in running] == [before]
    project.write({"web": sleeper(volumes=["data:/data"])}, **shape)
    project.apply()
    project.must_be_settled()
    assert project.containers() == {name}
