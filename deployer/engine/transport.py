"""Requests to one engine: bodies go out raw, so that no field is lost, and every failure is raised as ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode, urlsplit

from deployer.engine.errors import engine_errors, garbled
from deployer.engine.locate import Location, Tls
from deployer.engine.plain import Answer, OpenAnswer, PlainRequests, small
from deployer.engine.refusals import refused
from deployer.engine.shapes import Shape, misfit
from deployer.engine.streams import Stream
from deployer.errors import Diagnostic, Unreachable
from deployer.resources.wire import EngineRefused, Json, api_version, is_loopback

if TYPE_CHECKING:
    from docker.api.client import APIClient
    from docker.tls import TLSConfig
    from requests import Response

CONNECTIONS = 32
"""More than may work at once: eight actions, as many inspects, the events, and the logs that are followed."""

JSON = {"Content-Type": "application/json"}

OLDEST, NEWEST = (1, 41), (1, 51)
"""The API versions that were tried (Engine 20.10 and 28). A newer engine is asked for the newest."""


@dataclass(slots=True)
class Carrier:
    """docker-py, made when it is first asked for: to load it takes longer than all that a plan reads."""

    location: Location
    timeout: float
    _made: list[APIClient] = field(default_factory=list["APIClient"])
    _lock: Lock = field(default_factory=Lock)

    @property
    def api(self) -> APIClient:
        with self._lock:
            if not self._made:
                self._made.append(_client(self.location, self.timeout))
            return self._made[0]

    def close(self) -> None:
        for made in self._made:
            made.close()


@dataclass(frozen=True, slots=True)
class Transport:
    """An engine and the API version to ask it in. Requests over a socket are `plain`; docker-py carries all others, and
    what is sent piece by piece or hands the connection over.
    """

    carrier: Carrier
    plain: PlainRequests | None
    location: Location
    timeout: float
    about: Json
    version: str = ""

    @property
    def api(self) -> APIClient:
        return self.carrier.api

    def request(
        self,
        doing: str,
        method: str,
        path: str,
        *names: str,
        body: Json | None = None,
        unbounded: bool = False,
        refusal: str = "engine-refused",
        **options: Any,
    ) -> Answer:
        """One request and its answer; `unbounded` where that may rightly take long, `options` are those of requests.

        `refusal` is the code of a no that no row of the refusals knows."""
        wait = None if unbounded else self.timeout
        with engine_errors(doing, self.location):
            if self.plain and "data" not in options:
                answer = self._plainly(self.plain, method, self._path(path, names), body, wait, **options)
            else:
                response = self._carried(method, self._path(path, names), body, wait, **options)
                headers = small(response.headers.items())
                answer = Answer(response.status_code, response.reason or "", response.content, headers)
        return _accepted(doing, answer, refusal)

    def _plainly(
        self,
        plain: PlainRequests,
        method: str,
        target: str,
        body: Json | None,
        wait: float | None,
        params: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        target, headers = target + _query(params), headers or {}
        if method == "GET":
            return plain.get(target, headers, wait)
        if body is None:
            return plain.send(method, target, headers, wait)
        return plain.send(method, target, {**headers, **JSON}, wait, json.dumps(body).encode())

    def _carried(
        self, method: str, target: str, body: Json | None, wait: float | None, *, stream: bool = False, **options: Any
    ) -> Response:
        if body is not None:
            options |= {"data": json.dumps(body), "headers": {**options.get("headers", {}), **JSON}}
        timeout, url = (self.timeout, wait), self.api.base_url + target
        return self.api.request(method, url, stream=stream, timeout=timeout, allow_redirects=False, **options)

    def read(self, doing: str, path: str, *names: str, shape: Shape, **options: Any) -> Any:
        """The JSON that GET answers, of that shape; None where the engine says that there is no such thing."""
        try:
            answer = self.decoded(doing, self.request(doing, "GET", path, *names, **options))
        except EngineRefused as error:
            if error.status == 404:
                return None
            raise
        return None if answer is None else self.fitting(doing, answer, shape)

    def fitting(self, doing: str, answer: Any, shape: Shape) -> Any:
        """The answer, if it is of the shape. Raises Unreachable where another server, or a broken one, gave it."""
        if wrong := misfit(answer, shape):
            raise Unreachable(garbled(doing, self.location, wrong))
        return answer

    def decoded(self, doing: str, answer: Answer) -> Any:
        with engine_errors(doing, self.location):
            return json.loads(answer.body)

    def stream(
        self,
        doing: str,
        method: str,
        path: str,
        *names: str,
        body: Json | None = None,
        refusal: str = "engine-refused",
        **options: Any,
    ) -> Stream:
        """A request whose answer comes bit by bit, for as long as it may take."""
        target = self._path(path, names)
        response: Response | OpenAnswer
        with engine_errors(doing, self.location):
            if self.plain and method == "GET":
                response = self.plain.open(target + _query(options.get("params")), self.timeout)
            else:
                response = self._carried(method, target, body, None, stream=True, **options)
            if response.status_code >= 300:
                _accepted(doing, Answer(response.status_code, response.reason or "", response.content), refusal)
        return Stream(response, doing, self.location)

    def close(self) -> None:
        self.carrier.close()
        if self.plain:
            self.plain.close()
        if self.location.tunnel:
            self.location.tunnel.close()

    def _path(self, path: str, names: tuple[str, ...]) -> str:
        version = f"/v{self.version}" if self.version else ""
        return f"{version}{path.format(*(quote(name, safe='/:@') for name in names))}"


def open_transport(location: Location, timeout: float) -> Transport:
    """Reach the engine and agree on an API version."""
    if not location.url.startswith("ssh://"):
        return _agreed(location, timeout)
    from deployer.engine.ssh import open_tunnel

    tunnel = open_tunnel(location, timeout)
    try:
        return _agreed(replace(location, tunnel=tunnel), timeout)
    except BaseException:
        tunnel.close()
        raise


def _agreed(location: Location, timeout: float) -> Transport:
    url = location.tunnel.url if location.tunnel else location.url
    plain = PlainRequests(url.removeprefix("unix://")) if url.startswith("unix://") else None
    bare = Transport(Carrier(location, timeout), plain, location, timeout, {})
    doing = "ask the engine for its version"
    try:
        about = bare.read(doing, "/version", shape={})
        newest, oldest = (api_version(about[key]) for key in ("ApiVersion", "MinAPIVersion"))
    except (AttributeError, EngineRefused, KeyError, TypeError, ValueError) as error:
        raise Unreachable(garbled(doing, location, str(error))) from error
    if newest < OLDEST:
        needed = "deployer needs Docker Engine 20.10 (API {}.{}) or newer".format(*OLDEST)
        raise Unreachable(_unfit(location, about, "too old", f"{needed}: upgrade it"))
    if oldest > NEWEST:
        needed = "this deployer speaks API {}.{} at the most".format(*NEWEST)
        raise Unreachable(_unfit(location, about, "too new", f"{needed}: upgrade deployer"))
    return replace(bare, about=about, version="{}.{}".format(*min(newest, NEWEST)))


def _unfit(location: Location, about: Json, how: str, hint: str) -> Diagnostic:
    engine = f"the Docker engine at {location.url} ({about.get('Version')}, API {about['ApiVersion']})"
    message = f"{engine} is {how}"
    return Diagnostic("engine-version", message, hint=hint)


def _client(location: Location, timeout: float) -> APIClient:
    from docker.api.client import APIClient
    from docker.errors import DockerException

    url = location.tunnel.url if location.tunnel else location.url
    try:
        api = APIClient(
            base_url=url,
            version="{}.{}".format(*OLDEST),  # or it would ask the engine itself, before it is set up
            timeout=cast("int", timeout),  # requests takes parts of a second, too
            tls=_tls_config(location.tls) if location.tls else False,
            user_agent="deployer",
            max_pool_size=CONNECTIONS,
        )
    except (DockerException, ValueError) as error:  # it reads the credentials first
        hint = "the docker client's configuration is ~/.docker/config.json, or in $DOCKER_CONFIG"
        raise Unreachable(
            Diagnostic("docker-config", f"cannot use the docker client's configuration: {error}", hint=hint)
        ) from error
    api.headers.update(getattr(api, "_general_configs", {}).get("HttpHeaders") or {})
    if not url.startswith("unix://"):
        _set_up_tcp(api, location)
    api.trust_env = False  # ~/.netrc, and REQUESTS_CA_BUNDLE, which would go before the engine's own CA
    return api


def _tls_config(tls: Tls) -> TLSConfig:
    from docker.tls import TLSConfig

    pair = (str(tls.cert), str(tls.key)) if tls.cert and tls.key else None
    return TLSConfig(client_cert=pair, ca_cert=str(tls.ca) if tls.ca else None, verify=tls.verify)


def _set_up_tcp(api: APIClient, location: Location) -> None:
    """As large a pool as a socket has, and the environment's proxies, but never for the loopback (as Go has it)."""
    from requests.adapters import HTTPAdapter
    from requests.utils import get_environ_proxies

    for scheme in ("http://", "https://"):
        api.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS))
    if not is_loopback(urlsplit(location.url).hostname or ""):
        api.proxies = get_environ_proxies(api.base_url)
    if location.tls and not location.tls.verify:
        import urllib3

        urllib3.disable_warnings(
            urllib3.exceptions.InsecureRequestWarning
        )  # the user asked for it; a warning a request helps nobody


def _query(params: Json | None) -> str:
    return f"?{urlencode(params, doseq=True)}" if params else ""


def _accepted(doing: str, answer: Answer, refusal: str) -> Answer:
    if answer.status >= 300 and answer.status != 304:  # 304: it was started, or stopped, already
        raise refused(doing, _explanation(answer.body, answer.reason), answer.status, otherwise=refusal)
    return answer


def _explanation(body: bytes, reason: str | None) -> str:
    """The engine's reason; what is no engine (a proxy on the way) answers with other text."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return body.decode(errors="replace").strip()[:500] or reason or ""
