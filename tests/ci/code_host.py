"""A small server that answers as the comment APIs of GitHub, Gitea and GitLab are documented.

https://docs.github.com/en/rest/issues/comments, https://docs.gitea.com/api (issue comments),
https://docs.gitlab.com/api/notes (merge request notes)
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "t0ken-that-nobody-may-see"
REPOSITORY, PROJECT, NUMBER = "me/shop", "42", "7"


@dataclass
class CodeHost:
    """Comments by id, in their order, under one request, some of them `others`; `asked` are the requests, `refuses` the
    status for all.
    """

    url: str = ""
    comments: dict[int, str] = field(default_factory=dict[int, str])
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    others: frozenset[int] = frozenset()
    refuses: int = 0

    def environment(self, host: str) -> dict[str, str]:
        """What a CI job of that host has, and the token."""
        if host == "gitlab":
            own = {"CI_API_V4_URL": f"{self.url}/gitlab", "CI_PROJECT_ID": PROJECT, "CI_MERGE_REQUEST_IID": NUMBER}
        else:
            own = {"GITHUB_API_URL": f"{self.url}/{host}", "GITHUB_REPOSITORY": REPOSITORY, "COMMENT_NUMBER": NUMBER}
        return {**own, "COMMENT_TOKEN": TOKEN}

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        """The status, and what is sent as JSON."""
        where = urlsplit(path)
        self.asked.append((method, where.path))
        if self.refuses:
            return self.refuses, {"message": "no"}
        host, _, rest = where.path.lstrip("/").partition("/")
        if not self._may(host, headers):
            return 401, {"message": "Bad credentials"}
        if host == "gitlab":
            all = f"projects/{PROJECT}/merge_requests/{NUMBER}/notes"
            one, update = rf"{all}/(\d+)", "PUT"
        else:
            all = f"repos/{REPOSITORY}/issues/{NUMBER}/comments"
            one, update = rf"repos/{REPOSITORY}/issues/comments/(\d+)", "PATCH"
        if rest == all and method == "GET":
            return 200, self._page(host, parse_qs(where.query))
        if rest == all and method == "POST":
            id = max(self.comments, default=100) + 1
            self.comments[id] = json.loads(body)["body"]
            return 201, self._one(id)
        found = re.fullmatch(one, rest)
        if found and method == update and int(found[1]) in self.others:
            return 403, {"message": "Must have admin rights to the repository"}
        if found and method == update and int(found[1]) in self.comments:
            self.comments[int(found[1])] = json.loads(body)["body"]
            return 200, self._one(int(found[1]))
        return 404, {"message": "Not Found"}

    def _may(self, host: str, headers: Any) -> bool:
        if host == "gitlab":
            return headers.get("PRIVATE-TOKEN") == TOKEN
        return headers.get("Authorization") == f"token {TOKEN}"

    def _page(self, host: str, query: dict[str, list[str]]) -> list[Any]:
        """Gitea has no pages of comments; the others have at most 100 on one, and GitLab the newest first."""
        ids = sorted(self.comments, reverse=host == "gitlab")
        if host == "gitea":
            return [self._one(id) for id in ids]
        size, page = min(100, int(query.get("per_page", ["30"])[0])), int(query.get("page", ["1"])[0])
        return [self._one(id) for id in ids[(page - 1) * size : page * size]]

    def _one(self, id: int) -> Any:
        return {"id": id, "body": self.comments[id], "user": {"login": "bot"}}


@contextmanager
def code_host() -> Iterator[CodeHost]:
    """One that listens on the loopback."""
    host = CodeHost()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, said = host.answer(self.command, self.path, self.headers, body)
            text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_PUT = _any

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        host.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield host
        server.shutdown()
        thread.join()
