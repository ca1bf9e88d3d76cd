"""What the agent serves, while it follows a real repository."""

from __future__ import annotations

import hmac
import json
import re
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.project import dying, ended, sleeper, until
from tests.e2e.test_sync import Remote, remote

pytestmark = pytest.mark.engine

SECRET = "a secret of both"
__all__ = ["remote"]


@dataclass(frozen=True)
class Site:
    remote: Remote
    url: str

    def ask(self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> str:
        request = urllib.request.Request(f"{self.url}{path}", body, headers or {})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode()

    def stack(self) -> dict[str, Any]:
        return json.loads(self.ask(f"api/stacks/{self.remote.project.name}"))

    def is_at(self, commit: str, condition: str) -> bool:
        try:
            found = self.stack()
        except urllib.error.HTTPError:
            return False
        return (found["commit"], found["condition"]) == (commit, condition)

    def deliver(self, body: bytes) -> str:
        signature = hmac.new(SECRET.encode(), body, "sha256").hexdigest()
        return self.ask("hooks", body, {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Event": "push"})


@pytest.fixture
def site(remote: Remote, tmp_path: Path) -> Iterator[Site]:
    """Of an agent that would wait for an hour."""
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    remote.push({"web": sleeper()})
    options = ("--listen", "0", "--webhook", str(secret), "--branch", "main", "--interval", "1h")
    process = remote.start(*options)
    try:
        yield Site(remote, _address(process))
    finally:
        process.send_signal(signal.SIGTERM)
        ended(process)


def _address(process: Any) -> str:
    return next(found[1] for line in process.stderr if (found := re.search(r"a page is at (\S+)", line)))


def head(site: Site) -> str:
    return site.remote.repository.git("rev-parse", "HEAD")


def rounds(site: Site) -> float:
    found = re.search(r"^deployer_syncs_total (\S+)", site.ask("metrics"), re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_a_delivery_begins_a_round_and_the_page_has_what_came_of_it(site: Site) -> None:
    first = head(site)
    until(lambda: site.is_at(first, "Ready"))
    commit = site.remote.push({"web": sleeper(environment={"A": "b"})})
    assert site.deliver(b'{"ref": "refs/heads/main"}') == "a round follows\n"
    until(lambda: site.is_at(commit, "Ready"))
    assert [entry["commit"][:7] for entry in site.stack()["history"]] == [first[:7], commit[:7]]
    asked = site.stack()["plan"]["changes"][0]["fields"][0]
    assert (asked["field"], asked["at"].partition(":")[0]) == ("environment.A", "stack.yaml")
    assert site.stack()["changes"] == 0
    page = site.ask("")
    assert commit[:12] in page
    assert "Ready" in page
    metrics = site.ask("metrics")
    assert f'deployer_stack_revision{{stack="{site.remote.project.name}"}} 2.0' in metrics
    assert f'deployer_changes_total{{action="replace",stack="{site.remote.project.name}"}} 1.0' in metrics


def test_a_commit_that_fails_is_on_the_page(site: Site) -> None:
    until(lambda: site.is_at(head(site), "Ready"))
    bad = site.remote.push({"web": sleeper(**dying()), "more": sleeper()})
    site.deliver(b'{"ref": "refs/heads/main"}')
    until(lambda: site.stack()["condition"] == "Degraded")
    page = site.ask(f"stacks/{site.remote.project.name}")
    assert bad[:12] in page
    assert "exited with code 3" in page
    assert re.search(r"Tried .* ago as revision 2: <b>failed</b>", page)
    before = rounds(site)
    site.deliver(b'{"again": 1}')
    until(lambda: rounds(site) > before)
    found = site.stack()
    assert (found["changes"], found["outcome"]["revision"], found["outcome"]["result"]) == (2, 2, "failed")
    assert {each["address"] for each in found["plan"]["changes"]} == {"service.web[1]", "service.more[1]"}


def test_an_agent_that_was_started_anew_does_not_know_how_many_changes_were_tried(remote: Remote) -> None:
    good = remote.push({"web": sleeper()})
    remote.once()
    remote.push({"web": sleeper(command=["sh", "-c", "exit 3"])})
    remote.once(code=1)
    process = remote.start("--listen", "0")
    try:
        site = Site(remote, _address(process))
        until(lambda: site.is_at(good, "Degraded"))
        assert site.stack()["changes"] is None
    finally:
        process.send_signal(signal.SIGTERM)


def test_a_stack_whose_file_is_gone_has_its_revision_still(site: Site) -> None:
    until(lambda: site.is_at(head(site), "Ready"))
    site.remote.repository.commit({"stack.yaml": None, "README": "nothing here"})
    site.deliver(b'{"ref": "refs/heads/main"}')
    until(lambda: site.stack()["condition"] == "Drifted")
    assert [entry["revision"] for entry in site.stack()["history"]] == [1]
    metrics = site.ask("metrics")
    assert f'deployer_stack_revision{{stack="{site.remote.project.name}"}} 1.0' in metrics
    assert f'deployer_stack_pending_changes{{stack="{site.remote.project.name}"}}' not in metrics


def test_a_change_that_waits_is_counted_and_of_a_commit_that_is_no_stack_nobody_knows(
    remote: Remote, tmp_path: Path
) -> None:
    remote.push({"web": sleeper()})
    remote.once()
    process = remote.start("--listen", "0", "--auto", "off")
    try:
        site = Site(remote, _address(process))
        until(lambda: site.is_at(head(site), "Ready"))
        assert site.stack()["changes"] == 0
        remote.push({"web": sleeper(environment={"A": "b"}), "more": sleeper()})
        until(lambda: site.stack()["condition"] == "Drifted")
        assert site.stack()["changes"] == 2
        remote.repository.commit({"stack.yaml": "services: ["})
        until(lambda: site.stack()["reason"] == "Invalid")
        assert site.stack()["changes"] is None
        assert site.stack()["message"].count("stack.yaml:1:") == 1
        assert str(tmp_path) not in site.stack()["message"]
    finally:
        process.send_signal(signal.SIGTERM)
        ended(process)


def test_a_webhook_is_for_what_listens(remote: Remote) -> None:
    secret = remote.project.folder / "secret"
    secret.write_text(SECRET)
    remote.push({"web": sleeper()})
    assert "--listen" in remote.once("--webhook", str(secret), code=64).err
    secret.write_text("")
    assert "is empty" in remote.once("--webhook", str(secret), "--listen", "0", code=64).err
    assert "is no address" in remote.once("--listen", "nowhere", code=64).err
