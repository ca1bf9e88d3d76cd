"""How a registry is, by what it answered here and by what the engine thinks of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from deployer.doctor.finding import Finding, Status, ok, told, warning
from deployer.errors import Diagnostic

_SOON = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class RegistryFacts:
    """`needed`: images of it are not on the engine yet, or are pushed there; None where that is not known. `failure` is
    why it did not let us in.

    `user` is whose login is used, "" for nobody's. `is_insecure_to_engine` is None where no engine told. `own_service`
    is the service of the stack that listens there.
    """

    address: str
    needed: bool | None = None
    user: str = ""
    failure: Diagnostic | None = None
    speaks_tls: bool = True
    asks: str = ""
    certificate_ends: datetime | None = None
    is_insecure_to_engine: bool | None = None
    own_service: str = ""


def registry(facts: RegistryFacts, now: datetime) -> Iterator[Finding]:
    if facts.failure:
        yield from _out_of_reach(facts, facts.failure)
        return
    who = f"the login of {facts.user} is accepted" if facts.user and facts.asks else "no login is needed"
    over = "TLS" if facts.speaks_tls else "plain HTTP"
    yield ok("registry", f"{facts.address} answers over {over}; {who}")
    if not facts.speaks_tls and facts.is_insecure_to_engine is False:
        listed = f'{{"insecure-registries": ["{facts.address}"]}}'
        hint = f"{listed} in the engine's daemon.json, then `sudo systemctl reload docker`; or give the registry TLS"
        message = f"{facts.address} speaks plain HTTP, and the engine does not take it for insecure: it refuses it"
        yield Finding("registry", _severity(facts), message, hint)
    if facts.certificate_ends and facts.certificate_ends - now < _SOON:
        message = f"the certificate of {facts.address} ends on {facts.certificate_ends:%Y-%m-%d}"
        yield warning("registry", message, "renew it before: from then on no engine pulls from there")


def _out_of_reach(facts: RegistryFacts, failure: Diagnostic) -> Iterator[Finding]:
    if facts.own_service:
        detail = f"{facts.address} is the stack's own service {facts.own_service}, which does not answer yet"
        yield ok("registry", detail, "`deployer apply` starts it")
        return
    status = Status.PROBLEM if failure.code == "registry-login" and facts.user else _severity(facts)
    spared = "; the images that the stack takes from there are on the engine" if facts.needed is False else ""
    yield from told("registry", [Diagnostic(failure.code, failure.message + spared, hint=failure.hint)], status)


def _severity(facts: RegistryFacts) -> Status:
    return Status.PROBLEM if facts.needed else Status.WARNING


def mirror(url: str, failure: Diagnostic | None) -> Finding:
    if failure is None:
        return ok("mirror", f"{url} answers")
    hint = "until it does, every pull waits for it and then goes to Docker Hub; or take it out of registry-mirrors"
    return warning("mirror", f"the engine's mirror {url} does not answer: {failure.message}", hint)


def stack_mirror(mirror: str, registry: str, failure: Diagnostic | None) -> Finding:
    if failure is None:
        return ok("mirror", f"{mirror}, of registries.{registry}, answers")
    hint = "until it does, each pull tries it first and says so; or take it out of the stack"
    return warning("mirror", f"{mirror}, of registries.{registry}, does not answer: {failure.message}", hint)


def no_mirror() -> Finding:
    return ok("mirror", "the engine has none: images of Docker Hub come from there")
