"""Credentials reach the remote, and nobody else."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deployer.errors import OperationFailed, Unreachable, WrongUsage
from deployer.gitops.clone import Clone, Follow, clone_of
from deployer.gitops.git import Git
from deployer.gitops.remote import Credentials, Remote, credentials_of, in_environment, remote_of
from tests.gitops.repository import Repository

PASSWORD = "s3cr3t-t0ken"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The repositories in a folder, by git's own program for http, for who knows the password."""
    wanted = "Basic " + base64.b64encode(f"bot:{PASSWORD}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            if self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            length = int(self.headers.get("Content-Length") or 0)
            environment = {
                **os.environ,
                "GIT_PROJECT_ROOT": str(folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(length),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }
            done = subprocess.run(
                ["git", "http-backend"], input=self.rfile.read(length), env=environment, capture_output=True
            )
            if done.returncode or done.stderr:
                self.send_error(500, "git http-backend", done.stderr.decode(errors="replace"))
                return
            head, _, body = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/shop.git"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def clone(state: Path, url: str, credentials: Credentials) -> Clone:
    return clone_of(state, remote_of(url), Follow("main"), credentials, None, lambda: False)


def test_a_password_opens_a_remote(repository: Repository, tmp_path: Path):
    commit = repository.commit({"stack.yaml": "1"})
    with served(repository.folder) as url:
        given = credentials_of(f"bot:{PASSWORD}\n", remote_of(url))
        assert clone(tmp_path / "state", url, given).fetch() == commit


def test_a_wrong_password_is_said_and_not_shown(repository: Repository, tmp_path: Path):
    repository.commit({"stack.yaml": "1"})
    with served(repository.folder) as url:
        given = credentials_of("bot:wr0ng-0ne", remote_of(url))
        with pytest.raises(Unreachable) as raised:
            clone(tmp_path / "state", url, given).fetch()
    assert "Authentication failed" in str(raised.value) or "could not read Username" in str(raised.value)
    assert "wr0ng-0ne" not in repr(raised.value.diagnostics)


def test_nothing_of_it_is_in_the_clone(repository: Repository, tmp_path: Path):
    repository.commit({"stack.yaml": "1"})
    with served(repository.folder) as url:
        clone(tmp_path / "state", url, credentials_of(f"bot:{PASSWORD}", remote_of(url))).fetch()
    hidden = base64.b64encode(f"bot:{PASSWORD}".encode())
    for path in (tmp_path / "state").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert PASSWORD.encode() not in data, path
            assert hidden not in data, path


def test_it_is_no_argument_of_any_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A git that tells what it is called with."""
    told, folder = tmp_path / "told", tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(f'#!{sys.executable}\nimport sys\nopen({str(told)!r}, "a").write(repr(sys.argv))\n')
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    remote = Remote("https://git.example/shop.git")
    given = Credentials("bot", PASSWORD)
    Git(tmp_path / "r.git", in_environment(remote, given)).run("fetch", remote.url)
    assert "fetch" in told.read_text()
    assert PASSWORD not in told.read_text()


def test_it_is_for_that_host_alone():
    said = in_environment(Remote("https://git.example:8443/a/shop.git"), Credentials("bot", PASSWORD))
    assert said["GIT_CONFIG_KEY_0"] == "http.https://git.example:8443/.extraHeader"


@pytest.mark.parametrize("url", ["ssh://git@example/shop.git", "git@example:shop.git", "/srv/shop.git"])
def test_no_password_goes_where_none_is_asked(url: str):
    assert in_environment(remote_of(url), Credentials("bot", PASSWORD)) == {}


def test_a_token_alone_goes_with_the_user_of_the_url():
    given = credentials_of("t0ken\n", remote_of("https://bot@git.example/shop.git"))
    assert (given.user, given.password) == ("bot", "t0ken")


def test_a_private_key_is_named_to_ssh(tmp_path: Path):
    key = tmp_path / "a key"
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    given = credentials_of(key.read_text(), remote_of("git@example:shop.git"), key)
    assert given.key == key


@pytest.mark.parametrize("text", ["", "a\nb"], ids=["empty", "two lines"])
def test_what_is_no_credential_is_refused(text: str):
    with pytest.raises(WrongUsage, match="cannot be read"):
        credentials_of(text, remote_of("https://git.example/x.git"))


def test_a_password_does_not_go_in_the_clear():
    with pytest.raises(WrongUsage, match="in the clear"):
        credentials_of("bot:x", remote_of("http://git.example/x.git"))


def test_a_password_in_the_url_is_refused_and_not_shown():
    with pytest.raises(WrongUsage, match="process list") as raised:
        remote_of(f"https://bot:{PASSWORD}@git.example/x.git")
    assert PASSWORD not in str(raised.value)


def test_no_message_of_git_has_the_user_or_the_password_of_a_url(tmp_path: Path):
    with pytest.raises(OperationFailed) as raised:
        Git(tmp_path).run("ls-remote", "https://u:p@ss@127.0.0.1:1/x")
    assert "https://(sensitive)@127.0.0.1:1/x" in str(raised.value)
    assert "ss@" not in str(raised.value)


@pytest.mark.parametrize(
    "said", ["ext::sh -c touch% /tmp/x", "--upload-pack=touch", "git://example/x.git", "ext://x", "fd::17", ""]
)
def test_what_could_run_a_program_is_no_repository(said: str):
    with pytest.raises(WrongUsage):
        remote_of(said)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("https://git.example/a/shop.git", "shop"),
        ("git@git.example:a/shop", "shop"),
        ("git@git.example:shop.git", "shop"),
        ("/srv/git/shop.git/", "shop"),
        ("file:///srv/shop", "shop"),
    ],
)
def test_a_repository_is_called_as_a_clone_of_it_would_be(said: str, name: str):
    assert remote_of(said).name == name
