"""What a command starts from: the choices of the command line, and the output."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.output import Output
from deployer.errors import Diagnostic, InvalidStack, WrongUsage
from deployer.wiring import Choices, load_stack, named_stack

if TYPE_CHECKING:
    from deployer.project import Project
    from deployer.reconcile.protocol import Engine, Reader

Files = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE", help="The stack file; several are merged. stack.yaml here or in a parent unless given."
    ),
]


@dataclass(frozen=True, slots=True)
class State:
    choices: Choices
    output: Output

    def with_files(self, files: Sequence[str] | None) -> Choices:
        """The choices with the files that a command names itself."""
        return replace(self.choices, files=tuple(files)) if files else self.choices

    def project(self, files: Sequence[str] | None = None, named: Collection[str] = (), *, warn: bool = True) -> Project:
        """The stack, with its warnings said unless they are to be said otherwise, and with the services that the
        command line names, whatever their profiles. Raises DeployerError.
        """
        from deployer.project import Project

        stack, path = load_stack(self.with_files(files), named)
        if warn:
            self.output.warn(stack.warnings)
        return Project(stack, path, named=bool(self.choices.project_name))

    @property
    def stack_name(self) -> str:
        """What the stack is called: no file is read where -p says it. Raises DeployerError."""
        name = self.choices.project_name
        return named_stack(name).name if name and not self.choices.files else self.project().stack.name

    def project_or_name(self, files: Sequence[str] | None = None) -> Project:
        """The stack, of which only the name is known where -p says it, and no file is there. Raises DeployerError."""
        from deployer.project import Project

        name = self.choices.project_name
        try:
            return self.project(files)
        except WrongUsage as error:
            said = error.diagnostics[0]
            if said.code != "no-stack-file":
                raise
            if not name:
                raise WrongUsage(replace(said, hint=f"{said.hint}; without a file, name the stack: -p NAME")) from None
        return Project(named_stack(name), Path(), by_name=True, named=True)

    def project_to_go(self, files: Sequence[str] | None = None) -> Project:
        """The stack that is to be removed: where -p names it, no file is needed, and none that can be read. Raises
        DeployerError, with the way out.
        """
        from deployer.project import Project
        from deployer.sources.files import find_stack_file, shown_path

        name = self.choices.project_name
        try:
            return self.project_or_name(files)
        except InvalidStack as error:
            *others, last = error.diagnostics
            if not name or self.with_files(files).files:
                way = f"to remove the stack without its file: deployer -p {name or 'NAME'} destroy"
                raise error.with_diagnostics((*others, replace(last, notes=(*last.notes, way)))) from None
            path = find_stack_file(Path.cwd())
            message = f"{shown_path(path)} is wrong, so {name} is removed by its name, as labels and records have it"
            hint = "see what is wrong with it: deployer validate"
            self.output.warn([Diagnostic("stack-file-left-out", message, hint=hint)])
            return Project(named_stack(name), path)

    def engine(self, project: Project | None = None) -> Engine:
        """For what may pull or push, with the registries of the project, and the logins that it says."""
        from deployer.wiring import connect

        return connect(self.choices, project.sources.registries() if project else ())

    def reader(self, project: Project | None = None) -> Reader:
        """The same for what changes nothing: it has no method that writes."""
        from deployer.wiring import connect_to_read

        return connect_to_read(self.choices, project.sources.registries() if project else ())


def state_of(context: typer.Context) -> State:
    return context.find_root().obj
