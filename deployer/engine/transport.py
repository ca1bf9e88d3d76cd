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
from deployer.engine.plain import PlainReads
from deployer.engine.refusals import refused
from deployer.engine.shapes import Shape, misfit
from deployer.engine.streams import Stream
from deployer.errors import Diagnostic, Unreachable
from deployer.resources.wire import EngineRefused, Json, is_loopback

if TYPE_CHECKING:
    from docker.api.client import APIClient
    from docker.tls import TLSConfig
    from requests import Response

CONNECTIONS = 32
"""More than may work at once: eight actions, as many inspects, the events, and the logs that are followed."""

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
    """An engine and the API version to ask it in. docker-py carries the requests (sockets, TLS, credentials), but for
    those that read over a socket, which are `plain`.
    """

    carrier: Carrier
    plain: PlainReads | None
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
        stream: bool = False,
        unbounded: bool = False,
        refusal: str = "engine-refused",
        **options: Any,
    ) -> Response:
        """One request and its answer; `unbounded` where that may rightly take long, `options` are those of requests.

        `refusal` is the code of a no that no row of the refusals knows."""
        if body is not None:
            headers = {**options.get("headers", {}), "Content-Type": "application/json"}
            options |= {"data": json.dumps(body), "headers": headers}
        wait = (self.timeout, None if stream or unbounded else self.timeout)
        with engine_errors(doing, self.location):
            response = self.api.request(
                method,
                self.api.base_url + self._path(path, names),
                stream=stream,
                timeout=wait,
                allow_redirects=False,
                **options,
            )
            if response.status_code >= 300 and response.status_code != 304:  # 304: it was started, or stopped, already
                raise refused(
                    doing, _explanation(response.content, response.reason), response.status_code, otherwise=refusal
                )
        return response

    def read(self, doing: str, path: str, *names: str, shape: Shape, **options: Any) -> Any:
        """The JSON that GET answers, of that shape; None where the engine says that there is no such thing."""
        try:
            if self.plain:
                answer = self._read_plainly(self.plain, doing, self._path(path, names), **options)
            else:
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

    def _read_plainly(
        self,
        plain: PlainReads,
        doing: str,
        target: str,
        params: Json | None = None,
        headers: Mapping[str, str] | None = None,
        unbounded: bool = False,
    ) -> Any:
        query = f"?{urlencode(params, doseq=True)}" if params else ""
        with engine_errors(doing, self.location):
            status, reason, body = plain.get(target + query, headers or {}, None if unbounded else self.timeout)
            if status >= 300:
                raise refused(doing, _explanation(body, reason), status)
            return json.loads(body)

    def decoded(self, doing: str, response: Response) -> Any:
        with engine_errors(doing, self.location):
            return response.json()

    def stream(self, doing: str, method: str, path: str, *names: str, **options: Any) -> Stream:
        """A request whose answer comes bit by bit, for as long as it may take."""
        response = self.request(doing, method, path, *names, stream=True, **options)
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
    plain = PlainReads(url.removeprefix("unix://")) if url.startswith("unix://") else None
    bare = Transport(Carrier(location, timeout), plain, location, timeout, {})
    doing = "ask the engine for its version"
    try:
        about = bare.read(doing, "/version", shape={})
        newest, oldest = (_numbers(about[key]) for key in ("ApiVersion", "MinAPIVersion"))
    except (EngineRefused, KeyError, TypeError, ValueError) as error:
        raise Unreachable(garbled(doing, location, str(error))) from error
    if newest < OLDEST:
        needed = "deployer needs Docker Engine 20.10 (API {}.{}) or newer".format(*OLDEST)
        raise Unreachable(_unfit(location, about, "too old", f"{needed}: upgrade it"))
    if oldest > NEWEST:
        needed = "this deployer speaks API {}.{} at the most".format(*NEWEST)
        raise Unreachable(_unfit(location, about, "too new", f"{needed}: upgrade deployer"))
    return replace(bare, about=about, version="{}.{}".format(*min(newest, NEWEST)))


def _numbers(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


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


def _explanation(body: bytes, reason: str | None) -> str:
    """The engine's reason; what is no engine (a proxy on the way) answers with other text."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return body.decode(errors="replace").strip()[:500] or reason or ""
