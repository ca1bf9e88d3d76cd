"""A registry's no, and the ways not to reach one: each one message with the mend, and no password in any."""

from __future__ import annotations

import json
import socket
import ssl
from typing import TYPE_CHECKING

from deployer.errors import Diagnostic

if TYPE_CHECKING:
    from deployer.registry.client import Answer

_NO_TLS = ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")


def refused(address: str, answer: Answer, path: str, *, as_user: str = "") -> Diagnostic:
    """What the status means; the registry's own words beside it."""
    notes = tuple(filter(None, (_own_words(answer),)))
    match answer.status:
        case 401 if as_user:
            message = f"{address} refuses the login of {as_user}"
            hint = f"check the name and the password: deployer login {address}"
            return Diagnostic("registry-login", message, hint=hint, notes=notes)
        case 401:
            message = f"{address} asks for a login, and none is kept for it"
            return Diagnostic("registry-login", message, hint=f"deployer login {address}", notes=notes)
        case 403:
            message = f"{address} does not let {as_user or 'somebody who is not logged in'} do that"
            hint = f"log in with an account that may: deployer login {address}"
            return Diagnostic("registry-login", message, hint=hint, notes=notes)
        case 404 if path.startswith("/v2/_catalog"):
            message = f"{address} does not tell what it has"
            hint = "it has no catalog, as Docker Hub and most hosted registries; look at its own page"
            return Diagnostic("registry-no-catalog", message, hint=hint, notes=notes)
        case 404:
            hint = "check the address and its port: what answers there is something else"
            return Diagnostic(
                "registry-unreachable", f"{address} is no registry: it has no /v2/", hint=hint, notes=notes
            )
        case 429:
            after = answer.headers.get("retry-after", "")
            wait = f"wait {after} s" if after.isdigit() else "wait"
            message = f"{address} limits how often it may be asked"
            return Diagnostic("registry-limit", message, hint=f"log in, or {wait} and try again", notes=notes)
        case 400 if b"HTTPS server" in answer.body:
            message = f"{address} speaks TLS alone, and was asked over plain HTTP"
            return Diagnostic("registry-unreachable", message, hint="leave --insecure out", notes=notes)
        case _ if answer.status >= 500:
            message = f"{address} has a failure of its own: it answers {answer.status}"
            return Diagnostic(
                "registry-failing", message, hint="look at the registry's logs, or try later", notes=notes
            )
    return no_registry(address, answer)


def no_registry(address: str, answer: Answer) -> Diagnostic:
    message = f"what answers at {address} ({answer.status}) is no registry"
    notes = tuple(filter(None, (_own_words(answer),)))
    return Diagnostic("registry-unreachable", message, hint="check the address and its port", notes=notes)


def out_of_reach(address: str, error: OSError) -> Diagnostic:
    """Which of the ways not to connect it is."""
    if isinstance(error, ssl.SSLCertVerificationError):
        message = f"the certificate of {address} is not trusted: {error.verify_message}"
        hint = (
            f"put its authority's certificate into /etc/docker/certs.d/{address.partition('/')[0]}/ca.crt, here and on "
            "the engine's host"
        )
        if error.verify_code == 10:
            hint = "it has expired: the registry needs a new one"
        return Diagnostic("registry-certificate", message, hint=hint)
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        message = f"{address} speaks plain HTTP, not TLS"
        listed = f'"insecure-registries": ["{address}"] in the engine\'s daemon.json'
        hint = f"give it TLS; or say --insecure here, and {listed}"
        return Diagnostic("registry-insecure", message, hint=hint)
    if isinstance(error, socket.gaierror):
        hint = "check the spelling, and this machine's DNS"
        return Diagnostic("registry-unreachable", f"no host is named {address.partition('/')[0]}", hint=hint)
    if isinstance(error, ConnectionRefusedError):
        hint = "start the registry, or check the port"
        return Diagnostic("registry-unreachable", f"nothing listens at {address}: connection refused", hint=hint)
    if isinstance(error, TimeoutError):
        hint = "a firewall may drop what is sent there; check the address and its port"
        return Diagnostic("registry-unreachable", f"{address} did not answer in time", hint=hint)
    reason = error.strerror or str(error)
    return Diagnostic("registry-unreachable", f"{address} cannot be reached: {reason}", hint="check the address")


def bad_realm(address: str, realm: str) -> Diagnostic:
    message = f"{address} wants the password sent to {realm}, which is not encrypted: nothing was sent"
    return Diagnostic("registry-login", message, hint="ask who runs the registry; its realm must be https://")


def _own_words(answer: Answer) -> str:
    """`{"errors": [{"code": ..., "message": ...}]}`, of what is JSON; pages of proxies say nothing."""
    try:
        said = json.loads(answer.body)
        first = said["errors"][0]
        return f"it says: {first['message']}"[:300]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
