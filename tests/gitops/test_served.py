"""What the agent answers, asked over HTTP."""

from __future__ import annotations

import hmac
import http.client
import json
import re
import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deployer.errors import Diagnostic, OperationFailed, Place, WrongUsage
from deployer.gitops.log import both
from deployer.gitops.rules import Condition, Reason
from deployer.gitops.serve.app import Serving
from deployer.gitops.serve.board import Board
from deployer.gitops.serve.metrics import Metrics
from deployer.gitops.serve.server import address_of, served
from deployer.gitops.serve.server import said as said_of
from deployer.gitops.status import AgentStatus
from deployer.render.change_line import change_line
from tests.gitops.board import COMMIT, REPOSITORY, Agent, agent, board_of, stack
from tests.render.conftest import CHANGES, plan_of

SECRET = b"a secret"
BODY = b'{"ref": "refs/heads/main"}'


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Site:
    agent: Agent
    board: Board
    metrics: Metrics
    address: str

    def ask(self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=30)
        try:
            connection.request("POST" if body is not None else "GET", path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def deliver(self, body: bytes = BODY, **headers: str) -> Answer:
        signed = {"X-Gitea-Signature": hmac.new(SECRET, body, "sha256").hexdigest()}
        return self.ask("/hooks", body, {**signed, **headers})


@contextmanager
def serve(agent: Agent, **said: object) -> Iterator[Site]:
    board = board_of(agent)
    metrics = Metrics(board)
    serving = Serving(board, metrics, agent.wake, branch="main")
    with served(replace(serving, **said), ("127.0.0.1", 0)) as address:  # type: ignore[arg-type]
        yield Site(agent, board, metrics, address)


def nobody(*_: object) -> None: ...


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(agent(), secret=SECRET) as found:
        yield found


def test_the_page_has_each_stack_with_its_condition(site: Site) -> None:
    page = site.ask("/").text
    for said in (
        "flask-shop",
        "Drifted",
        "blog",
        "Ready",
        "db",
        "Degraded",
        "new/stack.yaml",
        "Progressing",
        COMMIT[:12],
    ):
        assert said in page


def test_a_stack_has_its_plan_and_its_history(site: Site) -> None:
    page = site.ask("/stacks/shop/stack.yaml").text
    assert "1 build, 1 push, 2 replacements" in page
    assert "~ web[1..2] replace: image" in page
    assert "web exited with code 2" in page
    plan = site.ask("/plans/shop/stack.yaml")
    assert plan.status == 200
    assert "environment.DEBUG" in plan.text


@pytest.mark.parametrize(
    "path", ["/stacks/none", "/plans/none", "/api/stacks/none", "/nothing", "/stacks/../../etc/passwd"]
)
def test_what_is_not_there_is_said_so(site: Site, path: str) -> None:
    assert site.ask(path).status == 404


@pytest.mark.parametrize("path", ["/", "/log", "/stacks/blog", "/plans/blog", "/stacks/none"])
def test_no_page_lets_anything_else_in(site: Site, path: str) -> None:
    answer = site.ask(path)
    assert "default-src 'none'" in answer.headers.get("content-security-policy", "") + answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_names_and_messages_are_text(site: Site) -> None:
    site.agent.show(
        stack("<b>x</b>/stack.yaml", Condition.DEGRADED, Reason.INVALID, "<script>alert(1)</script>\x1b[31m"),
    )
    page = site.ask("/").text
    assert "<script>alert" not in page
    assert "<b>x" not in page
    assert "\x1b" not in page
    assert site.ask("/stacks/%3Cb%3Ex%3C/b%3E/stack.yaml").status == 200


def test_in_the_log_they_stand_beneath_the_line_that_tells_of_it_as_they_were_said(site: Site) -> None:
    """With no time of their own: only the agent's own lines were said at one."""
    both(nobody, site.board.tell)("condition", "db: Degraded", {"lines": ["last log lines:", "    at <b>boom</b>"]})
    for path in ("/", "/log"):
        page = site.ask(path).text
        assert "db: Degraded<pre>last log lines:\n    at &lt;b&gt;boom&lt;/b&gt;\n</pre></li>" in page
        assert page.count("<li><time") == 2


def test_the_last_lines_of_what_failed_are_on_the_page_and_in_its_json(site: Site) -> None:
    failed = stack("db/stack.yaml", Condition.DEGRADED, Reason.CRASHES, "db exited with code 3", name="db")
    site.agent.show(replace(failed, lines=("last log lines:", "  <b>boom</b>")))
    assert "  &lt;b&gt;boom" in site.ask("/stacks/db").text
    assert json.loads(site.ask("/api/stacks/db").body)["lines"] == ["last log lines:", "  <b>boom</b>"]


def test_programs_get_the_same_as_json(site: Site) -> None:
    found = json.loads(site.ask("/api/stacks").body)
    assert found["repository"] == REPOSITORY
    assert [(each["stack"], each["condition"]) for each in found["stacks"]][:2] == [
        ("flask-shop", "Drifted"),
        ("blog", "Ready"),
    ]
    one = json.loads(site.ask("/api/stacks/flask-shop").body)
    assert [each["revision"] for each in one["history"]] == [1, 2, 3]
    assert one["plan"]["stack"] == "flask-shop"


def test_each_field_of_the_json_is_in_the_manual(site: Site) -> None:
    manual = (Path(__file__).parents[2] / "docs/how-to/gitops.md").read_text()
    part = manual.partition("### The JSON")[2].partition("###")[0]
    said = {
        name
        for line in part.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    whole, one = (json.loads(site.ask(f"/api/stacks{path}").body) for path in ("", "/flask-shop"))
    assert said == whole.keys() | one.keys()


def test_all_times_have_one_notation(site: Site) -> None:
    """On the page, in the JSON, and so in the log and in notifications."""
    found: list[str] = []
    for path in ("/", "/log", "/stacks/flask-shop", "/api/stacks", "/api/stacks/flask-shop"):
        found += re.findall(r"\d{4}-\d\d-\d\d[T ][^\s\"<]*", site.ask(path).text)
    assert len(found) > 10
    assert [each for each in found if not re.fullmatch(r"[\d-]{10}T[\d:]{8}Z", each)] == []


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
        ("http://0.0.0.0:8080/", "port 8080 on all interfaces"),
        ("http://[::]:8080/", "port 8080 on all interfaces"),
    ],
)
def test_an_address_that_nobody_can_open_is_not_told(url: str, told: str) -> None:
    assert said_of(url) == told


def test_it_is_ready_once_it_has_reached_the_repository(site: Site) -> None:
    """A commit that is still there from before shows nothing of what it was started with now."""
    assert site.ask("/readyz").status == 200
    with serve(Agent(AgentStatus(REPOSITORY, "main", COMMIT))) as new:
        assert new.ask("/readyz").status == 503


def test_it_is_not_well_where_nothing_was_done_for_long(site: Site) -> None:
    assert site.ask("/healthz").status == 200
    with serve(site.agent, patience=0.0) as impatient:
        assert impatient.ask("/healthz").status == 503


def test_a_file_that_is_another_stacks_by_now_is_the_path_of_both_and_leads_to_that_one(site: Site) -> None:
    old = stack("stack.yaml", Condition.DRIFTED, Reason.FILE_GONE, "stack.yaml is called new now", name="old")
    site.agent.show(old, stack("stack.yaml", Condition.READY, Reason.IN_STEP, "as the branch says", name="new"))
    found = [json.loads(site.ask(f"/api/stacks/{each}").body) for each in ("old", "new", "stack.yaml")]
    assert [(each["path"], each["stack"]) for each in found] == [
        ("stack.yaml", "old"),
        ("stack.yaml", "new"),
        ("stack.yaml", "new"),
    ]
    page = site.ask("/").text
    assert 'href="/stacks/old"' in page
    assert 'href="/stacks/new"' in page
    assert 'deployer_stack_condition{condition="Drifted",stack="old"} 1.0' in site.ask("/metrics").text


@pytest.mark.parametrize(
    ("reason", "revision", "said"),
    [
        (Reason.IN_STEP, 0, r"Carried out <time [^>]*>9 h</time> ago as revision 1: <b>succeeded</b>"),
        (Reason.COMMIT_FAILED, 1, r"Tried <time [^>]*>8 h</time> ago as revision 2: <b>failed</b>"),
        (Reason.APPLYING, 3, "Being carried out."),
        (Reason.HELD, 3, "Not carried out."),
    ],
)
def test_the_last_plan_says_what_became_of_it(site: Site, reason: Reason, revision: int, said: str) -> None:
    shop = stack("stack.yaml", Condition.READY, reason, "so it is", name="shop")
    site.agent.show(replace(shop, plan=plan_of(*CHANGES, revision=revision)), change=change_line(plan_of(*CHANGES)))
    assert re.search(said, site.ask("/stacks/shop").text)


def test_the_revision_of_another_plan_says_nothing_of_it(site: Site) -> None:
    """While a commit waits, what is healed makes revisions, too."""
    shop = stack("stack.yaml", Condition.DRIFTED, Reason.HELD, "it waits", name="shop")
    site.agent.show(replace(shop, plan=plan_of(*CHANGES, revision=0)), change="> web[1] start: found exited (137)")
    assert "Not carried out." in site.ask("/stacks/shop").text


def test_and_so_does_its_json(site: Site) -> None:
    shop = stack("stack.yaml", Condition.READY, Reason.COMMIT_FAILED, "it failed", name="shop")
    site.agent.show(replace(shop, plan=plan_of(*CHANGES, revision=1)), change=change_line(plan_of(*CHANGES)))
    outcome = json.loads(site.ask("/api/stacks/shop").body)["outcome"]
    assert (outcome["revision"], outcome["result"]) == (2, "failed")
    site.agent.show(replace(shop, plan=plan_of(*CHANGES, revision=3)))
    assert json.loads(site.ask("/api/stacks/shop").body)["outcome"] is None


def test_the_warnings_of_the_last_plan_are_on_the_page_and_in_its_json(site: Site) -> None:
    place = Place("stack.yaml", 7, 30)
    warned = replace(plan_of(*CHANGES), warnings=(Diagnostic("unset-variable", "the variable <B> is not set", place),))
    site.agent.show(replace(stack("stack.yaml", Condition.READY, Reason.IN_STEP, "fine", name="shop"), plan=warned))
    assert "stack.yaml:7:30: the variable &lt;B&gt; is not set" in site.ask("/stacks/shop").text
    assert "the variable &lt;B&gt; is not set" in site.ask("/plans/shop").text
    found = json.loads(site.ask("/api/stacks/shop").body)
    assert found["warnings"] == ["stack.yaml:7:30: the variable <B> is not set"]
    assert found["plan"]["warnings"][0]["code"] == "unset-variable"


def test_what_happens_is_counted(site: Site) -> None:
    site.metrics.round_done(0.3, failed=True)
    site.metrics.carried_out(plan_of(*CHANGES))
    text = site.ask("/metrics").text
    for line in (
        "deployer_syncs_total 1.0",
        "deployer_sync_failures_total 1.0",
        'deployer_changes_total{action="replace",stack="flask-shop"} 2.0',
        'deployer_stack_condition{condition="Ready",stack="blog"} 1.0',
        'deployer_stack_condition{condition="Ready",stack="db"} 0.0',
        'deployer_stack_drifted{stack="flask-shop"} 1.0',
        'deployer_stack_revision{stack="blog"} 3.0',
    ):
        assert line in text


def test_of_what_is_not_known_there_is_no_sample(site: Site) -> None:
    """A stack for which no plan could be made, and that has no revision, has neither none nor the revision 0."""
    blog = replace(site.agent.status.stacks[1], pending=None, history=())
    site.agent.status = replace(site.agent.status, stacks=(blog,))
    text = site.ask("/metrics").text
    assert 'deployer_stack_condition{condition="Ready",stack="blog"} 1.0' in text
    assert "deployer_stack_pending_changes{" not in text
    assert "deployer_stack_revision{" not in text


def test_a_delivery_asks_for_a_round(site: Site) -> None:
    assert site.deliver().status == 202
    assert site.agent.asked


def test_another_branch_asks_for_none(site: Site) -> None:
    assert site.deliver(b'{"ref": "refs/heads/other"}').status == 200
    assert not site.agent.asked


@pytest.mark.parametrize("headers", [{}, {"X-Gitea-Signature": "0" * 64}, {"X-Gitlab-Token": "guessed"}])
def test_who_does_not_know_the_secret_is_refused(site: Site, headers: dict[str, str]) -> None:
    assert site.ask("/hooks", BODY, headers).status == 401
    assert not site.agent.asked


def test_what_was_overheard_and_is_sent_again_does_nothing(site: Site) -> None:
    site.deliver()
    site.agent.asked = False
    assert site.deliver(**{"X-Gitea-Delivery": "another"}).status == 200
    assert not site.agent.asked


def test_without_a_secret_nothing_is_taken() -> None:
    with serve(agent()) as deaf:
        assert deaf.deliver().status == 404


@pytest.mark.parametrize("said", [True, False], ids=["its length said", "in chunks"])
def test_a_body_of_ten_megabytes_is_not_read(site: Site, said: bool) -> None:
    host, port = urlsplit(site.address).netloc.split(":")
    size = 10 * 1024 * 1024
    how = f"Content-Length: {size}" if said else "Transfer-Encoding: chunked"
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(f"POST /hooks HTTP/1.1\r\nHost: {host}\r\n{how}\r\n\r\n".encode())
        sent = 0
        try:
            while not said and sent < size:
                connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                sent += 0x10000
            answer = connection.recv(65536)
        except OSError:
            answer = b""
    assert answer.startswith(b"HTTP/1.1 413") or (not said and sent < size)
    assert site.ask("/healthz").status == 200


def test_of_a_thousand_at_once_each_is_taken_or_told_to_come_again(site: Site) -> None:
    """And they ask for one round, not for a thousand."""
    bodies = [json.dumps({"ref": "refs/heads/main", "number": number}).encode() for number in range(1000)]
    with ThreadPoolExecutor(200) as pool:
        answers = Counter(answer.status for answer in pool.map(site.deliver, bodies))
    assert set(answers) <= {202, 429}
    assert answers[202] > 0
    assert site.agent.asked


def test_a_sender_that_says_nothing_holds_up_nobody(site: Site) -> None:
    """More of them than bodies are read at once: all others are told to come again, and the page is there."""
    host, port = urlsplit(site.address).netloc.split(":")
    slow = [socket.create_connection((host, int(port))) for _ in range(12)]
    for each in slow:
        each.sendall(b"POST /hooks HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n")
    assert site.ask("/").status == 200
    for each in slow:
        each.close()


def test_a_page_from_elsewhere_cannot_read_it(site: Site) -> None:
    """One whose name was made to mean this machine (DNS rebinding) comes with that name."""
    assert site.ask("/api/stacks", headers={"Host": "evil.example"}).status == 400


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:80", "[::1]:8080"])
def test_this_machine_has_several_names(site: Site, host: str) -> None:
    assert site.ask("/healthz", headers={"Host": host}).status == 200


@pytest.mark.parametrize("host", ["deploy.example.org", "127.0.0.1.example.org", "[::1", ""])
def test_a_proxy_that_sends_another_name_is_told_what_to_do(site: Site, host: str) -> None:
    answer = site.ask("/hooks", headers={"Host": host})
    assert answer.status == 400
    assert "answers to 127.0.0.1, ::1, localhost" in answer.text
    assert "let the proxy send one of these as Host" in answer.text


def test_whoever_listens_hears_of_each_change(site: Site) -> None:
    host, port = urlsplit(site.address).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        heard = b""
        while b"data: " not in heard:
            heard += connection.recv(4096)
        site.board.tell("something")
        number = f"data: {site.board.now().number}".encode()
        while number not in heard:
            heard += connection.recv(4096)


def test_a_port_that_another_program_has_is_named() -> None:
    board = board_of(agent())
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OperationFailed, match="nothing can be served at"),
        served(Serving(board, Metrics(board), lambda: None), taken.getsockname()),
    ):
        pass


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("8080", ("127.0.0.1", 8080)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:80", ("::1", 80)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_an_address_is_a_port_or_a_host_and_a_port(said: str, expected: tuple[str, int]) -> None:
    assert address_of(said) == expected


@pytest.mark.parametrize("said", ["", "x", ":80", "host:", "host:99999", "host:-1"])
def test_what_is_no_address_is_refused(said: str) -> None:
    with pytest.raises(WrongUsage):
        address_of(said)
