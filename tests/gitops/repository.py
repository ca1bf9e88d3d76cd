"""A real git repository, as a remote and as somebody's checkout of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Repository:
    """`bare` is the remote; `work` the checkout from which commits are pushed to it."""

    folder: Path
    settings: list[str] = field(default_factory=list[str])

    @property
    def bare(self) -> Path:
        return self.folder / "shop.git"

    @property
    def url(self) -> str:
        return f"file://{self.bare}"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def git(self, *words: str, folder: Path | None = None) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "protocol.file.allow=always")
        done = subprocess.run(
            ["git", *who, *self.settings, *words],
            cwd=folder or self.work,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def begin(self) -> Repository:
        self.bare.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", "--initial-branch=main", folder=self.bare)
        self.git("clone", "--quiet", self.url, str(self.work), folder=self.folder)
        self.git("checkout", "--quiet", "-b", "main")
        return self

    def write(self, files: Mapping[str, str | None]) -> None:
        """None removes a file."""
        for name, text in files.items():
            path = self.work / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)

    def commit(self, files: Mapping[str, str | None] | None = None, message: str = "a change") -> str:
        """Commit all that is there, and push it."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.push()

    def push(self, *words: str) -> str:
        self.git("push", "--quiet", *words, "origin", "HEAD")
        return self.git("rev-parse", "HEAD")

    def go_away(self) -> None:
        shutil.move(self.bare, self.folder / "away.git")

    def come_back(self) -> None:
        shutil.move(self.folder / "away.git", self.bare)
