"""The engine's own configuration: whether dockerd can read it, what is in it, and whether the engine has it yet."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from deployer.doctor.finding import Finding, ok, problem, warning
from deployer.errors import Place, did_you_mean

Json = Mapping[str, Any]

_CHECK = "daemon.json"
_RELOAD = "`sudo systemctl reload docker`, or SIGHUP to dockerd: no restart is needed, and containers go on"
_CURLY = "“”„‘’‚"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')

_TEXTS = (
    "api-cors-header bip bip6 bridge cgroup-parent cluster-advertise cluster-store containerd containerd-namespace "
    "containerd-plugin-namespace data-root default-cgroupns-mode default-gateway default-gateway-v6 default-ipc-mode "
    "default-runtime deprecated-key-path exec-root firewall-backend fixed-cidr fixed-cidr-v6 graph group "
    "host-gateway-ip http-proxy https-proxy init-path ip log-driver log-format log-level metrics-addr min-api-version "
    "no-proxy pidfile seccomp-profile storage-driver swarm-default-advertise-addr tlscacert tlscert tlskey "
    "userland-proxy-path userns-remap bridge-accept-fwmark"
)
_FLAGS = (
    "allow-direct-routing debug disable-legacy-registry experimental icc init ip-forward ip-forward-no-drop ip-masq "
    "ip6tables iptables ipv6 live-restore no-new-privileges raw-logs rootless selinux-enabled tls tlsverify "
    "userland-proxy validate"
)
_NUMBERS = (
    "cpu-rt-period cpu-rt-runtime max-concurrent-downloads max-concurrent-uploads max-download-attempts mtu "
    "network-control-plane-mtu network-diagnostic-port oom-score-adjust shutdown-timeout"
)
_LISTS = (
    "allow-nondistributable-artifacts authorization-plugins cdi-spec-dirs default-address-pools dns dns-opts "
    "dns-search exec-opts host-gateway-ips hosts insecure-registries labels node-generic-resources registry-mirrors "
    "storage-opts"
)
_MAPPINGS = "builder cluster-store-opts default-network-opts default-ulimits features log-opts proxies runtimes"
_EITHER = {"dns": (str, list), "hosts": (str, list), "default-shm-size": (str, int), "labels": (str, list)}
"""What dockerd reads in two forms."""

_KINDS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(_TEXTS.split(), (str,)),
    **dict.fromkeys(_FLAGS.split(), (bool,)),
    **dict.fromkeys(_NUMBERS.split(), (int,)),
    **dict.fromkeys(_LISTS.split(), (list,)),
    **dict.fromkeys(_MAPPINGS.split(), (dict,)),
    **_EITHER,
}
_WORDS = {str: "text in quotes", bool: "true or false", int: "a number", list: "a list", dict: "a mapping"}


def daemon_json(text: str, file: str, info: Json | None = None) -> Iterator[Finding]:
    """`info` is what the engine says of itself, where this is its file: what it has not read yet is told."""
    try:
        read: Any = json.loads(text) if text.strip() else {}
    except json.JSONDecodeError as error:
        yield _no_json(text, file, error)
        return
    if not isinstance(read, dict):
        yield problem(_CHECK, f"{file} is no JSON object, so dockerd does not start", "begin it with {", Place(file))
        return
    settings = cast("dict[str, Any]", read)
    places = {key: _place(text, file, offset) for key, offset in _keys(text).items()}
    found = [
        *_unknown(settings, places),
        *_mistyped(settings, places),
        *_registries(settings, places),
        *(_not_read_yet(settings, places, info) if info is not None else ()),
    ]
    yield from found
    if not found:
        yield ok(_CHECK, f"{file}: {_summary(settings)}")


def _no_json(text: str, file: str, error: json.JSONDecodeError) -> Finding:
    place = _place(text, file, min(error.pos, len(text)))
    here = text[error.pos : error.pos + 1]
    hint = {
        "#": "JSON has no comments: take it out",
        "/": "JSON has no comments: take it out",
        "'": "write \" in place of '",
        "}": "is there a comma behind the last entry? Take it out",
        "]": "is there a comma behind the last entry? Take it out",
        '"': "a comma may be missing before it",
    }.get(here, "mend it there; `python3 -m json.tool` tells when it is right")
    if here and here in _CURLY:
        hint = f'{here} is a curly quote, as pasted from a web page: write "'
    message = f"{file} is no JSON, so dockerd does not start: {error.msg.lower()}"
    return problem(_CHECK, message, hint, place)


def _unknown(settings: Json, places: Mapping[str, Place]) -> Iterator[Finding]:
    for key in settings.keys() - _KINDS.keys():
        near = did_you_mean(key, _KINDS, "")
        hint = near if near.startswith("did you mean") else "take it out; `dockerd --help` has the names"
        yield problem(_CHECK, f"dockerd knows no {key!r} and does not start with it", hint, places.get(key))


def _mistyped(settings: Json, places: Mapping[str, Place]) -> Iterator[Finding]:
    for key, value in settings.items():
        kinds = _KINDS.get(key)
        if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
            wanted = " or ".join(_WORDS[kind] for kind in kinds)
            yield problem(_CHECK, f"{key} must be {wanted}: dockerd does not start", f"write {wanted}", places.get(key))
    options = settings.get("log-opts")
    if isinstance(options, dict):
        for key, value in cast("dict[str, Any]", options).items():
            if not isinstance(value, str):
                message = f"log-opts.{key} must be text in quotes: dockerd does not start"
                yield problem(_CHECK, message, f'"{key}": "{json.dumps(value)}"', places.get("log-opts"))


def _registries(settings: Json, places: Mapping[str, Place]) -> Iterator[Finding]:
    """Mirrors are URLs, and insecure registries are none."""
    for mirror in _texts(settings.get("registry-mirrors")):
        if not _is_mirror(mirror):
            message = f"the mirror {mirror!r} is no URL of a host: dockerd does not start"
            yield problem(_CHECK, message, "write https://HOST[:PORT]", places.get("registry-mirrors"))
    for registry in _texts(settings.get("insecure-registries")):
        if "://" in registry:
            message = f"insecure-registries names the URL {registry!r}, where a host is wanted"
            yield warning(_CHECK, message, "write HOST[:PORT], with no http://", places.get("insecure-registries"))


def _is_mirror(text: str) -> bool:
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    return url.scheme in ("http", "https") and bool(url.netloc) and not url.path.strip("/") and not url.query


def _not_read_yet(settings: Json, places: Mapping[str, Place], info: Json) -> Iterator[Finding]:
    """What is in the file and not in the engine: it was changed since, or the engine was given another file."""
    config: Json = info.get("RegistryConfig") or {}
    mirrors = {each.rstrip("/") for each in _texts(config.get("Mirrors"))}
    missing = [each for each in _texts(settings.get("registry-mirrors")) if each.rstrip("/") not in mirrors]
    yield from _not_yet("registry-mirrors", missing, places)
    indexes: Json = config.get("IndexConfigs") or {}
    insecure = {name for name, each in indexes.items() if not each.get("Secure", True)}
    known: Collection[str] = {*insecure, *_texts(config.get("InsecureRegistryCIDRs"))}
    hosts = [(each, each.partition("://")[2] or each) for each in _texts(settings.get("insecure-registries"))]
    yield from _not_yet("insecure-registries", [each for each, host in hosts if host not in known], places)
    wanted = settings.get("live-restore")
    if isinstance(wanted, bool) and wanted != bool(info.get("LiveRestoreEnabled")):
        yield from _not_yet("live-restore", [str(wanted).lower()], places)


def _not_yet(key: str, missing: Collection[str], places: Mapping[str, Place]) -> Iterator[Finding]:
    if missing:
        message = f"the engine does not have {key} {', '.join(missing)} yet"
        yield warning(_CHECK, message, _RELOAD, places.get(key))


def _summary(settings: Json) -> str:
    """What of it concerns registries and restarts; the names of the rest."""
    told = [f"{key} {', '.join(values)}" for key in _SHOWN if (values := _texts(settings.get(key)))]
    rest = sorted(key for key in settings if key not in _SHOWN)
    return "; ".join([*told, *([", ".join(rest)] if rest else [])]) or "nothing is set"


_SHOWN = ("registry-mirrors", "insecure-registries")


def _texts(value: Any) -> list[str]:
    entries = cast("list[Any]", value) if isinstance(value, list) else []
    return [each for each in entries if isinstance(each, str)]


def _keys(text: str) -> dict[str, int]:
    """The offset of each key of the object itself, not of what is in it."""
    depth, found = 0, dict[str, int]()
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
        elif depth == 1 and text[token.end() :].lstrip().startswith(":"):
            found[json.loads(sign)] = token.start()
    return found


def _place(text: str, file: str, offset: int) -> Place:
    start = text.rfind("\n", 0, offset) + 1
    line = text[start:].partition("\n")[0].rstrip("\r")
    return Place(file, text.count("\n", 0, offset) + 1, offset - start + 1, line)
