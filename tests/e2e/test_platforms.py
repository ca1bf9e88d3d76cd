"""The platform of a service's image: compared with the image's own, pulled, and built for the engine's alone."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.project import BASE, Project, sleeper
from tests.e2e.registry import PROGRAM, Registry, registry_in

pytestmark = [
    pytest.mark.engine,
    pytest.mark.usefixtures("clean_images"),
    pytest.mark.skipif(not PROGRAM, reason="needs docker-registry: scripts/packages docker-registry"),
]

_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry_in(tmp_path_factory.mktemp("platforms")) as made:
        yield made


def blob(registry: Registry, repository: str, kind: str, content: bytes) -> dict[str, Any]:
    """What a manifest says of a blob that is in the registry now."""
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    _, headers, _ = registry.ask("POST", f"/v2/{repository}/blobs/uploads/")
    path = headers["location"].removeprefix(f"http://{registry.address}")
    status, _, said = registry.ask("PUT", f"{path}&digest={digest}", content)
    assert status == 201, said
    return {"mediaType": kind, "size": len(content), "digest": digest}


def manifest(registry: Registry, repository: str, tag: str, kind: str, said: dict[str, Any]) -> dict[str, Any]:
    content = json.dumps({"schemaVersion": 2, "mediaType": kind, **said}).encode()
    status, headers, answer = registry.ask(
        "PUT", f"/v2/{repository}/manifests/{tag}", content, **{"Content-Type": kind}
    )
    assert status == 201, answer
    return {"mediaType": kind, "size": len(content), "digest": headers["docker-content-digest"]}


def made_for(registry: Registry, project: Project, *architectures: str) -> str:
    """An image that is there for these architectures, by its name alone: each has the same programs, which run here."""
    source = project.engine.create_container(BASE, name=f"{project.name}-source")["Id"]
    files = b"".join(project.engine.export(source))
    project.engine.remove_container(source)
    layer = blob(registry, project.name, _LAYER, gzip.compress(files, 1))
    found: list[dict[str, Any]] = []
    for architecture in architectures:
        config = {
            "os": "linux",
            "architecture": architecture,
            "config": {"Cmd": ["sleep", "1000"], "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(files).hexdigest()}"]},
            "history": [{"created_by": "a test"}],
        }
        kept = blob(registry, project.name, _CONFIG, json.dumps(config).encode())
        one = manifest(registry, project.name, architecture, _MANIFEST, {"config": kept, "layers": [layer]})
        found.append({**one, "platform": {"os": "linux", "architecture": architecture}})
    manifest(registry, project.name, "1", _LIST, {"manifests": found})
    return f"{registry.address}/{project.name}:1"


def architecture_of(project: Project, service: str) -> str:
    return project.engine.inspect_image(project.container(service)["Image"])["Architecture"]


def own(project: Project) -> str:
    """The engine's own architecture, and another one."""
    return project.engine.version()["Arch"]


def another(project: Project) -> str:
    return "arm64" if own(project) == "amd64" else "amd64"


def test_the_engines_own_platform_is_no_difference(project: Project) -> None:
    """Under each of its names, said or not, of what is pulled and of what is built."""
    spelt = {"amd64": "linux/x86_64", "arm64": "linux/aarch64"}[own(project)]
    project.files(Dockerfile=f"FROM {BASE}\n")
    build = {"context": "./web", "platforms": [f"linux/{own(project)}"]}
    built = {name: value for name, value in sleeper(build=build, platform=spelt).items() if name != "image"}
    project.write({"web": sleeper(platform=spelt), "built": built, "plain": sleeper()})
    project.apply()
    project.must_be_settled()
    project.write({"web": sleeper(), "built": built, "plain": sleeper(platform=spelt)})
    project.must_be_settled()


def test_another_platform_is_another_image(project: Project, registry: Registry) -> None:
    """It is pulled for it, and the container replaced; back again, too."""
    image = made_for(registry, project, own(project), another(project))
    project.write({"web": sleeper(image=image)})
    project.apply()
    assert architecture_of(project, "web") == own(project)
    project.write({"web": sleeper(image=image, platform=f"linux/{another(project)}")})
    changes = project.changes()
    assert changes[f"image.{image}"]["reason"] == f"it is there for linux/{own(project)}"
    field = {each["field"]: each for each in changes["service.web[1]"]["fields"]}["platform"]
    assert (field["before"], field["after"]) == (f"linux/{own(project)}", f"linux/{another(project)}")
    assert (field["causes"], field["at"]) == (["edit"], f"stack.yaml:{project.lines['services.web.platform']}")
    project.apply()
    project.must_be_settled()
    assert architecture_of(project, "web") == another(project)
    project.write({"web": sleeper(image=image, platform=f"linux/{own(project)}")})
    project.apply()
    project.must_be_settled()
    assert architecture_of(project, "web") == own(project)


def test_a_platform_that_there_is_no_image_for_is_told_before_anything_stops(
    project: Project, registry: Registry
) -> None:
    image = made_for(registry, project, own(project))
    project.write({"web": sleeper(image=image)})
    project.apply()
    before = project.container("web")
    for wanted in (f"linux/{another(project)}", "linux/riscv64"):
        project.write({"web": sleeper(image=image, platform=wanted)})
        result = project.apply(code=1)
        assert "error[image-platform]" in result.err, result.err
        assert wanted in result.err
        after = project.container("web")
        assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])


def test_an_image_that_is_never_pulled_must_be_of_the_platform(project: Project) -> None:
    project.write({"web": sleeper(pull_policy="never", platform=f"linux/{another(project)}")})
    result = project.run("plan")
    assert (result.code, "error[image-platform]" in result.err) == (65, True)
    assert f"stack.yaml:{project.lines['services.web.platform']}:" in result.err


def test_a_build_for_another_platform_is_refused(project: Project) -> None:
    project.files(Dockerfile=f"FROM {BASE}\n")
    service = {name: value for name, value in sleeper(build="./web").items() if name != "image"}
    for more in ({"platform": "linux/riscv64"}, {"build": {"context": "./web", "platforms": ["linux/riscv64"]}}):
        project.write({"web": {**service, **more}})
        result = project.run("plan")
        assert (result.code, "error[not-supported-yet]" in result.err) == (65, True), result.err
