"""The rows of what runs the container, and of what it shares with its host."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from deployer.fields.field import Field, Kind, asked_text
from deployer.fields.kinds import OPTIONS, TEXT, schema, text_kind
from deployer.fields.lists import unordered
from deployer.fields.parse import describe, refusal


def choice(notation: Any, default: str) -> Kind:
    """One of some words, of which `default` says no more than nothing does."""

    def normal(word: str, _: object = None) -> str:
        return "" if word == default else word

    return Kind(notation, normal, str, normal, lambda word: word or default or '""')


def device_rule(written: Any) -> str:
    """`c 1:3 rwm`: which kind of device, its numbers, and what is allowed."""
    if not isinstance(written, str) or not re.fullmatch(r"[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}", written):
        hint = "a, b or c, the numbers of the device, and some of r, w and m: c 1:3 rwm"
        raise refusal("bad-device", f"expected a rule for devices, not {describe(written)}", hint)
    return written


def rule_in_order(rule: str) -> str:
    kind, numbers, allowed = rule.split(" ")
    return f"{kind} {numbers} {''.join(letter for letter in 'rwm' if letter in allowed)}"


DeviceRules = tuple[Annotated[str, BeforeValidator(device_rule), schema("string", examples=["c 1:3 rwm"])], ...]

ROWS: tuple[Field, ...] = (
    Field(
        name="runtime",
        kind=TEXT,
        engine="HostConfig.Runtime",
        unset="",
        fills=asked_text,
        example=("runc", "io.containerd.runc.v2"),
        doc="The runtime of the engine that runs it; the engine's own choice unless set.",
    ),
    Field(
        name="annotations",
        kind=OPTIONS,
        engine="HostConfig.Annotations",
        unset=(),
        since="1.43",
        example=({"io.example.tier": "a"}, {"io.example.tier": "b", "io.example.more": "1"}),
        doc="Annotations for the runtime that runs the container (OCI).",
    ),
    Field(
        name="isolation",
        kind=choice(Literal["default", "process", "hyperv"], "default"),
        engine="HostConfig.Isolation",
        unset="",
        example=("process", "hyperv"),
        unproven="only Windows has more than one",
        doc="How it is kept apart: default; on Windows also process or hyperv.",
    ),
    Field(
        name="cgroup",
        kind=text_kind(Literal["host", "private"]),
        engine="HostConfig.CgroupnsMode",
        unset="",
        fills=asked_text,
        example=("private", "host"),
        doc="Whether it sees the control groups of the host, or its own alone; the engine's choice unless set.",
    ),
    Field(
        name="cgroup_parent",
        kind=TEXT,
        engine="HostConfig.CgroupParent",
        unset="",
        example=("deployer-a", "deployer-b"),
        proven_where="the engine's cgroup driver is cgroupfs",
        doc="The control group that its own is made in.",
    ),
    Field(
        name="device_cgroup_rules",
        kind=unordered(DeviceRules, rule_in_order),
        engine="HostConfig.DeviceCgroupRules",
        unset=frozenset(),
        example=(["c 1:3 mr", "b 7:* rmw"], ["c 1:5 r", "b 7:* rwm"]),
        doc="Devices that it may use where they appear, as the control group counts them: `c 1:3 rwm`.",
    ),
    Field(
        name="userns_mode",
        kind=choice(Literal["host", "private"], "private"),
        engine="HostConfig.UsernsMode",
        unset="",
        example=("host", "private"),
        doc="host: it has the users of the host also where the engine gives containers users of their own.",
    ),
    Field(
        name="uts",
        kind=choice(Literal["host", ""], ""),
        engine="HostConfig.UTSMode",
        unset="",
        example=("host", ""),
        doc="host: it has the name of the host, and none of its own.",
    ),
    Field(
        name="storage_opt",
        kind=OPTIONS,
        engine="HostConfig.StorageOpt",
        unset=(),
        example=({"size": "1G"}, {"size": "2G"}),
        unproven="the disks of our engines are ext4: only overlay2 over xfs with quotas, btrfs and zfs take a size",
        doc="Options of the storage driver: `size` is how much its own files may take.",
    ),
)
