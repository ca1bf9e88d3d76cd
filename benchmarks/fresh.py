"""How long a stack takes to be there from nothing, and to be gone again: deployer, Compose, and the bare Engine API.

    python -m benchmarks.fresh [SERVICES [RUNS]]

On the engine of DOCKER_HOST, a unix socket; DEPLOYER_COMPOSE names a docker-compose. Prints, of RUNS rounds (3 unless
told) in which they take turns, the median wall time of each and the requests that each sent, and deployer's ratio
to each of the others. Compose is measured with `--wait`, too: it then looks whether what it started runs, as deployer
does. The bare API is asked for no more than it takes: to create and start, to stop and remove, as many at
once as deployer does, over connections that are kept.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measured import DEPLOYER, NAME, compose, folder_of, timed
from tests.e2e.proxy import Proxy, Request, proxy_before

PARALLEL = 8
"""As `deployer apply` unless `--parallel` says another number."""


class Bare:
    """The engine at a socket, a connection a thread."""

    def __init__(self, path: str) -> None:
        self.path, self.own, self.sent = path, threading.local(), 0

    def ask(self, method: str, target: str, body: object = None) -> Any:
        connection = getattr(self.own, "connection", None)
        if connection is None:
            connection = self.own.connection = http.client.HTTPConnection("engine")
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(self.path)
        connection.request(method, target, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        data = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {target}: {answer.status} {data.decode()}")
        return json.loads(data) if data else None


def together(work: Callable[[Any], object], things: Iterable[object]) -> None:
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(work, things))


def bare_fresh(engine: Bare, created: list[Request]) -> None:
    """`created` are the requests by which deployer made the same."""
    containers = [request for request in created if request.path == "/containers/create"]
    for request in created:
        if request not in containers:
            engine.ask(request.method, request.target, json.loads(request.body))

    def make(request: Request) -> None:
        made = engine.ask("POST", request.target, json.loads(request.body))
        engine.ask("POST", f"/containers/{made['Id']}/start")

    together(make, containers)


def bare_destroy(engine: Bare, created: list[Request]) -> None:
    def remove(request: Request) -> None:
        engine.ask("POST", f"/containers/{request.query['name']}/stop")
        engine.ask("DELETE", f"/containers/{request.query['name']}")

    together(remove, [request for request in created if request.path == "/containers/create"])
    engine.ask("DELETE", f"/networks/{NAME}_front")
    engine.ask("DELETE", f"/volumes/{NAME}_data")


def clocked(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def makes(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith("/create") and not request.is_record


def counted(folder: Path, proxy: Proxy, command: tuple[str, ...]) -> list[Request]:
    """What a command asks the engine for."""
    proxy.forget()
    timed(command, folder, proxy.url)
    return proxy.requests


def main() -> None:
    services = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    path = os.environ["DOCKER_HOST"].removeprefix("unix://")
    ours = (*DEPLOYER, "apply", "--yes"), (*DEPLOYER, "destroy", "--volumes", "--yes")
    down = compose(), "down", "--volumes"
    theirs, waiting = ((compose(), "up", "-d"), down), ((compose(), "up", "-d", "--wait"), down)
    bare = Bare(path)
    with folder_of(services) as folder, proxy_before(path) as proxy:
        asked = {"deployer": [counted(folder, proxy, command) for command in ours]}
        asked["Compose"] = [counted(folder, proxy, command) for command in theirs]
        asked["Compose, --wait"] = [counted(folder, proxy, command) for command in waiting]
        created = list(filter(makes, asked["deployer"][0]))
        took: dict[str, list[tuple[float, float]]] = {who: [] for who in (*asked, "the bare API")}
        for _ in range(runs):
            for who, (up, down) in zip(asked, (ours, theirs, waiting), strict=True):
                took[who].append((timed(up, folder).wall / 1000, timed(down, folder).wall / 1000))
            fresh = clocked(lambda: bare_fresh(bare, created))
            took["the bare API"].append((fresh, clocked(lambda: bare_destroy(bare, created))))
    sent = {who: [len(requests) for requests in both] for who, both in asked.items()}
    sent["the bare API"] = [len(created) + services, 2 * services + 2]
    print(f"{services} services; the median of {runs} rounds in turns\n")
    print("| | fresh | destroyed | requests, fresh | requests, destroyed |\n|---|---|---|---|---|")
    middle = {who: (median(up for up, _ in times), median(down for _, down in times)) for who, times in took.items()}
    for who, (up, down) in middle.items():
        print(f"| {who} | {up:.1f} s | {down:.1f} s | {sent[who][0]} | {sent[who][1]} |")
    our_up, our_down = middle.pop("deployer")
    for who, (their_up, their_down) in middle.items():
        print(f"| deployer / {who} | {our_up / their_up:.2f} | {our_down / their_down:.2f} | | |")


if __name__ == "__main__":
    main()
