"""The files of a stack that git does not have: they are of no revision, and the same before and after."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from deployer.sources.git_tree import GitTree
from deployer.sources.noted import Seen
from deployer.stack.model import Stack

_CONTEXT = "context/"


def as_they_are_now(stack: Stack, tree: GitTree, env_files: Sequence[str], seen: Seen) -> list[str]:
    """The paths, sorted, of those files that were `seen` for the `stack` at a revision and are not of it; `env_files`
    are those that the command line names, which may lie anywhere.
    """
    read = {*seen.files, *_in_builds(stack, seen)}
    taken = {str(each) for each in tree.taken}
    named = {os.path.abspath(each) for each in env_files}
    return sorted(read & (taken | named))


def _in_builds(stack: Stack, seen: Seen) -> Iterator[str]:
    for said in seen.inputs:
        build, _, name = said.removeprefix("build.").partition(": ")
        if name.startswith(_CONTEXT) and build in stack.builds:
            yield os.path.abspath(Path(stack.folder, stack.builds[build].context, name.removeprefix(_CONTEXT)))
