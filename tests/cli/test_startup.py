"""What is quick must stay quick: commands that need no engine load nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("docker", "requests", "networkx", "rich")
PROGRAM = """
import json, sys
from deployer.cli.app import run
code = run(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def modules_of(*arguments: str) -> set[str]:
    """The packages that a run of the command line has loaded at its end."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True)
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["validate", "examples/hello/stack.yaml"],
        ["validate", "examples/flask/stack.yaml", "--format", "json"],
        ["config", "examples/flask/stack.yaml"],
        ["graph", "examples/flask/stack.yaml"],
        ["schema", "plan"],
    ],
    ids=" ".join,
)
def test_without_an_engine_nothing_heavy_is_loaded(arguments: list[str]):
    """Neither the Docker SDK nor networkx nor rich: each costs more than the command itself."""
    assert modules_of(*arguments).isdisjoint(HEAVY)


def of_the_agent(*modules: str) -> set[str]:
    """What of it is loaded with these."""
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in done.stdout.split() if name.startswith("deployer.gitops")}


def test_a_command_does_not_pay_for_the_agent():
    """Nothing of it is loaded but by `sync`, and there, to show its help, no more than the words of its rules."""
    assert of_the_agent("deployer.cli.plan", "deployer.cli.apply", "deployer.project") == set()
    assert of_the_agent("deployer.cli.sync") == {"deployer.gitops", "deployer.gitops.rules"}


def test_the_version_needs_no_models():
    """Nor YAML: nothing is read, and nothing checked."""
    assert modules_of("--version").isdisjoint((*HEAVY, "pydantic", "ruamel"))
