"""The hash of a build beside what the engine's builder does with it, before and after one change.

Where the builder makes a step anew, the hash is another one: it never misses. It may be another one where the builder
finds all in its cache: that is a build once too often, and the image is the same. The table in
docs/explanation/builds.md is what these tests see.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from docker import APIClient

from deployer.errors import Place
from deployer.resources.build_options import further_inputs, options_of
from deployer.resources.desired import DesiredBuild
from deployer.sources.builds import BuildSources, Recipe, read_build
from deployer.sources.context_tar import write_tar
from deployer.stack import service as stack
from tests.e2e.project import BASE, ROOT

pytestmark = pytest.mark.engine

TABLE = ROOT / "docs" / "explanation" / "builds.md"


@dataclass(slots=True)
class Build:
    """A small build; its images are called `<name>:...`, and go when the tests end."""

    engine: APIClient
    folder: Path
    name: str
    args: dict[str, str] = field(default_factory=lambda: {"USED": "1", "UNUSED": "1"})
    target: str = "one"
    said: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def further(self) -> stack.Build:
        return stack.Build.model_validate(self.said)

    def read(self) -> BuildSources:
        place = Place("stack.yaml")
        further = further_inputs(self.further)
        return read_build(Recipe(self.folder, None, None, self.args, self.target, place, lambda place: place, further))

    def hash(self) -> str:
        found = self.read()
        [base] = found.bases
        build = DesiredBuild("web", "shop/web", ".", found.digest, found.inputs, (base,), self.args, self.target, ())
        return build.reference({base: self.engine.inspect_image(base)["Id"]})

    def ours(self) -> bool:
        """Whether the builder makes a step anew of what deployer sends."""
        context, tar, options = self.read().context, io.BytesIO(), options_of(self.further)
        write_tar(context, tar)
        tar.seek(0)
        lines = self.engine.build(
            fileobj=tar,
            custom_context=True,
            dockerfile=context.dockerfile,
            buildargs=self.args,
            target=self.target,
            tag=f"{self.name}:{uuid4().hex}",
            labels=options.get("labels"),
            network_mode=options.get("networkmode"),
            extra_hosts=options.get("extrahosts"),
            shmsize=options.get("shmsize"),
            nocache=options.get("nocache", False),
            rm=True,
            forcerm=True,
            decode=True,
        )
        return built("".join(line.get("stream", "") for line in lines))

    def dockers(self) -> bool:
        """Whether it does so of what `docker build` sends."""
        args = [f"--build-arg={name}={value}" for name, value in self.args.items()]
        done = subprocess.run(
            ["docker", "build", *args, f"--target={self.target}", f"--tag={self.name}:{uuid4().hex}", self.folder],
            env={**os.environ, "DOCKER_BUILDKIT": "0"},
            capture_output=True,
            text=True,
            check=True,
        )
        return built(done.stdout)


def built(output: str) -> bool:
    steps = re.findall(r"^Step \d+/\d+ : (\w+)", output, re.MULTILINE)
    assert steps, output
    return output.count("---> Using cache") < sum(step != "FROM" for step in steps)


@pytest.fixture(scope="module")
def name(engine: APIClient) -> Iterator[str]:
    name = f"e2e-hash-{uuid4().hex[:8]}"
    moved = engine.import_image_from_data(b"\0" * 1024, repository=name, tag="other")
    assert moved
    yield name
    for image in engine.images(name):
        for tag in image["RepoTags"] or ():
            engine.remove_image(tag)


@pytest.fixture
def build(engine: APIClient, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    engine.tag(BASE, name, "base")
    folder = tmp_path / "web"
    (folder / "lib" / "tmp").mkdir(parents=True)
    (folder / "Dockerfile").write_text(
        f"FROM {name}:base AS one\nARG USED\nARG UNUSED\nENV TESTS={name} USED=$USED\nCOPY . /src\n"
        f"FROM one AS two\nENV TEST={uuid4().hex}\n"
    )
    (folder / ".dockerignore").write_text("Dockerfile\n*.log\n!keep.log\n**/tmp\n")
    for path in ("app.py", "lib/a.py", "keep.log", "lib/tmp/x", "a.log"):
        (folder / path).write_text("one\n")
    (folder / "link").symlink_to("app.py")
    return Build(engine, folder, name)


def write(path: str, text: str) -> Callable[[Build], None]:
    return lambda build: (build.folder / path).write_text(text) and None


def append(path: str, text: str) -> Callable[[Build], None]:
    def change(build: Build) -> None:
        with open(build.folder / path, "a") as file:
            file.write(text)

    return change


def chmod(path: str, mode: int) -> Callable[[Build], None]:
    return lambda build: (build.folder / path).chmod(mode)


def rewrite(build: Build) -> None:
    content = (build.folder / "app.py").read_text()
    (build.folder / "app.py").unlink()
    (build.folder / "app.py").write_text(content)


def link_elsewhere(build: Build) -> None:
    (build.folder / "link").unlink()
    (build.folder / "link").symlink_to("lib/a.py")


def become_a_folder(build: Build) -> None:
    (build.folder / "app.py").unlink()
    (build.folder / "app.py").mkdir()


def arg(name: str, value: str) -> Callable[[Build], None]:
    return lambda build: build.args.update({name: value})


def target(build: Build) -> None:
    build.target = "two"


def says(**said: Any) -> Callable[[Build], None]:
    return lambda build: build.said.update(said)


CHANGES: dict[str, Callable[[Build], None]] = {
    "a file is touched": lambda build: os.utime(build.folder / "app.py"),
    "its time is set back, and no more": lambda build: os.utime(build.folder / "app.py", (1, 1)),
    "the same content is written again": rewrite,
    "its owner changes": lambda build: os.chown(build.folder / "app.py", 1234, 1234),
    "`chmod g+w`": chmod("app.py", 0o664),
    "`chmod +x`": chmod("app.py", 0o755),
    "its content changes": write("app.py", "two\n"),
    "it is renamed": lambda build: (build.folder / "app.py").rename(build.folder / "main.py") and None,
    "it becomes a folder": become_a_folder,
    "a link points elsewhere": link_elsewhere,
    "an empty folder is made": lambda build: (build.folder / "new").mkdir(),
    "a new file that `.dockerignore` leaves out": write("b.log", "new\n"),
    "a file that `!` takes in again changes": write("keep.log", "two\n"),
    "a file that `**` leaves out changes": write("lib/tmp/x", "two\n"),
    "a comment in `.dockerignore`": append(".dockerignore", "# why\n"),
    "another pattern in `.dockerignore`": append(".dockerignore", "lib\n"),
    "a comment in the Dockerfile, which no COPY takes": append("Dockerfile", "# why\n"),
    "another instruction": append("Dockerfile", "ENV Y=1\n"),
    "the value of an arg": arg("USED", "2"),
    "the value of an arg that nothing uses": arg("UNUSED", "2"),
    "another target": target,
    "a label": says(labels={"tier": "a"}),
    "the network of its steps": says(network="none"),
    "a further host": says(extra_hosts=["db=10.1.2.3"]),
    "`shm_size`": says(shm_size="128m"),
    "the base image's tag moves": lambda build: build.engine.tag(f"{build.name}:other", build.name, "base") and None,
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_hash_never_misses_what_the_builder_makes_anew(build: Build, change: str) -> None:
    """And the table in the manual says so."""
    if "owner" in change and os.geteuid():
        pytest.skip("only root gives files away")
    if change == "another instruction":
        build.target = "two"
    before = build.hash()
    build.ours()
    assert not build.ours(), "what did not change is made anew"
    CHANGES[change](build)
    hash_changed, made_anew = build.hash() != before, build.ours()
    assert hash_changed or not made_anew, "the hash missed it"
    row = f"| {change} | {'another' if hash_changed else 'the same'} | {'makes anew' if made_anew else 'all cached'} |"
    assert row in TABLE.read_text()


@pytest.mark.skipif(not shutil.which("docker"), reason="needs the docker program")
def test_docker_itself_makes_anew_what_deployer_sends_as_it_was(build: Build) -> None:
    """Of a mode, deployer sends no more than whether a file can be run: another umask is no other build."""
    before = build.hash()
    build.dockers()
    assert not build.dockers()
    CHANGES["`chmod g+w`"](build)
    assert build.dockers()
    assert build.hash() == before
