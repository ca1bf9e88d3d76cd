"""A dockerd with certificates: who has the right files is let in, and each wrong one has its message."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from deployer.engine.client import connect
from deployer.engine.locate import locate
from deployer.errors import Diagnostic, Exit, Unreachable
from tests.e2e.tls_engine import TlsEngine

pytestmark = pytest.mark.engine
NOWHERE = Path("/nowhere")


def failure(environment: dict[str, str]) -> Diagnostic:
    with pytest.raises(Unreachable) as caught:
        connect(locate(None, None, environment, NOWHERE))
    assert caught.value.exit_code == Exit.UNREACHABLE
    assert caught.value.diagnostics[0].code == "engine-tls"
    return caught.value.diagnostics[0]


def test_a_docker_context_brings_its_files_to_the_engine(tls: TlsEngine, tmp_path: Path) -> None:
    """As `docker context create far --docker host=...,ca=...` stores them."""
    identity = sha256(b"far").hexdigest()
    meta = tmp_path / ".docker" / "contexts" / "meta" / identity
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": "far", "Endpoints": {"docker": {"Host": tls.url}}}))
    shutil.copytree(tls.certificates / "good", tmp_path / ".docker" / "contexts" / "tls" / identity / "docker")

    engine = connect(locate(None, "far", {}, tmp_path))

    assert engine.info().host == tls.url
    assert engine.containers() == []
    engine.close()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ("another-authority", "its certificate is signed by nobody who is trusted here"),
        ("stranger", "it does not accept your certificate"),
        ("expired", "it does not accept your certificate"),
        ("no-certificate", "it does not accept your certificate, or got none"),
    ],
)
def test_files_that_do_not_fit_are_told_by_the_side_that_refuses(tls: TlsEngine, files: str, message: str) -> None:
    """An authority that is not the engine's; somebody else's certificate, an old one, none. The files are named."""
    found = failure(tls.environment(files))

    assert message in found.message
    assert str(tls.certificates / files / "ca.pem") in found.hint


def test_a_certificate_for_another_name_is_told(tls: TlsEngine) -> None:
    """It is for 127.0.0.1, and the engine is asked by a name."""
    found = failure({**tls.environment(), "DOCKER_HOST": f"tcp://localhost:{tls.port}"})

    assert "its certificate is for another name" in found.message
    assert "subjectAltName" in found.hint


def test_plain_http_to_an_engine_with_tls_says_what_to_set(tls: TlsEngine) -> None:
    """The engine's own words say that it speaks TLS."""
    found = failure({"DOCKER_HOST": tls.url})

    assert "speaks TLS, and was asked without" in found.message
    assert "DOCKER_CERT_PATH" in found.hint


def test_the_missing_file_is_named(tmp_path: Path) -> None:
    """DOCKER_TLS_VERIFY without an authority would trust whoever the system trusts."""
    environment = {"DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}

    assert failure(environment).message.startswith(f"{tmp_path}/ca.pem is missing")


def test_an_engine_whose_certificate_has_expired_is_told(expired: str, tls_certificates: Path) -> None:
    found = failure(
        {"DOCKER_HOST": expired, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tls_certificates / "good")}
    )

    assert "its certificate has expired" in found.message


@pytest.fixture
def expired(tls_certificates: Path) -> Iterator[str]:
    """Something that shows an expired certificate to all who come."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    folder = tls_certificates / "expired-engine"
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with suppress(OSError), connection:
                    context.wrap_socket(connection, server_side=True).close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield "tcp://{}:{}".format(*server.getsockname())
    with suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()
