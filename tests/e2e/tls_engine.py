"""A dockerd of our own that listens on TCP with TLS, and folders of certificates that fit it or do not."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import trustme

PAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Folders as DOCKER_CERT_PATH wants them."""

    folder: Path

    def make(self) -> None:
        """The engine trusts `ours`, and its own certificate is for 127.0.0.1; `stranger` is another authority."""
        ours, stranger = trustme.CA(), trustme.CA()
        self._write("engine", ours, ours.issue_cert("127.0.0.1"))
        self._write("expired-engine", ours, ours.issue_cert("127.0.0.1", not_before=PAST[0], not_after=PAST[1]))
        self._write("good", ours, ours.issue_cert("client"))
        self._write("another-authority", stranger, stranger.issue_cert("client"))
        self._write("stranger", ours, stranger.issue_cert("client"))
        self._write("expired", ours, ours.issue_cert("client", not_before=PAST[0], not_after=PAST[1]))
        self._write("no-certificate", ours, None)

    def _write(self, name: str, authority: trustme.CA, pair: trustme.LeafCert | None) -> None:
        folder = self.folder / name
        folder.mkdir()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        if pair:
            pair.private_key_pem.write_to_path(folder / "key.pem")
            for blob in pair.cert_chain_pems:
                blob.write_to_path(folder / "cert.pem", append=True)


@dataclass(frozen=True, slots=True)
class TlsEngine:
    port: int
    socket: str
    certificates: Path

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def environment(self, files: str = "good") -> dict[str, str]:
        return {"DOCKER_HOST": self.url, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(self.certificates / files)}

    def take_image(self, engine: str, image: str) -> None:
        """Copy an image from the engine at that address."""
        with subprocess.Popen(["docker", "-H", engine, "save", image], stdout=subprocess.PIPE) as saved:
            command = ["docker", "-H", f"unix://{self.socket}", "load", "--quiet"]
            subprocess.run(command, stdin=saved.stdout, check=True, capture_output=True)


@contextmanager
def tls_engine(certificates: Path) -> Iterator[TlsEngine]:
    """It has a bridge of its own, and leaves the machine's packet filter to others."""
    home = Path(tempfile.mkdtemp(prefix="tls-engine-"))
    bridge = f"tls-{uuid4().hex[:8]}"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        made = TlsEngine(probe.getsockname()[1], f"{home}/docker.sock", certificates)
    _bridge("add", bridge, "type", "bridge")
    try:
        _address(bridge)
        _bridge("set", bridge, "up")
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(_dockerd(home, bridge, made), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _await_socket(made, process, home / "log")
            yield made
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()  # Engine 20.10 may have shut down, and then wait for its containerd for ever
            process.wait()
    finally:
        _bridge("del", bridge)
        for line in Path("/proc/mounts").read_text().splitlines():
            if line.split()[1].startswith(f"{home}/"):
                subprocess.run(["umount", "-l", line.split()[1]], check=False)
        shutil.rmtree(home, ignore_errors=True)


def _dockerd(home: Path, bridge: str, made: TlsEngine) -> list[str]:
    (home / "daemon.json").write_text("{}")
    files = made.certificates / "engine"
    return [
        *("dockerd", "--config-file", f"{home}/daemon.json", "--bridge", bridge),
        *("--data-root", f"{home}/data", "--exec-root", f"{home}/exec", "--pidfile", f"{home}/pid"),
        *("--iptables=false", "--ip-forward=false", "--ip-masq=false"),
        *("-H", f"unix://{made.socket}", "-H", made.url, "--tlsverify"),
        *(f"--tlscacert={files / 'ca.pem'}", f"--tlscert={files / 'cert.pem'}", f"--tlskey={files / 'key.pem'}"),
    ]


def _bridge(*arguments: str) -> None:
    subprocess.run(["ip", "link", *arguments], check=True, capture_output=True)


def _address(bridge: str) -> None:
    """Any that nothing here has yet."""
    taken = subprocess.run(["ip", "-4", "route"], check=True, capture_output=True, text=True).stdout
    third = next(third for third in range(100, 250) if f"172.29.{third}." not in taken)
    subprocess.run(["ip", "addr", "add", f"172.29.{third}.1/24", "dev", bridge], check=True, capture_output=True)


def _await_socket(made: TlsEngine, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()[-2000:]
        with suppress(OSError), socket.create_connection(("127.0.0.1", made.port), 1):
            if os.path.exists(made.socket):
                return
        time.sleep(0.1)
    raise AssertionError(f"dockerd does not answer: {log.read_text()[-2000:]}")
