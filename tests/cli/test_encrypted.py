"""What an encrypted file holds is shown by no command, whatever it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pyrage
import pytest

from deployer.project import Project
from deployer.sources.encrypted import KEY, KEY_FILE
from deployer.wiring import Choices, load_stack
from tests.cli.conftest import Cli

SECRET = "f1le secret"


@pytest.fixture
def sealed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pyrage.x25519.Recipient:
    """The recipient of files; its key is given."""
    monkeypatch.delenv(KEY, raising=False)
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(str(key))
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "key.txt"))
    (folder / "all.env").write_bytes(pyrage.encrypt(f"HOST={SECRET}\n".encode(), [key.to_public()]))
    (folder / "site.conf").write_bytes(pyrage.encrypt(SECRET.encode(), [key.to_public()], armored=True))
    return key.to_public()


STACKS = {
    "env_file": "services: {web: {image: x, env_file: all.env}}",
    "env_file and others": "services: {web: {image: x, env_file: [all.env, plain.env]}}",
    "label_file": "services: {web: {image: x, label_file: all.env}}",
    "include": "include: [{path: other.yaml, env_file: all.env}]\nservices: {}",
    ".env": "services: {web: {image: x, environment: [HOST], labels: {a: 'b ${HOST}'}, command: 'run ${HOST}'}}",
    "argument": "services: {web: {build: {context: ., args: {A: '${HOST}'}}}}",
}


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize("text", STACKS.values(), ids=STACKS.keys())
def test_a_value_of_an_encrypted_env_file_is_masked(cli: Cli, folder: Path, text: str):
    """Wherever it goes, though no name says that it is a secret."""
    (folder / "plain.env").write_text("URL=at ${HOST}\n")
    (folder / "other.yaml").write_text("services: {web: {image: x, environment: {A: '${HOST}'}}}")
    if "${HOST}" in text:
        (folder / "all.env").rename(folder / ".env")
    for form in ("yaml", "json"):
        shown = cli("config", "--format", form, stack=f"name: shop\n{text}")
        assert shown.code == 0, shown.err
        assert SECRET not in shown.out + shown.err
        assert "(sensitive)" in shown.out


@pytest.mark.usefixtures("sealed")
def test_no_record_keeps_what_an_encrypted_config_holds(folder: Path):
    """That of a plain one is kept, for a rollback."""
    (folder / "plain.conf").write_text("listen 80")
    (folder / "stack.yaml").write_text(
        "name: shop\nservices: {web: {image: x, configs: [site, plain]}}\n"
        "configs: {site: {file: site.conf}, plain: {file: plain.conf}}\n"
    )
    project = Project(*load_stack(Choices()))
    assert project.sources.open_contents() == {"plain": "listen 80"}


@pytest.mark.usefixtures("sealed")
def test_without_a_key_each_file_is_told_at_its_line(cli: Cli, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(KEY_FILE)
    text = "name: shop\nservices:\n  web:\n    image: x\n    env_file:\n      - all.env\n"
    found = cli("validate", "--format", "json", stack=text)
    (told,) = json.loads(found.out)["diagnostics"]
    assert (found.code, told["code"], told["file"], told["line"], told["column"]) == (
        65,
        "encrypted-no-key",
        "stack.yaml",
        6,
        9,
    )


@pytest.mark.usefixtures("sealed")
def test_a_damaged_file_is_told_at_its_line(cli: Cli, folder: Path):
    """As a secret and as an env file; its ciphertext is nobody's password."""
    (folder / "pw").write_bytes(b"<<<<<<< HEAD\n" + (folder / "site.conf").read_bytes())
    (folder / ".env").write_text(
        "TOKEN=ENC[AES256_GCM,data:98p2shBKVF+QyA==,iv:a,tag:b,type:str]\nsops_version=3.11.0\n"
    )
    text = "name: shop\nservices: {}\nsecrets:\n  pw: {file: pw}\n"
    found = cli("validate", "--format", "json", stack=text)
    (told,) = json.loads(found.out)["diagnostics"]
    assert (found.code, told["code"], told["message"].partition(" ")[0]) == (65, "encrypted-damaged", ".env")
    (folder / ".env").unlink()
    found = cli("validate", "--format", "json", stack=text.replace("{}", "{web: {image: x, secrets: [pw]}}"))
    (told,) = json.loads(found.out)["diagnostics"]
    assert (found.code, told["code"], told["file"], told["line"]) == (65, "encrypted-damaged", "stack.yaml", 4)
    assert told["message"] == "pw is encrypted by age in part (line 2), and has conflict markers (line 1)"
