"""What goes on in a container, and what is in it: processes, use, files, its end. Nothing is changed by it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence

from deployer.engine.errors import lost
from deployer.engine.reader import DockerReader
from deployer.errors import Unreachable
from deployer.resources.wire import EngineRefused, Json


class InsideReader(DockerReader):
    """A reader that looks into containers."""

    def top(self, container: str) -> Json:
        doing = f"list the processes of container {container}"
        response = self._transport.request(doing, "GET", "/containers/{}/top", container, unbounded=True)
        return self._transport.decoded(doing, response)

    def stats(self, container: str) -> Json | None:
        """Two looks, a second apart: the engine gives the first one along, for what is told by the second."""
        doing = f"measure container {container}"
        return self._transport.read(doing, "/containers/{}/stats", container, shape={}, params={"stream": 0})

    def changed_files(self, container: str) -> Sequence[Json]:
        doing = f"list the changed files of container {container}"
        return (
            self._transport.read(
                doing, "/containers/{}/changes", container, shape=[{"Path": str, "Kind": int}], unbounded=True
            )
            or []
        )

    def exit_of(self, container: str, until: str = "not-running") -> Callable[[], int]:
        """The engine's headers say that it listens, its body comes with the end (API 1.30)."""
        doing = f"wait for the end of container {container}"
        params = {"condition": until}
        stream = self._transport.stream(doing, "POST", "/containers/{}/wait", container, params=params)

        def ending() -> int:
            found = next(stream.objects(), None)
            if found is None:
                raise Unreachable(lost(doing, self._transport.location))
            return self._transport.fitting(doing, found, {"StatusCode": int})["StatusCode"]

        return ending

    def path_stat(self, container: str, path: str) -> Json | None:
        doing = f"look at {path} in container {container}"
        try:
            response = self._transport.request(
                doing, "HEAD", "/containers/{}/archive", container, params={"path": path}
            )
        except EngineRefused as error:
            if error.status == 404:
                return None
            raise
        return json.loads(base64.b64decode(response.headers["x-docker-container-path-stat"]))

    def get_archive(self, container: str, path: str) -> Iterator[bytes]:
        doing = f"copy {path} from container {container}"
        return self._transport.stream(doing, "GET", "/containers/{}/archive", container, params={"path": path}).chunks()

    def export(self, container: str) -> Iterator[bytes]:
        return self._transport.stream(
            f"export container {container}", "GET", "/containers/{}/export", container
        ).chunks()
