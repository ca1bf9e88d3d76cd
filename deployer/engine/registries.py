"""What the engine and its registries say of each other: who is insecure, who wants to be left alone, and the mend."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from email.utils import parsedate_to_datetime
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from deployer.errors import DeployerError, Diagnostic, Unreachable
from deployer.fields.references import API_OF_THE_HUB, HUB, Reference, parse_reference
from deployer.resources.registries import Registry, allow_insecure, registry_of, trust_ca
from deployer.resources.wire import EngineRefused, Json, is_loopback

_SECONDS = 5.0

_BROKEN_OFF = re.compile(r"dial tcp|connection re(?:fused|set)|broken pipe|\bEOF\b|i/o timeout|no such host")
"""What a layer's way to or from a registry ends with, where the engine does not say whose URL it was."""


@contextmanager
def mended(reference: str, registries: Sequence[Registry]) -> Iterator[None]:
    """A registry's refusal leaves with its name, and with what the stack says of it, in the hint."""
    try:
        yield
    except DeployerError as error:
        asked = parse_reference(reference)
        told = [_mended(each, asked, registry_of(asked, registries)) for each in error.diagnostics]
        if isinstance(error, EngineRefused) and _BROKEN_OFF.search(told[0].message):
            hint = f"check that {asked.host} runs and can be reached from the engine's host"
            raise Unreachable(replace(told[0], code="registry-unreachable", hint=hint)) from error
        raise error.with_diagnostics(told) from error


def _mended(diagnostic: Diagnostic, asked: Reference, registry: Registry | None) -> Diagnostic:
    host = asked.host
    match diagnostic.code:
        case "registry-insecure" if registry is None or not registry.insecure:
            entry = f"in registries.{registry.name}" if registry else f"for {host} in `registries`"
            hint = f"it speaks plain HTTP: give it TLS, or say `insecure: true` {entry}, and {allow_insecure(host)}"
        case "registry-certificate" if registry and registry.ca:
            hint = trust_ca(host, f"{registry.ca} (registries.{registry.name}.ca)")
        case "registry-login" if registry and registry.login:
            hint = f"check username and password of registries.{registry.name}"
        case "registry-login" if registry:
            hint = f"`deployer login {host}`, or say username and password in registries.{registry.name}"
        case _:
            hint = diagnostic.hint.replace("REGISTRY", host)
    return replace(diagnostic, hint=hint)


def is_insecure(config: Json, host: str, *, here: bool) -> bool | None:
    """As the engine decides: it is listed, or one of its addresses is in a listed network (moby, registry/config.go).

    `here` says that the engine looks names up where we do; None that this cannot be told.
    """
    if listed := (config.get("IndexConfigs") or {}).get(host):
        return not listed.get("Secure", True)
    networks = [ip_network(each) for each in config.get("InsecureRegistryCIDRs") or ()]
    addresses = _addresses(urlsplit(f"//{host}").hostname or host, here)
    if addresses is None:
        return None
    return any(ip_address(each) in network for each in addresses for network in networks)


def _addresses(name: str, here: bool) -> set[str] | None:
    try:
        return {str(ip_address(name))}
    except ValueError:
        pass
    if not here:
        return {"127.0.0.1", "::1"} if name == "localhost" else None
    try:
        return {str(found[4][0]).partition("%")[0] for found in socket.getaddrinfo(name, None)}
    except OSError:
        return set()


def retry_after(reference: str, registries: Sequence[Registry], *, here: bool) -> float | None:
    """What the registry answers when it is asked once more, from here: the engine does not pass it on.

    None where it does not limit us, does not say, or is not to be reached from this machine.
    """
    asked = parse_reference(reference)
    registry = registry_of(asked, registries)
    name = urlsplit(f"//{asked.host}").hostname or ""
    if is_loopback(name) and not here:  # that is the loopback of the engine's host
        return None
    plain = is_loopback(name) or bool(registry and registry.insecure)
    try:
        status, waits = _asked(asked, registry, plain=plain)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    return _seconds(waits) if status == 429 and waits else None


def _asked(asked: Reference, registry: Registry | None, *, plain: bool) -> tuple[int, str]:
    host = API_OF_THE_HUB if asked.host == HUB else asked.host
    if plain:
        connection = http.client.HTTPConnection(host, timeout=_SECONDS)
    else:
        trusted = ssl.create_default_context(cafile=registry.ca_path or None if registry else None)
        connection = http.client.HTTPSConnection(host, timeout=_SECONDS, context=trusted)
    try:
        connection.request("HEAD", f"/v2/{asked.path}/manifests/{asked.digest or asked.tag or 'latest'}")
        answer = connection.getresponse()
        return answer.status, answer.getheader("Retry-After", "")
    finally:
        connection.close()


def _seconds(written: str) -> float | None:
    """Seconds, a date (RFC 9110, 10.2.3), or, as Docker Hub has it, the second since 1970 at which it is over."""
    if written.isdigit():
        number = float(written)
        return number if number < 1e9 else max(0.0, number - time.time())
    try:
        return max(0.0, parsedate_to_datetime(written).timestamp() - time.time())
    except ValueError:
        return None
