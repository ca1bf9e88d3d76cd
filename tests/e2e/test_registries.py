"""Images are pushed to and pulled from the real registry program: logins, TLS, a busy registry, a registry of one's
own.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.e2e.project import BASE, Project, ended, free_port, sleeper
from tests.e2e.registry import (
    PASSWORD,
    PROGRAM,
    USER,
    Answer,
    Moody,
    Registry,
    Request,
    bridge_address,
    moods_before,
    registry_in,
    registry_service,
)

pytestmark = [
    pytest.mark.engine,
    pytest.mark.usefixtures("clean_images"),
    pytest.mark.skipif(not PROGRAM, reason="needs docker-registry: scripts/packages docker-registry"),
]

DOCKERFILE = f"FROM {BASE}\nCOPY app.py /app.py\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registries")


@pytest.fixture(scope="module")
def plain(folder: Path) -> Iterator[Registry]:
    with registry_in(folder / "plain") as made:
        yield made


@pytest.fixture(scope="module")
def locked(folder: Path) -> Iterator[Registry]:
    """One that asks for a password."""
    with registry_in(folder / "locked", password=True) as made:
        yield made


@pytest.fixture
def moody(plain: Registry) -> Iterator[Moody]:
    with moods_before(plain) as made:
        yield made


def pushed(project: Project, tag: str = "1.0") -> str:
    """What the build is pushed as: a name that only this test uses."""
    return f"{project.name}-web:{tag}"


def write(project: Project, registries: dict[str, Any], *, tag: str = "1.0", **more: Any) -> None:
    """A build that is pushed to all of the registries; `more` are services."""
    project.files(Dockerfile=DOCKERFILE, app__py=f"print({project.name!r})\n")
    builds = {"web": {"context": "./web", "tag": pushed(project, tag), "push": list(registries)}}
    project.write(more, registries=registries, builds=builds)


def shown_anywhere(project: Project, *texts: str) -> str:
    """All that somebody could read of an apply: what is printed, and the records."""
    records = [project.engine.inspect_volume(name) for name in project.records()]
    return json.dumps([*texts, records, [project.container(name) for name in ("web",) if project.containers()]])


# Pushing


def test_a_build_is_pushed_once(project: Project, plain: Registry) -> None:
    """Under its tag at the registry's address; what is there already is no change, and a new image is one again."""
    write(project, {"private": {"address": plain.address}}, web=sleeper(image="web"))
    assert f"^ push.web->private       push      {plain.address}/{pushed(project)}; its image is built above" in (
        project.plan_text()
    )
    project.apply()
    first = plain.digest(pushed(project))
    assert first
    project.must_be_settled()
    project.files(app__py="print('new')\n")
    assert {name: each["action"] for name, each in project.changes().items()} == {
        "build.web": "build",
        "push.web->private": "push",
        "service.web[1]": "replace",
    }
    project.apply()
    assert plain.digest(pushed(project)) not in (None, first)
    project.must_be_settled()


def test_what_somebody_moved_in_the_registry_comes_back(project: Project, plain: Registry) -> None:
    """Another image under the name is drift, with both digests; so is a name that is gone there."""
    write(project, {"private": {"address": plain.address}})
    project.apply()
    ours = plain.digest(pushed(project))
    assert ours
    project.engine.tag(BASE, f"{plain.address}/other", "1")
    project.engine.push(f"{plain.address}/other", "1")
    plain.move(pushed(project), "other:1")
    moved = plain.digest(pushed(project))
    assert moved not in (None, ours)
    field = project.fields("push.web->private")["digest"]
    assert (field["before"], field["after"], field["causes"]) == (moved[7:19], ours[7:19], ["drift"])
    project.apply()
    assert plain.digest(pushed(project)) == ours
    project.must_be_settled()
    plain.ask("DELETE", f"/v2/{project.name}-web/manifests/{ours}")
    assert project.fields("push.web->private")["digest"]["before"] == "removed"
    project.apply()
    assert plain.digest(pushed(project)) == ours


def test_the_name_on_the_engine_is_put_right_without_a_push(project: Project, plain: Registry) -> None:
    """The registry has the image; on the engine, somebody gave its name to another one."""
    write(project, {"private": {"address": plain.address}}, web=sleeper(image="web"))
    project.apply()
    repository, _, tag = f"{plain.address}/{pushed(project)}".rpartition(":")
    project.engine.tag(BASE, repository, tag)
    assert project.changes()["push.web->private"]["steps"] == [f"tag {repository}:{tag}"]
    project.apply()
    assert project.engine.inspect_image(f"{repository}:{tag}")["Id"] == project.container("web")["Image"]
    project.must_be_settled()


def test_a_registry_of_the_stack_is_ready_before_it_is_pushed_to(project: Project) -> None:
    """One file: the registry, the build that is pushed there, and a service that runs what was pushed."""
    port = free_port()
    registries = {"private": {"address": f"127.0.0.1:{port}", "service": "registry"}}
    shop = sleeper(image=f"127.0.0.1:{port}/{pushed(project)}")
    write(project, registries, registry=registry_service(port), shop=shop)
    refused = project.run("push")
    assert refused.code == 69, refused.err
    assert "service.registry of this stack, which does not run" in refused.err
    result = project.apply()
    told = result.err.splitlines()
    order = ["service.registry[1]: created", "push.web->private: pushed", "service.shop[1]: created"]
    assert [line for line in told if line in order] == order
    assert project.engine.inspect_distribution(f"127.0.0.1:{port}/{pushed(project)}")["Descriptor"]["digest"]
    project.must_be_settled()


def test_the_parts_of_an_apply_can_be_done_alone(project: Project, plain: Registry) -> None:
    """`build`, `push` and `pull` ask nothing, start nothing, and do nothing twice."""
    project.engine.tag(BASE, f"{plain.address}/cache", "1")
    project.engine.push(f"{plain.address}/cache", "1")
    project.engine.remove_image(f"{plain.address}/cache:1")
    write(project, {"private": {"address": plain.address}}, cache=sleeper(image=f"{plain.address}/cache:1"))
    for command, done in (("build", "build.web: built"), ("push", "push.web->private: pushed")):
        result = project.run(command)
        assert (result.code, done in result.err) == (0, True), result.err
        assert "Nothing to change" in project.run(command).out
    pulled = project.run("pull")
    assert f"image.{plain.address}/cache:1: pulled" in pulled.err
    assert project.containers() == set()
    assert {each["action"] for each in project.changes().values()} == {"create"}


# Logins


def test_a_password_opens_the_registry_and_is_shown_nowhere(
    project: Project, locked: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pushed and pulled with the stack's own login, from the environment or from a file."""
    monkeypatch.setenv("REGISTRY_PASSWORD", PASSWORD)
    (project.folder / "pw").write_text(f"{PASSWORD}\n")
    login = {"address": locked.address, "username": USER, "password": {"env": "REGISTRY_PASSWORD"}}
    write(project, {"private": login})
    result = project.apply("--verbose")
    assert locked.digest(pushed(project))
    project.must_be_settled()
    project.destroy()
    project.engine.remove_image(f"{locked.address}/{pushed(project)}")
    write(
        project,
        {"private": {**login, "password": {"file": "./pw"}}},
        tag="two",
        web=sleeper(image=f"{locked.address}/{pushed(project)}"),
    )
    again = project.apply("--verbose")
    assert locked.digest(pushed(project, "two"))
    project.must_be_settled()
    plan, config = project.plan_text("--format", "json"), project.run("config").out
    assert PASSWORD not in shown_anywhere(project, result.out, result.err, again.out, again.err, plan, config)


def test_a_wrong_password_is_told_and_not_shown(
    project: Project, locked: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 69, and the line of the stack that is to be looked at; nothing is in the registry."""
    monkeypatch.setenv("REGISTRY_PASSWORD", "wrong-and-secret")
    login = {"address": locked.address, "username": USER, "password": {"env": "REGISTRY_PASSWORD"}}
    write(project, {"private": login}, tag="never")
    plan = project.plan_text()
    result = project.apply("--verbose", code=69)
    assert "error[registry-login]" in result.err
    assert "check username and password of registries.private" in result.err
    assert locked.digest(pushed(project, "never")) is None
    assert "wrong-and-secret" not in shown_anywhere(project, plan, result.out, result.err)


def test_the_docker_clients_login_is_taken_where_the_stack_has_none(
    project: Project, locked: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DOCKER_CONFIG is respected; the stack's own login goes before it."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    def logged_in(password: str) -> None:
        auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
        (tmp_path / "config.json").write_text(json.dumps({"auths": {locked.address: {"auth": auth}}}))

    logged_in(PASSWORD)
    write(project, {"private": {"address": locked.address}}, tag="client")
    project.apply()
    assert locked.digest(pushed(project, "client"))
    logged_in("wrong")
    assert "the registry cannot be asked: unauthorized" in project.plan_text()
    monkeypatch.setenv("REGISTRY_PASSWORD", PASSWORD)
    login = {"address": locked.address, "username": USER, "password": {"env": "REGISTRY_PASSWORD"}}
    write(project, {"private": login}, tag="client")
    project.must_be_settled()


# TLS, and none


def test_an_authority_that_the_engine_does_not_trust(project: Project, folder: Path) -> None:
    """The message says which file goes where on the engine's host; then it works, without a restart."""
    host = bridge_address(project.engine)
    with registry_in(folder / f"tls-{project.name}", host, tls=trustme.CA()) as registry:
        assert registry.ca
        shutil.copy(registry.ca, project.folder / "ca.pem")
        write(project, {"private": {"address": registry.address, "ca": "./ca.pem"}})
        result = project.apply(code=69)
        certs = Path("/etc/docker/certs.d", registry.address)
        assert "error[registry-certificate]" in result.err
        assert f"copy ./ca.pem (registries.private.ca) to {certs}/ca.crt" in result.err
        certs.mkdir(parents=True)
        try:
            shutil.copy(registry.ca, certs / "ca.crt")
            project.apply()
            assert registry.digest(pushed(project))
            project.must_be_settled()
        finally:
            shutil.rmtree(certs)


def test_a_registry_without_tls_says_what_both_sides_need(project: Project, folder: Path) -> None:
    """Not called insecure, the push fails with the mend; called so, the plan is refused before anything is done."""
    host = bridge_address(project.engine)
    with registry_in(folder / f"http-{project.name}", host) as registry:
        lines = f'{{"insecure-registries": ["{registry.address}"]}}'
        write(project, {"private": {"address": registry.address}})
        result = project.apply(code=69)
        assert "error[registry-insecure]" in result.err
        assert "`insecure: true` in registries.private" in result.err
        assert lines in result.err
        write(project, {"private": {"address": registry.address, "insecure": True}})
        refused = project.run("plan")
        assert refused.code == 65
        assert f"stack.yaml:{project.lines['registries.private.insecure']}:" in refused.err
        assert lines in refused.err
        assert "no restart is needed" in refused.err


# A registry that does not do as it should


SAYS_NO = [
    (Answer(401, {}, "UNAUTHORIZED", "authentication required"), "registry-login"),
    (Answer(403, {}, "DENIED", "requested access to the resource is denied"), "registry-denied"),
    (Answer(403), "registry-denied"),
    (Answer(404, {}, "NAME_UNKNOWN", "repository name not known to registry"), "image-not-found"),
    (Answer(404), "image-not-found"),
    (Answer(429, {"Retry-After": "3600"}), "registry-limit"),
]


@pytest.mark.parametrize(("answer", "code"), SAYS_NO, ids=[f"{one.status}-{one.code}" for one, _ in SAYS_NO])
def test_each_no_of_a_registry_has_its_message(answer: Answer, code: str, project: Project, moody: Moody) -> None:
    """What cannot pass by waiting is told at once, as is what would take longer than there is time."""
    moody.answers(lambda request: answer if "/manifests/" in request.path else None)
    project.write({"web": sleeper(image=f"{moody.address}/shop:1")})
    result = project.run("pull", "--timeout", "30s")
    assert result.code == (1 if code == "image-not-found" else 69)
    assert f"error[{code}]" in result.err, result.err
    assert moody.address in result.err


def first(times: int, answer: Answer, method: str = "GET") -> Callable[[Request], Answer | None]:
    def mood(request: Request) -> Answer | None:
        return (
            answer if "/manifests/" in request.path and request.method == method and request.number <= times else None
        )

    return mood


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(503), "trying again in 1s: received unexpected HTTP status: 503"),
        (Answer(429, {"Retry-After": "2"}, "TOOMANYREQUESTS", "slow down"), "trying again in 2s: as the registry asks"),
    ],
)
def test_a_busy_registry_is_asked_again(answer: Answer, told: str, project: Project, moody: Moody) -> None:
    """After a moment, or as long as it says; told as it goes on."""
    project.engine.tag(BASE, f"{moody.address}/shop", "1")
    project.engine.push(f"{moody.address}/shop", "1")
    project.engine.remove_image(f"{moody.address}/shop:1")
    moody.answers(lambda request: first(1, answer)(request) or first(2, answer, "HEAD")(request))
    project.write({"web": sleeper(image=f"{moody.address}/shop:1")})
    result = project.run("pull")
    assert told in result.err
    assert f"image.{moody.address}/shop:1: pulled" in result.err


def test_a_push_is_looked_at_afterwards(project: Project, moody: Moody) -> None:
    """A registry that takes a push and has something else under the name then: nothing is called done."""

    def mood(request: Request) -> Answer | None:
        forgets = request.method == "PUT" and "/manifests/" in request.path
        return Answer(201, {"Docker-Content-Digest": f"sha256:{'0' * 64}"}) if forgets else None

    moody.answers(mood)
    write(project, {"private": {"address": moody.address}}, tag="lost")
    result = project.apply(code=1)
    assert "error[push-failed]" in result.err
    assert "the registry has nothing there" in result.err
    assert "push.web->private" in result.told("as before")
    moody.answers(lambda _: None)
    project.apply()
    assert moody.behind.digest(pushed(project, "lost"))
    project.must_be_settled()


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_push_that_was_killed_is_done_by_the_next_apply(method: str, project: Project, moody: Moody) -> None:
    """While a layer is on its way, or the manifest; then it is pushed again."""
    tag = method.lower()
    write(project, {"private": {"address": moody.address}}, tag=tag)
    process = project.start("apply", "--yes")

    def mood(request: Request) -> Answer | None:
        if request.method != method or ("/manifests/" in request.path) is not (method == "PUT"):
            return None
        process.kill()
        process.wait()
        return Answer(503)

    moody.answers(mood)
    assert ended(process).code == -9
    moody.answers(lambda _: None)
    assert project.changes()["push.web->private"]["action"] == "push"
    project.apply()
    assert moody.behind.digest(pushed(project, tag))
    project.must_be_settled()
