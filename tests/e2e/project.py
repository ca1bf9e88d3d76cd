"""A stack file in a folder of its own, driven through the real command line, and what the engine has of it."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

import deployer
from deployer.cli.app import run
from deployer.fields.container_names import container_name
from deployer.resources import identity

Json = Mapping[str, Any]
BASE = "busybox:1.37"
ROOT = Path(deployer.__file__).parents[1]
OF_A_NETWORK = {"networks", "network_mode", "ports"}
IMPATIENT = "from deployer.reconcile import lost; lost.RETURNS = 0.5; from deployer.__main__ import main; main()"


def networked(**fields: Any) -> dict[str, Any]:
    """A service that sleeps, dies at once when stopped, and is taken for good a moment after it was replaced."""
    return {
        "image": BASE,
        "command": ["sleep", "1000"],
        "stop_grace_period": "0s",
        "deploy": {"update_config": {"monitor": "150ms"}},
        **fields,
    }


def sleeper(**fields: Any) -> dict[str, Any]:
    """Such a service in no network, unless its fields say in which: that is a third of what it costs an engine."""
    return networked(**({} if fields.keys() & OF_A_NETWORK else {"network_mode": "none"}), **fields)


def dying(script: str = "exit 3") -> dict[str, Any]:
    """What makes of a service one that ends by itself, and at once: whatever it replaces must be put back.

    An engine that is busy may need seconds to run it and to say that it ended, and what ends once its `monitor` is over
    has replaced the old one. So that is long; nobody waits for all of it.
    """
    return {"command": ["sh", "-c", script], "deploy": {"update_config": {"monitor": "1m"}}}


def page(text: str, port: int, **fields: Any) -> dict[str, Any]:
    """A service that shows a page with that text on a port of the loopback."""
    serve = f"mkdir -p /www; echo '{text}' > /www/index.html; exec httpd -f -p 80 -h /www"
    return networked(command=["sh", "-c", serve], ports=[f"127.0.0.1:{port}:80"], **fields)


def _ports() -> Iterator[int]:
    """Without end, below those that the system and the engines give out by themselves; to each process of a run others,
    and from anywhere on, for there may be other runs.
    """
    worker, many = int(os.environ.get("PYTEST_XDIST_WORKER", "gw8").removeprefix("gw")) % 9, 1300
    began = random.Random().randrange(many)
    for number in itertools.count():
        yield 20_000 + worker * many + (began + number) % many


_PORTS = _ports()


def free_port(host: str = "127.0.0.1") -> int:
    """One that nobody takes before it is used."""
    while True:
        port = next(_PORTS)
        with suppress(OSError):
            socket.create_server((host, port)).close()
            return port


def fetched(port: int, seconds: float = 10, path: str = "/") -> str:
    """The page on that port of the loopback, as soon as it answers."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.read().decode().strip()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def until(true: Callable[[], Any], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    out: str
    err: str

    def told(self, what: str) -> set[str]:
        """The addresses that the closing lines name as `done`, `not done`, `as before` or `half done`."""
        lines = [line.removeprefix(f"{what}: ") for line in self.err.splitlines() if line.startswith(f"{what}: ")]
        return {address for line in lines for address in line.split(", ")}


@dataclass(repr=False)
class Project:
    engine: APIClient
    folder: Path
    name: str
    lines: dict[str, int] = field(default_factory=dict[str, int])
    ports: tuple[int, ...] = ()
    named: dict[str, str] = field(default_factory=dict[str, str])

    def write(self, services: Json | None = None, /, **sections: Any) -> None:
        """The stack file, every key on a line of its own; `lines` has the line of each by its dotted path, `named` the
        services that say what their containers are called.
        """
        text: list[str] = []
        self.lines = {}
        own = {name: str(said["container_name"]) for name, said in (services or {}).items() if "container_name" in said}
        self.named = {name: said.replace("${COMPOSE_PROJECT_NAME}", self.name) for name, said in own.items()}
        _block({"name": self.name, **sections, "services": services or {}}, "", "", text, self.lines)
        (self.folder / "stack.yaml").write_text("\n".join(text) + "\n")

    def files(self, **contents: str) -> None:
        """Files in `web`, the folder that is built."""
        for name, content in contents.items():
            path = self.folder / "web" / name.replace("__", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)

    @property
    def api(self) -> tuple[int, ...]:
        """The version of the Engine API that the engine has."""
        return tuple(map(int, self.engine.version()["ApiVersion"].split(".")))

    def run(self, *arguments: str) -> Result:
        """`deployer` in this process."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(arguments)
        assert "Traceback" not in err.getvalue() or "--verbose" in arguments, err.getvalue()
        return Result(int(code), out.getvalue(), err.getvalue())

    def start(self, *arguments: str, start_new_session: bool = False, impatient: bool = False) -> subprocess.Popen[str]:
        """`deployer` in a process of its own; in a session of its own, as a terminal's foreground is. One that is
        `impatient` does not wait for an engine that is gone.
        """
        return subprocess.Popen(
            [sys.executable, *(("-c", IMPATIENT) if impatient else ("-m", "deployer")), *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=start_new_session,
        )

    def run_apart(self, *arguments: str, impatient: bool = False) -> Result:
        """`deployer` in a process of its own, to its end; where it dies, so does its turn."""
        return ended(self.start(*arguments, impatient=impatient))

    def apply(self, *arguments: str, code: int = 0) -> Result:
        return self._must("apply", code, "--yes", *arguments)

    def destroy(self, *arguments: str, code: int = 0) -> Result:
        return self._must("destroy", code, "--yes", *arguments)

    def plan_text(self, *arguments: str, code: int = 0) -> str:
        return self._must("plan", code, *arguments).out

    def plan_json(self, *arguments: str) -> dict[str, Any]:
        return json.loads(self.plan_text("--format", "json", *arguments))

    def changes(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """The changes of the plan by address."""
        return {change["address"]: change for change in self.plan_json(*arguments)["changes"]}

    def fields(self, address: str) -> dict[str, dict[str, Any]]:
        """The fields that a change of the plan names."""
        changes = self.changes()
        assert address in changes, changes
        return {change["field"]: change for change in changes[address]["fields"]}

    def must_be_settled(self) -> None:
        """The plan is empty, and its exit code says so."""
        result = self.run("plan", "--detailed-exitcode")
        assert result.code == 0, result.out + result.err

    def _must(self, command: str, code: int, *arguments: str) -> Result:
        result = self.run(command, *arguments)
        assert result.code == code, f"{command}: exit {result.code}\n{result.out}\n{result.err}"
        return result

    def container(self, service: str, number: int = 1) -> dict[str, Any]:
        return self.engine.inspect_container(self.container_name(service, number))

    def container_name(self, service: str, number: int = 1) -> str:
        return self.named.get(service) or container_name(self.name, service, number)

    def id_of(self, service: str, number: int = 1) -> str:
        return self.container(service, number)["Id"]

    def containers(self) -> set[str]:
        """The names of the stack's containers, running or not."""
        found = self.engine.containers(all=True, filters={"label": f"{identity.PROJECT}={self.name}"})
        return {each["Names"][0].lstrip("/") for each in found}

    def networks(self) -> set[str]:
        return {each["Name"] for each in self.engine.networks() if each["Name"].startswith(f"{self.name}_")}

    def volumes(self) -> set[str]:
        """The stack's volumes, its records apart."""
        return {name for name in self._volumes() if not identity.is_record(name)}

    def records(self) -> set[str]:
        return {name for name in self._volumes() if identity.is_record(name)}

    def _volumes(self) -> set[str]:
        found = self.engine.volumes()["Volumes"] or []
        return {each["Name"] for each in found if each["Name"].startswith((f"{self.name}_", f"{self.name}."))}

    def inside(self, service: str, *command: str) -> tuple[int, str]:
        """Run a command in a service's first container: its exit code and what it printed."""
        code, printed = self._run_inside(service, 1, command)
        return code, printed.decode()

    def printed(self, service: str, *command: str, number: int = 1) -> bytes:
        """What a command prints in a service's container of that number."""
        return self._run_inside(service, number, command)[1]

    def _run_inside(self, service: str, number: int, command: tuple[str, ...]) -> tuple[int, bytes]:
        """Not by docker-py's exec_start: that reads from the bare socket, beside the buffer that has what came together
        with the head of the answer, as where we are slow. Where no upgrade is asked for, the answer is as any other.
        """
        made = self.engine.exec_create(self.container_name(service, number), list(command))["Id"]
        url = f"{self.engine.base_url}/v{self.engine.api_version}/exec/{made}/start"
        answer = self.engine.post(url, json={"Detach": False, "Tty": False}, timeout=120)
        answer.raise_for_status()
        until(lambda: not self.engine.exec_inspect(made)["Running"])  # what it prints may end before
        return self.engine.exec_inspect(made)["ExitCode"], _unframed(answer.content)

    def remove_everything(self) -> None:
        for each in self.engine.containers(all=True):
            if (each["Labels"] or {}).get(identity.PROJECT) == self.name or self.name in each["Names"][0]:
                with suppress(NotFound):
                    self.engine.remove_container(each["Id"], force=True, v=True)
        for each in self.engine.networks():
            if each["Name"].startswith(f"{self.name}_"):
                try:
                    self.engine.remove_network(each["Id"])  # by id: Engine 20.10 can have two of one name
                except APIError as error:
                    # Under load Engine 20.10 may keep the endpoint of a container that is gone, until it is restarted.
                    warnings.warn(f"{each['Name']} stays: {error.explanation}", stacklevel=2)
        for name in self._volumes():
            self.engine.remove_volume(name)
        for image in self.engine.images():
            for tag in image["RepoTags"] or []:
                if self.name in tag:
                    with suppress(APIError):
                        self.engine.remove_image(tag)


def _unframed(printed: bytes) -> bytes:
    """Both streams as they came: each frame begins with which of them it is, and its length (ContainerAttach)."""
    found = b""
    while printed:
        end = 8 + int.from_bytes(printed[4:8])
        found, printed = found + printed[8:end], printed[end:]
    return found


def ended(process: subprocess.Popen[str], seconds: float = 120) -> Result:
    out, err = process.communicate(timeout=seconds)
    return Result(process.returncode, out, err)


def _block(mapping: Json, path: str, indent: str, text: list[str], lines: dict[str, int]) -> None:
    for key, value in mapping.items():
        nested = isinstance(value, Mapping) and value
        text.append(f"{indent}{json.dumps(key)}:{'' if nested else ' ' + json.dumps(value)}")
        lines[f"{path}{key}"] = len(text)
        if nested:
            _block(value, f"{path}{key}.", indent + "  ", text, lines)
