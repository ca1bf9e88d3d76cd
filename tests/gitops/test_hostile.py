"""A stack that somebody else wrote reads nothing but its own repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.errors import InvalidStack
from deployer.gitops.projects import Checkout, project_of, within
from deployer.gitops.tree import StackFile
from deployer.sources.origin import origin
from deployer.wiring import Choices
from tests.gitops.repository import Repository

SECRET = "hunter2"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text(f"KEY={SECRET}\n")
    (tmp_path / "outside/Dockerfile").write_text(f"FROM {SECRET}\n")
    (tmp_path / "shop/apps").mkdir(parents=True)
    (tmp_path / "shop/Dockerfile").write_text("FROM busybox:1.37\n")
    return Checkout(tmp_path / "shop", "c" * 40, StackFile("apps/stack.yaml"), "https://git.example/a/shop.git")


HOSTILE = {
    "env_file": "services: {web: {image: x, env_file: ../../outside/secret}}",
    "env_file absolute": "services: {web: {image: x, env_file: /etc/passwd}}",
    "include": "include: [../../outside/secret]\nservices: {}",
    "extends": "services: {web: {extends: {file: ../../outside/secret, service: web}}}",
    "secret": "services: {web: {image: x, secrets: [s]}}\nsecrets: {s: {file: ../../outside/secret}}",
    "config": "services: {web: {image: x, configs: [s]}}\nconfigs: {s: {file: ../../outside/secret}}",
    "context": "services: {web: {build: ../../outside}}",
    "dockerfile": "services: {web: {build: {context: .., dockerfile: ../outside/Dockerfile}}}",
    "bind": "services: {web: {image: x, volumes: ['../../outside:/x']}}",
    "reload": "services: {web: {image: x, volumes: ['/etc:/x'], x-deployer: {reload: {/etc: restart}}}}",
    "archive": "services: {web: {image: i}}\nimages: {i: {archive: ../../outside/secret}}",
    "password": "services: {web: {image: x}}\n"
    "registries: {r: {address: r.example, username: u, password: {file: ../../outside/secret}}}",
}


def read(checkout: Checkout) -> None:
    with within(checkout, Choices()):
        project = project_of(checkout, Choices())
        project.sources.registries()
        project.desired()


def must_be_refused(checkout: Checkout) -> None:
    with pytest.raises(InvalidStack) as raised:
        read(checkout)
    assert "outside-repository" in {each.code for each in raised.value.diagnostics}, raised.value
    assert SECRET not in repr(raised.value.diagnostics)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_leads_out_of_the_repository_is_refused(checkout: Checkout, text: str):
    (checkout.folder / checkout.file.path).write_text(text)
    must_be_refused(checkout)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_link_does_not_lead_out_either(checkout: Checkout, text: str):
    """Somebody in a container that has mounted a folder of the checkout can put a link there."""
    (checkout.folder / "inside").symlink_to("../outside")
    text = text.replace("../../outside", "../inside").replace("../outside", "inside")
    (checkout.folder / checkout.file.path).write_text(text)
    must_be_refused(checkout)


def test_what_lies_in_the_repository_is_read(checkout: Checkout):
    (checkout.folder / "common.env").write_text("A=1\n")
    (checkout.folder / "apps/stack.yaml").write_text(
        "services: {web: {build: .., env_file: ../common.env, volumes: ['../c:/c', '/var/lib/x:/x'], secrets: [s]}}\n"
        "secrets: {s: {file: ../common.env}}\n"
    )
    read(checkout)


def test_an_env_file_that_the_command_line_names_may_lie_anywhere(checkout: Checkout, tmp_path: Path):
    (checkout.folder / "apps/stack.yaml").write_text("services: {web: {image: '${KEY}'}}")
    choices = Choices(env_files=(str(tmp_path / "outside/secret"),))
    assert project_of(checkout, choices).stack.services["web"].image == SECRET


def test_the_origin_is_that_of_any_checkout(checkout: Checkout, repository: Repository):
    repository.commit({"stack.yaml": "services: {web: {image: x}}"})
    here = Checkout(repository.work, "c" * 40, StackFile("stack.yaml"), repository.url)
    assert project_of(here, Choices()).origin == origin(repository.work / "stack.yaml")
    (checkout.folder / "apps/stack.yaml").write_text("services: {web: {image: x}}")
    assert project_of(checkout, Choices()).origin == "git.example/a/shop//apps/stack.yaml"
