"""An engine behind the system's ssh: its socket comes out in a private folder here, and every request goes through.

One ssh logs in, once, with all that the user's configuration says (keys, agent, ProxyJump), and forwards connections
to the engine's socket as they come. The docker client's way, `docker system dial-stdio` over an ssh for each
connection, needs a docker client at the other end and logs in for each of eight inspects at once, where sshd begins to
refuse (MaxStartups); and sessions that share one login are ten at most (MaxSessions). Forwarded connections are
neither counted nor slow to open.
"""

from __future__ import annotations

import atexit
import re
import shutil
import subprocess
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deployer.engine.address import SOCKET_PATH, SshAddress, ssh_address
from deployer.engine.locate import Location
from deployer.engine.ssh_errors import forward_refused, no_login, no_socket, no_ssh, ssh_broke, ssh_failed, ssh_too_slow
from deployer.errors import Diagnostic, Unreachable

OPTIONS = {
    "BatchMode": "yes",  # there is nobody to ask where deployer runs by itself
    "ServerAliveInterval": "15",  # a network that goes silent ends the ssh, and with it a request that waits for ever
    "ControlMaster": "yes",
    "ControlPersist": "no",
    "ClearAllForwardings": "yes",  # those of the user's configuration, whose ports another ssh may hold
    "RemoteCommand": "none",
    "LogLevel": "INFO",  # at which ssh says why a connection could not be forwarded
}

LOOK = (
    "IFS= read -r said; "
    'if [ -n "$said" ]; then set -- "$said"; else set -- /var/run/docker.sock '
    '"${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/docker.sock" "$HOME/.docker/run/docker.sock"; fi; '
    "found=missing; at=$1; "
    'for path in "$@"; do if [ -S "$path" ]; then '
    'if [ -r "$path" ] && [ -w "$path" ]; then found=usable; at=$path; break; fi; '
    "if [ $found = missing ]; then found=denied; at=$path; fi; fi; done; "
    'echo "deployer: $found $at"; exec cat >/dev/null'
)
"""Run at the other end. Which socket is asked for comes on stdin, never as a part of the command. It ends when stdin
does, which is when deployer ends, however that comes about; and then ssh ends, too.
"""

_FOUND = re.compile(rb"deployer: (usable|denied|missing) (.+)")


@dataclass(frozen=True, slots=True)
class Tunnel:
    """An ssh that runs, and the folder with the near end of the engine's socket."""

    url: str
    location: Location
    process: subprocess.Popen[bytes]
    folder: Path

    def failure(self, doing: str) -> Diagnostic | None:
        """Why a request failed, where it is ssh that says so."""
        with suppress(subprocess.TimeoutExpired):  # a connection may be gone a moment before the ssh that carried it
            self.process.wait(1)
        said = self.said()
        if self.process.poll() is not None:
            return ssh_broke(doing, self.location, said)
        return forward_refused(self.location, said)

    def said(self) -> str:
        with suppress(OSError):
            return (self.folder / "said").read_text(errors="replace")
        return ""

    def close(self) -> None:
        """End the ssh and remove the folder. Again is no harm."""
        atexit.unregister(self.close)
        self.process.terminate()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def open_tunnel(location: Location, timeout: float) -> Tunnel:
    """Log in, find the engine's socket at the other end, and forward it; closed when deployer ends, at the latest."""
    program = shutil.which("ssh")
    if not program:
        raise Unreachable(no_ssh(location))
    address = ssh_address(location.url)
    assert address, "locate has checked it"
    folder = _private_folder()
    try:
        process = _log_in(program, address, folder)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Unreachable(ssh_failed(location, str(error))) from error
    tunnel = Tunnel(f"unix://{folder}/engine", location, process, folder)
    atexit.register(tunnel.close)
    try:
        _forward(program, tunnel, _socket(tunnel, address, timeout), timeout)
    except BaseException:
        tunnel.close()
        raise
    return tunnel


def _private_folder() -> Path:
    """Nobody else may look into it. A socket's path holds 104 bytes on macOS, and ssh reads signs in it."""
    parent = tempfile.gettempdir()
    short = len(parent) < 60 and SOCKET_PATH.fullmatch(parent)
    return Path(tempfile.mkdtemp(prefix="deployer-", dir=parent if short else "/tmp"))


def _log_in(program: str, address: SshAddress, folder: Path) -> subprocess.Popen[bytes]:
    options = [f"-o{name}={value}" for name, value in {**OPTIONS, "ControlPath": f"{folder}/control"}.items()]
    with (folder / "said").open("wb") as said:
        return subprocess.Popen(
            [program, "-T", *options, *address.login, f"sh -c '{LOOK}'"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for deployer, which lets what is in flight end
        )


def _socket(tunnel: Tunnel, address: SshAddress, timeout: float) -> str:
    """Where the engine's socket is at the other end, once ssh has logged in."""
    process = tunnel.process
    assert process.stdin, "it was asked for"
    assert process.stdout, "it was asked for"
    late = threading.Timer(timeout, process.kill)
    late.start()
    try:
        with suppress(BrokenPipeError):  # ssh has ended already, and says why
            process.stdin.write(f"{address.socket}\n".encode())
            process.stdin.flush()
        for line in process.stdout:  # a login shell may print what it likes first
            if found := _FOUND.search(line):
                return _usable(tunnel, found[1].decode(), found[2].decode(errors="replace"))
    finally:
        in_time = late.is_alive()
        late.cancel()
    process.wait()
    raise Unreachable(no_login(tunnel.location, address, tunnel.said()) if in_time else ssh_too_slow(tunnel.location))


def _usable(tunnel: Tunnel, found: str, path: str) -> str:
    if found == "usable" and SOCKET_PATH.fullmatch(path):
        return path
    raise Unreachable(no_socket(tunnel.location, path, denied=found == "denied"))


def _forward(program: str, tunnel: Tunnel, socket: str, timeout: float) -> None:
    """Ask the ssh that runs to forward; `-F none`, so that nothing else of the configuration is forwarded with it."""
    control = f"-oControlPath={tunnel.folder}/control"
    forward = f"{tunnel.folder}/engine:{socket}"
    command = [program, "-F", "none", control, "-O", "forward", "-L", forward, "--", "engine"]
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=True)
    except subprocess.TimeoutExpired as error:
        raise Unreachable(ssh_too_slow(tunnel.location)) from error
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or b""
        raise Unreachable(ssh_failed(tunnel.location, said.decode(errors="replace") or str(error))) from error
