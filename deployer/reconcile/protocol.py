"""What the reconciler asks of an engine. Whoever only plans is given a `Reader`, which has no way to write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from deployer.resources.wire import EngineInfo, EngineRefused, Json, LogLine, Progress

__all__ = ["Engine", "EngineInfo", "EngineRefused", "Json", "LogLine", "Progress", "Reader", "Session"]


class Session(Protocol):
    """A program that runs in a container, and the connection to it. One thread reads, another one may write."""

    def output(self) -> Iterator[tuple[str, bytes]]:
        """What it writes, as it comes, each with its stream: stdout or stderr."""
        ...

    def send(self, data: bytes) -> None:
        """Raises BrokenPipeError once it reads no more."""
        ...

    def end_input(self) -> None:
        """What it reads ends here."""
        ...

    def hang_up(self) -> None:
        """Leave it alone. While its output is asked for and not read, the engine cannot end it (20.10)."""
        ...


class Reader(Protocol):
    """The requests that change nothing. What is not there is None; every other failure is a DeployerError."""

    def info(self) -> EngineInfo: ...
    def now(self) -> float:
        """Seconds since 1970 by the engine's clock."""
        ...

    def containers(self) -> Sequence[Json]:
        """All containers of the engine, stopped ones too, as `GET /containers/json?all=1` lists them."""
        ...

    def container(self, name_or_id: str) -> Json | None: ...
    def inspected(self, ids: Sequence[str]) -> Sequence[Json]:
        """Each container's inspect, several at once, in the order asked; one that went meanwhile is left out."""
        ...

    def image(self, reference: str) -> Json | None: ...
    def images(self, reference: str) -> Sequence[Json]:
        """Those with a tag that a pattern such as `shop/*` matches, as `GET /images/json` lists them."""
        ...

    def networks(self) -> Sequence[Json]: ...
    def network(self, name_or_id: str) -> Json | None: ...
    def volumes(self, name: str = "") -> Sequence[Json]:
        """All volumes, or those in whose names this is."""
        ...

    def volume(self, name: str) -> Json | None: ...
    def save(self, references: Sequence[str]) -> Iterator[bytes]:
        """An archive of images, piece by piece."""
        ...

    def system(self) -> Json:
        """What the engine says of itself and of its host, as `GET /info` has it."""
        ...

    def disk_usage(self, kind: str = "") -> Json:
        """What images, containers, volumes and build caches take, as `GET /system/df` has it; since API 1.42 of one
        kind alone, such as `volume`, where that is named.
        """
        ...

    def search(self, term: str, limit: int) -> Sequence[Json]:
        """Images of Docker Hub, as `GET /images/search` lists them."""
        ...

    def registry_digest(self, reference: str) -> str | None:
        """The manifest digest that the reference has in its registry now; None where the registry cannot say."""
        ...

    def retry_after(self, reference: str) -> float | None:
        """For how many seconds a registry that limits requests wants to be left alone; None where it does not say."""
        ...

    def takes_as_insecure(self, host: str) -> bool | None:
        """Whether the engine speaks plain HTTP to a registry there; None where that cannot be told from here."""
        ...

    def exec(self, exec_id: str) -> Json | None:
        """How a command that was started in a container is: `Running`, `ExitCode`."""
        ...

    def logs(
        self,
        container: str,
        *,
        tail: int | None = None,
        since: float | None = None,
        follow: bool = False,
        timestamps: bool = False,
    ) -> Iterator[LogLine]: ...
    def events(
        self, *, labels: Mapping[str, str], since: float | None = None, until: float | None = None
    ) -> AbstractContextManager[Iterator[Json]]:
        """Container events, of containers that bear the labels, from now on unless a time (seconds since 1970) is
        given. Leaving the context ends the stream.
        """
        ...

    def top(self, container: str) -> Json:
        """`Titles`, and `Processes` with a text for each of them."""
        ...

    def stats(self, container: str) -> Json | None:
        """What a container uses, measured for a second or two."""
        ...

    def changed_files(self, container: str) -> Sequence[Json]:
        """What is not as in the image: `Path`, and `Kind` (0 changed, 1 added, 2 deleted)."""
        ...

    def exit_of(self, container: str, until: str = "not-running") -> Callable[[], int]:
        """What waits for the container's end and gives its exit code: until it is `not-running`, for the `next-exit`
        of one that is not started yet, or until it is `removed`. The engine listens from now on: nothing is missed.
        """
        ...

    def path_stat(self, container: str, path: str) -> Json | None:
        """`name`, `mode` (as Go's os.FileMode), `linkTarget` of a path in a container; None where it is not there."""
        ...

    def get_archive(self, container: str, path: str) -> Iterator[bytes]:
        """A tar of a file or folder, whose name is the first part of each path in it."""
        ...

    def export(self, container: str) -> Iterator[bytes]:
        """A tar of all files."""
        ...


class Engine(Reader, Protocol):
    """All requests. A method that writes is one Engine API request, so a plan's steps are what is requested."""

    def create_container(self, name: str, body: Json) -> str:
        """The new container's id. `Platform` in the body is that of its image."""
        ...

    def start_container(self, container: str) -> None: ...
    def stop_container(self, container: str, timeout: int | None = None) -> None:
        """`timeout` in seconds; None leaves the container's own."""
        ...

    def restart_container(self, container: str) -> None:
        """Stopped, in its own time, and started in one request."""
        ...

    def kill_container(self, container: str, signal: str) -> None: ...
    def pause_container(self, container: str) -> None: ...
    def unpause_container(self, container: str) -> None: ...
    def rename_container(self, container: str, name: str) -> None: ...
    def update_container(self, container: str, body: Json) -> None: ...
    def remove_container(self, container: str, *, volumes: bool = False, force: bool = False) -> None:
        """One that is gone already is no error; `volumes` takes its anonymous ones along."""
        ...

    def create_exec(self, container: str, body: Json) -> str:
        """A command that is to run in a container, as `POST /containers/.../exec` takes it. Gives its id."""
        ...

    def start_exec(self, exec_id: str, *, tty: bool) -> Session: ...
    def start_exec_detached(self, exec_id: str, *, tty: bool) -> None: ...
    def resize_exec(self, exec_id: str, *, rows: int, columns: int) -> None: ...
    def attach(self, container: str, *, tty: bool, stdin: bool, detach_keys: str = "") -> Session:
        """The connection to a container's own program, from now on; `tty` says whether it has a terminal."""
        ...

    def resize_container(self, container: str, *, rows: int, columns: int) -> None: ...
    def commit(self, container: str, query: Json) -> str:
        """An image of what a container has become; `query` is that of `POST /commit`. Gives the image's id."""
        ...

    def put_archive(self, container: str, folder: str, archive: bytes | BinaryIO | Iterable[bytes]) -> None:
        """Unpack a tar in a folder of the container, which need not have been started; no folder becomes a file."""
        ...

    def create_network(self, body: Json) -> str: ...
    def remove_network(self, name_or_id: str) -> None: ...
    def connect(self, network: str, container: str, endpoint: Json) -> None: ...
    def disconnect(self, network: str, container: str) -> None: ...
    def create_volume(self, body: Json) -> Json: ...
    def remove_volume(self, name: str) -> None: ...
    def pull(self, reference: str, progress: Callable[[Progress], None], platform: str = "") -> None:
        """For the engine's own platform unless another one is named."""
        ...

    def push(self, reference: str, progress: Callable[[Progress], None]) -> str:
        """Bring an image to the registry that its name begins with. Gives the digest that it has there."""
        ...

    def load(self, archive: BinaryIO, progress: Callable[[Progress], None]) -> Sequence[str]:
        """Send an archive of images. Gives the names, or ids, of what was loaded."""
        ...

    def build(self, context: BinaryIO, options: Json, progress: Callable[[Progress], None]) -> str:
        """Send a tar to the classic builder; `options` are the query of `POST /build`. Gives the image's id."""
        ...

    def tag(self, image: str, repository: str, tag: str) -> None: ...
    def remove_image(self, reference: str) -> None: ...
