"""What deployer prints of a case, in this process."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO

from deployer.cli.app import run
from tests.compose.cases import COMMANDS, HOME, IMAGES, REFUSED, Case, Printed, normal


def printed_by_deployer(case: Case) -> Printed:
    """Of what is refused, the codes."""
    with _in_the_folder_of(case):
        printed = {command: _printed(case, command) for command in COMMANDS}
    return {**printed, IMAGES: _with_the_names_of_compose(printed[IMAGES], stack=_name(printed["config"]))}


def _name(config: str) -> str:
    """Of the stack, by the first line."""
    return config.partition("\n")[0].removeprefix("name: ").strip('"')


def _with_the_names_of_compose(images: str, stack: str) -> str:
    """What is built here is called `shop/web`, and by Compose `shop-web`."""
    return "".join(sorted(re.sub(f"^{re.escape(stack)}/", f"{stack}-", line) for line in images.splitlines(True)))


def _printed(case: Case, command: str) -> str:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([*case.call.arguments, *command.split()])
    if code:
        codes = dict.fromkeys(re.findall(r"^error\[([\w-]+)\]", err.getvalue(), flags=re.MULTILINE))
        return f"{REFUSED} {', '.join(codes)}\n"
    return normal(out.getvalue(), case.folder.parent)


@contextmanager
def _in_the_folder_of(case: Case) -> Iterator[None]:
    """With the environment that the case has, and nothing else."""
    before, environment = os.getcwd(), dict(os.environ)
    os.environ.clear()
    os.environ.update({"PATH": environment["PATH"], "HOME": HOME, **dict(case.call.environment)})
    os.chdir(case.folder / case.call.below)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environment)
