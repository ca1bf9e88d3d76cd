"""The rows of how the process is run, watched and stopped."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from deployer.fields.field import Context, Effect, Field, Json, Kind, Value, asked_entries
from deployer.fields.from_image import or_image
from deployer.fields.health import HEALTHCHECK, from_image
from deployer.fields.kinds import FLAG, SECONDS, SIGNAL, TEXT, schema
from deployer.fields.lists import unordered, without_repeats
from deployer.fields.log_driver import LOGGING
from deployer.fields.parse import describe, refusal, scalar_text, signal_name
from deployer.fields.restart import RESTART


def stop_signal_on_image(asked: Value, _everything: Mapping[str, Value], image: Json) -> Value:
    return asked or signal_name(image.get("StopSignal") or "SIGTERM")


def read_stop_signal(inspect: Json, _: Context) -> Value:
    """Where nobody says, inspect shows nothing, and the engine sends SIGTERM."""
    return signal_name(inspect["Config"].get("StopSignal") or "SIGTERM")


def working_folder(written: Any) -> str:
    """An absolute path; nothing is what the image says."""
    if not isinstance(written, str) or (written and not written.startswith("/")):
        raise refusal("bad-path", f"expected an absolute path, not {describe(written)}", "such as /srv/app")
    return written


def clean_path(written: str) -> str:
    """As the engine cleans it."""
    return "/" + posixpath.normpath(written).lstrip("/") if written else ""


WorkingFolder = Annotated[str, BeforeValidator(working_folder), schema("string")]
WORKING_FOLDER = Kind(WorkingFolder, lambda path, _: clean_path(path), str, clean_path, str)


def group(written: Any) -> str:
    """A group by its name or number."""
    name = scalar_text(written).strip() if isinstance(written, (int, str)) and not isinstance(written, bool) else ""
    if not name:
        raise refusal("bad-group", f"expected the name or number of a group, not {describe(written)}")
    return name


Groups = Annotated[
    tuple[Annotated[str, BeforeValidator(group), schema("string", "integer")], ...], AfterValidator(without_repeats)
]
GROUPS = unordered(Groups, str)

ROWS: tuple[Field, ...] = (
    Field(
        name="healthcheck",
        kind=HEALTHCHECK,
        engine="Healthcheck",
        inspect="Config.Healthcheck",
        unset=(),
        image=from_image,
        example=({"test": ["CMD", "true"], "interval": "1s"}, {"test": ["CMD", "true"], "interval": "2s"}),
        doc="How the engine finds out whether it works; what is not said comes from the image.",
    ),
    Field(
        name="restart",
        also=("deploy.restart_policy",),
        kind=RESTART,
        engine="HostConfig.RestartPolicy",
        unset="no",
        effect=Effect.IN_PLACE,
        example=("always", "on-failure:3"),
        example_as={"deploy.restart_policy": ({"condition": "any"}, {"condition": "on-failure", "max_attempts": 3})},
        doc="When the engine starts it again: no, always, unless-stopped, on-failure or on-failure:3.",
    ),
    Field(
        name="user",
        kind=TEXT,
        engine="User",
        inspect="Config.User",
        unset="",
        image=or_image("User"),
        example=("1001:1001", "1002:1002"),
        doc="User, or user:group, by name or number, in place of the image's.",
    ),
    Field(
        name="group_add",
        kind=GROUPS,
        engine="HostConfig.GroupAdd",
        unset=frozenset(),
        example=([1001], ["1002", 1003]),
        doc="Further groups of the user, by the names that the image knows or by number.",
    ),
    Field(
        name="working_dir",
        kind=WORKING_FOLDER,
        engine="WorkingDir",
        inspect="Config.WorkingDir",
        unset="",
        image=or_image("WorkingDir", clean_path),
        example=("/srv/a", "/srv/b"),
        doc="The folder that the command starts in, in place of the image's.",
    ),
    Field(
        name="tty",
        kind=FLAG,
        engine="Tty",
        inspect="Config.Tty",
        unset=False,
        example=(True, False),
        doc="Whether it has a terminal; then its standard error and output are one.",
    ),
    Field(
        name="stdin_open",
        kind=FLAG,
        engine="OpenStdin",
        inspect="Config.OpenStdin",
        unset=False,
        example=(True, False),
        doc="Whether its standard input stays open while nobody is attached.",
    ),
    Field(
        name="init",
        kind=FLAG,
        engine="HostConfig.Init",
        unset=False,
        example=(True, False),
        doc="Whether a small init reaps processes and passes signals on.",
    ),
    Field(
        name="stop_signal",
        kind=SIGNAL,
        engine="StopSignal",
        inspect="Config.StopSignal",
        unset="",
        image=stop_signal_on_image,
        read=read_stop_signal,
        example=("SIGINT", "SIGQUIT"),
        doc="The signal that stops it, in place of the image's; SIGTERM where neither says.",
    ),
    Field(
        name="stop_grace_period",
        kind=SECONDS,
        engine="StopTimeout",
        inspect="Config.StopTimeout",
        unset=10,
        example=("3s", "4s"),
        doc="How long it may take to stop before it is killed; 10s unless set, counted in whole seconds.",
    ),
    Field(
        name="logging",
        kind=LOGGING,
        engine="HostConfig.LogConfig",
        unset=(),
        fills=asked_entries,
        example=(
            {"driver": "json-file", "options": {"max-size": "1m"}},
            {"driver": "local", "options": {"max-size": "2m", "max-file": 2}},
        ),
        doc="Where the engine puts what it writes: a driver and its options. What is not said, the engine decides.",
    ),
)
