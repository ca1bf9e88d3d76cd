"""What people read is true: stacks load, commands exist, links lead somewhere, every code is explained."""

from __future__ import annotations

import ast
import re
import shlex
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from deployer.cli import commands
from deployer.cli.app import app, divided
from deployer.interpolation import variables
from deployer.stack.load import load

ROOT = Path(__file__).parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README*.md")})
SHELLS = ("console", "bash", "sh", "")
REDIRECTIONS = {">", ">>", "<", "|", "&&", ";", "#"}
TAKES_A_CODE = {"report": {(1, "code")}, "refused": {(-1, "otherwise")}}
"""Beside what has a parameter `code`: functions, with the position and the name of the argument."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, and the line that its text begins at."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, those in lists too."""
    inside: tuple[int, str, str] | None = None
    text: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = re.fullmatch(r"(\s*)```(\w*)", line)
        if inside is None and fence:
            inside, text = (number + 1, fence[2], fence[1]), []
        elif inside is not None and line.strip() == "```":
            yield Block(page, inside[0], inside[1], "\n".join(text))
            inside = None
        elif inside is not None:
            text.append(line.removeprefix(inside[2]))
    assert inside is None, f"{page}: a block is not closed"


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
STACKS = [block for block in BLOCKS if block.language == "yaml" and re.match(r"name:|services:", block.text)]


@pytest.mark.parametrize("block", STACKS, ids=str)
def test_a_stack_in_the_manual_is_valid(block: Block) -> None:
    """A block that begins with `name:` or `services:` is a whole stack, and loads without a mistake."""
    environment = dict.fromkeys(variables(block.text), "1")
    stack = load(
        block.text, file=str(block), folder="/stack", environment=environment, read_env_file=lambda _name, _place: {}
    )
    assert stack.services
    assert stack.warnings == ()


def test_the_manual_shows_stacks() -> None:
    """The blocks are found."""
    assert len(STACKS) > 5


# Commands


def prose(page: Path) -> str:
    """The page less its fenced blocks."""
    return re.sub(r"^\s*```\w*\n.*?^\s*```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def command_lines() -> Iterator[tuple[str, str]]:
    """Every `deployer ...` that a page shows: lines of console blocks, and spans of code."""
    for block in BLOCKS:
        if block.language in SHELLS:
            for line in block.text.splitlines():
                if found := re.match(r"(?:\$ )?(?:.*?(?:&&|;) )?(?:[A-Z_]+=\S+ )*(deployer .*)", line):
                    yield str(block), found[1]
    for page in PAGES:
        for span in re.findall(r"`((?:[A-Z_]+=\S+ )?deployer(?: [^`]*)?)`", prose(page)):
            yield str(page.relative_to(ROOT)), re.sub(r"^[A-Z_]+=\S+ ", "", span)


COMMANDS = sorted(set(command_lines()))


def words_of(line: str) -> list[str]:
    """The words up to where the shell goes on with something else."""
    words = shlex.split(line, comments=True)[1:]
    end = next((at for at, word in enumerate(words) if word in REDIRECTIONS), len(words))
    return words[:end]


def options_of(command: Any) -> set[str]:
    return {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help", "-h"}


@pytest.fixture(scope="module")
def group() -> Any:
    commands.register(app)
    return typer.main.get_command(app)


@pytest.mark.parametrize(("where", "line"), COMMANDS)
def test_a_command_in_the_manual_exists(where: str, line: str, group: Any) -> None:
    """It has that name and those options."""
    first, rest = divided(words_of(line))
    words = [*first, *rest]
    takes_value = {"--file", "-f", "--engine", "--context", "--env-file", "--profile", "--set", "--project-name", "-p"}
    while words and words[0].startswith("-"):
        option = words.pop(0)
        assert option.partition("=")[0] in options_of(group), f"{where}: {option}"
        words = words[1:] if option in takes_value else words
    if not words or words[0] == "COMMAND":
        return
    name, *rest = words
    assert name in group.commands, f"{where}: {line}"
    command = group.commands[name]
    if not command.context_settings.get("allow_interspersed_args", True):
        command.make_parser(command.context_class(command, **command.context_settings)).parse_args(rest)
        return
    known = options_of(command)
    assert {word.partition("=")[0] for word in rest if word.startswith("-") and word != "-"} <= known, (
        f"{where}: {line}"
    )


def test_every_command_is_shown(group: Any) -> None:
    """No command is without an example in the manual."""
    shown = {word for _, line in COMMANDS for word in words_of(line)[:1]}
    assert {name for name, command in group.commands.items() if not command.hidden} <= shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_script_in_the_manual_exists(page: Path) -> None:
    for script in re.findall(r"(?<![\w/])scripts/([\w-]+)", page.read_text(encoding="utf-8")):
        assert any(ROOT.glob(f"scripts/{script}*")), script


# Links


def headings(page: Path) -> set[str]:
    """The anchors that a page has, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file of the repository names one, and its anchor a heading there."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+://", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.relative_to(ROOT)}: {target}"
        assert not anchor or anchor in headings(linked), f"{page.relative_to(ROOT)}: {target}"


def test_every_page_can_be_reached() -> None:
    """From the README, by links."""
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        targets = (target.partition("#")[0] for target in re.findall(r"\]\(([^)\s:]+)\)", prose(page)))
        waiting += [(page.parent / target).resolve() for target in targets if target]
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} <= reached


# Diagnostics


def _codes_of(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(code)) if code:
            yield code
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*_codes_of(body), *_codes_of(orelse))


def _parameters(tree: ast.Module) -> Iterator[tuple[str, int, str]]:
    """Whatever takes a code: a function's or a class's name, the position among its arguments, and the parameter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in node.args.args if each.arg not in ("self", "cls")]
            yield from ((node.name, at, name) for at, name in enumerate(names) if name == "code")
            yield from ((node.name, -1, each.arg) for each in node.args.kwonlyargs if each.arg == "code")
        elif isinstance(node, ast.ClassDef):
            fields = [each.target.id for each in node.body if isinstance(each, ast.AnnAssign)]
            yield from ((node.name, at, name) for at, name in enumerate(fields) if name == "code")
            for method in (each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"):
                names = [each.arg for each in method.args.args[1:]]
                yield from ((node.name, at, name) for at, name in enumerate(names) if name == "code")


def _defaults(tree: ast.Module) -> Iterator[str]:
    for node in (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)):
        arguments = node.args
        with_default = [
            *zip(reversed(arguments.args), reversed(arguments.defaults), strict=False),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        for argument, default in with_default:
            takes = argument.arg == "code" or argument.arg in {name for _, name in TAKES_A_CODE.get(node.name, ())}
            if takes and default is not None:
                yield from _codes_of(default)


def codes() -> set[str]:
    """Every code that deployer's sources give to a diagnostic, directly or through a function that takes one."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "deployer").rglob("*.py"))]
    takers = {name: set(places) for name, places in TAKES_A_CODE.items()}
    for tree in trees:
        for name, at, parameter in _parameters(tree):
            takers.setdefault(name, set()).add((at, parameter))
    found = {code for tree in trees for code in _defaults(tree)}
    for call in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        for at, parameter in takers.get(name, ()):
            given = [keyword.value for keyword in call.keywords if keyword.arg == parameter]
            given += call.args[at : at + 1] if at >= 0 else []
            found |= {code for value in given for code in _codes_of(value)}
        if name == "undefined":  # its codes are made of the kind of thing
            found |= {f"undefined-{kind}" for kind in _codes_of(call.args[0])}
    return found


def documented() -> set[str]:
    page = (ROOT / "docs/reference/diagnostics.md").read_text(encoding="utf-8")
    return {
        code
        for cell in re.findall(r"^\| ([^|]*`[^|]*) \|", page, flags=re.MULTILINE)
        for code in re.findall(r"`([^`]+)`", cell)
    }


def test_every_code_is_explained() -> None:
    """A code that deployer can print stands in the manual, with what it means."""
    assert codes() - documented() - {"bug"} == set()


def test_no_code_is_explained_that_does_not_exist() -> None:
    """The manual names no code that deployer never prints."""
    assert documented() - codes() - {"bug"} == set()


def test_every_exit_code_is_explained() -> None:
    from deployer.errors import Exit

    page = (ROOT / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, flags=re.MULTILINE)} == set(map(int, Exit))


def test_the_manual_names_no_place_of_whoever_wrote_it() -> None:
    """Outputs are pasted from real runs: none of them shows a private folder."""
    for page in PAGES:
        assert not re.search(r"/(?:tmp/(?!docker\.sock|www)|root|work)\b", page.read_text(encoding="utf-8")), page


def test_records_are_described_label_by_label() -> None:
    """Every label that deployer writes is in the description of the format."""
    from deployer.resources import identity, records

    page = (ROOT / "docs/records.md").read_text(encoding="utf-8")
    labels = {
        value
        for module in (identity, records)
        for value in typing.cast("dict[str, Any]", vars(module)).values()
        if isinstance(value, str) and value.startswith(("io.deployer.", "com.docker.compose."))
    }
    assert {label for label in labels if f"`{label}`" not in page} == set()


def test_every_test_that_a_page_names_is_there() -> None:
    """A claim that a test shows something names one that exists."""
    for page in PAGES:
        for file, name in re.findall(r"`(\w+/test_\w+\.py)::(test_\w+)`", page.read_text(encoding="utf-8")):
            path = ROOT / "tests" / file
            assert path.is_file(), f"{page.name} names {file}"
            assert f"def {name}(" in path.read_text(encoding="utf-8"), f"{page.name} names {file}::{name}"


def test_every_trap_has_a_test_or_a_reason() -> None:
    """A row of the page ends in the name of a test, or in a sentence that says why there is none."""
    page = (ROOT / "docs/explanation/traps.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| what ")]
    last = [line.strip("| ").rpartition(" | ")[2] for line in rows]
    assert len(rows) > 50
    assert [each for each in last if not re.fullmatch(r"`\w+/test_\w+\.py::test_\w+`|[A-Za-z][^|]{20,}\.", each)] == []


def test_the_comparison_has_its_tables() -> None:
    """The markers that the measuring script writes between are there, and what it wrote."""
    page = (ROOT / "docs/compared.md").read_text(encoding="utf-8")
    tables = re.findall(r"<!-- table: (\w+) -->\n(.*?)<!-- end -->", page, flags=re.DOTALL)
    assert [name for name, _ in tables] == ["needless", "alike", "unseen", "seen"]
    assert all(len(body.strip().splitlines()) > 4 for _, body in tables)
