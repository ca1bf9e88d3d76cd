"""The engine's explanations as Engine 20.10 and 28 word them, and what is made of them."""

from __future__ import annotations

import pytest

from deployer.engine.refusals import refused
from deployer.errors import Exit
from deployer.resources.wire import EngineRefused

ENDPOINT = "driver failed programming external connectivity on endpoint web (0e1c): "
PORT, IMAGE, REGISTRY = "port-taken", "image-not-found", "registry-unreachable"


@pytest.mark.parametrize(
    ("explanation", "code"),
    [
        (ENDPOINT + "Bind for 0.0.0.0:8080 failed: port is already allocated", PORT),
        (ENDPOINT + "Error starting userland proxy: listen tcp4 0.0.0.0:8080: bind: address already in use", PORT),
        (ENDPOINT + "failed to bind host port for 0.0.0.0:8080:172.17.0.2:80/tcp: address already in use", PORT),
        (ENDPOINT + "failed to bind host port 0.0.0.0:8080/tcp: address already in use", PORT),
        ("Address already in use", "address-taken"),
        ("failed to set up container networking: Address already in use", "address-taken"),
        ("Invalid address 10.9.9.9: It does not belong to any of this network's subnets", "address-outside"),
        ("write /var/lib/docker/tmp/x: no space left on device", "no-space"),
        ("No such image: web:1", IMAGE),
        (
            "pull access denied for web, repository does not exist: denied: requested access to the resource is denied",
            IMAGE,
        ),
        ("manifest for r:5000/web:1 not found: manifest unknown: manifest unknown", IMAGE),
        ('failed to resolve reference "r:5000/web:1": r:5000/web:1: not found', IMAGE),
        ("No such container: web", "engine-refused"),
        ("Cannot update container 4f2a: cannot update a stopped container", "container-ending"),
        (
            "error while mounting volume '/var/lib/docker/volumes/shop_disk/_data': failed to mount local volume: "
            "mount /no/such:/var/lib/docker/volumes/shop_disk/_data, flags: 0x1000: no such file or directory",
            "volume-mount",
        ),
        ("no available IPv4 addresses on this network's address pools: shop_default (4f2a)", "no-address-left"),
        (
            "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the "
            "network",
            "no-subnet-left",
        ),
        ("all predefined address pools have been fully subnetted", "no-subnet-left"),
        ("network front not found", "engine-refused"),
        ("COPY failed: file not found in build context or excluded by .dockerignore: stat app.py", "engine-refused"),
        ('OCI runtime create failed: exec: "web": executable file not found in $PATH: unknown', "command-not-found"),
        ('Get "https://r:5000/v2/web/manifests/1": unauthorized: authentication required', "registry-login"),
        ('Head "https://r:5000/v2/web/manifests/1": no basic auth credentials', "registry-login"),
        ("toomanyrequests: You have reached your pull rate limit.", "registry-limit"),
        ('Get "https://r:5000/v2/": dial tcp 10.0.0.1:5000: connect: connection refused', REGISTRY),
        ('Get "https://r:5000/v2/": dial tcp: lookup r on 10.0.0.1:53: no such host', REGISTRY),
        ('Get "https://r:5000/v2/": dial tcp 10.0.0.1:5000: i/o timeout', REGISTRY),
        ('Get "https://r:5000/v2/": net/http: request canceled while waiting for connection', REGISTRY),
        ('Get "https://r:5000/v2/": http: server gave HTTP response to HTTPS client', "registry-insecure"),
        ('Get "https://r:5000/v2/": x509: certificate signed by unknown authority', "registry-certificate"),
        ('failed to do request: Head "https://r:5000/v2/web/manifests/1": EOF', REGISTRY),
        ("received unexpected HTTP status: 502 Bad Gateway", "registry-failing"),
        ("unauthorized", "registry-login"),
        ("denied", "registry-denied"),
        ("denied: requested access to the resource is denied", "registry-denied"),
        ('error parsing HTTP 401 response body: unexpected end of JSON input: ""', "registry-login"),
        ('error parsing HTTP 403 response body: unexpected end of JSON input: ""', "registry-denied"),
        ('error parsing HTTP 404 response body: unexpected end of JSON input: ""', IMAGE),
        ('error parsing HTTP 429 response body: unexpected end of JSON input: ""', "registry-limit"),
        ("error creating overlay mount: permission denied", "engine-refused"),
        (
            "failed to initialize logging driver: dial tcp 127.0.0.1:24224: connect: connection refused",
            "engine-refused",
        ),
    ],
)
def test_an_explanation_has_its_code(explanation: str, code: str):
    """A registry that cannot be used is exit 69; the engine's other refusals are 1 and keep its status."""
    error = refused("do it", explanation, 500)

    assert error.diagnostics[0].code == code
    assert str(error).startswith("could not do it: ")
    assert error.exit_code == (Exit.UNREACHABLE if code.startswith("registry") else Exit.FAILED)
    assert isinstance(error, EngineRefused) == (error.exit_code == Exit.FAILED)
    if isinstance(error, EngineRefused):
        assert error.status == 500


@pytest.mark.parametrize(
    ("reason", "mend"),
    [
        ("http: server gave HTTP response to HTTPS client", "insecure-registries"),
        ("x509: certificate signed by unknown authority", "/etc/docker/certs.d/r:5000/ca.crt"),
        ("dial tcp: lookup r on 10.0.0.1:53: no such host", "DNS"),
        ("dial tcp 10.0.0.1:5000: connect: connection refused", "registry runs"),
        ("http: server gave HTTP response to HTTPS client", '{"insecure-registries": ["r:5000"]}'),
        ("http: server gave HTTP response to HTTPS client", "no restart is needed"),
    ],
)
def test_each_way_not_to_reach_a_registry_has_its_mend(reason: str, mend: str):
    """The hint is what a person would be told who asked."""
    error = refused("pull", f'Get "https://r:5000/v2/": {reason}')

    assert mend in error.diagnostics[0].hint


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "[::]"])
def test_a_random_port_that_was_not_to_be_had_is_no_port_that_is_taken(host: str):
    """The explanation names the container's address where a fixed port would stand."""
    error = refused(
        "start web", f"{ENDPOINT}failed to bind host port for {host}::172.30.0.2:80/tcp: address already in use"
    )

    assert str(error) == "could not start web: the engine found no free port of its host for 80/tcp"


def test_a_limit_that_is_exceeded_already_is_told_in_sizes_that_people_write():
    """Engine 20.10 and 28, where the host has control groups of version 1."""
    said = "exit status 1: unable to set memory limit to 20971520 (current usage: 52854784, peak usage: 54382592)"
    (found,) = refused("update web", said).diagnostics

    assert (found.code, found.message) == (
        "memory-in-use",
        "could not update web: it uses 51m now, and its limit is to be 20m",
    )
    assert found.notes == (said,)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("unable to find user nobodyx: no matching entries in passwd file", "user nobodyx"),
        ("unable to find group staffx: no matching entries in group file", "group staffx"),
        ("Unable to find group staffx: no matching entries in group file", "group staffx"),
    ],
)
def test_a_user_or_group_that_the_image_lacks_is_named(said: str, told: str):
    """At the start of a container, Engine 20.10 and 28."""
    (found,) = refused("start web", said).diagnostics
    assert (found.code, found.message) == ("user-not-found", f"could not start web: the image has no {told}")


def test_a_refusal_without_a_reason_says_so():
    """An empty answer with a bad status still is a message."""
    assert str(refused("do it", "", 500)) == "could not do it: the engine answered 500 and no reason"
