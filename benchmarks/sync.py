"""What it costs `deployer sync` to follow a repository, and how long a push takes to be there.

    python -m benchmarks.sync [STACKS ...]

On the engine of DOCKER_HOST, a unix socket. Of repositories of 1, 10 and 50 stacks (unless told), each of one service
without a network: the processor time of a round in which nothing is to be done, the agent's own and that of the git it
runs, and the requests that it sends; and the seconds from the signed webhook of a commit, which changes the last stack
alone, to the container that has the change. Each is the median of several, and beside it how it grew from the first.
Takes away what it made.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.fresh import Bare
from benchmarks.measured import DEPLOYER, NAME, environment
from tests.e2e.proxy import Proxy, proxy_before
from tests.gitops.repository import Repository

ROUNDS, CHANGES = 10, 5
LONGEST = 600.0
SECRET = "of the webhook"


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds of the processor a round, requests a round, seconds to a change."""

    own: float
    git: float
    requests: float
    change: float


@dataclass(frozen=True, slots=True)
class Agent:
    """A running agent, and the address of its page."""

    process: subprocess.Popen[str]
    url: str

    def deliver(self, commit: str) -> None:
        body = json.dumps({"ref": "refs/heads/main", "after": commit, "at": time.time_ns()}).encode()
        signature = hmac.new(SECRET.encode(), body, "sha256").hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Event": "push"}
        urllib.request.urlopen(urllib.request.Request(f"{self.url}hooks", body, headers), timeout=60).read()

    def rounds(self) -> int:
        text = urllib.request.urlopen(f"{self.url}metrics", timeout=60).read().decode()
        found = re.search(r"^deployer_syncs_total (\d+)", text, re.MULTILINE)
        return int(found[1]) if found else 0

    def round(self, commit: str) -> None:
        """One more, from its beginning to its end."""
        before = self.rounds()
        self.deliver(commit)
        until(lambda: self.rounds() > before)

    def used(self) -> tuple[float, float]:
        """Milliseconds of the processor so far: its own, and its children's."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        own, children = (sum(map(int, fields[at : at + 2])) for at in (11, 13))
        return own * 1000 / os.sysconf("SC_CLK_TCK"), children * 1000 / os.sysconf("SC_CLK_TCK")


def until(is_so: Callable[[], bool], pause: float = 0.05) -> None:
    deadline = time.monotonic() + LONGEST
    while not is_so():
        if time.monotonic() > deadline:
            sys.exit(f"nothing came of it in {LONGEST:.0f} seconds")
        time.sleep(pause)


def name(number: int) -> str:
    return f"{NAME}-{number}"


def stack(number: int, version: int) -> str:
    service = {
        "image": "busybox:1.37",
        "command": ["sleep", "100000"],
        "init": True,  # ends at once when it is told to
        "network_mode": "none",
        "environment": {"VERSION": str(version)},
        "deploy": {"update_config": {"monitor": "0s"}},
    }
    return json.dumps({"name": name(number), "services": {"web": service}}, indent=1)


def has(engine: Bare, number: int, version: int) -> bool:
    try:
        found = engine.ask("GET", f"/containers/{name(number)}-web-1/json")
    except RuntimeError:
        return False
    return f"VERSION={version}" in found["Config"]["Env"] and found["State"]["Running"]


@contextmanager
def following(repository: Repository, folder: Path, engine: str) -> Iterator[Agent]:
    """An agent that would wait for an hour, after its first round."""
    (folder / "secret").write_text(SECRET)
    options = ["--branch", "main", "--path", "apps/*", "--interval", "1h", "--state", str(folder / "state")]
    options += ["--listen", "0", "--webhook", str(folder / "secret")]
    process = subprocess.Popen(
        [*DEPLOYER, "sync", repository.url, *options],
        cwd=folder,
        env=environment(engine),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        found = next(filter(None, (re.search(r"a page is at (\S+)", line) for line in process.stderr or ())))
        threading.Thread(
            target=(process.stderr or sys.stderr).read, daemon=True
        ).start()  # or it would wait for a reader
        agent = Agent(process, found[1])
        until(lambda: agent.rounds() > 0)
        yield agent
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def measured(stacks: int, proxy: Proxy, engine: Bare) -> Figures:
    with TemporaryDirectory() as name:
        folder = Path(name)
        repository = Repository(folder / "remote").begin()
        commit = repository.commit({f"apps/{number:03}/stack.yaml": stack(number, 0) for number in range(stacks)})
        try:
            with following(repository, folder, proxy.url) as agent:
                agent.round(commit)
                if missing := [number for number in range(stacks) if not has(engine, number, 0)]:
                    sys.exit(f"of the stacks {missing} are not up: nothing can be told of the others")
                proxy.forget()
                before = agent.used()
                for _ in range(ROUNDS):
                    agent.round(commit)
                own, git = (after - was for after, was in zip(agent.used(), before, strict=True))
                requests = len(proxy.requests)
                took = [change(repository, agent, engine, stacks - 1, version) for version in range(1, CHANGES + 1)]
        finally:
            remove(stacks, folder)
    return Figures(own / ROUNDS, git / ROUNDS, requests / ROUNDS, median(took))


def change(repository: Repository, agent: Agent, engine: Bare, number: int, version: int) -> float:
    """Seconds from the webhook of a commit to the container that has it."""
    commit = repository.commit({f"apps/{number:03}/stack.yaml": stack(number, version)})
    began, before = time.perf_counter(), agent.rounds()
    agent.deliver(commit)
    until(lambda: has(engine, number, version), 0.02)
    took = time.perf_counter() - began
    until(lambda: agent.rounds() > before)
    return took


def remove(stacks: int, folder: Path) -> None:
    for number in range(stacks):
        destroy = [*DEPLOYER, "-p", name(number), "destroy", "--volumes", "--yes"]
        subprocess.run(destroy, cwd=folder, capture_output=True, env=environment())


def main() -> None:
    sizes = [int(each) for each in sys.argv[1:]] or [1, 10, 50]
    path = os.environ["DOCKER_HOST"].removeprefix("unix://")
    with proxy_before(path) as proxy:
        found = {size: measured(size, proxy, Bare(path)) for size in sizes}
    print(f"the median of {CHANGES} changes; the mean of {ROUNDS} rounds with nothing to do\n")
    print("| stacks | processor a round: agent | git | requests a round | webhook to change |\n|---|---|---|---|---|")
    for size, each in found.items():
        print(f"| {size} | {each.own:.0f} ms | {each.git:.0f} ms | {each.requests:.0f} | {each.change:.2f} s |")
    first, last = found[sizes[0]], found[sizes[-1]]
    own, git = last.own / first.own, last.git / first.git
    requests, changed = last.requests / first.requests, last.change / first.change
    print(f"| {sizes[-1]} / {sizes[0]} | {own:.1f} | {git:.1f} | {requests:.1f} | {changed:.1f} |")


if __name__ == "__main__":
    main()
