"""What a registry answers, and ways not to reach one, on a small server; tests/e2e has the real program."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from deployer.errors import DeployerError
from deployer.registry.challenge import Challenge, basic, read_challenge
from deployer.registry.client import Endpoint, RegistryClient
from deployer.resources.login import Login

Reply = tuple[int, dict[str, str], object]
PENG = Login("peng", "tops3cret")


@contextmanager
def server(answer: Callable[[str, str], Reply], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """An address that answers a path and an Authorization header so."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self.path, self.headers.get("Authorization", ""))
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as made:
        if tls:
            made.socket = tls.wrap_socket(made.socket, server_side=True)
        made.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
        yield f"127.0.0.1:{made.server_port}"
        made.shutdown()


def client(address: str, login: Login | None = None) -> RegistryClient:
    return RegistryClient(Endpoint(address, timeout=5), login)


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        ('Basic realm="x"', Challenge("basic", "x")),
        (
            'bearer realm="https://auth/token",service="a b",scope="repository:a:pull,push"',
            Challenge("bearer", "https://auth/token", "a b", "repository:a:pull,push"),
        ),
        ("Bearer realm=https://auth/token , service=x", Challenge("bearer", "https://auth/token", "x")),
        ("Negotiate", Challenge("")),
        ("", Challenge("")),
    ],
)
def test_a_challenge_is_read(header: str, challenge: Challenge) -> None:
    assert read_challenge(header) == challenge


def test_a_catalog_is_read_page_by_page() -> None:
    """As its Link header leads, on the registry itself whatever host stands in it; a ring ends."""
    pages: dict[str, Reply] = {
        "/v2/_catalog?n=200": (200, {"Link": '</v2/_catalog?last=b&n=200>; rel="next"'}, {"repositories": ["a", "b"]}),
        "/v2/_catalog?last=b&n=200": (
            200,
            {"Link": '<http://elsewhere.invalid/v2/_catalog?n=200>; rel="next"'},
            {"repositories": ["c"]},
        ),
    }
    with server(lambda path, _: pages[path]) as address:
        assert list(client(address).catalog()) == ["a", "b", "c"]


def test_a_repository_without_tags_has_none() -> None:
    """`null`, as registries say it where all were deleted, or 404."""
    answers: dict[str, Reply] = {"a": (200, {}, {"name": "a", "tags": None}), "b": (404, {}, {})}
    with server(lambda path, _: answers[path.split("/")[2]]) as address:
        assert [list(client(address).tags(name)) for name in ("a", "b")] == [[], []]


def test_basic_is_answered_with_the_login() -> None:
    """After it was asked for, and not before."""
    seen: list[str] = []

    def answer(_: str, authorization: str) -> Reply:
        seen.append(authorization)
        return (200, {}, {}) if authorization else (401, {"WWW-Authenticate": 'Basic realm="x"'}, {})

    with server(answer) as address:
        ping = client(address, PENG).ping()
    assert (ping.asks, ping.speaks_tls, seen) == ("basic", False, ["", basic("peng", "tops3cret")])


def test_a_bearer_s_token_is_fetched_with_the_login() -> None:
    """From the realm, for the service and the scope; the registry sees the token alone."""
    seen: list[tuple[str, str]] = []

    def answer(path: str, authorization: str) -> Reply:
        seen.append((path, authorization))
        if path.startswith("/token"):
            return 200, {}, {"access_token": "t0ken"}
        challenge = f'Bearer realm="http://{address}/token",service="hub"'
        return (200, {}, {"tags": ["1"]}) if authorization else (401, {"WWW-Authenticate": challenge}, {})

    with server(answer) as address:
        assert list(client(address, PENG).tags("a/b")) == ["1"]
    assert seen == [
        ("/v2/a/b/tags/list?n=200", ""),
        ("/token?service=hub&scope=repository%3Aa%2Fb%3Apull&account=peng", basic("peng", "tops3cret")),
        ("/v2/a/b/tags/list?n=200", "Bearer t0ken"),
    ]


def test_a_password_goes_nowhere_unencrypted_because_a_registry_says_so() -> None:
    """A realm over plain HTTP on another host: nothing is sent."""
    challenge = 'Bearer realm="ftp://elsewhere.invalid/token",service="hub"'
    with (
        server(lambda *_: (401, {"WWW-Authenticate": challenge}, {})) as address,
        pytest.raises(DeployerError, match="nothing was sent") as raised,
    ):
        client(address, PENG).ping()
    assert "tops3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "headers", "body", "code", "words"),
    [
        (401, {"WWW-Authenticate": "Basic"}, {}, "registry-login", "asks for a login"),
        (403, {}, {"errors": [{"code": "DENIED", "message": "no way"}]}, "registry-login", "no way"),
        (404, {}, b"<html>", "registry-unreachable", "is no registry"),
        (429, {"Retry-After": "7"}, {}, "registry-limit", "wait 7 s"),
        (503, {}, b"", "registry-failing", "503"),
        (418, {}, b"tea", "registry-unreachable", "is no registry"),
    ],
)
def test_each_refusal_says_what_to_do(
    status: int, headers: dict[str, str], body: object, code: str, words: str
) -> None:
    with server(lambda *_: (status, headers, body)) as address, pytest.raises(DeployerError) as raised:
        client(address).ping()
    (told,) = raised.value.diagnostics
    assert (raised.value.exit_code, told.code) == (69, code)
    assert words in " ".join((told.message, told.hint, *told.notes))
    assert told.hint


def test_a_refused_login_shows_no_password() -> None:
    with (
        server(lambda *_: (401, {"WWW-Authenticate": "Basic"}, {})) as address,
        pytest.raises(DeployerError, match="refuses the login of peng") as raised,
    ):
        client(address, PENG).ping()
    assert "tops3cret" not in f"{raised.value.diagnostics!r}"


def test_a_catalog_that_is_not_told_is_told_so() -> None:
    """As of Docker Hub."""
    with server(lambda *_: (404, {}, {})) as address, pytest.raises(DeployerError) as raised:
        list(client(address).catalog())
    assert raised.value.diagnostics[0].code == "registry-no-catalog"


def test_a_page_that_is_no_json_is_no_registry() -> None:
    with server(lambda *_: (200, {}, b"<html>")) as address, pytest.raises(DeployerError, match="is no registry"):
        list(client(address).catalog())


def test_nothing_listens() -> None:
    with server(lambda *_: (200, {}, {})) as address:
        pass
    with pytest.raises(DeployerError, match="connection refused") as raised:
        client(address).ping()
    assert raised.value.exit_code == 69


def test_no_host_has_that_name() -> None:
    with pytest.raises(DeployerError, match=r"no host is named registry\.invalid"):
        client("registry.invalid").ping()


# TLS. The loopback is taken for insecure, so the checks are tried as for any other host.


class Strict(Endpoint):
    """An endpoint on the loopback that is judged as any other host."""

    @property
    def bases(self) -> tuple[str, ...]:
        return (f"https://{self.host}",)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def over_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_a_certificate_of_an_unknown_authority_is_refused(over_tls: ssl.SSLContext) -> None:
    with server(lambda *_: (200, {}, {}), over_tls) as address, pytest.raises(DeployerError) as raised:
        RegistryClient(Strict(address)).ping()
    (told,) = raised.value.diagnostics
    assert told.code == "registry-certificate"
    assert f"/etc/docker/certs.d/{address}/ca.crt" in told.hint


def test_an_authority_of_its_own_is_trusted(authority: trustme.CA, over_tls: ssl.SSLContext, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    with server(lambda *_: (200, {}, {}), over_tls) as address:
        assert RegistryClient(Strict(address, authorities=(tmp_path / "ca.crt",))).ping().speaks_tls


def test_insecure_does_not_check_the_certificate(over_tls: ssl.SSLContext) -> None:
    with server(lambda *_: (200, {}, {}), over_tls) as address:
        assert client(address).ping().speaks_tls


def test_plain_http_where_tls_is_wanted_is_told_so() -> None:
    with server(lambda *_: (200, {}, {})) as address, pytest.raises(DeployerError) as raised:
        RegistryClient(Strict(address)).ping()
    (told,) = raised.value.diagnostics
    assert told.code == "registry-insecure"
    assert "insecure-registries" in told.hint
