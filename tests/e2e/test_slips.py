"""What is said of a slip is true: the engine's builder fails at it, or the container does not do what is written."""

from __future__ import annotations

import pytest

from tests.e2e.project import BASE, Project

pytestmark = pytest.mark.engine

SLIPS = {
    "dockerfile-backslash": ("RUN true\n  echo x\n", "build-failed"),
    "dockerfile-instruction": ("RUNN true\n", "build-failed"),
    "dockerfile-quotes": ("CMD [“echo”,“hi”]\n", "“echo”"),
    "dockerfile-exec-form": ("CMD ['echo', 'hi']\n", "[echo"),
    "dockerfile-variable": ('ENV name=you\nCMD ["echo", "hello $name"]\n', "hello $name"),
    "dockerfile-several": ("CMD echo first\nCMD echo last\n", "last"),
}


@pytest.fixture
def said(project: Project) -> Project:
    """A project whose service runs what its Dockerfile says, once."""
    project.write({"web": {"build": "./web", "restart": "no"}})
    return project


@pytest.mark.parametrize("code", SLIPS)
def test_a_slip_does_what_is_said_of_it(code: str, said: Project) -> None:
    text, effect = SLIPS[code]
    said.files(Dockerfile=f"FROM {BASE}\n{text}")
    warned = said.run("validate")
    assert (warned.code, f"warning[{code}]" in warned.err) == (0, True), warned.err

    applied = said.run("apply", "--yes")
    told = applied.err + said.run("logs", "--no-color").out
    assert effect in told, told
    assert "first" not in said.run("logs", "--no-color").out
