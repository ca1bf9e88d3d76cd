"""Which engine is meant, when several ways to say it are there."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from deployer.engine import locate as room
from deployer.engine.address import SshAddress, ssh_address
from deployer.engine.client import connect
from deployer.engine.locate import Location, Tls, locate
from deployer.errors import Unreachable, WrongUsage

HOST = {"DOCKER_HOST": "unix:///from/host.sock", "DOCKER_CONTEXT": "left"}


def context(home: Path, name: str, host: str, skip: bool = False) -> Path:
    """Write a docker context as `docker context create` does; gives the folder for its TLS files."""
    identity = sha256(name.encode()).hexdigest()
    meta = home / ".docker" / "contexts" / "meta" / identity
    meta.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": skip}
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}))
    return home / ".docker" / "contexts" / "tls" / identity / "docker"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(room, "DEFAULT_SOCKET", tmp_path / "default.sock")
    context(tmp_path, "left", "unix:///from/left.sock")
    context(tmp_path, "right", "unix:///from/right.sock")
    (tmp_path / ".docker" / "config.json").write_text('{"currentContext": "right"}')
    return tmp_path


def test_the_option_engine_goes_before_all(home: Path):
    """--engine wins over DOCKER_HOST."""
    assert locate("unix:///given.sock", None, HOST, home) == Location("unix:///given.sock", "--engine")


def test_the_option_context_goes_before_the_environment(home: Path):
    """--context wins over DOCKER_HOST."""
    assert locate(None, "right", HOST, home).url == "unix:///from/right.sock"


def test_docker_host_goes_before_docker_context(home: Path):
    """DOCKER_HOST wins over DOCKER_CONTEXT."""
    assert locate(None, None, HOST, home) == Location("unix:///from/host.sock", "DOCKER_HOST")


def test_docker_context_goes_before_the_current_context(home: Path):
    """DOCKER_CONTEXT wins over the context that `docker context use` chose."""
    assert locate(None, None, {"DOCKER_CONTEXT": "left"}, home).url == "unix:///from/left.sock"


def test_the_current_context_goes_before_the_sockets(home: Path):
    """With an empty environment the chosen context counts, though the default socket is there."""
    (home / "default.sock").touch()

    located = locate(None, None, {}, home)

    assert located.url == "unix:///from/right.sock"
    assert "'right'" in located.chosen_by


def test_the_folder_of_docker_config_is_read(home: Path, tmp_path: Path):
    """DOCKER_CONFIG moves the configuration; what lies in ~/.docker does not count then."""
    (home / "default.sock").touch()
    environment = {"DOCKER_CONFIG": str(tmp_path / "elsewhere")}

    assert locate(None, None, environment, home).chosen_by == "the default socket"


def test_the_context_default_is_the_environment_or_the_socket(home: Path):
    """`default` is no stored context."""
    assert locate(None, "default", HOST, home).url == "unix:///from/host.sock"
    assert locate(None, "default", {}, home).url == f"unix://{home / 'default.sock'}"


@pytest.mark.parametrize("socket", ["runtime/docker.sock", ".docker/run/docker.sock", ".docker/desktop/docker.sock"])
def test_a_rootless_engine_and_docker_desktop_are_found(home: Path, socket: str):
    """Where nothing is said and the default socket is not there, the usual places of others are looked at."""
    (home / ".docker" / "config.json").unlink()
    (home / socket).parent.mkdir(exist_ok=True)
    (home / socket).touch()

    assert locate(None, None, {"XDG_RUNTIME_DIR": str(home / "runtime")}, home).url == f"unix://{home / socket}"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("tcp://10.0.0.1:2375", "tcp://10.0.0.1:2375"),
        ("10.0.0.1:2375", "tcp://10.0.0.1:2375"),
        ("http://10.0.0.1:2375/", "tcp://10.0.0.1:2375"),
        ("tcp://[::1]:2375", "tcp://[::1]:2375"),
        ("unix:///a.sock", "unix:///a.sock"),
        ("unix://a.sock", "unix:///a.sock"),
        ("ssh://Edge/", "ssh://Edge"),
        ("ssh://me@[::1]:2222/run/user/1000/docker.sock", "ssh://me@[::1]:2222/run/user/1000/docker.sock"),
    ],
)
def test_an_address_may_be_written_in_several_ways(home: Path, written: str, meant: str):
    """As the docker client has it."""
    assert locate(written, None, {}, home) == Location(meant, "--engine")


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("/var/run/docker.sock", "a socket is written unix:///var/run/docker.sock"),
        ("tcp://10.0.0.1", "name host and port, as in tcp://192.168.1.7:2376"),
        ("tcp://10.0.0.1:port", "name host and port, as in tcp://192.168.1.7:2376"),
        ("ftp://10.0.0.1:1", "an engine is at unix:///path/to/docker.sock, tcp://host:2376 or ssh://user@host"),
        ("ssh://me:hunter2@host", "leave the password out: ssh logs in with a key, as in ssh://user@host"),
    ],
)
def test_a_wrong_address_is_refused_with_what_would_be_right(home: Path, written: str, hint: str):
    """An option with no engine's address is wrong usage, and the hint shows one."""
    with pytest.raises(WrongUsage) as caught:
        locate(written, None, {}, home)

    assert caught.value.diagnostics[0].hint == hint


def test_a_password_in_an_address_is_not_repeated(home: Path):
    """The message of the error is no place for it."""
    for url in ("tcp://me:hunter2@10.0.0.1:2375", "ssh://me:hunter2@host", "ssh://me:hun@ter2@host"):
        with pytest.raises(WrongUsage) as caught:
            locate(url, None, {}, home)

        assert "ter2" not in repr(caught.value.diagnostics)


@pytest.mark.parametrize(
    "url",
    [
        "ssh://-oProxyCommand=id",
        "ssh://-l@host",
        "ssh://host;id",
        "ssh://$(id)",
        "ssh://a b",
        "ssh://",
        "ssh://host:0",
        "ssh://host:99999",
        "ssh://host/with:colon",
        "ssh://host/$HOME/docker.sock",
        "ssh://host/a.sock\nid",
    ],
)
def test_what_ssh_could_take_for_something_else_is_no_address(home: Path, url: str):
    """An option, a command, a forwarding of another shape: none of it reaches ssh."""
    with pytest.raises(WrongUsage, match="no address of an engine"):
        locate(url, None, {}, home)


def test_an_ssh_address_is_given_to_ssh_in_parts():
    """What is not said is left to ssh's own configuration; the host comes after a `--`."""
    assert ssh_address("ssh://Edge") == SshAddress("Edge")
    assert ssh_address("ssh://ops@10.0.0.1:2222/a.sock") == SshAddress("10.0.0.1", "ops", "2222", "/a.sock")
    assert SshAddress("::1", "ops", "2222").login == ("-l", "ops", "-p", "2222", "--", "::1")


def test_where_nothing_is_found_the_places_are_told(home: Path):
    """No option, no variable, no context, no socket: the error lists where one was looked for."""
    (home / ".docker" / "config.json").unlink()

    with pytest.raises(Unreachable, match="no Docker engine was found") as caught:
        connect(locate(None, None, {"XDG_RUNTIME_DIR": str(home / "runtime")}, home))

    places = ("default.sock", "runtime/docker.sock", ".docker/run/docker.sock", ".docker/desktop/docker.sock")
    assert caught.value.diagnostics[0].notes == tuple(f"no socket at {home / place}" for place in places)


@pytest.mark.parametrize("meta", ['{"Endpoints": null}', '{"Endpoints": {"docker": {}}}', "{}"])
def test_a_context_without_an_engine_names_its_file(home: Path, meta: str):
    """Its metadata are there, and say no host."""
    path = home / ".docker" / "contexts" / "meta" / sha256(b"left").hexdigest() / "meta.json"
    path.write_text(meta)

    with pytest.raises(Unreachable, match=r"'left' names no engine: .*meta\.json"):
        locate(None, "left", {}, home)


def test_an_unknown_context_names_those_that_can_be_read(home: Path):
    """A broken one is passed over: the name that was asked for is the matter."""
    broken = context(home, "broken", "unix:///b.sock").parents[2] / "meta" / sha256(b"broken").hexdigest()
    (broken / "meta.json").write_text("{")

    with pytest.raises(WrongUsage) as caught:
        locate(None, "rihgt", {}, home)

    assert caught.value.diagnostics[0].notes == ("contexts here: default, left, right",)


def test_a_folder_that_cannot_be_looked_into_has_nothing(home: Path):
    """XDG_RUNTIME_DIR may be root's, of whom `su` was called; here it has a name that none can have."""
    folder = f"/{'x' * 300}"
    (home / ".docker" / "config.json").unlink()
    assert locate(None, None, {"XDG_RUNTIME_DIR": folder}, home).chosen_by == "nothing that was said"
    with pytest.raises(WrongUsage, match="no docker context is named 'x'"):
        locate(None, "x", {"DOCKER_CONFIG": folder}, home)


def test_engine_and_context_together_are_wrong_usage(home: Path):
    """Two options that each name an engine cannot both be meant."""
    with pytest.raises(WrongUsage):
        locate("unix:///a.sock", "left", {}, home)


def test_an_unknown_context_names_the_nearest(home: Path):
    """A slip of the finger in --context is answered with the name that was meant."""
    with pytest.raises(WrongUsage, match="no docker context is named 'rihgt'") as caught:
        locate(None, "rihgt", {}, home)

    assert caught.value.diagnostics[0].hint == "did you mean 'right'?"


def test_an_unknown_context_of_the_environment_is_no_wrong_usage(home: Path):
    """The command line is right; the engine cannot be reached."""
    with pytest.raises(Unreachable, match="DOCKER_CONTEXT"):
        locate(None, None, {"DOCKER_CONTEXT": "gone"}, home)


def test_a_broken_configuration_is_not_skipped(home: Path):
    """Who skips it might change another engine than the one that was chosen."""
    (home / ".docker" / "config.json").write_text('{"currentContext": ')

    with pytest.raises(Unreachable, match=r"config\.json"):
        locate(None, None, {}, home)


def test_tls_is_verified_when_docker_tls_verify_says_so(home: Path, certificates: Path):
    """The files are those of DOCKER_CERT_PATH."""
    environment = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(certificates)}
    files = [certificates / f"{name}.pem" for name in ("ca", "cert", "key")]

    assert locate("tcp://10.0.0.1:2376", None, environment, home).tls == Tls(*files, verify=True)
    assert locate("unix:///a.sock", None, environment, home).tls is None
    assert locate("tcp://10.0.0.1:2376", None, environment | {"DOCKER_TLS_VERIFY": ""}, home).tls is None


def test_a_certificate_without_its_key_is_an_error(home: Path, tmp_path: Path):
    """The message names the missing file."""
    (tmp_path / "cert.pem").touch()

    with pytest.raises(Unreachable, match=r"key\.pem is missing"):
        locate("tcp://10.0.0.1:2376", None, {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}, home)


def test_a_context_brings_its_own_tls_files(home: Path, certificates: Path):
    """They lie in the context's folder; DOCKER_TLS_VERIFY of the environment does not touch it."""
    folder = context(home, "far", "tcp://10.0.0.1:2376")
    folder.parent.mkdir(parents=True)
    folder.symlink_to(certificates)

    tls = locate(None, "far", {"DOCKER_TLS": "1"}, home).tls

    assert tls == Tls(folder / "ca.pem", folder / "cert.pem", folder / "key.pem", verify=True)


def test_looking_for_the_engine_imports_no_docker():
    """Only connecting pays for docker's import."""
    code = "import sys, deployer.engine.locate as _; sys.exit('docker' in sys.modules or 'requests' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
