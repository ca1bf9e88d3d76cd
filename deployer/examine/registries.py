"""Which registries are to be looked at, and what each answers from here: several at once, for one may be silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deployer.doctor import registries as judge
from deployer.doctor.finding import Finding
from deployer.doctor.registries import RegistryFacts
from deployer.doctor.stack import image_references
from deployer.engine.registries import is_insecure
from deployer.errors import DeployerError, Diagnostic
from deployer.fields.references import host_of, parse_reference
from deployer.registries import client_of, kept_login, registries_with_login
from deployer.resources.wire import is_loopback

if TYPE_CHECKING:
    from deployer.examine.subject import Subject
    from deployer.project import Project
    from deployer.resources.registries import Registry
    from deployer.stack.model import Stack

_AT_ONCE = 8


def registries(subject: Subject) -> Iterator[Finding]:
    """Those of the stack's images and builds; without a stack, those that somebody logged in to."""
    project = subject.project
    said = {host_of(each.address): each for each in project.sources.registries()} if project else {}
    known = _of_stack(subject, project, said) if project else _with_login()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        info = subject.info if subject.has_engine else None
        for facts in pool.map(lambda each: _asked(each, said.get(each.address), info, subject.engine_is_here), known):
            yield from judge.registry(facts, subject.now)


def mirrors(subject: Subject) -> Iterator[Finding]:
    """The engine's own and the stack's, asked from here: only where the engine is here, too, does that say anything."""
    config: Mapping[str, Any] = subject.info.get("RegistryConfig") or {}
    urls: Sequence[str] = config.get("Mirrors") or ()
    said = subject.project.sources.registries() if subject.project else ()
    own = [(mirror, each) for each in said for mirror in each.mirrors]
    if not urls and not own:
        yield judge.no_mirror()
    for url in urls if subject.engine_is_here else ():
        parts = urlsplit(url)
        yield judge.mirror(url, _silent(parts.netloc, insecure=parts.scheme == "http"))
    for mirror, registry in own if subject.engine_is_here else ():
        host = host_of(mirror)
        insecure = bool(is_insecure(config, host, here=subject.engine_is_here))
        yield judge.stack_mirror(mirror, registry.name, _silent(host, insecure=insecure))


def _silent(host: str, *, insecure: bool) -> Diagnostic | None:
    """Why it does not answer; None where it does, be it that it wants a login."""
    try:
        client_of(host, insecure=insecure).ping()
    except DeployerError as error:
        first = error.diagnostics[0]
        return None if first.code == "registry-login" else first
    return None


def _with_login() -> list[RegistryFacts]:
    return [RegistryFacts(address) for address in registries_with_login()]


def _of_stack(subject: Subject, project: Project, said: Mapping[str, Registry]) -> list[RegistryFacts]:
    stack = project.stack
    needed: dict[str, bool | None] = {}
    for reference in _references(project):
        address = parse_reference(reference).host
        missing = subject.engine.image(reference) is None if subject.has_engine else None
        needed[address] = needed.get(address) or missing
    pushed = {host_of(stack.registries[to].address) for build in stack.builds.values() for to in build.push}
    needed |= {address: needed.get(address) or address in pushed or None for address in said}
    own = _published(stack) | {address: each.service for address, each in said.items() if each.service}
    return [
        RegistryFacts(address, is_needed, own_service=own.get(address, "")) for address, is_needed in needed.items()
    ]


def _references(project: Project) -> list[str]:
    """The images that the stack takes from elsewhere; of builds that cannot be read, none."""
    found = [reference for reference, _ in image_references(project.stack)]
    try:
        builds = project.desired().builds.values()
    except DeployerError:
        builds = ()
    own = {*project.stack.builds, *(tag for build in project.stack.builds.values() for tag in build.names())}
    found += [base for build in builds for base in build.bases if base not in own]
    return list(dict.fromkeys(found))


def _published(stack: Stack) -> dict[str, str]:
    """The services that listen on this host, by the addresses that images may name them by."""
    from deployer.stack.service import said

    found: dict[str, str] = {}
    for name, service in stack.services.items():
        for port in said(service, "ports") or ():
            found |= {f"{host}:{port.published}": name for host in ("127.0.0.1", "localhost") if port.published}
    return found


def _asked(
    known: RegistryFacts, said: Registry | None, info: Mapping[str, Any] | None, engine_is_here: bool
) -> RegistryFacts:
    """What it answers from here, as whom the stack says, else as who is logged in."""
    address = known.address
    insecure = None
    if info is not None:
        config = info.get("RegistryConfig") or {}
        insecure = bool(is_insecure(config, address, here=engine_is_here))  # what cannot be told counts as not listed
    if is_loopback(urlsplit(f"//{address}").hostname or "") and not engine_is_here:
        insecure = True  # the engine's own loopback cannot be asked from here
    known = replace(known, is_insecure_to_engine=insecure)
    try:
        login = (said.login if said else None) or kept_login(address)
        known = replace(known, user=(login.username or "the kept token") if login else "")
        client = client_of(
            address, insecure=bool(insecure or (said and said.insecure)), login=login, ca=said.ca_path if said else ""
        )
        ping = client.ping()
    except DeployerError as error:
        failure = error.diagnostics[0]
        if failure.code == "registry-login" and said and said.login:
            failure = replace(failure, hint=f"check username and password of registries.{said.name}")
        return replace(known, failure=failure)
    ends = client.certificate_ends() if ping.speaks_tls else None
    return replace(known, speaks_tls=ping.speaks_tls, asks=ping.asks, certificate_ends=ends)
