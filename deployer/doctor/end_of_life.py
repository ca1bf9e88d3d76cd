"""When official images ended: no more security updates from that day on. The dates are their makers' own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

from deployer.doctor.reference import official
from deployer.fields.references import Reference


@dataclass(frozen=True, slots=True)
class Product:
    """An official image: the day on which each of its versions ended, and what to take instead.

    `whole` is the day on which all of it ended, a tag or none.
    """

    instead: str
    versions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    whole: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """What ended, when, and what to take instead."""

    what: str
    day: date
    instead: str


_DEBIAN = {
    "7": "2018-05-31",
    "8": "2020-06-30",
    "9": "2022-06-30",
    "10": "2024-06-30",
    "11": "2026-08-31",
}
_DEBIAN_NAMES = {"wheezy": "7", "jessie": "8", "stretch": "9", "buster": "10", "bullseye": "11"}
_UBUNTU = {
    "12.04": "2017-04-28",
    "14.04": "2019-04-30",
    "16.04": "2021-04-30",
    "18.04": "2023-05-31",
    "20.04": "2025-05-31",
}
_UBUNTU_NAMES = {"precise": "12.04", "trusty": "14.04", "xenial": "16.04", "bionic": "18.04", "focal": "20.04"}
_UBUNTU_INTERIM = timedelta(days=275)
"""What is no LTS is supported for nine months."""

PRODUCTS: Mapping[str, Product] = {
    "python": Product(
        "python:3.13",
        {
            "2": "2020-01-01",
            **dict.fromkeys(("3.0", "3.1", "3.2", "3.3"), "2017-09-29"),
            "3.4": "2019-03-18",
            "3.5": "2020-09-30",
            "3.6": "2021-12-23",
            "3.7": "2023-06-27",
            "3.8": "2024-10-07",
            "3.9": "2025-10-31",
            "3.10": "2026-10-31",
            "3.11": "2027-10-31",
        },
    ),
    "centos": Product(
        "almalinux:9 or rockylinux:9",
        {"5": "2017-03-31", "6": "2020-11-30", "7": "2024-06-30", "8": "2021-12-31"},
        whole="2024-06-30",
    ),
    "debian": Product("debian:13", {**_DEBIAN, **{name: _DEBIAN[number] for name, number in _DEBIAN_NAMES.items()}}),
    "ubuntu": Product("ubuntu:24.04", {**_UBUNTU, **{name: _UBUNTU[number] for name, number in _UBUNTU_NAMES.items()}}),
    "node": Product(
        "node:24",
        {
            **dict.fromkeys(("0", "1", "2", "3", "4", "5", "6", "7"), "2019-04-30"),
            **dict.fromkeys(("8", "9"), "2019-12-31"),
            **dict.fromkeys(("10", "11"), "2021-04-30"),
            **dict.fromkeys(("12", "13"), "2022-04-30"),
            **dict.fromkeys(("14", "15"), "2023-04-30"),
            "16": "2023-09-11",
            "17": "2022-06-01",
            "18": "2025-04-30",
            "19": "2023-06-01",
            "20": "2026-04-30",
            "21": "2024-06-01",
            "23": "2025-06-01",
        },
    ),
    "alpine": Product(
        "alpine:3.22",
        {
            "2": "2017-11-01",
            **{f"3.{minor}": "2022-05-01" for minor in range(13)},
            "3.13": "2022-11-01",
            "3.14": "2023-05-01",
            "3.15": "2023-11-01",
            "3.16": "2024-05-23",
            "3.17": "2024-11-22",
            "3.18": "2025-05-09",
            "3.19": "2025-11-01",
            "3.20": "2026-04-01",
            "3.21": "2026-11-01",
        },
    ),
    "openjdk": Product("eclipse-temurin:21", whole="2022-07-31"),
    "java": Product("eclipse-temurin:21", whole="2016-12-31"),
    "postgres": Product(
        "postgres:17 (its data must be dumped and read in again)",
        {
            **dict.fromkeys(("8", "9"), "2021-11-11"),
            "10": "2022-11-10",
            "11": "2023-11-09",
            "12": "2024-11-21",
            "13": "2025-11-13",
            "14": "2026-11-12",
        },
    ),
    "mysql": Product("mysql:8.4", {"5": "2023-10-31", "8.0": "2026-04-30"}),
    "php": Product(
        "php:8.4",
        {
            "5": "2018-12-31",
            "7": "2022-11-28",
            "8.0": "2023-11-26",
            "8.1": "2025-12-31",
        },
    ),
    "ruby": Product(
        "ruby:3.4",
        {"1": "2015-02-23", "2": "2023-03-31", "3.0": "2024-04-23", "3.1": "2025-03-26", "3.2": "2026-03-31"},
    ),
}


def end_of_life(image: Reference, today: date) -> End | None:
    """What of this image has ended by today; None where nothing has, or where nothing is known of it."""
    name = official(image)
    product = PRODUCTS.get(name)
    found = _of_product(name, image.tag, product) if product else None
    if found is None and name:
        found = _of_its_debian(image.tag)
    return found if found and found.day <= today else None


def _of_product(name: str, tag: str, product: Product) -> End | None:
    known = product.versions
    version = max((each for each in known if _is_of(tag, each)), key=len, default=None)
    if version:
        return End(f"{name} {version}", date.fromisoformat(known[version]), product.instead)
    if product.whole:
        return End(name, date.fromisoformat(product.whole), product.instead)
    return _interim(tag, product) if name == "ubuntu" else None


def _is_of(tag: str, version: str) -> bool:
    """Whether a tag such as `3.8.19-slim` is of the version 3.8, and `3.80` is not."""
    return bool(re.match(rf"{re.escape(version)}(?![\w])", tag))


def _interim(tag: str, product: Product) -> End | None:
    """An Ubuntu release that is no LTS: those of April of an even year are."""
    found = re.match(r"(\d\d)\.(04|10)(?!\d)", tag)
    if not found or (found[2] == "04" and int(found[1]) % 2 == 0):
        return None
    released = date(2000 + int(found[1]), int(found[2]), 1)
    return End(f"ubuntu {found[0]}", released + _UBUNTU_INTERIM, product.instead)


def _of_its_debian(tag: str) -> End | None:
    """`3.13-slim-buster` is built on a Debian, and that has an end, too."""
    name = next((part for part in tag.split("-")[1:] if part in _DEBIAN_NAMES), None)
    if name is None:
        return None
    number = _DEBIAN_NAMES[name]
    return End(
        f"debian {number} ({name}), which it is built on",
        date.fromisoformat(_DEBIAN[number]),
        "a tag that ends in -bookworm or -trixie",
    )
