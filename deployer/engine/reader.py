"""The requests that change nothing. What is not there is None; every other failure is a DeployerError."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

from deployer.engine import shapes
from deployer.engine.credentials import registry_login
from deployer.engine.logs import log_lines
from deployer.engine.refusals import refused
from deployer.engine.registries import is_insecure, mended, retry_after
from deployer.engine.transport import Transport
from deployer.fields.platform import platform
from deployer.resources.registries import Registry
from deployer.resources.wire import EngineInfo, EngineRefused, Json, LogLine

AT_ONCE = 8

_MEASURES = 0.05
"""Seconds after which an engine that measures its disk for somebody else is asked again."""

_DIGEST = {"?Descriptor": {"?digest": str}}


class DockerReader:
    """An engine that can only be looked at."""

    def __init__(self, transport: Transport, registries: Sequence[Registry] = ()) -> None:
        self._transport, self._registries = transport, registries

    def info(self) -> EngineInfo:
        about = self._transport.about
        own = platform(str(about.get("Os", "")), str(about.get("Arch", "")))
        return EngineInfo(self._transport.location.url, str(about.get("Version", "")), self._transport.version, own)

    def containers(self) -> Sequence[Json]:
        return (
            self._transport.read("list the containers", "/containers/json", shape=shapes.CONTAINERS, params={"all": 1})
            or []
        )

    def container(self, name_or_id: str) -> Json | None:
        """A container by its name or whole id. A part of an id is none: the engine would take the name `db` for one."""
        found = self._transport.read(
            f"look at container {name_or_id}", "/containers/{}/json", name_or_id, shape=shapes.CONTAINER
        )
        return found if found and name_or_id in (found["Id"], found["Name"].removeprefix("/")) else None

    def inspected(self, ids: Sequence[str]) -> Sequence[Json]:
        if len(ids) < 2:  # a thread costs more than it
            return [found for found in map(self.container, ids) if found]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [found for found in pool.map(self.container, ids) if found]

    def image(self, reference: str) -> Json | None:
        return self._transport.read(
            f"look at image {reference}", "/images/{}/json", not_an_id(reference), shape=shapes.IMAGE
        )

    def images(self, reference: str) -> Sequence[Json]:
        params = {"filters": json.dumps({"reference": [reference]})}
        return self._transport.read("list the images", "/images/json", shape=[shapes.IMAGE], params=params) or []

    def networks(self) -> Sequence[Json]:
        return self._transport.read("list the networks", "/networks", shape=shapes.NETWORKS) or []

    def network(self, name_or_id: str) -> Json | None:
        """A network by its name or whole id (a part of an id is none, as with containers)."""
        found = self._transport.read(f"look at network {name_or_id}", "/networks/{}", name_or_id, shape=shapes.NETWORK)
        return found if found and name_or_id in (found["Id"], found["Name"]) else None

    def now(self) -> float:
        """By the Date of an answer (RFC 9110, 6.6.1), which counts whole seconds."""
        date = self._transport.request("ask the engine for the time", "GET", "/_ping").headers.get("date", "")
        return parsedate_to_datetime(date).timestamp() if date else time.time()

    def volumes(self, name: str = "") -> Sequence[Json]:
        params = {"filters": json.dumps({"name": [name]})} if name else {}
        answer = self._transport.read("list the volumes", "/volumes", shape=shapes.VOLUMES, params=params) or {}
        return answer.get("Volumes") or []

    def system(self) -> Json:
        return self._transport.read("ask the engine about itself", "/info", shape=shapes.INFO) or {}

    def disk_usage(self, kind: str = "") -> Json:
        """Engine 20.10 measures for one who asks at a time, and refuses all others: it is waited for that it has done
        so, as long as for an answer.
        """
        params = {"type": kind} if kind else {}
        given_up = time.monotonic() + self._transport.timeout
        while True:
            try:
                return (
                    self._transport.read("ask what takes the engine's disk", "/system/df", shape={}, params=params)
                    or {}
                )
            except EngineRefused as error:
                if error.diagnostics[0].code != "disk-measuring" or time.monotonic() > given_up:
                    raise
            time.sleep(_MEASURES)

    def search(self, term: str, limit: int) -> Sequence[Json]:
        params = {"term": term, "limit": limit}
        doing = f"search Docker Hub for {term}"
        return self._transport.read(doing, "/images/search", shape=[{}], params=params, unbounded=True) or []

    def volume(self, name: str) -> Json | None:
        return self._transport.read(f"look at volume {name}", "/volumes/{}", name, shape=shapes.VOLUME)

    def save(self, references: Sequence[str]) -> Iterator[bytes]:
        params = {"names": [not_an_id(reference) for reference in references]}
        return self._transport.stream("save images", "GET", "/images/get", params=params).chunks()

    def registry_digest(self, reference: str) -> str | None:
        """What the registry says now, through the engine. None where it has no such image; out of reach is an error."""
        doing = f"ask the registry for {reference}"
        headers = self._login(reference)
        with mended(reference, self._registries):
            path = "/distribution/{}/json"
            answer = self._transport.read(doing, path, reference, shape=_DIGEST, headers=headers, unbounded=True) or {}
        return (answer.get("Descriptor") or {}).get("digest")

    def retry_after(self, reference: str) -> float | None:
        return retry_after(reference, self._registries, here=self.info().is_here)

    def takes_as_insecure(self, host: str) -> bool | None:
        about = self._transport.read("ask the engine for its settings", "/info", shape=shapes.INFO) or {}
        return is_insecure(about.get("RegistryConfig") or {}, host, here=self.info().is_here)

    def exec(self, exec_id: str) -> Json | None:
        return self._transport.read("look at the command", "/exec/{}/json", exec_id, shape={})

    def logs(
        self,
        container: str,
        *,
        tail: int | None = None,
        since: float | None = None,
        follow: bool = False,
        timestamps: bool = False,
    ) -> Iterator[LogLine]:
        """Its lines, oldest first; with `follow` until the container stops."""
        doing = f"read the logs of container {container}"
        found = self.container(container)
        if not found:
            raise refused(doing, f"no container is named {container}", 404)
        params: dict[str, str | int] = {"stdout": 1, "stderr": 1, "follow": int(follow), "timestamps": int(timestamps)}
        params["tail"] = "all" if tail is None else tail
        if since is not None:
            params["since"] = f"{since:.9f}"
        stream = self._transport.stream(doing, "GET", "/containers/{}/logs", found["Id"], params=params)
        return log_lines(container, stream.chunks(), tty=found["Config"]["Tty"], timestamps=timestamps)

    @contextmanager
    def events(
        self, *, labels: Mapping[str, str], since: float | None = None, until: float | None = None
    ) -> Iterator[Iterator[Json]]:
        """Container events from now on, of those that bear the labels. Leaving ends the iterator in any thread."""
        filters = {"type": ["container"], "label": [f"{name}={value}" for name, value in labels.items()]}
        times = {name: f"{value:.9f}" for name, value in (("since", since), ("until", until)) if value is not None}
        params = {"filters": json.dumps(filters), **times}
        stream = self._transport.stream("listen to the engine's events", "GET", "/events", params=params)
        try:
            yield stream.objects()
        finally:
            stream.hang_up()

    def _login(self, reference: str) -> dict[str, str]:
        return registry_login(self._transport.api, reference, self._registries)

    def close(self) -> None:
        """Close the idle connections, and the ssh that carries them; without one, what is being streamed goes on."""
        self._transport.close()


def not_an_id(reference: str) -> str:
    """A name such as `cafe` with its tag: without one, the engine takes it for the beginning of an image's id, too."""
    return f"{reference}:latest" if re.fullmatch(r"[0-9a-f]{1,63}", reference) else reference
