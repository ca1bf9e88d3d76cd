"""A dockerd of one's own that may be killed: beside the others, with a bridge of its own and no packet filter rules."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from docker import APIClient
from docker.errors import DockerException

from tests.e2e.project import BASE, until

LIVE_RESTORE = "--live-restore"

_ROOM = 32 * 1024
"""Bytes: a volume without data, and no container."""


@dataclass(slots=True)
class OwnEngine:
    home: Path
    bridge: str
    settings: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"unix://{self.home}/docker.sock"

    @property
    def keeps_containers(self) -> bool:
        """Whether they run on without it."""
        return LIVE_RESTORE in self.settings

    def start(self) -> None:
        """Until it answers. What a killed one left of its containerd is no reason to wait for it."""
        (self.home / "exec/containerd/containerd.pid").unlink(missing_ok=True)  # it may name a zombie
        flags = {"data-root": "data", "exec-root": "exec", "pidfile": "pid", "config-file": "daemon.json"}
        paths = [f"--{flag}={self.home / name}" for flag, name in flags.items()]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    "dockerd",
                    *paths,
                    f"--host={self.host}",
                    f"--bridge={self.bridge}",
                    "--iptables=false",
                    "--ip-forward=false",
                    *self.settings,
                ],
                env={**os.environ, "GOGC": "400"},  # as scripts/own-engine.bash has it
                stdout=log,
                stderr=log,
            )
        until(self._answers, 60)

    def _answers(self) -> bool:
        assert self.process, "it was started"
        assert self.process.poll() is None, (self.home / "log").read_text()[-2000:]
        try:
            with APIClient(self.host, version="1.41", timeout=5) as client:
                return client.ping()
        except (DockerException, OSError):
            return False

    def kill(self) -> None:
        """As when the machine takes it: nothing is ended in good order."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
            self.kill()

    def fill(self) -> Callable[[], None]:
        """Take all the space of its data root, but for what a record needs; gives what gives it back."""
        filler = self.home / "data/filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(65536)):
                pass
        os.truncate(filler, filler.stat().st_size - _ROOM)
        return filler.unlink


def why_not() -> str:
    """Why no dockerd can be started here; "" where one can."""
    if os.geteuid():
        return "it takes root"
    missing = [tool for tool in ("dockerd", "ip", "umount") if not shutil.which(tool)]
    return f"{' and '.join(missing)} is not there" if missing else ""


@contextmanager
def own_engine(base: APIClient, *settings: str, disk: str = "") -> Iterator[OwnEngine]:
    """One that has the base image, for as long as the context is open; nothing of it is left.

    `settings` are more of dockerd's own. With a `disk`, such as 32m, what it keeps lies in memory, and there is no more
    room than that.
    """
    bridge, address = _new_bridge()
    engine = OwnEngine(Path(tempfile.mkdtemp(prefix="crash-engine-")), bridge, settings)
    (engine.home / "daemon.json").write_text("{}")  # not the machine's
    (engine.home / "data").mkdir()
    try:
        if disk:
            mount = ["mount", "-t", "tmpfs", "-o", f"size={disk}", "tmpfs", str(engine.home / "data")]
            subprocess.run(mount, check=True)
        subprocess.run(["ip", "addr", "add", address, "dev", bridge], check=True)
        engine.start()
        with APIClient(engine.host, version="auto") as client:
            client.load_image(b"".join(base.get_image(BASE)))
        yield engine
    finally:
        bridges = [bridge, *_bridges(engine)]
        engine.stop()
        for each in bridges:
            subprocess.run(["ip", "link", "del", each], check=False)
        _unmount(engine.home)
        shutil.rmtree(engine.home, ignore_errors=True)


def _new_bridge() -> tuple[str, str]:
    """A link that is nobody else's, and the address that goes with it: several of these engines may be up at once."""
    said = ""
    for number in range(15):
        made = subprocess.run(["ip", "link", "add", f"crash{number}", "type", "bridge"], capture_output=True, text=True)
        if made.returncode == 0:
            return f"crash{number}", f"172.29.248.{16 * number + 1}/28"
        said = made.stderr.strip()
    raise OSError(f"no bridge can be made for an engine: {said}")


def _bridges(engine: OwnEngine) -> list[str]:
    """Those of its networks: a dockerd that ends leaves them, and they keep their addresses from all other engines."""
    try:
        with APIClient(engine.host, version="1.41", timeout=10) as client:
            ids = [each["Id"] for each in client.networks() if each["Driver"] == "bridge" and each["Name"] != "bridge"]
    except (DockerException, OSError):
        return []
    return [f"br-{id[:12]}" for id in ids]


def _unmount(home: Path) -> None:
    """What a killed one left mounted."""
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for path in sorted((path for path in mounted if path.startswith(f"{home}/")), reverse=True):
        subprocess.run(["umount", "-l", path], check=False)
