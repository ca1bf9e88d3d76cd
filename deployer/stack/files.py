"""The files of a stack put together into one tree of nodes: read, filled in, included, extended and merged."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from deployer.errors import DeployerError, Diagnostic, Place, raise_if_any
from deployer.interpolation import FromFile, InterpolationError, interpolate
from deployer.stack.document import Document, read_document
from deployer.stack.extends import Opened, extended, services_of
from deployer.stack.include import Inclusion, inclusions, taken_in
from deployer.stack.merge import mapping_at, merged, settled
from deployer.stack.merge_rules import ROOT
from deployer.stack.outside import ReadEnvFile, ReadFile, TextFile, layered
from deployer.stack.places import MappingNode, ScalarNode, below
from deployer.stack.rebase import build_with_context, joined, rebased, with_context
from deployer.stack.tree import DEEPEST
from deployer.stack.variables import PROJECT_NAME, Variables

Chain = tuple[TextFile, ...]
"""The files that include each other, from the one that was asked for."""


def name_of_folder(folder: str) -> str:
    """The name of a stack that has none: the folder's, as Compose normalises it."""
    last = folder.rstrip("/").rpartition("/")[2].lower()
    return re.sub(r"[^a-z0-9_-]", "", last).lstrip("_-") or "stack"


@dataclass(slots=True)
class Files:
    """Puts the files of one stack together; `folder` is the stack's, absolute. What is wrong goes into `found`.

    `incomplete` tells whether something is left out, as it could not be read: who names it cannot be judged.
    """

    folder: str
    read_file: ReadFile
    read_env_file: ReadEnvFile
    found: list[Diagnostic]
    variables: Variables
    extra: list[str] = field(default_factory=list[str])
    incomplete: bool = False
    _merge_tags: bool = False
    _opened: dict[tuple[str, int], Opened | None] = field(default_factory=dict[tuple[str, int], "Opened | None"])

    def stack(
        self, texts: Sequence[TextFile], environment: Mapping[str, str], name: str | None
    ) -> tuple[MappingNode, Mapping[str, str]]:
        """All that the files say, the later ones over the first, and the variables that they were read with.

        `name` stands above the files' own. Raises InvalidStack where a file is no YAML.
        """
        documents = self._documents(texts, environment)
        called = name or _own_name(documents, environment) or name_of_folder(self.folder)
        given = layered({PROJECT_NAME: called}, environment)
        for document in documents:
            document.root.source.environment = given
        return self._merged(documents, texts, "", ()), given

    def _documents(self, texts: Sequence[TextFile], environment: Mapping[str, str]) -> list[Document]:
        """The files as YAML. Raises InvalidStack with what is wrong with any of them where one cannot be read."""
        documents: list[Document] = []
        broken: list[Diagnostic] = []
        for index, each in enumerate(texts):
            try:
                documents.append(
                    read_document(each.text, each.shown, self.found, environment, self.extra, may_be_empty=index > 0)
                )
            except DeployerError as error:
                broken += error.diagnostics
        raise_if_any([*self.found, *broken] if broken else ())
        return documents

    def _merged(
        self, documents: Sequence[Document], texts: Sequence[TextFile], folder: str, chain: Chain
    ) -> MappingNode:
        root: MappingNode | None = None
        for document, text in zip(documents, texts, strict=True):
            one = self._one(document, text, folder, chain)
            root = cast("MappingNode", merged(root, one, ROOT)) if root else one
            root = cast("MappingNode", settled(root)) if self._merge_tags else root
        assert root
        return root

    def _one(self, document: Document, text: TextFile, folder: str, chain: Chain) -> MappingNode:
        """A file with all that it includes and extends; `folder` is where its paths start from."""
        root = self._filled(document, folder)
        included = list(inclusions(root, self.found))
        if "include" in root.entries:
            root = mapping_at(root, {key: each for key, each in root.entries.items() if key != "include"})
        for each in included:
            if (other := self._included(each, folder, root.source.environment, (*chain, text))) is not None:
                root = taken_in(root, other, self.found)
            else:
                self.incomplete = True
        file = Opened(services_of(root), text.path, text.shown, folder, root.source.environment)
        before = len(self.found)
        root = _with_contexts(extended(root, file, self._open, self.found), folder)
        self.incomplete |= len(self.found) > before
        return root

    def _filled(self, document: Document, folder: str) -> MappingNode:
        self._merge_tags |= document.has_merge_tags
        self.variables.fill(document.root)
        return rebased(document.root, folder)

    def _included(
        self, inclusion: Inclusion, folder: str, environment: Mapping[str, str], chain: Chain
    ) -> MappingNode | None:
        texts = [text for path, place in inclusion.paths if (text := self._text(joined(folder, path), place, chain))]
        if len(texts) < len(inclusion.paths):
            return None
        own = inclusion.project_directory
        below_it = joined(folder, own) if own is not None else self._from_here(posixpath.dirname(texts[0].path))
        try:
            given = self._environment(inclusion, folder, below_it, environment, inclusion.paths[0][1])
            return self._merged(self._documents(texts, given), texts, below_it, chain)
        except DeployerError as error:
            self.found += [each for each in error.diagnostics if each not in self.found]
            return None

    def _text(self, path: str, place: Place, chain: Chain = ()) -> TextFile | None:
        """The text of a file that another one names; None where there is none, or no end, which is told."""
        try:
            text = self.read_file(path, place)
        except DeployerError as error:
            self.found += error.diagnostics
            return None
        way = [each.path for each in chain]
        if text.path in way:
            around = [*chain[way.index(text.path) :], text]
            message = f"files include each other in a circle: {' -> '.join(each.shown for each in around)}"
            self.found.append(Diagnostic("circle", message, place, "take one of these includes out"))
            return None
        if len(chain) > DEEPEST:
            message = f"files include each other more than {DEEPEST} deep"
            self.found.append(Diagnostic("include-too-deep", message, place))
            return None
        return text

    def _environment(
        self, inclusion: Inclusion, folder: str, below_it: str, environment: Mapping[str, str], place: Place
    ) -> Mapping[str, str]:
        """The variables of an included file: those of the file that includes it, and under them its own."""
        values: dict[str, str] = {}
        if inclusion.env_files is None:
            values |= self._variables(joined(below_it, ".env") if below_it else ".env", place, environment, False)
        for path, at in inclusion.env_files or ():
            values |= self._variables(joined(folder, path), at, layered(environment, values), True)
        return layered(environment, values)

    def _variables(self, path: str, place: Place, given: Mapping[str, str], required: bool) -> Mapping[str, str]:
        try:
            read = self.read_env_file(path, place, given, {}, False)
            return {name: FromFile(value, at) for name, (value, at) in read.items()}
        except DeployerError as error:
            absent = all(each.code in ("file-missing", "file-is-folder") for each in error.diagnostics)
            if required or not absent:
                self.found += error.diagnostics
            return {}

    def _open(self, path: str, file: Opened, place: Place) -> Opened | None:
        """A file that a service extends a service of: each is read once."""
        text = self._text(joined(file.folder, path), place)
        if text is None:
            return None
        key = (text.path, id(file.environment))
        if key not in self._opened:
            self._opened[key] = self._opened_anew(text, file.environment)
        return self._opened[key]

    def _opened_anew(self, text: TextFile, environment: Mapping[str, str]) -> Opened | None:
        folder = self._from_here(posixpath.dirname(text.path))
        try:
            (document,) = self._documents([text], environment)
        except DeployerError as error:
            self.found += [each for each in error.diagnostics if each not in self.found]
            return None
        return Opened(services_of(self._filled(document, folder)), text.path, text.shown, folder, environment)

    def _from_here(self, folder: str) -> str:
        """An absolute folder as a path from the stack's; "" is the stack's own."""
        path = posixpath.relpath(folder, self.folder)
        return "" if path == "." else path


def _own_name(documents: Sequence[Document], environment: Mapping[str, str]) -> str | None:
    """The name that the files say, for their variables; what is wrong with it is told when it is read in earnest."""
    names = [below(document.root, "name") for document in documents]
    said = [node.value for node in names if isinstance(node, ScalarNode) and isinstance(node.value, str) and node.value]
    try:
        return interpolate(said[-1], environment.get) if said else None
    except InterpolationError:
        return None


def _with_contexts(root: MappingNode, folder: str) -> MappingNode:
    """The builds that say no context have one, as the folder is not the stack's."""
    if not folder:
        return root
    entries = dict(root.entries)
    for section, anew in (("services", with_context), ("builds", build_with_context)):
        things = below(root, section)
        if isinstance(things, MappingNode):
            built = {name: replace(each, node=anew(each.node, folder)) for name, each in things.entries.items()}
            entries[section] = replace(entries[section], node=mapping_at(things, built))
    return mapping_at(root, entries)
