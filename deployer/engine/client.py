"""The Docker Engine for the reconciler: a method that writes is one request, and what is done already is no error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, BinaryIO

from deployer.engine.credentials import NO_LOGIN
from deployer.engine.inside import InsideReader
from deployer.engine.locate import Location
from deployer.engine.progress import follow_build, follow_load, follow_pull, follow_push
from deployer.engine.reader import not_an_id
from deployer.engine.registries import mended
from deployer.engine.session import Session
from deployer.engine.shapes import MADE, VOLUME, Shape
from deployer.engine.transport import open_transport
from deployer.resources.registries import Registry
from deployer.resources.wire import EngineRefused, Json, Progress


def connect(location: Location, timeout: float = 60.0, registries: Sequence[Registry] = ()) -> DockerEngine:
    """Reach the engine there; `timeout` (seconds) is how long it may be silent before a plain request is given up.

    `registries` are the stack's own, with their logins, which go before those of the docker client.
    """
    return DockerEngine(open_transport(location, timeout), registries)


def connect_to_read(location: Location, timeout: float = 60.0, registries: Sequence[Registry] = ()) -> InsideReader:
    """The same, for who is to change nothing: what is handed out has no method that writes."""
    return InsideReader(open_transport(location, timeout), registries)


class DockerEngine(InsideReader):
    """An engine that does what it is told; bodies go to it as they are. Give it whole ids where they are known."""

    def create_container(self, name: str, body: Json) -> str:
        """`Platform` of the body is a parameter of the request, as its name is."""
        doing, body = f"create container {name}", dict(body)
        platform = body.pop("Platform", "")
        params = {"name": name, **({"platform": platform} if platform else {})}
        return self._answer(doing, "POST", "/containers/create", params=params, body=body)["Id"]

    def start_container(self, container: str) -> None:
        self._do(f"start container {container}", "POST", "/containers/{}/start", container)

    def stop_container(self, container: str, timeout: int | None = None) -> None:
        params = {} if timeout is None else {"t": timeout}
        self._do(f"stop container {container}", "POST", "/containers/{}/stop", container, params=params, unbounded=True)

    def restart_container(self, container: str) -> None:
        self._do(f"restart container {container}", "POST", "/containers/{}/restart", container, unbounded=True)

    def kill_container(self, container: str, signal: str) -> None:
        """One that has ended meanwhile needs no signal."""
        self._do(
            f"send {signal} to container {container}",
            "POST",
            "/containers/{}/kill",
            container,
            params={"signal": signal},
            done_already="is not running",
        )

    def pause_container(self, container: str) -> None:
        self._do(
            f"pause container {container}", "POST", "/containers/{}/pause", container, done_already="is already paused"
        )

    def unpause_container(self, container: str) -> None:
        self._do(
            f"unpause container {container}", "POST", "/containers/{}/unpause", container, done_already="is not paused"
        )

    def rename_container(self, container: str, name: str) -> None:
        doing = f"rename container {container} to {name}"
        already = "Renaming a container with the same name"
        self._do(doing, "POST", "/containers/{}/rename", container, params={"name": name}, done_already=already)

    def update_container(self, container: str, body: Json) -> None:
        self._do(f"update container {container}", "POST", "/containers/{}/update", container, body=body)

    def remove_container(self, container: str, *, volumes: bool = False, force: bool = False) -> None:
        """Gone when it returns, whoever removes it (a container that removes itself answers 409 meanwhile)."""
        params = {"v": int(volumes), "force": int(force)}
        try:
            self._do(
                f"remove container {container}", "DELETE", "/containers/{}", container, params=params, gone_is_fine=True
            )
        except EngineRefused as error:
            if "is already in progress" not in str(error):
                raise
            self._wait_until_removed(container)

    def _wait_until_removed(self, container: str) -> None:
        doing = f"wait until container {container} is removed"
        self._do(
            doing,
            "POST",
            "/containers/{}/wait",
            container,
            params={"condition": "removed"},
            gone_is_fine=True,
            unbounded=True,
        )

    def create_exec(self, container: str, body: Json) -> str:
        doing = f"prepare a command in container {container}"
        return self._answer(doing, "POST", "/containers/{}/exec", container, body=body)["Id"]

    def start_exec(self, exec_id: str, *, tty: bool) -> Session:
        """The connection becomes the command's: both sides write to it as they like."""
        doing, body = "run the command", {"Detach": False, "Tty": tty}
        upgrade = {"Connection": "Upgrade", "Upgrade": "tcp"}
        stream = self._transport.stream(doing, "POST", "/exec/{}/start", exec_id, body=body, headers=upgrade)
        return Session(stream, tty=tty)

    def start_exec_detached(self, exec_id: str, *, tty: bool) -> None:
        self._do("run the command", "POST", "/exec/{}/start", exec_id, body={"Detach": True, "Tty": tty})

    def resize_exec(self, exec_id: str, *, rows: int, columns: int) -> None:
        params = {"h": rows, "w": columns}
        self._do("size the command's terminal", "POST", "/exec/{}/resize", exec_id, params=params)

    def attach(self, container: str, *, tty: bool, stdin: bool, detach_keys: str = "") -> Session:
        doing = f"attach to container {container}"
        params: dict[str, str | int] = {"stream": 1, "stdout": 1, "stderr": 1, "stdin": int(stdin)}
        params |= {"detachKeys": detach_keys} if detach_keys else {}
        upgrade = {"Connection": "Upgrade", "Upgrade": "tcp"}
        stream = self._transport.stream(
            doing, "POST", "/containers/{}/attach", container, params=params, headers=upgrade
        )
        return Session(stream, tty=tty)

    def resize_container(self, container: str, *, rows: int, columns: int) -> None:
        params = {"h": rows, "w": columns}
        self._do(
            f"size the terminal of container {container}", "POST", "/containers/{}/resize", container, params=params
        )

    def commit(self, container: str, query: Json) -> str:
        doing = f"make an image of container {container}"
        params = {"container": container, **{name: _query_value(value) for name, value in query.items()}}
        return self._answer(doing, "POST", "/commit", params=params, unbounded=True)["Id"]

    def put_archive(self, container: str, folder: str, archive: bytes | BinaryIO | Iterable[bytes]) -> None:
        """The engine refuses where a file would take a folder's place; unasked, it would remove that folder."""
        self._do(
            f"copy files into container {container}",
            "PUT",
            "/containers/{}/archive",
            container,
            params={"path": folder, "noOverwriteDirNonDir": 1},
            data=archive,
            headers={"Content-Type": "application/x-tar"},
            unbounded=True,
        )

    def create_network(self, body: Json) -> str:
        """CheckDuplicate: Engine 20.10 would make a second network of the same name without it."""
        doing = f"create network {body.get('Name')}"
        return self._answer(doing, "POST", "/networks/create", body={**body, "CheckDuplicate": True})["Id"]

    def remove_network(self, name_or_id: str) -> None:
        self._do(f"remove network {name_or_id}", "DELETE", "/networks/{}", name_or_id, gone_is_fine=True)

    def connect(self, network: str, container: str, endpoint: Json) -> None:
        body = {"Container": container, "EndpointConfig": endpoint}
        self._do(
            f"connect container {container} to network {network}", "POST", "/networks/{}/connect", network, body=body
        )

    def disconnect(self, network: str, container: str) -> None:
        doing = f"disconnect container {container} from network {network}"
        already = "is not connected to"
        self._do(
            doing,
            "POST",
            "/networks/{}/disconnect",
            network,
            body={"Container": container},
            gone_is_fine=True,
            done_already=already,
        )

    def create_volume(self, body: Json) -> Json:
        return self._answer(f"create volume {body.get('Name')}", "POST", "/volumes/create", shape=VOLUME, body=body)

    def remove_volume(self, name: str) -> None:
        self._do(f"remove volume {name}", "DELETE", "/volumes/{}", name, gone_is_fine=True)

    def pull(self, reference: str, progress: Callable[[Progress], None], platform: str = "") -> None:
        repository, tag = _repository_and_tag(reference)
        params = {"fromImage": repository, "tag": tag, **({"platform": platform} if platform else {})}
        login = self._login(reference)
        with mended(reference, self._registries):
            stream = self._transport.stream(
                f"pull image {reference}", "POST", "/images/create", params=params, headers=login
            )
            follow_pull(stream, progress)

    def push(self, reference: str, progress: Callable[[Progress], None]) -> str:
        """Without the header, Engine 20.10 would look for a login in the body, and find none."""
        repository, tag = _repository_and_tag(reference)
        doing, params, login = f"push image {reference}", {"tag": tag}, self._login(reference) or NO_LOGIN
        with mended(reference, self._registries):
            stream = self._transport.stream(doing, "POST", "/images/{}/push", repository, params=params, headers=login)
            return follow_push(stream, progress)

    def load(self, archive: BinaryIO, progress: Callable[[Progress], None]) -> list[str]:
        doing = "load images"
        request = {"data": archive, "headers": {"Content-Type": "application/x-tar"}}
        return follow_load(self._transport.stream(doing, "POST", "/images/load", **request), progress)

    def build(self, context: BinaryIO, options: Json, progress: Callable[[Progress], None]) -> str:
        params = {"rm": 1, "forcerm": 1} | {name: _query_value(value) for name, value in options.items()}
        request = {"params": params, "data": context, "headers": {"Content-Type": "application/x-tar"}}
        doing = f"build image {options.get('t', '')}".rstrip()
        return follow_build(
            self._transport.stream(doing, "POST", "/build", refusal="build-failed", **request), progress
        )

    def tag(self, image: str, repository: str, tag: str) -> None:
        doing = f"tag image {image} as {repository}:{tag}"
        self._do(doing, "POST", "/images/{}/tag", not_an_id(image), params={"repo": repository, "tag": tag})

    def remove_image(self, reference: str) -> None:
        self._do(f"remove image {reference}", "DELETE", "/images/{}", not_an_id(reference), gone_is_fine=True)

    def _answer(self, doing: str, method: str, path: str, *names: str, shape: Shape = MADE, **options: Any) -> Json:
        answer = self._transport.decoded(doing, self._transport.request(doing, method, path, *names, **options))
        return self._transport.fitting(doing, answer, shape)

    def _do(
        self,
        doing: str,
        method: str,
        path: str,
        *names: str,
        gone_is_fine: bool = False,
        done_already: str = "",
        **options: Any,
    ) -> None:
        """A request of which only success matters; the engine's ways to say that nothing was left to do are success."""
        try:
            self._transport.request(doing, method, path, *names, **options)
        except EngineRefused as error:
            gone = gone_is_fine and error.status == 404
            if not gone and not (done_already and done_already in str(error)):
                raise


def _repository_and_tag(reference: str) -> tuple[str, str]:
    """The tag defaults to `latest`, as it does everywhere; asked without one, the engine would pull all there are."""
    name, _, digest = reference.partition("@")
    if digest:
        return name, digest
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, "latest")


def _query_value(value: object) -> object:
    """As `POST /build` reads its query: mappings are JSON, switches 1 and 0, a list is repeated."""
    if isinstance(value, Mapping):
        return json.dumps(value)
    return int(value) if isinstance(value, bool) else value
