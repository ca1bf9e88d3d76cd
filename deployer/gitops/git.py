"""The git program, run so that no repository and no configuration of git can make it run anything else."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.errors import Diagnostic, OperationFailed
from deployer.fields.sensitive import mask_user_info
from deployer.gitops.remote import PROTOCOLS
from deployer.render.harmless import harmless

if TYPE_CHECKING:
    from subprocess import Popen

SECONDS = 300.0
"""How long one git command may take: a remote that hangs is one that is dead."""

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "credential.helper=",
    "fetch.fsckObjects=true",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "gc.autoDetach=false",
    "maintenance.autoDetach=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
)
_LARGEST_FILE = 4 * 1024 * 1024 * 1024
"""Bytes that git may write into one file: a remote that sends without end does not fill the disk."""

_KEPT = ("GIT_SSL_CAINFO", "GIT_SSL_CAPATH")
_TICK = 0.2


class Stopped(Exception):
    """The agent was asked to stop while git was at work."""


class NotRun(OperationFailed):
    """Git could not be run, or did not come to its end: it has said nothing of the repository."""


@dataclass(frozen=True, slots=True)
class Git:
    """How git is run: on which repository, with which variables and file of settings besides, and until when."""

    repository: Path
    variables: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    ssh_key: Path | None = None
    settings: Path | None = None
    gpg_home: Path | None = None
    stopping: Callable[[], bool] = lambda: False
    seconds: float = SECONDS

    def run(self, *words: str, input: bytes = b"", variables: Mapping[str, str] | None = None) -> bytes:
        """What git prints. Raises OperationFailed with what it says, no secret in it, NotRun, and Stopped."""
        settings = [word for each in _SETTINGS for word in ("-c", each)]
        command = ["git", *settings, f"--git-dir={self.repository}", *words]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**self._environment(), **(variables or {})},
                start_new_session=True,
            )
        except OSError as error:
            what = "git is not installed" if isinstance(error, FileNotFoundError) else f"git: {error.strerror}"
            raise NotRun(Diagnostic("git-failed", what, hint="the agent needs the git program")) from None
        _bound(process)
        out, err = self._ended(process, input)
        if process.returncode < 0:
            message = f"git {words[0]} was ended by signal {-process.returncode}"
            raise NotRun(Diagnostic("git-failed", message, hint="it is tried again"))
        if process.returncode:
            raise OperationFailed(Diagnostic("git-failed", self._told(words[0], err)))
        return out

    def succeeds(self, *words: str) -> bool:
        try:
            self.run(*words)
        except OperationFailed:
            return False
        return True

    def _environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "DEPLOYER_"))}
        ours |= {name: os.environ[name] for name in _KEPT if name in os.environ}
        ours.pop("SSH_ASKPASS", None)
        found = {
            **ours,
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(self.settings or os.devnull),
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": ":".join(PROTOCOLS),
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_SSH_VARIANT": "ssh",
            "GIT_SSH_COMMAND": self._ssh(),
            **self.variables,
        }
        return found | ({"GNUPGHOME": str(self.gpg_home)} if self.gpg_home else {})

    def _ssh(self) -> str:
        """It asks nothing, and knows its hosts already."""
        from shlex import quote

        key = f" -o IdentitiesOnly=yes -i {quote(str(self.ssh_key))}" if self.ssh_key else ""
        return f"ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=30{key}"

    def _ended(self, process: Popen[bytes], input: bytes) -> tuple[bytes, bytes]:
        deadline = time.monotonic() + self.seconds
        waiting: bytes | None = input
        while True:
            try:
                return process.communicate(waiting, timeout=_TICK)
            except subprocess.TimeoutExpired:
                waiting = None
            if self.stopping():
                _kill(process)
                raise Stopped
            if time.monotonic() > deadline:
                _kill(process)
                message = f"git did not end within {self.seconds:.0f} seconds"
                raise NotRun(Diagnostic("git-failed", message, hint="the remote may hang; it is tried again"))

    def _told(self, command: str, err: bytes) -> str:
        text = err.decode("utf-8", "replace")
        for secret in self.secrets:
            text = text.replace(secret, "***")
        lines = [line for line in mask_user_info(text).splitlines() if line.strip() and not line.startswith("hint:")]
        said = harmless("; ".join(line.strip() for line in lines[:3]))
        return f"git {command} failed: {said or 'it does not say why'}"


def _bound(process: Popen[bytes]) -> None:
    """What git starts from now on, which is what writes, inherits the bound."""
    from resource import RLIMIT_FSIZE

    with suppress(ImportError, OSError, ValueError):
        from resource import prlimit

        prlimit(process.pid, RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))


def _kill(process: Popen[bytes]) -> None:
    """With all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
