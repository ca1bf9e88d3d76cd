"""Stacks of several files, held in memory: what the tests of merging, including and extending share."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.sources.dotenv import read_dotenv, read_raw
from deployer.stack.document import plain, read_document
from deployer.stack.load import load_files
from deployer.stack.merge import merged, settled
from deployer.stack.merge_rules import ROOT
from deployer.stack.model import Stack
from deployer.stack.outside import TextFile

FOLDER = "/srv/shop"


def stack_of(files: Mapping[str, str], *names: str, variables: Mapping[str, str] | None = None, **more: Any) -> Stack:
    """The stack that the named files describe (`stack.yaml` unless named), in a folder that has these files."""

    def read(name: str, place: Place | None = None) -> TextFile:
        path = posixpath.normpath(posixpath.join(FOLDER, name))
        shown = posixpath.relpath(path, FOLDER)
        if shown not in files:
            raise InvalidStack(Diagnostic("file-missing", f"{shown} does not exist", place))
        return TextFile(files[shown], shown, path)

    def read_env_file(
        name: str, place: Place, given: Mapping[str, str], before: Mapping[str, str], raw: bool
    ) -> Mapping[str, tuple[str, Place]]:
        text = read(name, place)
        if raw:
            return read_raw(text.text, text.shown, given, before)
        return read_dotenv(text.text, text.shown, given, before=before)

    return load_files(
        [read(name) for name in names or ("stack.yaml",)],
        folder=FOLDER,
        environment=variables or {},
        read_file=read,
        read_env_file=read_env_file,
        **more,
    )


def mistakes_of(files: Mapping[str, str], *names: str, **more: Any) -> list[tuple[str, str]]:
    """The code and the place of each mistake."""
    try:
        stack_of(files, *names, **more)
    except InvalidStack as error:
        return [(each.code, str(each.place)) for each in error.diagnostics]
    return []


def together(*texts: str) -> Any:
    """What texts say when each is merged over those before it."""
    root = None
    for number, text in enumerate(texts):
        document = read_document(text, f"{number}.yaml", may_be_empty=number > 0)
        root = settled(merged(root, document.root, ROOT) if root else document.root)
    assert root
    return plain(root)


def merged_service(*texts: str) -> Any:
    """What the services `web` of texts say together, which are given without their indentation."""
    return together(*(f"services: {{web: {{{text}}}}}" for text in texts))["services"]["web"]
