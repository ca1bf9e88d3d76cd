"""The real registry program on this machine: plain or with TLS, with a password, as a mirror, and with moods.

    with registry_in(folder) as plain, moods_before(plain) as moody:
        moody.answers(lambda request: Answer(503) if request.number == 1 else None)

The engine that pulls and pushes must be on this machine. It takes the loopback for insecure; the gateway of its default
bridge (`bridge_address`) leads here too, and it does not.
"""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from docker import APIClient

from tests.e2e.project import free_port

PROGRAM = shutil.which("docker-registry")
"""scripts/test installs it (Debian's package docker-registry)."""

USER, PASSWORD = "peng", "open-sesame-7f3a"
_HTPASSWD = "$2b$04$RegistryOfTheTestsAreuZd8i.uPZkkXX4Om5KoAA53bRcRkAlqS"
"""bcrypt of the password; nothing in Python's library makes one."""

SERVED: set[str] = set()
"""The addresses that were served by this process: what has a name under one of them on the engine is a test's."""

MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "docker.distribution.manifest.v2",
        "docker.distribution.manifest.list.v2",
        "oci.image.manifest.v1",
        "oci.image.index.v1",
    )
)


@dataclass(frozen=True, slots=True)
class Registry:
    """`address` is what image names begin with; `ca` the file of the authority, where it speaks TLS."""

    address: str
    folder: Path
    ca: Path | None = None
    has_password: bool = False

    def digest(self, name: str) -> str | None:
        """What it has under `repository:tag` now, asked without any Docker."""
        repository, _, tag = name.rpartition(":")
        status, headers, _ = self.ask("HEAD", f"/v2/{repository}/manifests/{tag}", Accept=MANIFESTS)
        return headers["docker-content-digest"] if status == 200 else None

    def move(self, name: str, to: str) -> None:
        """Put another image that it has under `repository:tag`, as somebody else's push would."""
        repository, _, tag = name.rpartition(":")
        other, _, its_tag = to.rpartition(":")
        _, headers, manifest = self.ask("GET", f"/v2/{other}/manifests/{its_tag}", Accept=MANIFESTS)
        read = json.loads(manifest)
        for blob in (read["config"], *read["layers"]):
            self.ask("POST", f"/v2/{repository}/blobs/uploads/?mount={blob['digest']}&from={other}")
        kind = headers["content-type"]
        status, _, said = self.ask("PUT", f"/v2/{repository}/manifests/{tag}", manifest, **{"Content-Type": kind})
        assert status == 201, said

    def names(self) -> set[str]:
        """All that it has, as `repository:tag`."""
        _, _, catalog = self.ask("GET", "/v2/_catalog")
        tags = {name: self.ask("GET", f"/v2/{name}/tags/list") for name in json.loads(catalog)["repositories"]}
        found = {name: json.loads(said).get("tags") or [] for name, (status, _, said) in tags.items() if status == 200}
        return {f"{name}:{tag}" for name, several in found.items() for tag in several}

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        if self.has_password:
            headers["Authorization"] = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return _asked(self.address, self.ca, method, path, body, headers.items())


def _asked(
    address: str, ca: Path | None, method: str, path: str, body: bytes | None, headers: Iterable[tuple[str, str]]
) -> tuple[int, Mapping[str, str], bytes]:
    if ca:
        trusted = ssl.create_default_context(cafile=str(ca))
        connection = http.client.HTTPSConnection(address, timeout=30, context=trusted)
    else:
        connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=any(name.lower() == "host" for name, _ in headers))
        for name, value in headers:  # some come several times
            connection.putheader(name, value)
        if body is not None or method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@contextmanager
def registry_in(
    folder: Path,
    host: str = "127.0.0.1",
    *,
    tls: trustme.CA | None = None,
    password: bool = False,
    mirrors: str = "",
    port: int = 0,
) -> Iterator[Registry]:
    """A registry with its data in that folder; `mirrors` is the URL of the one that it is a pull-through cache of."""
    assert PROGRAM, "needs docker-registry: scripts/packages docker-registry"
    folder.mkdir(parents=True, exist_ok=True)
    address = f"{host}:{port or free_port(host)}"
    SERVED.add(address)
    made = Registry(address, folder, folder / "ca.pem" if tls else None, password)
    config = folder / "config.yml"
    config.write_text(json.dumps(_config(made, host, tls, mirrors)))  # JSON is YAML, too
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, "serve", str(config)], stdout=log, stderr=log)
    try:
        _await(made, process)
        yield made
    finally:
        process.terminate()
        process.wait()


def _config(made: Registry, host: str, tls: trustme.CA | None, mirrors: str) -> dict[str, object]:
    http_part: dict[str, object] = {"addr": made.address, "secret": "a test's"}
    config: dict[str, object] = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(made.folder / "data")}, "delete": {"enabled": True}},
        "http": http_part,
    }
    if tls and made.ca:
        pair = tls.issue_cert(host)
        tls.cert_pem.write_to_path(made.ca)
        pair.private_key_pem.write_to_path(made.folder / "key.pem")
        for blob in pair.cert_chain_pems:
            blob.write_to_path(made.folder / "cert.pem", append=True)
        http_part["tls"] = {"certificate": str(made.folder / "cert.pem"), "key": str(made.folder / "key.pem")}
    if made.has_password:
        (made.folder / "htpasswd").write_text(f"{USER}:{_HTPASSWD}\n")
        config["auth"] = {"htpasswd": {"realm": "tests", "path": str(made.folder / "htpasswd")}}
    if mirrors:
        config["proxy"] = {"remoteurl": mirrors}
    return config


def _await(made: Registry, process: subprocess.Popen[bytes]) -> None:
    for _ in range(400):
        assert process.poll() is None, (made.folder / "log").read_text()[-2000:]
        with suppress(OSError, http.client.HTTPException):
            made.ask("GET", "/v2/")
            return
        time.sleep(0.025)
    raise AssertionError("the registry does not answer")


def registry_service(port: int) -> dict[str, Any]:
    """The same program as a service of a stack, published on that port of the loopback."""
    return {
        "image": "registry:2",  # scripts/base-images brings it
        "ports": [f"127.0.0.1:{port}:5000"],
        "healthcheck": {"test": ["CMD", "wget", "-q", "-O", "-", "http://127.0.0.1:5000/v2/"], "interval": "1s"},
        "stop_grace_period": "0s",
    }


def bridge_address(engine: APIClient) -> str:
    """An address of this machine that the engine takes for anybody's: what listens there must speak TLS."""
    config = engine.inspect_network("bridge")["IPAM"]["Config"][0]
    return config["Gateway"] if "Gateway" in config else config["Subnet"].rpartition(".")[0] + ".1"


# --- moods ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """`number` counts the requests of that method and path from 1."""

    method: str
    path: str
    number: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said in the registry's place; `code` and `message` are as registries put them into their JSON."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    code: str = ""
    message: str = ""

    @property
    def body(self) -> bytes:
        said = {"errors": [{"code": self.code, "message": self.message, "detail": None}]}
        return json.dumps(said).encode() if self.code else b""


Mood = Callable[[Request], Answer | None]
"""Called with each request before the registry has it: it may answer in its place, or wait, or kill somebody."""


@dataclass
class Moody:
    """A plain registry's address that answers as it likes; what it does not answer, the registry does."""

    behind: Registry
    address: str = ""
    requests: list[Request] = field(default_factory=list[Request])
    mood: Mood = lambda _: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answers(self, mood: Mood) -> None:
        """From now on, and as if nothing had been asked before."""
        with self._lock:
            self.requests, self.mood = [], mood

    def note(self, method: str, path: str) -> Request:
        path = path.partition("?")[0]
        with self._lock:
            number = 1 + sum((each.method, each.path) == (method, path) for each in self.requests)
            self.requests.append(Request(method, path, number))
            return self.requests[-1]


@contextmanager
def moods_before(registry: Registry, host: str = "127.0.0.1") -> Iterator[Moody]:
    moody = Moody(registry)

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            with suppress(OSError):
                super().handle_one_request()

        def do(self) -> None:
            body = self._body()
            answer = moody.mood(moody.note(self.command, self.path))
            if answer:
                self._send(answer.status, {"Content-Type": "application/json", **answer.headers}, answer.body)
            else:
                skip = ("transfer-encoding", "content-length", "connection", "accept-encoding")
                headers = [(name, value) for name, value in self.headers.items() if name.lower() not in skip]
                status, said, data = _asked(registry.address, None, self.command, self.path, body, headers)
                self._send(status, {n: v for n, v in said.items() if n not in skip[:1]}, data)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do

        def _body(self) -> bytes | None:
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                pieces: list[bytes] = []
                while size := self._size():
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(pieces)
            length = int(self.headers.get("Content-Length", 0))
            return self.rfile.read(length) if length else None

        def _size(self) -> int:
            line = self.rfile.readline()
            if not line:
                raise ConnectionResetError  # whoever sends has been killed
            return int(line.split(b";")[0], 16)

        def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response_only(status)
            lengths = {} if "content-length" in headers else {"Content-Length": str(len(body))}
            for name, value in {**headers, **lengths}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((host, 0), Door) as server:
        server.daemon_threads = True
        moody.address = f"{host}:{server.server_port}"
        SERVED.add(moody.address)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield moody
        server.shutdown()
