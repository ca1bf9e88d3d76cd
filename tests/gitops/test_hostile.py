"""A stack that somebody else wrote reads nothing but its own repository."""

from __future__ import annotations

from pathlib import Path

import pyrage
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


def test_an_encrypted_file_is_no_way_out(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nor is the key's: where that lies, nobody but deployer reads."""
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "outside/key.txt").write_text(str(key))
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(tmp_path / "outside/key.txt"))
    (tmp_path / "outside/sealed").write_bytes(pyrage.encrypt(SECRET.encode(), [key.to_public()]))
    stack = checkout.folder / checkout.file.path
    stack.write_text("services: {web: {image: x, secrets: [s]}}\nsecrets: {s: {file: ./link}}\n")
    for outside in ("sealed", "key.txt"):
        (checkout.folder / "apps/link").unlink(missing_ok=True)
        (checkout.folder / "apps/link").symlink_to(tmp_path / "outside" / outside)
        must_be_refused(checkout)
    (tmp_path / "outside/sealed").rename(checkout.folder / "apps/sealed")
    stack.write_text(stack.read_text().replace("link", "sealed"))
    read(checkout)


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
