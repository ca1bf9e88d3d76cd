"""`deployer init`: a stack file to begin with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from deployer.cli.state import state_of
from deployer.errors import Diagnostic, WrongUsage
from deployer.sources.files import STACK_FILES, shown_path

FILE, SCHEMA = "stack.yaml", "stack.schema.json"

_SCHEMA_LINE = f"# yaml-language-server: $schema={SCHEMA}\n"
_TEMPLATE = """\
# What should run here: `deployer plan` says what would change, `deployer apply` makes it so, `deployer status` shows
# it, `deployer destroy` removes all but the data. The lines that are commented out are further things to say.
name: {name}

services:
  web:
    image: busybox:1.37                     # or the name of an entry of builds
    command:
      - sh
      - -c
      - mkdir -p /tmp/www && echo "$$GREETING" >/tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www
    ports: ["127.0.0.1:${{PORT:-8080}}:8080"] # for this machine alone; another port: PORT=8081 deployer apply
    environment:
      GREETING: hello from {name}
    healthcheck:                            # apply is done when this has passed
      test: ["CMD", "wget", "-q", "-O-", "http://127.0.0.1:8080/"]
      interval: 2s
    user: nobody                            # no more rights than it needs
    init: true                              # so that it stops at once when it is told to
    mem_limit: 32M
    restart: unless-stopped
    # volumes: ["./conf:/etc/web:ro"]       # a folder beside this file
    # depends_on:
    #   db: {{condition: service_healthy}}

  # db:
  #   image: postgres:16
  #   environment:
  #     POSTGRES_PASSWORD: ${{DB_PASSWORD:?put it into the file .env}}
  #   volumes: ["data:/var/lib/postgresql/data"]
  #   healthcheck: {{test: ["CMD", "pg_isready", "-U", "postgres"], interval: 2s}}

# builds:
#   app:                                    # the folder with its Dockerfile; a service says image: app
#     context: ./app

# volumes:
#   data: {{}}                                # outlives every container; removed by destroy --volumes alone
"""


def init(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write it; made where it is not there.", show_default=False)
    ] = Path(),
    schema: Annotated[
        bool, typer.Option("--schema/--no-schema", help=f"Write {SCHEMA} beside it, for editors.")
    ] = True,
) -> None:
    """Write a stack file to begin with.

    It plans and applies as it is, and says in comments what else there is. Beside it goes the JSON Schema of this
    version, which the first line names, so that an editor completes and explains with no network. Nothing that is
    there is overwritten.

    \b
    Example: deployer init
    Example: deployer init shop && cd shop && deployer plan
    """
    from deployer.stack.files import name_of_folder

    output = state_of(context).output
    _refuse_if_taken(folder)
    text = _TEMPLATE.format(name=name_of_folder(str(folder.absolute().resolve())))
    written = [_write(folder / FILE, (_SCHEMA_LINE if schema else "") + text)]
    if schema and not (folder / SCHEMA).exists():
        from deployer.stack.schema import stack_schema

        written.append(_write(folder / SCHEMA, json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n"))
    for path in written:
        output.result(f"wrote {shown_path(path)}")
    here = shown_path(folder / FILE)
    output.say(f"Next: deployer plan{'' if here == FILE else f' {here}'}")


def _refuse_if_taken(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        message = f"{shown_path(folder)} is a file, not a folder"
        raise WrongUsage(Diagnostic("cannot-write", message, hint="name a folder: deployer init DIR"))
    for name in STACK_FILES:
        if (folder / name).exists() or (folder / name).is_symlink():
            shown = shown_path(folder / name)
            hint = f"check it with `deployer validate {shown}`, or name another folder: deployer init DIR"
            raise WrongUsage(
                Diagnostic("stack-file-exists", f"{shown} is there already, and stays as it is", hint=hint)
            )


def _write(path: Path, text: str) -> Path:
    """Make the file, never over one that came meanwhile."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"{shown_path(path)} cannot be written: {reason}"
        raise WrongUsage(Diagnostic("cannot-write", message, hint="name a folder that you may write to")) from error
    return path
