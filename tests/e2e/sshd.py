"""An sshd of our own on the loopback, and an `ssh` that knows the way to it by a configuration of ours alone."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
SSH = shutil.which("ssh")


@dataclass(frozen=True, slots=True)
class Sshd:
    """It lets in the key `id`; `restricted` may log in, but not forward; `stranger` may not at all."""

    folder: Path
    port: int

    @property
    def host_key(self) -> str:
        return (self.folder / "host.pub").read_text()

    def logins(self) -> int:
        return (self.folder / "log").read_text().count("Accepted publickey")


@dataclass(frozen=True, slots=True)
class Edge:
    """A user who reaches the sshd as `ssh://edge`: `bin` goes first on the PATH, as its `ssh` reads our configuration.

    (OpenSSH takes ~ from the password database, so that HOME moves none of its files.)
    """

    sshd: Sshd
    folder: Path

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    def url(self, unix_url: str) -> str:
        """The engine at that socket, by ssh."""
        return f"ssh://edge{unix_url.removeprefix('unix://')}"

    def configure(self, *, key: str = "id", known: str | None = None, port: int = 0) -> None:
        """Write the configuration; `known` is the host key that is known, the right one unless given."""
        known_hosts = self.folder / "known_hosts"
        shown = self.sshd.host_key if known is None else known
        known_hosts.write_text(f"[127.0.0.1]:{port or self.sshd.port} {shown}" if shown else "")
        (self.folder / "ssh_config").write_text(
            f"Host edge\n HostName 127.0.0.1\n Port {port or self.sshd.port}\n User {getpass.getuser()}\n"
            f"Host *\n IdentityFile {self.sshd.folder / key}\n IdentitiesOnly yes\n IdentityAgent none\n"
            f" UserKnownHostsFile {known_hosts}\n GlobalKnownHostsFile none\n LocalForward 1 127.0.0.1:1\n"
        )

    def running(self) -> list[int]:
        """The ssh clients that use this configuration now."""
        found: list[int] = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f"-F\0{self.folder}/ssh_config".encode() in (process / "cmdline").read_bytes():
                    found.append(int(process.name))
        return found


@contextmanager
def sshd_in(folder: Path) -> Iterator[Sshd]:
    """An sshd with keys and configuration in that folder, for as long as the context is open."""
    assert SSHD, "needs sshd"
    for name in ("host", "id", "restricted", "stranger"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    keys = (folder / "id.pub").read_text() + "restrict " + (folder / "restricted.pub").read_text()
    (folder / "authorized_keys").write_text(keys)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\nPidFile none\nStrictModes no\nUsePAM no\n"
        f"AuthorizedKeysFile {folder / 'authorized_keys'}\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin yes\nLogLevel INFO\n"
    )
    made = _separation_folder()
    process = subprocess.Popen(
        [SSHD, "-D", "-f", str(folder / "sshd_config"), "-E", str(folder / "log")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_port(port, process)
        yield Sshd(folder, port)
    finally:
        process.terminate()
        process.wait()
        if made:
            with suppress(OSError):
                Path("/run/sshd").rmdir()


def _separation_folder() -> bool:
    """As root, sshd wants an empty folder, which its service would make; whether it was made here."""
    if os.geteuid() or Path("/run/sshd").exists():
        return False
    Path("/run/sshd").mkdir(mode=0o755)
    return True


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "sshd has ended"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("sshd does not answer")


def edge_in(folder: Path, sshd: Sshd) -> Edge:
    edge = Edge(sshd, folder)
    edge.bin.mkdir()
    wrapper = edge.bin / "ssh"
    wrapper.write_text(f'#!/bin/sh\nexec {SSH} -F {folder}/ssh_config "$@"\n')
    wrapper.chmod(0o755)
    edge.configure()
    return edge
