"""What ssh says when it cannot, told with what to do about it. To know another of its ways is to add a row."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deployer.engine.address import SshAddress
from deployer.engine.locate import Location
from deployer.errors import Diagnostic


@dataclass(frozen=True, slots=True)
class Saying:
    """What `pattern` finds in ssh's words has this code, message and hint; `COMMAND` is how a person goes there."""

    code: str
    pattern: re.Pattern[str]
    message: str
    hint: str


def _row(code: str, pattern: str, message: str, hint: str) -> Saying:
    return Saying(code, re.compile(pattern), message, hint)


SAYINGS = (
    _row(
        "ssh-host-key-changed",
        r"REMOTE HOST IDENTIFICATION HAS CHANGED",
        "its host key is not the one that is known: it was made anew, or somebody is in between",
        "ask its owner for the fingerprint; only if it is the one that is shown, remove the old key{old}, "
        "then connect once: COMMAND",
    ),
    _row(
        "ssh-host-key-unknown",
        r"Host key verification failed|No \S+ host key is known for",
        "its host key is not known here, and deployer lets ssh ask no questions",
        "connect once, compare the fingerprint with the one that its owner gives, and accept it: COMMAND",
    ),
    _row(
        "ssh-login",
        r"(?P<said>Permission denied \(.*\)|Too many authentication failures)",
        "it refuses the login: {said}",
        "it must work without a question: COMMAND true; load the key (ssh-add), or name it and the user in "
        "~/.ssh/config (IdentityFile, User), or the user in the address (ssh://user@host)",
    ),
    _row(
        "engine-unreachable",
        r"(?P<said>Could not resolve hostname .*|connect to host .*|No route to host|Network is unreachable"
        r"|Connection (?:closed|reset|refused|timed out).*|kex_exchange_identification: .*|banner exchange: .*)",
        "{said}",
        "check the name, the port, and that sshd runs there: COMMAND",
    ),
)

_OLD_KEY = re.compile(r"Offending \S+ key in (.+:\d+)")
_FINGERPRINT = re.compile(r"fingerprint for the (\S+ key) sent by the remote host is\s+(\S+?)\.?\s")


def no_ssh(location: Location) -> Diagnostic:
    message = f"there is no program ssh, which reaches {location.url}"
    return Diagnostic("ssh-missing", message, hint="install OpenSSH's client: sudo apt-get install openssh-client")


def no_login(location: Location, address: SshAddress, said: str) -> Diagnostic:
    """Why ssh ended before the other end had said a word."""
    for row in SAYINGS:
        if found := row.pattern.search(said):
            return _known(location, address, said, row, found)
    hint = f"see whether this works without a question: {address.command} true"
    return ssh_failed(location, said, hint)


def _known(location: Location, address: SshAddress, said: str, row: Saying, found: re.Match[str]) -> Diagnostic:
    words = {name: " ".join(group.split()) for name, group in found.groupdict().items() if group}
    old, shown = _OLD_KEY.search(said), _FINGERPRINT.search(said)
    hint = row.hint.replace("{old}", f" ({old[1]})" if old else "").replace("COMMAND", address.command)
    notes = (f"it shows the {shown[1]} {shown[2]}",) if shown else ()
    return Diagnostic(
        row.code, f"no ssh to {location.url}: {row.message.format_map(words)}", hint=_from(location, hint), notes=notes
    )


def _from(location: Location, hint: str) -> str:
    return f"that address is from {location.chosen_by}; {hint}"


def ssh_failed(location: Location, said: str, hint: str = "") -> Diagnostic:
    """Another way to fail, in ssh's own words."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reason = lines[-1] if lines else "ssh ended and gave no reason"
    return Diagnostic("ssh-failed", f"no ssh to {location.url}: {reason}", hint=hint, notes=tuple(lines[-6:-1]))


def ssh_too_slow(location: Location) -> Diagnostic:
    hint = _from(location, "is it on, and does a firewall let ssh through?")
    return Diagnostic("engine-timeout", f"no ssh to {location.url}: it did not answer in time", hint=hint)


def ssh_broke(doing: str, location: Location, said: str) -> Diagnostic:
    """The ssh that was there has ended in the middle."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reason = f": {lines[-1]}" if lines else ""
    hint = "when it can be reached again, run the command once more"
    return Diagnostic("engine-lost", f"could not {doing}: the ssh to {location.url} broke{reason}", hint=hint)


def no_socket(location: Location, path: str, *, denied: bool) -> Diagnostic:
    """The login works, and the engine's socket at the other end is not there, or not for this user."""
    if denied:
        message = f"you may not use the Docker engine at {location.url}: permission denied for {path} there"
        hint = 'join the group there that may: sudo usermod -aG docker "$USER", or log in as another user'
        return Diagnostic("engine-permission", message, hint=hint)
    message = f"no Docker engine is at {location.url}: ssh logs in, and there is no socket {path}"
    hint = (
        "install or start Docker there (sudo systemctl start docker); a socket elsewhere is named in the address: "
        "ssh://host/run/user/1000/docker.sock"
    )
    return Diagnostic("engine-unreachable", message, hint=_from(location, hint))


def forward_refused(location: Location, said: str) -> Diagnostic | None:
    """What ssh notes when the other end did not connect to the engine's socket; None where it notes nothing.

    sshd gives one answer for a socket that nobody listens on and for a user who may not forward.
    """
    if ": open failed: " not in said:
        return None
    message = f"no Docker engine answers at {location.url}: sshd there could not connect to the engine's socket"
    hint = _from(
        location,
        "start the engine there (sudo systemctl start docker); if it runs, sshd must let this user forward: "
        "AllowStreamLocalForwarding yes, no DisableForwarding, no `restrict` at the key",
    )
    return Diagnostic("engine-unreachable", message, hint=hint)
