"""A registry's own API (github.com/distribution/distribution, spec/api.md): is it there, what has it, who may ask."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

from deployer.errors import OperationFailed, Unreachable
from deployer.fields.references import API_OF_THE_HUB, HUB
from deployer.registry import refusals
from deployer.registry.challenge import Challenge, basic, read_challenge
from deployer.resources.login import Login
from deployer.resources.wire import is_loopback

if TYPE_CHECKING:
    from urllib.request import OpenerDirector, Request

_LARGEST = 8 * 1024 * 1024
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Which registry, and how it is spoken to. The loopback is taken for insecure, as engines do.

    `insecure`: its certificate is not checked, and where it speaks no TLS, neither do we. `authorities` are files of
    certificates to trust beside the system's own.
    """

    address: str
    insecure: bool = False
    authorities: tuple[Path, ...] = ()
    timeout: float = 10.0

    @property
    def host(self) -> str:
        """Host and port, without a namespace."""
        host = self.address.partition("/")[0]
        return API_OF_THE_HUB if host in (HUB, f"index.{HUB}") else host

    @property
    def name(self) -> str:
        return urlsplit(f"//{self.host}").hostname or self.host

    @property
    def bases(self) -> tuple[str, ...]:
        plain = self.insecure or is_loopback(self.name)
        return (f"https://{self.host}", f"http://{self.host}") if plain else (f"https://{self.host}",)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Ping:
    """`speaks_tls`: over https. `asks`: it wants to know who one is, `basic` or `bearer`; "" where anybody may ask."""

    speaks_tls: bool
    asks: str


@dataclass
class RegistryClient:
    """One registry, asked as one user or as nobody. Every failure is one error that says what to do."""

    endpoint: Endpoint
    login: Login | None = None
    _base: str = ""
    _challenge: Challenge | None = None
    _tokens: dict[str, str] = field(default_factory=dict[str, str], repr=False)

    def ping(self) -> Ping:
        """Whether it is a registry that answers and lets us in. Raises Unreachable."""
        self.get("/v2/")
        return Ping(self._base.startswith("https:"), self._challenge.scheme if self._challenge else "")

    def certificate_ends(self) -> datetime | None:
        """The last moment of its certificate; None where that is not checked, or a proxy is in between."""
        import socket

        where = urlsplit(f"//{self.endpoint.host}")
        try:
            with (
                socket.create_connection((self.endpoint.name, where.port or 443), self.endpoint.timeout) as plain,
                trust(self.endpoint).wrap_socket(plain, server_hostname=self.endpoint.name) as tls,
            ):
                ends = str((tls.getpeercert() or {}).get("notAfter") or "")
        except OSError:
            return None
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None

    def catalog(self) -> Iterator[str]:
        """The names of its repositories, page by page."""
        for page in self._pages(f"/v2/_catalog?n={_PAGE}", "registry:catalog:*"):
            yield from page.get("repositories") or ()

    def tags(self, repository: str) -> Iterator[str]:
        """The tags of a repository; none where it has gone meanwhile, or all of its tags have."""
        path = f"/v2/{quote(repository)}/tags/list?n={_PAGE}"
        for page in self._pages(path, f"repository:{repository}:pull", may_be_missing=True):
            yield from page.get("tags") or ()

    def get(self, path: str, scope: str = "", *, may_be_missing: bool = False) -> Answer:
        answer = self._asked(path, scope)
        if answer.status == 401:
            challenge = self._challenge = read_challenge(answer.headers.get("www-authenticate", ""))
            if challenge.scheme == "bearer":
                self._tokens[scope] = self._token(challenge, scope)
            if challenge.scheme == "bearer" or (challenge.scheme == "basic" and self.login):
                answer = self._asked(path, scope)
        if answer.status == 404 and may_be_missing:
            return answer
        if answer.status >= 300:
            raise Unreachable(refusals.refused(self.endpoint.address, answer, path, as_user=self._user))
        return answer

    @property
    def _user(self) -> str:
        return self.login.username or "the kept token" if self.login else ""

    def _pages(self, path: str, scope: str, *, may_be_missing: bool = False) -> Iterator[Mapping[str, Any]]:
        seen: set[str] = set()
        while path and path not in seen:  # one that names itself as the next would never end
            seen.add(path)
            answer = self.get(path, scope, may_be_missing=may_be_missing)
            if answer.status == 404:
                return
            try:
                page = answer.json()
            except ValueError:
                page = None
            if not isinstance(page, dict):
                raise Unreachable(refusals.no_registry(self.endpoint.address, answer))
            yield page
            path = _next(answer.headers.get("link", ""), path)

    def _asked(self, path: str, scope: str) -> Answer:
        """By the first way on which it answers, which is kept."""
        headers = self._authorization(scope)
        failure: OSError | None = None
        for base in (self._base,) if self._base else self.endpoint.bases:
            try:
                answer = self._sent(f"{base}{path}", headers)
            except (OSError, ValueError) as error:
                failure = failure or (error if isinstance(error, OSError) else OSError(str(error)))
                continue
            self._base = base
            return answer
        raise Unreachable(refusals.out_of_reach(self.endpoint.address, failure or OSError("it has no address")))

    def _authorization(self, scope: str) -> dict[str, str]:
        if scope in self._tokens:
            return {"Authorization": f"Bearer {self._tokens[scope]}"}
        if self._challenge and self._challenge.scheme == "basic" and self.login:
            return {"Authorization": basic(self.login.username, self.login.password)}
        return {}

    def _token(self, challenge: Challenge, scope: str) -> str:
        """From the registry's own authority; a password goes there over TLS, or to this machine, or as one allowed."""
        realm = urlsplit(challenge.realm)
        guarded = realm.scheme == "https" or self._base.startswith("http:") or is_loopback(realm.hostname or "")
        if realm.scheme not in ("http", "https") or (self.login and not guarded):
            raise OperationFailed(refusals.bad_realm(self.endpoint.address, challenge.realm))
        wanted = {"service": challenge.service, "scope": scope or challenge.scope}
        query = {name: value for name, value in wanted.items() if value}
        body: bytes | None = None
        headers: dict[str, str] = {}
        url = challenge.realm
        if self.login and self.login.is_token:
            form = {"grant_type": "refresh_token", "refresh_token": self.login.password, "client_id": "deployer"}
            body = urlencode({**query, **form}).encode()
        else:
            if self.login:
                headers = {"Authorization": basic(self.login.username, self.login.password)}
                query["account"] = self.login.username
            url += ("&" if realm.query else "?") + urlencode(query)
        try:
            answer = self._sent(url, headers, body)
        except (OSError, ValueError) as error:
            cause = error if isinstance(error, OSError) else OSError(str(error))
            raise Unreachable(refusals.out_of_reach(realm.netloc, cause)) from error
        if answer.status != 200:
            raise Unreachable(refusals.refused(self.endpoint.address, answer, "/token", as_user=self._user))
        try:
            said = answer.json()
            return str(said.get("token") or said["access_token"])
        except (ValueError, KeyError, AttributeError) as error:
            raise Unreachable(refusals.no_registry(realm.netloc, answer)) from error

    def _sent(self, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        from http.client import HTTPException
        from urllib.error import HTTPError, URLError
        from urllib.request import Request

        request = Request(url, data=body, headers={"User-Agent": "deployer", "Accept": "application/json"})
        for name, value in headers.items():
            request.add_unredirected_header(name, value)  # where it sends us on to must not learn the password
        try:
            return self._opened(request)
        except HTTPError as error:
            with error:
                return Answer(error.code, _lower(error.headers), error.read(_LARGEST))
        except URLError as error:
            raise error.reason if isinstance(error.reason, OSError) else OSError(str(error.reason)) from error
        except HTTPException as error:
            raise OSError(f"it does not speak HTTP: {type(error).__name__}") from error

    @cached_property
    def _opener(self) -> OpenerDirector:
        """The environment's proxies are used, but never for the loopback."""
        from urllib.request import HTTPSHandler, ProxyHandler, build_opener

        proxies = [ProxyHandler({})] if is_loopback(self.endpoint.name) else []
        return build_opener(HTTPSHandler(context=trust(self.endpoint)), *proxies)

    def _opened(self, request: Request) -> Answer:
        with self._opener.open(request, timeout=self.endpoint.timeout) as answer:
            return Answer(answer.status, _lower(answer.headers), answer.read(_LARGEST))


def trust(endpoint: Endpoint) -> ssl.SSLContext:
    """The system's authorities and those of the endpoint; no check at all where it is insecure."""
    context = ssl.create_default_context()
    for path in endpoint.authorities:
        context.load_verify_locations(path)
    if len(endpoint.bases) > 1:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _next(link: str, path: str) -> str:
    """The path of `Link: </v2/_catalog?last=x>; rel="next"`: of this registry, whatever host is in it."""
    target, _, rest = link.partition(">")
    if not target.startswith("<") or "next" not in rest:
        return ""
    found = urlsplit(urljoin(path, target[1:]))
    return f"{found.path}?{found.query}" if found.query else found.path
