"""The logins that the docker client keeps: as it writes them, with all else in its file left alone."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from deployer.engine.logins import config_file, forget_login, keep_login, kept_login, registries_with_login
from deployer.errors import DeployerError
from deployer.resources.login import Login

PENG = Login("peng", "tops3cret:ü")
HELPER = """\
#!/bin/sh
# Keeps what it is given in a file beside it, as a helper would: by its stdin alone.
there=$(dirname "$0")/kept
case $1 in
  store) cat >"$there" ;;
  erase) cat >"$there.erased"; rm -f "$there" ;;
  get) test -f "$there" && cat "$there" || { echo "credentials not found in native keychain"; exit 1; } ;;
  *) exit 1 ;;
esac
echo "$0 $*" >>"$there.calls"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / ".docker" / "config.json"


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A credential helper `test` on the PATH; gives the file that it keeps things in."""
    program = tmp_path / "bin" / "docker-credential-test"
    program.parent.mkdir()
    program.write_text(HELPER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program.parent / "kept"


def test_a_login_is_kept_and_read_again(config: Path) -> None:
    """In a file and a folder that were not there, for its owner alone, as docker-py reads it."""
    assert keep_login(config, "10.0.0.5:5000", PENG) == ""

    assert kept_login(config, "10.0.0.5:5000") == PENG
    assert kept_login(config, "10.0.0.5:5001") is None
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
    assert [path.name for path in config.parent.iterdir()] == ["config.json"], "nothing is left over"


def test_docker_hub_has_the_key_of_old(config: Path) -> None:
    """A URL, as the docker client writes and finds it."""
    keep_login(config, "docker.io", PENG)

    assert list(json.loads(config.read_text())["auths"]) == ["https://index.docker.io/v1/"]
    assert kept_login(config, "docker.io") == PENG
    assert registries_with_login(config) == ["docker.io"]


def test_all_else_in_the_file_stays(config: Path) -> None:
    """Other logins, other keys; an entry of the registry under an old URL goes."""
    config.parent.mkdir()
    others = {"currentContext": "edge", "HttpHeaders": {"A": "b"}}
    kept = {"other:5000": {"auth": "eDp5"}, "https://own:5000/v1/": {"auth": "b2xkOm9sZA=="}}
    config.write_text(json.dumps({**others, "auths": kept}))

    keep_login(config, "own:5000", PENG)

    read = json.loads(config.read_text())
    assert {key: read[key] for key in others} == others
    assert set(read["auths"]) == {"other:5000", "own:5000"}
    assert forget_login(config, "own:5000")
    assert set(json.loads(config.read_text())["auths"]) == {"other:5000"}
    assert not forget_login(config, "own:5000")


def test_a_link_stays_one(config: Path, tmp_path: Path) -> None:
    config.parent.mkdir()
    (tmp_path / "real.json").write_text("{}")
    config.symlink_to(tmp_path / "real.json")

    keep_login(config, "own:5000", PENG)

    assert config.is_symlink()
    assert "own:5000" in (tmp_path / "real.json").read_text()


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_a_helper_keeps_it_where_there_is_one(config: Path, helper: Path, key: str) -> None:
    """The file has an empty entry, and the password was in no argument."""
    config.parent.mkdir()
    config.write_text(json.dumps({key: "test" if key == "credsStore" else {"own:5000": "test"}}))

    assert keep_login(config, "own:5000", PENG) == "test"

    assert json.loads(helper.read_text()) == {
        "ServerURL": "own:5000",
        "Username": PENG.username,
        "Secret": PENG.password,
    }
    assert json.loads(config.read_text())["auths"] == {"own:5000": {}}
    assert "tops3cret" not in config.read_text() + helper.with_suffix(".calls").read_text()
    assert kept_login(config, "own:5000") == PENG
    assert forget_login(config, "own:5000")
    assert helper.with_suffix(".erased").read_text() == "own:5000"
    assert kept_login(config, "own:5000") is None


def test_a_helper_that_is_not_there_is_an_error(config: Path) -> None:
    """Nothing is kept in the file in its stead, and nothing of the password is said."""
    config.parent.mkdir()
    config.write_text('{"credsStore": "nowhere"}')

    with pytest.raises(DeployerError, match="docker-credential-nowhere is not there") as raised:
        keep_login(config, "own:5000", PENG)

    assert "tops3cret" not in f"{raised.value.diagnostics!r}"
    assert config.read_text() == '{"credsStore": "nowhere"}'


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": {"own:5000": {"auth": "no base64!"}}}'])
def test_a_file_that_cannot_be_read_is_told(config: Path, text: str) -> None:
    """And never written over by what reads it."""
    config.parent.mkdir()
    config.write_text(text)

    with pytest.raises(DeployerError):
        kept_login(config, "own:5000")

    assert config.read_text() == text


def test_an_identity_token_is_one(config: Path) -> None:
    config.parent.mkdir()
    config.write_text('{"auths": {"own:5000": {"auth": "cGVuZzo=", "identitytoken": "t0ken"}}}')

    assert kept_login(config, "own:5000") == Login("", "t0ken", is_token=True)


def test_docker_config_names_the_folder() -> None:
    assert config_file({"DOCKER_CONFIG": "/a"}, Path("/home/me")) == Path("/a/config.json")
    assert config_file({}, Path("/home/me")) == Path("/home/me/.docker/config.json")
