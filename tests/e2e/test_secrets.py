"""Secrets and configs: the container has them, and nobody else sees them."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyrage
import pytest
from docker import APIClient

from deployer.fields.copies import COPIES
from deployer.resources import identity
from tests.e2e.project import BASE, Project, dying, ended, networked, sleeper
from tests.e2e.proxy import Proxy, Request

pytestmark = pytest.mark.engine


def copies(project: Project) -> set[str]:
    """The volumes that hold secrets of the stack."""
    listed = project.engine.volumes()["Volumes"] or []
    return {each["Name"] for each in listed if (each["Labels"] or {}).get(COPIES) == project.name}


def mounted(project: Project, service: str) -> set[str]:
    mounts = project.container(service)["Mounts"]
    return {mount["Name"] for mount in mounts if mount["Destination"] == "/run/secrets"}


def stat(project: Project, service: str, path: str) -> str:
    return project.inside(service, "stat", "-c", "%u:%g %a", path)[1].strip()


def contents(project: Project, service: str, path: str) -> bytes:
    return project.printed(service, "cat", path)


@pytest.fixture(autouse=True)
def nothing_is_left(project: Project) -> Iterator[None]:
    """The volumes of secrets bear no name that the clean-up would know."""
    yield
    project.remove_everything()
    for volume in copies(project):
        project.engine.remove_volume(volume)


def test_a_container_has_its_secrets_and_configs(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte by byte, from files, the environment and the stack file, with owner and mode, wherever they go."""
    odd = bytes(range(256)) + b"no line end"
    (project.folder / "odd.bin").write_bytes(odd)
    monkeypatch.setenv("API_TOKEN", "tok\nen")
    service = sleeper(
        user="1000:1001",
        secrets=[
            "odd",
            {"source": "token", "target": "sub/token", "uid": "1000", "gid": 1001, "mode": 0o400},
            {"source": "inline", "target": "/etc/deep/er/inline.key", "mode": "0440", "gid": 1001},
        ],
        configs=["site", {"source": "site", "target": "/run/secrets/site.conf"}],
    )
    project.write(
        {"web": service},
        secrets={"odd": {"file": "./odd.bin"}, "token": {"environment": "API_TOKEN"}, "inline": {"content": "$$1"}},
        configs={"site": {"content": "listen 80\n"}},
    )
    project.apply()
    project.must_be_settled()
    assert contents(project, "web", "/run/secrets/odd") == odd
    assert contents(project, "web", "/run/secrets/sub/token") == b"tok\nen"
    assert contents(project, "web", "/etc/deep/er/inline.key") == b"$1"
    assert contents(project, "web", "/site") == contents(project, "web", "/run/secrets/site.conf") == b"listen 80\n"
    assert stat(project, "web", "/run/secrets/odd") == "0:0 444"
    assert stat(project, "web", "/run/secrets/sub/token") == "1000:1001 400"
    assert stat(project, "web", "/etc/deep/er/inline.key") == "0:1001 440"
    assert stat(project, "web", "/site") == "0:0 444"
    assert stat(project, "web", "/etc/deep") == "0:0 755"


def test_a_read_only_container_has_its_secrets(project: Project) -> None:
    """What is beneath `/run/secrets` is filled all the same, under a /run that is memory too."""
    service = sleeper(read_only=True, tmpfs=["/run"], user="1000", secrets=["pw"])
    project.write({"web": service}, secrets={"pw": {"content": "x"}})
    project.apply()
    project.must_be_settled()
    assert contents(project, "web", "/run/secrets/pw") == b"x"
    assert project.inside("web", "touch", "/run/secrets/y")[0] != 0


def test_a_changed_secret_replaces_its_containers_and_no_other(project: Project) -> None:
    """The plan shows that it changed, and where it is declared; both replicas get the new one, and the old are gone."""
    secret = project.folder / "pw.txt"
    secret.write_text("first-value")
    services = {
        "db": sleeper(secrets=["pw"], deploy={"replicas": 2, "update_config": {"monitor": "0s"}}),
        "web": sleeper(configs=["site"]),
        "other": sleeper(),
    }
    configs = {"site": {"content": "one"}}
    project.write(services, secrets={"pw": {"file": "./pw.txt"}}, configs=configs)
    project.apply()
    before, other, old = project.id_of("db"), project.id_of("other"), copies(project)
    assert len(old) == 2
    secret.write_text("second-value")
    project.write(services, secrets={"pw": {"file": "./pw.txt"}}, configs={"site": {"content": "two"}})
    text = project.plan_text("--verbose")
    line = " ".join(next(line for line in text.splitlines() if "secrets.pw" in line).split())
    at = f"stack.yaml:{project.lines['secrets.pw.file']}"
    assert line == f"secrets.pw (sensitive) -> (sensitive) {at}; pw.txt changed"
    assert "content changed" in text
    changes = project.changes()
    assert {address: change["action"] for address, change in changes.items()} == {
        "service.db[1]": "replace",
        "service.db[2]": "replace",
        "service.web[1]": "replace",
    }
    (field,) = changes["service.db[1]"]["fields"]
    assert (field["field"], field["before"], field["after"], field["sensitive"]) == ("secrets.pw", None, None, True)
    (field,) = changes["service.web[1]"]["fields"]
    assert (field["field"], field["before"], field["after"], field["sensitive"]) == ("configs./site", None, None, False)
    project.apply()
    project.must_be_settled()
    assert project.id_of("db") != before
    assert project.id_of("other") == other
    for number in (1, 2):
        assert project.printed("db", "cat", "/run/secrets/pw", number=number) == b"second-value"
    assert len(copies(project)) == 2
    assert copies(project).isdisjoint(old)


def test_owner_and_mode_are_shown_as_values(project: Project) -> None:
    """They are no secret: the line of the service, before and after."""

    def write(**more: Any) -> None:
        project.write({"db": sleeper(secrets=[{"source": "pw", **more}])}, secrets={"pw": {"content": "x"}})

    write()
    project.apply()
    write(mode=0o400, uid=5)
    (field,) = project.fields("service.db[1]").values()
    assert field["before"] == field["applied"] == "mode 0444, owner 0:0"
    assert field["after"] == "mode 0400, owner 5:0"
    assert field["at"] == f"stack.yaml:{project.lines['services.db.secrets']}"
    project.apply()
    project.must_be_settled()
    assert stat(project, "db", "/run/secrets/pw") == "5:0 400"
    project.write({"db": sleeper()})
    (field,) = project.fields("service.db[1]").values()
    assert (field["before"], field["after"]) == ("mode 0400, owner 5:0", None)
    project.apply()
    assert project.inside("db", "ls", "/run/secrets")[0] != 0
    assert copies(project) == set()


def test_the_secrets_of_a_container_go_with_it_and_no_data_does(project: Project) -> None:
    """Data without a name goes over to the successor; a copy of secrets does not. `destroy` leaves the data alone."""
    project.files(Dockerfile=f"FROM {BASE}\nVOLUME /data\n")

    def write(content: str, **more: Any) -> None:
        service = sleeper(image="db", secrets=["pw"], **more)
        project.write({"db": service}, builds={"db": {"context": "./web"}}, secrets={"pw": {"content": content}})

    write("one")
    project.apply()
    (data,) = (mount["Name"] for mount in project.container("db")["Mounts"] if mount["Destination"] == "/data")
    assert project.inside("db", "sh", "-c", "echo precious > /data/it")[0] == 0
    write("two")
    project.apply()
    assert contents(project, "db", "/data/it") == b"precious\n"
    assert contents(project, "db", "/run/secrets/pw") == b"two"
    assert copies(project) == mounted(project, "db")
    write("three", **dying())
    project.apply(code=1)
    assert contents(project, "db", "/data/it") == b"precious\n"
    assert contents(project, "db", "/run/secrets/pw") == b"two"
    assert copies(project) == mounted(project, "db")
    project.destroy()
    assert copies(project) == set()
    assert data in {each["Name"] for each in project.engine.volumes()["Volumes"]}
    project.engine.remove_volume(data)


def test_a_first_start_that_fails_leaves_no_copy(project: Project) -> None:
    """What was made is taken back, its secrets too; so it is where they cannot be copied in."""
    secrets = {"pw": {"content": "x"}}
    project.write({"db": sleeper(command=["no-such-program"], secrets=["pw"])}, secrets=secrets)
    project.apply(code=1)
    assert (project.containers(), copies(project)) == (set(), set())
    project.write({"db": sleeper(secrets=["pw", {"source": "pw", "target": "/etc"}])}, secrets=secrets)
    result = project.apply(code=1)
    assert "could not copy files into container" in result.err
    assert (project.containers(), copies(project)) == (set(), set())


STEPS = ("create", "archive", "start", "remove", "rename", "copies")


@pytest.mark.parametrize("step", STEPS)
def test_an_apply_that_dies_leaves_no_half_filled_container(project: Project, proxy: Proxy, step: str) -> None:
    """Whichever call it is killed after, the next apply ends with the right secret and nothing left over."""
    project.write({"db": sleeper(secrets=["pw"])}, secrets={"pw": {"content": "one"}})
    if step in ("remove", "rename", "copies"):
        project.apply()
        project.write({"db": sleeper(secrets=["pw"])}, secrets={"pw": {"content": "two"}})
    wanted = b"two" if step in ("remove", "rename", "copies") else b"one"
    process: list[subprocess.Popen[str]] = []
    started = threading.Event()

    def is_it(request: Request) -> bool:
        copy = request.path.startswith("/volumes/") and request.method == "DELETE" and not request.is_record
        removed = request.path.startswith("/containers/") and request.method == "DELETE"
        named = request.path.startswith("/containers/") and request.path.endswith(f"/{step}")
        return {"copies": copy, "remove": removed}.get(step, named)

    def kill(request: Request) -> None:
        if is_it(request):
            assert started.wait(30)
            process[0].kill()
            process[0].wait()

    proxy.after = kill
    process.append(project.start("apply", "--yes", "--engine", proxy.url))
    started.set()
    assert ended(process[0]).code == -9
    project.apply()
    project.must_be_settled()
    assert contents(project, "db", "/run/secrets/pw") == wanted
    assert project.containers() == {project.container_name("db")}
    assert copies(project) == mounted(project, "db")


def test_a_container_that_was_never_started_is_made_anew(project: Project) -> None:
    """Nothing tells whether it was filled: it is not started as it is, and the plan says so."""
    project.write({"db": sleeper(secrets=["pw"])}, secrets={"pw": {"content": "one"}})
    project.apply()
    found = project.container("db")
    project.engine.remove_container(found["Id"], force=True)
    body = {**found["Config"], "HostConfig": {"Mounts": found["HostConfig"]["Mounts"]}}
    project.engine.create_container_from_config(body, project.container_name("db"))
    actions = [(change["address"], change["action"]) for change in project.plan_json()["changes"]]
    assert sorted(actions)[:2] == [("service.db[1]", "create"), ("service.db[1]", "recover")]
    assert [action for _, action in actions].count("recover") == 2, "the copy of the one that was removed, too"
    project.apply()
    project.must_be_settled()
    assert contents(project, "db", "/run/secrets/pw") == b"one"
    assert copies(project) == mounted(project, "db")


def test_a_copy_without_a_container_is_removed_by_the_next_apply_or_destroy(project: Project) -> None:
    """It is told by its label; one that somebody else's container has stays until that is gone."""
    project.write({"db": sleeper(secrets=["pw"])}, secrets={"pw": {"content": "one"}})
    project.apply()
    name = f"{project.name}-stranger"
    (copy,) = copies(project)
    config = {"Mounts": [{"Type": "volume", "Source": copy, "Target": "/theirs"}]}
    stranger = project.engine.create_container_from_config({"Image": BASE, "HostConfig": config}, name)["Id"]
    project.write({"db": sleeper(secrets=["pw"])}, secrets={"pw": {"content": "two"}})
    project.apply()
    project.must_be_settled()
    assert len(copies(project)) == 2
    project.engine.remove_container(stranger)
    (change,) = project.plan_json()["changes"]
    assert (change["action"], change["reason"]) == ("recover", "the secrets of a container that is gone")
    project.apply()
    assert copies(project) == mounted(project, "db")
    project.engine.remove_container(project.id_of("db"), force=True)
    project.destroy()
    assert copies(project) == set()


def test_a_project_of_composes_is_taken_over_as_it_is(project: Project) -> None:
    """What Compose bound from the same file is no difference, until the container is replaced for another reason."""
    secret = project.folder / "pw.txt"
    secret.write_text("bound")
    network = f"{project.name}_default"
    project.engine.create_network(network, labels={identity.PROJECT: project.name, identity.NETWORK: "default"})
    labels = {
        identity.PROJECT: project.name,
        identity.SERVICE: "db",
        identity.NUMBER: "1",
        identity.ONEOFF: "False",
        identity.WORKING_DIR: str(project.folder),
    }
    mounts = [
        {"Type": "bind", "Source": str(secret), "Target": target, "ReadOnly": True}
        for target in ("/run/secrets/pw", "/site")
    ]
    body = {
        "Image": BASE,
        "Cmd": ["sleep", "1000"],
        "Labels": labels,
        "StopTimeout": 0,
        "HostConfig": {"Mounts": mounts, "NetworkMode": network},
        "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": ["db"]}}},
    }
    made = project.engine.create_container_from_config(body, project.container_name("db"))["Id"]
    project.engine.start(made)
    files = {"secrets": {"pw": {"file": "./pw.txt"}}, "configs": {"site": {"file": "./pw.txt"}}}
    project.write({"db": networked(secrets=["pw"], configs=["site"])}, **files)
    project.must_be_settled()
    project.write({"db": networked(secrets=["pw"], configs=["site"], user="0")}, **files)
    assert project.fields("service.db[1]").keys() == {"user"}
    project.apply()
    project.must_be_settled()
    assert [mount["Type"] for mount in project.container("db")["Mounts"]] == ["volume"]
    assert contents(project, "db", "/run/secrets/pw") == contents(project, "db", "/site") == b"bound"


# Nowhere

VALUES = {
    "file": 'f1le "secret"/with+odd=chars',
    "environment": "env\\secret value&more",
    "content": "inl1ne-secret:val/ue=",
    "variable": "vari@ble secret%value",
    "config": "c0nfig secret value",
    "sops": "s0ps encrypted secret",
    "age": "age encrypted secr3t",
    "sealed config": "sealed c0nfig value",
    "sealed variable": "sealed vari@ble value",
    "key": str(pyrage.x25519.Identity.generate()),
}


def spellings(value: str) -> set[str]:
    """Plain, in base64 however it is aligned, quoted for a URL, and escaped for JSON."""
    found = {value, quote(value), quote(value, safe=""), json.dumps(value)[1:-1], json.dumps(json.dumps(value))[1:-1]}
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + value.encode() + b"\0\0").decode()
        found.add(coded[4 if before else 0 : -8].rstrip("="))
    return {spelling for spelling in found if len(spelling) > 8}


def seen_in(text: str, *but: str) -> list[str]:
    return [
        name for name, value in VALUES.items() if name not in but and any(each in text for each in spellings(value))
    ]


class Processes:
    """What could be read of other processes while something ran: command lines, and children's environments.

    A child that runs no program of its own yet has its parent's command line and environment: until then it is its
    parent, in whose memory it is (vfork(2)).
    """

    def __init__(self, parent: int) -> None:
        self.parent, self.stop, self.text = parent, threading.Event(), ""
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def _look(self) -> None:
        while not self.stop.wait(0.01):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    command = (process / "cmdline").read_text(errors="replace")
                    self.text += command
                    is_child = int((process / "stat").read_text().rpartition(") ")[2].split()[1]) == self.parent
                    if is_child and command != Path(f"/proc/{self.parent}/cmdline").read_text(errors="replace"):
                        self.text += (process / "environ").read_text(errors="replace")
                except (OSError, IndexError, ValueError):
                    continue
            self.text = "\0".join(set(self.text.split("\0")))


def seal(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write encrypted files, and give the key, in a file that is not beside them."""
    key = project.folder.parent / "key.txt"
    key.write_text(VALUES["key"])
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(key))
    monkeypatch.delenv("SOPS_AGE_KEY", raising=False)
    recipient = pyrage.x25519.Identity.from_str(VALUES["key"]).to_public()
    for name, text in (
        ("sops.enc", VALUES["sops"]),
        ("site.yaml", f"listen: {VALUES['sealed config']}"),
        ("all.env", f"HOST={VALUES['sealed variable']}\n"),
    ):
        (project.folder / name).write_text(text)
        subprocess.run(["sops", "encrypt", "--age", str(recipient), "-i", project.folder / name], check=True)
    (project.folder / "pw.age").write_bytes(pyrage.encrypt(VALUES["age"].encode(), [recipient]))


@pytest.fixture
def secretive(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes a stack with a secret of each kind."""
    seal(project, monkeypatch)
    (project.folder / "pw.txt").write_text(VALUES["file"])
    monkeypatch.setenv("FROM_ENVIRONMENT", VALUES["environment"])
    monkeypatch.setenv("DB_PASSWORD", VALUES["variable"])

    def write(**more: Any) -> None:
        more.setdefault("secrets", ["pw", "env", {"source": "inline", "target": "/etc/inline"}, "sops", "age"])
        environment = {"DB_PASSWORD": "${DB_PASSWORD}"}
        service = sleeper(configs=["site", "sealed"], environment=environment, env_file="all.env", **more)
        project.write(
            {"db": service},
            secrets={
                "pw": {"file": "./pw.txt"},
                "env": {"environment": "FROM_ENVIRONMENT"},
                "inline": {"content": VALUES["content"]},
                "sops": {"file": "./sops.enc"},
                "age": {"file": "./pw.age"},
            },
            configs={"site": {"content": VALUES["config"]}, "sealed": {"file": "./site.yaml"}},
        )

    return write


def told_by(project: Project, *commands: tuple[str, ...]) -> str:
    """All that these commands print, in text and JSON, with all that --verbose adds."""
    printed = ""
    for command in commands:
        result = project.run("--verbose", *command)
        printed += f"{result.out}\n{result.err}\n"
    return printed


EACH = [
    ("plan",),
    ("plan", "--format", "json"),
    ("validate",),
    ("validate", "--format", "json"),
    ("graph",),
    ("status",),
    ("status", "--format", "json"),
]


def test_config_shows_what_configs_hold_and_no_secret(project: Project, secretive: Callable[..., None]) -> None:
    """As Compose does: a config is a file like any other."""
    secretive()
    printed = told_by(project, ("config",), ("config", "--format", "json"))
    assert "(sensitive)" in printed
    assert seen_in(printed) == ["config"]


def test_no_secret_is_in_anything_that_is_printed(project: Project, secretive: Callable[..., None]) -> None:
    """Plans, configurations, applies that work and that fail, with the trace of the error."""
    secretive()
    printed = told_by(project, *EACH, ("apply", "--yes"), *EACH)
    secretive(**dying())
    printed += told_by(project, *EACH, ("apply", "--yes", "--format", "json"), ("apply", "--yes"))
    assert "Traceback" in printed
    secretive(user="1000", secrets=["pw", {"source": "pw", "target": "/etc"}])
    printed += told_by(project, ("apply", "--yes"), ("destroy", "--yes"))
    assert seen_in(printed) == []


def test_what_a_container_prints_of_its_secrets_is_masked_where_it_fails(project: Project) -> None:
    """Those of files, of variables with such names, and of URLs; by its last lines and its last health check."""
    (project.folder / "pin").write_text("f1le-secret\n")
    (project.folder / ".env").write_text("DB_PASSWORD=v4r-secret\n")
    said = "echo I have $(cat /run/secrets/pin) and $OPEN and $URL"
    web = sleeper(
        command=["sh", "-c", f"{said}; exit 3".replace("$", "$$")],
        secrets=["pin"],
        environment={"OPEN": "${DB_PASSWORD}", "URL": "postgres://me:url-secret@db/x"},
    )
    project.write({"web": web}, secrets={"pin": {"file": "./pin"}})
    failed = project.apply(code=1).err
    assert "I have (sensitive) and (sensitive) and postgres://" in failed
    check = {"test": f"{said}; exit 1".replace("$", "$$"), "interval": "200ms", "retries": 1}
    project.write(
        {"web": {**web, "command": sleeper()["command"], "healthcheck": check}}, secrets={"pin": {"file": "./pin"}}
    )
    sick = project.apply(code=1).err
    assert "I have (sensitive) and (sensitive) and postgres://" in sick
    assert not [each for each in ("f1le-secret", "v4r-secret", "url-secret") if each in failed + sick]


def test_no_secret_is_in_the_message_of_a_mistake(project: Project, secretive: Callable[..., None]) -> None:
    """What is wrong with a file, or beside a secret in it, is shown without the secret."""
    secretive()
    good = (project.folder / "stack.yaml").read_text()
    value = json.dumps(VALUES["content"])
    for wrong in (
        f'    "content": {value}\n    "extra": {value}',
        f'    "contents": {value}',
        f'    "content": [{value}]',
        f'    "content": {{"a": {value}}}',
        f'    "content": {value[:-1]}',
        f'    "environment": {value}',
    ):
        text = good.replace(f'    "content": {value}', wrong)
        assert text != good
        (project.folder / "stack.yaml").write_text(text)
        for command in (("validate",), ("validate", "--format", "json"), ("plan",)):
            result = project.run("--verbose", *command)
            assert result.code == 65, result.out + result.err
            assert seen_in(result.out + result.err) == [], wrong
    (project.folder / "stack.yaml").write_text(good.replace(f'    "content": {value}', f"    {value}"))
    assert seen_in(told_by(project, ("validate",), ("plan",))) == []


def test_no_secret_is_on_the_engine_but_in_the_container(
    project: Project, engine: APIClient, secretive: Callable[..., None]
) -> None:
    """Not in labels, inspects, records, events or the processes; a variable is where the engine keeps variables."""
    since = int(time.time())
    secretive()
    process = project.start("apply", "--yes", "--verbose")
    processes = Processes(process.pid)
    assert ended(process).code == 0
    secretive(labels={"tier": "2"})
    assert project.run_apart("apply", "--yes").code == 0
    processes.stop.set()
    processes.thread.join()
    assert seen_in(processes.text) == []
    container = project.container("db")
    assert contents(project, "db", "/run/secrets/pw") == VALUES["file"].encode()
    assert contents(project, "db", "/run/secrets/env") == VALUES["environment"].encode()
    assert contents(project, "db", "/etc/inline") == VALUES["content"].encode()
    assert contents(project, "db", "/run/secrets/sops") == VALUES["sops"].encode()
    assert contents(project, "db", "/run/secrets/age") == VALUES["age"].encode()
    assert contents(project, "db", "/sealed") == f"listen: {VALUES['sealed config']}\n".encode()
    assert {f"DB_PASSWORD={VALUES['variable']}", f"HOST={VALUES['sealed variable']}"} <= {*container["Config"]["Env"]}
    assert seen_in(json.dumps({**container, "Config": {**container["Config"], "Env": []}}, ensure_ascii=False)) == []
    volumes = engine.volumes()["Volumes"]
    of_others = [engine.inspect_image(container["Image"]), engine.networks(), engine.info(), volumes]
    assert seen_in(json.dumps([container["Config"]["Labels"], *of_others], ensure_ascii=False)) == []
    events = list(engine.events(since=since, until=int(time.time()) + 1, decode=True))
    assert any(event.get("Action") == "extract-to-dir" for event in events)
    assert seen_in(json.dumps(events, ensure_ascii=False)) == []
    records = [each for each in volumes if each["Name"].startswith(f"{project.name}.deployer.")]
    stored = [text for each in records if (text := each["Labels"].get("io.deployer.desired"))]
    assert len(stored) == 2
    records = "".join(zlib.decompress(base64.b64decode(text)).decode() for text in stored)
    assert seen_in(records, "config") == [], "what a config holds is kept, for a rollback"


def test_no_secret_that_was_encrypted_is_on_a_disk_of_ours(
    project: Project, secretive: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where deployer keeps what it remembers, nor among temporary files, and be it for a moment."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    secretive()
    process = project.start("apply", "--yes")
    found: set[str] = set()
    while process.poll() is None:
        for file in tmp_path.rglob("*"):
            if file.is_file() and file.name not in ("stack.yaml", "pw.txt", "key.txt"):
                with suppress(OSError):
                    found |= {*seen_in(file.read_bytes().decode(errors="replace"))}
    assert ended(process).code == 0
    assert found == set()


def test_a_secret_that_is_encrypted_anew_is_no_difference(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other bytes of the same text; another text is one."""
    seal(project, monkeypatch)
    project.write({"db": sleeper(secrets=["pw"], env_file="all.env")}, secrets={"pw": {"file": "./sops.enc"}})
    project.apply()
    before = (project.folder / "sops.enc").read_bytes()
    seal(project, monkeypatch)
    assert (project.folder / "sops.enc").read_bytes() != before
    project.must_be_settled()
    monkeypatch.setitem(VALUES, "sops", "an0ther sops secret")
    seal(project, monkeypatch)
    text = project.plan_text()
    line = " ".join(next(line for line in text.splitlines() if "secrets.pw" in line).split())
    assert (
        line == f"secrets.pw (sensitive) -> (sensitive) stack.yaml:{project.lines['secrets.pw.file']}; sops.enc changed"
    )
    project.apply()
    assert contents(project, "db", "/run/secrets/pw") == b"an0ther sops secret"


def test_a_secret_that_is_looked_for_is_found() -> None:
    """The search itself: in each spelling, wherever it lies."""
    for name, value in VALUES.items():
        for hidden in (
            f"x{value}y",
            base64.b64encode(f"{{'pw': '{value}'}}".encode()).decode(),
            base64.b64encode(f"ab{value}cdef".encode()).decode(),
            quote(f"/a?b={value}", safe=""),
            json.dumps({"a": json.dumps({"b": value})}),
            json.dumps({"b": value}),
        ):
            assert name in seen_in(hidden), hidden


def test_nothing_is_copied_into_a_volume_of_the_image(project: Project) -> None:
    """It would stay there when the container goes. Of an image that is there the plan says so, else the copying."""
    project.files(Dockerfile=f"FROM {BASE}\nVOLUME /data\n")
    (project.folder / "token").write_text("hidden")
    at = {
        "secrets": {"token": {"file": "./token"}},
        "builds": {"own": {"context": "./web", "tag": f"{project.name}:1"}},
    }
    service = sleeper(secrets=[{"source": "token", "target": "/data/sub/token"}])
    project.write({"web": {**service, "image": "own"}}, **at)
    assert "the volume that the image has at /data" in project.apply(code=1).err
    assert project.containers() == set()
    project.write({"web": {**service, "image": f"{project.name}:1"}}, **at)
    result = project.run("plan")
    assert (result.code, "copy-into-volume" in result.err) == (65, True)
