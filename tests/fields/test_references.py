"""What an image reference and a registry's address mean."""

from __future__ import annotations

import pytest

from deployer.fields.references import Reference, parse_reference, split_address

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "host", "path", "tag", "digest"),
    [
        ("busybox", "docker.io", "library/busybox", "", ""),
        ("busybox:1.37", "docker.io", "library/busybox", "1.37", ""),
        ("peng/shop:1", "docker.io", "peng/shop", "1", ""),
        ("docker.io/busybox", "docker.io", "library/busybox", "", ""),
        ("index.docker.io/peng/shop", "docker.io", "peng/shop", "", ""),
        ("localhost/shop:1", "localhost", "shop", "1", ""),
        ("10.0.0.5:5000/shop", "10.0.0.5:5000", "shop", "", ""),
        ("[::1]:5000/a/b:2", "[::1]:5000", "a/b", "2", ""),
        (f"r:5000/shop:1@{DIGEST}", "r:5000", "shop", "1", DIGEST),
    ],
)
def test_a_reference_is_read_as_the_engine_reads_it(text: str, host: str, path: str, tag: str, digest: str):
    """What stands before the first slash is a registry only with a dot or a port in it, or as localhost."""
    assert parse_reference(text) == Reference(host, path, tag, digest)


def test_a_name_lies_at_an_address_by_whole_parts():
    """`r:5000/team` is no part of `r:5000/teamwork`."""
    shop = parse_reference("r:5000/team/shop:1")
    assert shop.lies_at("r:5000")
    assert shop.lies_at("r:5000/team")
    assert not shop.lies_at("r:5000/te")
    assert not shop.lies_at("r:500")
    assert parse_reference("busybox").lies_at("docker.io")


def test_a_mirror_has_the_whole_path():
    """Of Docker Hub's own images `library/NAME`; a mirror may have a prefix of its own."""
    assert parse_reference("busybox:1.37").at("m:5000") == "m:5000/library/busybox:1.37"
    assert parse_reference("busybox").at("m:5000/hub", DIGEST) == f"m:5000/hub/library/busybox@{DIGEST}"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("10.0.0.5:5000", ("10.0.0.5:5000", "")),
        ("ghcr.io/owner/team", ("ghcr.io", "owner/team")),
        ("ghcr.io/Owner", None),
        ("ghcr.io//x", None),
        ("a b", None),
        ("host:port", None),
    ],
)
def test_an_address_is_a_host_and_a_namespace(text: str, parts: tuple[str, str] | None):
    assert split_address(text) == parts
