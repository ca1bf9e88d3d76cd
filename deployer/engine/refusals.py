"""The engine's no, under the code and with the hint that help. To know another refusal is to add a row."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deployer.errors import DeployerError, Diagnostic, Unreachable
from deployer.fields.parse import MIB, show_size
from deployer.resources.registries import allow_insecure, trust_ca
from deployer.resources.wire import EngineRefused


@dataclass(frozen=True, slots=True)
class Refusal:
    """What `pattern` finds has this code and hint; `says`, with its groups, replaces words that say little. It is
    compiled when a first no comes: most runs get none.
    """

    code: str
    pattern: str
    hint: str
    says: str = ""
    unreachable: bool = False


def _row(code: str, pattern: str, hint: str, *, says: str = "", unreachable: bool = False) -> Refusal:
    return Refusal(code, pattern, hint, says, unreachable)


_TO_REGISTRY = r'(?:Get|Head|Post|Put) "?https?://(?P<registry>[^/":]+(?::\d+)?)'

_SIZES = ("new_limit", "usage")
"""The groups that are numbers of bytes."""

REFUSALS = (
    # 28 tries ten ports, and others may have them all: "failed to bind host port for 127.0.0.1::172.17.0.2:80/tcp".
    _row(
        "port-taken",
        r"bind host port(?: for)? (?:[\d.]+|\[[^\]]*\])::\S*?(?P<port>\d+/\w+): address already in use",
        "other programs on its host take many ports at a time: try again, or publish a port of your choice",
        says="the engine found no free port of its host for {port}",
    ),
    # 20.10: "Bind for", or its proxy's "listen tcp4". 28: "failed to bind host port for ADDRESS:PORT:CONTAINER".
    _row(
        "port-taken",
        r"(?:Bind for|listen \w+|bind host port(?: for)?) (?P<port>\S*?:\d+)\S*.*(?:already allocated|already in use)",
        "`docker ps` and `ss -lntup` show what has it: stop that, or publish another port",
        says="port {port} of the engine's host is taken",
    ),
    _row(
        "address-taken",
        r"^(?:failed to set up container networking: )?Address already in use",
        "`docker network inspect NETWORK` shows who has it; the engine gives none outside of an `ip_range`",
        says="another container of that network has its address",
    ),
    _row(
        "address-outside",
        r"does not belong to any of this network's subnets|no configured subnet or ip-range contain the IP address"
        r"|user specified IP address is supported only",
        "`docker network inspect NETWORK` shows its subnets; the engine gives fixed addresses in configured ones alone",
    ),
    _row(
        "command-not-found",
        r'exec: "(?P<command>[^"]+)": (?:executable file not found|stat .*: no such file|permission denied)',
        "check `command` and `entrypoint`, and that the image has that program",
        says="the image has no program {command} that can be run",
    ),
    _row(
        "user-not-found",
        r"unable to find (?P<name>(?:user|group) .+?): no matching entries",
        "the image's /etc/passwd and /etc/group say which there are; a number needs no entry there",
        says="the image has no {name}",
    ),
    _row(
        "bind-source-missing",
        r"bind source path does not exist: (?P<path>\S+)",
        "make it on the engine's host, or say `create_host_path: true` in the long form's `bind`",
        says="{path}, which it mounts, is not there",
    ),
    # It ends while the engine asks its runtime to change it: a moment later it is stopped, or restarts, and can be.
    _row(
        "container-ending",
        r"cannot update container .*(?:stopped container|container not running|does not exist|no such process)",
        "try again: its program has ended at that very moment",
    ),
    _row(
        "volume-mount",
        r"error while mounting volume '\S*/(?P<volume>[^/']+)/_data'",
        "check its `driver_opts`: the engine's host must have the device, or reach it; a volume cannot be changed, so "
        "with other ones: docker volume rm VOLUME",
        says="the engine cannot mount its volume {volume}",
    ),
    _row(
        "no-address-left",
        r"no available IPv4 addresses on this network's address pools: (?P<network>\S+)",
        "remove what no longer needs one, or give the network a larger `subnet`, in `ipam`: it is made anew for it",
        says="the network {network} has no address left",
    ),
    _row(
        "no-subnet-left",
        r"could not find an available, non-overlapping IPv4 address pool|predefined address pools have been fully",
        "`docker network prune` removes networks that nobody uses; or say a `subnet` of its own, in `ipam`; or add "
        "`default-address-pools` to the daemon.json of the engine",
        says="the engine has no range of addresses left for one more network",
    ),
    # Of cgroup v1, where the kernel refuses; that of v2 ends what uses more.
    _row(
        "memory-in-use",
        r"unable to set memory limit to (?P<new_limit>\d+) \(current usage: (?P<usage>\d+)",
        "let it use less, or raise the limit; `deployer apply --replace SERVICE` makes a new container with this one",
        says="it uses {usage} now, and its limit is to be {new_limit}",
    ),
    _row(
        "disk-measuring",
        r"a disk usage operation is already running",
        "try again when whoever asked before, as with `docker system df`, has an answer",
        says="the engine measures its disk for somebody else",
    ),
    _row("no-space", r"no space left on device", "`docker system df` shows what fills the engine's disk"),
    _row(
        "name-taken",
        r'container name "/?(?P<name>[^"]+)" is already in use',
        "that container must be removed or renamed first",
        says="another container is called {name}",
    ),
    _row(
        "image-platform",
        r"no matching manifest for \S+|no match for platform in manifest"
        r"|was found but (?:its platform .*)?does not match the specified platform",
        "say another `platform` or none, or name an image that is made for it",
    ),
    _row(
        "image-not-found",
        r"no such image|pull access denied|manifest for \S+ not found|manifest unknown|name unknown"
        r'|repository \S+ not found|failed to resolve reference "[^"]+":.*: not found|HTTP 404 response',
        "check the spelling and the tag; a private image needs `deployer login` first",
    ),
    _row(
        "registry-denied",
        rf"(?:{_TO_REGISTRY}.*)?(?:^denied\b|\bdenied: requested access|insufficient_scope|403 Forbidden"
        r"|HTTP 403 response)",
        "check the name, and whether the account that logs in at REGISTRY may do that",
        unreachable=True,
    ),
    _row(
        "registry-login",
        rf"(?:{_TO_REGISTRY}.*)?(?:\bunauthorized\b|no basic auth credentials|incorrect username or password"
        r"|HTTP 401 response)",
        "`deployer login REGISTRY` with an account that may",
        unreachable=True,
    ),
    _row(
        "registry-limit",
        r"toomanyrequests|429 Too Many Requests|HTTP 429 response",
        "log in, name a mirror in the stack's `registries`, or wait",
        unreachable=True,
    ),
    _row(
        "registry-insecure",
        _TO_REGISTRY + r".*server gave HTTP response to HTTPS client",
        f"the registry speaks plain HTTP: give it TLS, or {allow_insecure('REGISTRY')}",
        unreachable=True,
    ),
    _row(
        "registry-certificate",
        _TO_REGISTRY + r".*(?:x509|certificate|tls:)",
        trust_ca("REGISTRY"),
        unreachable=True,
    ),
    _row(
        "registry-unreachable",
        _TO_REGISTRY + r".*no such host",
        "the engine's host cannot look that name up: check the spelling, and its DNS",
        unreachable=True,
    ),
    _row(
        "registry-unreachable",
        _TO_REGISTRY + r".*connection refused",
        "nothing listens there: check that the registry runs, its port, and how it is reached from the engine's host",
        unreachable=True,
    ),
    _row(
        "registry-failing",
        r"received unexpected HTTP status: 5\d\d|HTTP 5\d\d response",
        "the registry itself has failed, as one does whose disk is full: its log says why",
        unreachable=True,
    ),
    _row(
        "registry-unreachable",
        _TO_REGISTRY,
        "check that the registry runs and can be reached from the engine's host",
        unreachable=True,
    ),
)


def refused(
    doing: str, explanation: str, status: int = 0, *, notes: tuple[str, ...] = (), otherwise: str = "engine-refused"
) -> DeployerError:
    """The error for the engine's explanation: the first row that knows it, else code `otherwise` and its own words."""
    explanation = explanation.strip() or f"the engine answered {status} and no reason"
    for row in REFUSALS:
        if found := re.search(row.pattern, explanation, re.IGNORECASE):
            return _known(doing, explanation, status, row, found, notes)
    return EngineRefused(Diagnostic(otherwise, f"could not {doing}: {explanation}", notes=notes), status)


def _size(text: str) -> str:
    """A number of bytes as a person writes it, rounded up to whole MiB."""
    return show_size(-(-int(text) // MIB) * MIB)


def _known(
    doing: str, explanation: str, status: int, row: Refusal, found: re.Match[str], notes: tuple[str, ...]
) -> DeployerError:
    groups = {name: _size(text) if name in _SIZES else text for name, text in found.groupdict().items()}
    says, notes = (row.says.format_map(groups), (explanation, *notes)) if row.says else (explanation, notes)
    hint = row.hint
    for name, value in groups.items():
        hint = hint.replace(name.upper(), value or name.upper())
    diagnostic = Diagnostic(row.code, f"could not {doing}: {says}", hint=hint, notes=notes)
    return Unreachable(diagnostic) if row.unreachable else EngineRefused(diagnostic, status)
