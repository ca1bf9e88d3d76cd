"""Files that SOPS and age have encrypted: what they hold is had with the key, and without it nothing is.

Those in the folder `encrypted` were written by sops 3.11.0 and pyrage 1.4.0.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.interpolation import FromFile
from deployer.sources.contents import content_of_file
from deployer.sources.encrypted import KEY, KEY_FILE, Encrypted, decrypted, keys_held, recognised
from deployer.sources.env_file import read_env_file
from deployer.sources.noted import noting
from deployer.sources.traces import trace_in

FILES = Path(__file__).parent / "encrypted"
PLACE = Place("stack.yaml", 3, 5)
OURS, OTHERS = (re.findall("age1[a-z0-9]+", (FILES / name).read_text())[0] for name in ("key.txt", "other-key.txt"))
SECRET = "f1le secret"

needs_sops = pytest.mark.skipif(shutil.which("sops") is None, reason="needs the program sops")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file with the key, which is given; nothing of the user's own is."""
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv(KEY_FILE, str(FILES / "key.txt"))
    return FILES / "key.txt"


def held(name: str, data: bytes | None = None) -> bytes | None:
    return decrypted((FILES / name).read_bytes() if data is None else data, Path(name), name, PLACE)


def refusal(name: str, data: bytes | None = None) -> Diagnostic:
    """The one thing that is wrong with a file; nothing that it holds is in it."""
    with pytest.raises(InvalidStack) as raised:
        held(name, data)
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.place == PLACE
    assert SECRET not in repr(diagnostic)
    assert name in diagnostic.message
    return diagnostic


HELD = {
    "odd.enc": bytes(range(256)) + b"no line end",
    "several.enc": b"f1le secret\n",
    "plain.age": b"f1le secret\n",
    "armored.age": b"f1le secret\n",
    "app.env": b"# the database\nDB_HOST=db.example\nDB_LOGIN=f1le secret\nEMPTY=\n",
    "app.ini": b"[db]\nhost     = db.example\npassword = f1le secret\n",
    "app.json": b'{\n\t"password": "f1le secret",\n\t"ports": [\n\t\t80,\n\t\t443\n\t],\n'
    b'\t"deep": {\n\t\t"ready": true,\n\t\t"none": null\n\t}\n}\n',
    "app.yaml": b"# where it is\n# and why\nhost: db.example\nport: 5432\nratio: 1.5\nready: true\nnothing: null\n"
    b"users:\n    - name: ann\n      password: f1le secret\n    - name: bob\n"
    b"      password: |\n        two\n        lines\n",
}


SEALED = ["plain.age", "armored.age", "several.enc", "app.env", "app.ini", "app.json", "app.yaml"]
"""One of each format."""


@needs_sops
@pytest.mark.parametrize("name", HELD)
def test_what_a_file_holds_is_what_sops_prints_of_it(name: str):
    """Byte by byte, in each format; with the key from a file, or from the variable itself."""
    assert held(name) == HELD[name]


@needs_sops
@pytest.mark.parametrize("name", ["several.enc", "armored.age"])
def test_a_key_may_stand_in_a_variable(monkeypatch: pytest.MonkeyPatch, name: str, key: Path):
    monkeypatch.delenv(KEY_FILE)
    monkeypatch.setenv(KEY, key.read_text().splitlines()[-1])
    assert held(name) == b"f1le secret\n"


@needs_sops
@pytest.mark.parametrize("name", ["several.enc", "armored.age"])
def test_a_key_may_lie_where_sops_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, key: Path):
    monkeypatch.delenv(KEY_FILE)
    (tmp_path / "config/sops/age").mkdir(parents=True)
    shutil.copy(key, tmp_path / "config/sops/age/keys.txt")
    assert held(name) == b"f1le secret\n"


@needs_sops
def test_a_file_of_several_groups_needs_a_key_of_each(monkeypatch: pytest.MonkeyPatch):
    assert refusal("groups.enc").code == "encrypted-no-key"
    monkeypatch.setenv(KEY, (FILES / "other-key.txt").read_text().splitlines()[-1])
    assert held("groups.enc") == b"f1le secret\n"


KNOWN = {
    "odd.enc": Encrypted("binary", (OURS,)),
    "several.enc": Encrypted("binary", (OTHERS, OURS)),
    "groups.enc": Encrypted("binary", (OURS, OTHERS)),
    "plain.age": Encrypted("age"),
    "armored.age": Encrypted("age"),
    "app.env": Encrypted("dotenv", (OURS,)),
    "app.ini": Encrypted("ini", (OURS,)),
    "app.json": Encrypted("json", (OURS,)),
    "app.yaml": Encrypted("yaml", (OURS,)),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_file_is_known_by_what_it_holds(name: str):
    """Whatever it is called."""
    found = recognised((FILES / name).read_bytes(), "db_password")
    assert found == KNOWN[name]


def test_where_two_formats_look_the_same_the_name_tells_them_apart():
    """A JSON file with one key `data` is a binary file of SOPS unless it is called `.json`."""
    data = (FILES / "several.enc").read_bytes()
    kinds = [found.kind for name in ("a", "a.yaml", "a.json") if (found := recognised(data, name))]
    assert kinds == ["binary", "binary", "json"]


PLAIN = [
    b"",
    b"\xff\xfe",
    b"sops",
    b'{"sops": {"mac": "ENC[AES256_GCM,"}',
    b'{"sops": {"mac": 5, "x": "ENC[AES256_GCM,"}}',
    b'{"sops": ["ENC[AES256_GCM,"]}',
    b"sops: how we work\nmac: ENC[AES256_GCM,",
    b"# sops:\n    mac: ENC[AES256_GCM,",
    b"[sops]\nname = ENC[AES256_GCM,",
    b"sops_version=ENC[AES256_GCM,",
    b"\xffsops:\n    mac: ENC[AES256_GCM,",
    b'{"sops":' * 5000 + b"ENC[AES256_GCM,",
    b"see age-encryption.org/v1\n",
    b"# Secrets\n\nWe use sops: values look like `ENC[AES256_GCM,data:...]`, and `sops_mac=` is their MAC.\n",
    b"creation_rules:\n    - path_regex: .*\\.enc$\n      unencrypted_suffix: _unencrypted\n      age: age1x\n",
    b'{"sops": {"enabled": true, "version": "3.11.0"}, "lastmodified": "today"}',
    b"sops_version=3.11.0\nsops_age_key_file=/key\n",
    b"[sops]\nversion = 3.11.0\n\n[age]\nmac = off\n",
    b'grep -q \'ENC\\[AES256_GCM,data:\' "$1" && sops decrypt "$1"\n',
    b"note: |\n    -----BEGIN AGE ENCRYPTED FILE-----\n    eA==\n    -----END AGE ENCRYPTED FILE-----\n",
    b"-> see the other page\n--- a/stack.yaml\n",
]


@pytest.mark.parametrize("data", PLAIN)
def test_a_file_that_speaks_of_sops_is_none(data: bytes):
    """It is taken as it is, with no key."""
    assert recognised(data, "a") is None
    assert held("a", data) is None


_PIECE = st.sampled_from(
    [
        "sops",
        ":",
        "\n",
        " ",
        "[sops]",
        "sops_",
        "mac",
        "=",
        ": ",
        "ENC[AES256_GCM,",
        "recipient",
        "{",
        "}",
        '"',
        "age",
        ",",
    ]
)


@given(st.lists(_PIECE).map("".join))
@example("sops:\n mac: ENC[AES256_GCM,\n - recipient: \n")
def test_no_file_confuses_the_look_at_it(text: str):
    """It is one or it is none."""
    found = recognised(text.encode(), "a")
    assert found is None or found.kind in {each.kind for each in KNOWN.values()}


LINES = [
    b"sops:\n",
    b"[sops]\n",
    b"sops_\n",
    b" mac:",
    b"\n",
    b" - ",
    b",iv:",
    b"a,iv:aaaa",
    b'"sops"   ',
    b"    ",
    b"age-",
    b"a",
]


@pytest.mark.parametrize("line", LINES)
def test_no_file_takes_long_to_look_at(line: bytes):
    """What somebody else wrote may be made for it: 2 MiB of what a pattern begins with."""
    start = os.times().user
    data = b"sops ENC[AES256_GCM,\nsops:\n" + line * (2 * 1024 * 1024 // len(line))
    assert recognised(data, "a") is trace_in(data) is None
    assert os.times().user - start < 5


def test_without_a_key_the_message_says_for_whom_it_is_and_what_to_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(KEY_FILE)
    found = refusal("several.enc")
    assert found.code == "encrypted-no-key"
    assert found.message == f"several.enc is encrypted by SOPS for {OTHERS}, {OURS}, and no age key is given"
    assert found.hint == "set SOPS_AGE_KEY_FILE to a file with the age key, or SOPS_AGE_KEY to the key itself"
    assert refusal("plain.age").message == "plain.age is encrypted by age, and no age key is given"


@needs_sops
@pytest.mark.parametrize("name", ["other.enc", "plain.age"])
def test_a_key_that_does_not_fit_is_told_from_none(monkeypatch: pytest.MonkeyPatch, name: str):
    """With where it is from, and nothing of it."""
    if name == "plain.age":
        monkeypatch.setenv(KEY_FILE, str(FILES / "other-key.txt"))
    found = refusal(name)
    assert found.code == "encrypted-no-key"
    assert found.message.endswith(f", and no key in {os.environ[KEY_FILE]} opens it")
    assert "AGE-SECRET" not in repr(found)


@pytest.mark.parametrize("name", ["several.enc", "plain.age"])
def test_a_key_file_that_holds_no_key_is_told(monkeypatch: pytest.MonkeyPatch, name: str, tmp_path: Path):
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "gone"))
    assert refusal(name).message.endswith(
        f"{tmp_path}/gone, where the age key should be, cannot be read: No such file or directory"
    )
    (tmp_path / "gone").write_text("# AGE-SECRET-KEY-1\n")
    assert refusal(name).message.endswith(f"and there is no age key in {tmp_path}/gone")
    (tmp_path / "gone").write_text("AGE-SECRET-KEY-1OOPS\n")
    assert refusal(name).code == "encrypted-no-key"


def test_a_file_that_is_for_no_age_key_is_told():
    """SOPS can encrypt for others than age."""
    data = json.loads((FILES / "several.enc").read_text())
    data["sops"]["pgp"] = data["sops"].pop("age")
    found = refusal("a", json.dumps(data).encode())
    assert (found.code, found.message) == (
        "encrypted-no-key",
        "a is encrypted by SOPS, but not for age, and deployer has keys of age alone",
    )


def test_what_a_file_calls_a_recipient_is_shown_only_if_it_may_be_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(KEY_FILE)
    data = (FILES / "several.enc").read_text().replace(OURS, "\\u001b[31mhello").encode()
    assert refusal("a", data).message == f"a is encrypted by SOPS for {OTHERS}, and no age key is given"


@needs_sops
def test_a_value_that_was_taken_out_is_found_by_the_mac():
    text = (FILES / "app.yaml").read_text()
    found = refusal("app.yaml", re.sub(r"port: .*\n", "", text).encode())
    assert (found.code, found.hint) == ("encrypted-damaged", "take it from git as it was, or encrypt it anew")
    assert found.message.endswith(", and was changed since: its MAC does not fit")


def _damaged(name: str) -> bytes:
    data = (FILES / name).read_bytes()
    match name:
        case "plain.age":
            return data[:-1] + bytes([data[-1] ^ 1])
        case "armored.age":
            return data[:-60]
        case "app.env":  # two values that are where the other one was
            first, second = re.findall(rb"^DB_\w+=(ENC.*)$", data, re.MULTILINE)
            return data.replace(first, b"#").replace(second, first).replace(b"#\n", second + b"\n", 1)
        case _:
            return re.sub(rb'([=: "]ENC.AES256_GCM,data:).', rb"\1!", data, count=1)


@needs_sops
@pytest.mark.parametrize("name", SEALED)
def test_a_damaged_file_is_told(name: str):
    assert refusal(name, _damaged(name)).code == "encrypted-damaged"


@needs_sops
@pytest.mark.parametrize("name", ["app.env", "app.yaml"])
def test_a_file_with_a_damaged_comment_is_damaged(name: str):
    """sops itself takes it for one that was never encrypted."""
    data = (FILES / name).read_bytes().replace(b"#ENC[AES256_GCM,data:", b"#ENC[AES256_GCM,data:A", 1)
    assert refusal(name, data).message.endswith(", and a part of it is not decrypted")


@needs_sops
@pytest.mark.parametrize("name", SEALED)
def test_a_file_with_conflict_markers_is_damaged(name: str):
    """As git leaves it where two have encrypted it anew."""
    data = (FILES / name).read_bytes()
    found = refusal(name, b"<<<<<<< HEAD\n" + data + b"\n=======\n" + data + b"\n>>>>>>> other\n")
    assert found.code == "encrypted-damaged"


def test_of_conflict_markers_the_line_is_told():
    data = (FILES / "several.enc").read_bytes()
    found = refusal("pw", b"<<<<<<< HEAD\n" + data + b"=======\n" + data + b">>>>>>> other\n")
    assert found.message == "pw is encrypted by SOPS in part (line 3), and has conflict markers (line 1)"


@pytest.mark.parametrize("name", SEALED)
def test_a_file_that_somebody_wrote_on_in_is_damaged(name: str):
    """Also where it is no UTF-8 any more; a key is not needed to see it."""
    data = (FILES / name).read_bytes()
    assert refusal(name, b"x" + data + b"\xff").code == "encrypted-damaged"


def test_a_file_without_its_mac_is_damaged():
    """Also where it has no value that was encrypted."""
    data = re.sub(rb"(?m)^sops_mac=.*\n", b"", (FILES / "app.env").read_bytes())
    found = refusal(".env", data)
    assert (found.code, found.message) == (
        "encrypted-damaged",
        ".env is encrypted by SOPS in part (line 1), and is no whole file of SOPS",
    )
    assert found.hint == (
        "take it from git as it was, or encrypt it anew; "
        "plain text that only quotes SOPS is taken as it is once it is encrypted with age"
    )
    for name in ("app.env", "app.ini", "app.json", "app.yaml"):
        left = re.sub(rb"ENC\[[^\]]*\]|age\w*recipient|BEGIN AGE", b"", (FILES / name).read_bytes())
        assert refusal("a", left).code == "encrypted-damaged", name


@pytest.mark.parametrize("name", ["several.enc", "app.env", "armored.age"])
def test_a_file_that_a_shell_wrote_in_utf_16_is_damaged(name: str):
    text = (FILES / name).read_text()
    for encoding in ("utf-16", "utf-16-be"):
        assert refusal(name, text.encode(encoding)).code == "encrypted-damaged"


def test_text_that_quotes_a_value_of_sops_is_taken_as_it_is_once_it_is_encrypted():
    quote = re.findall(r"ENC\[.*\]", (FILES / "app.yaml").read_text())[0].encode()
    assert refusal("README.md", quote).code == "encrypted-damaged"
    recipients = [pyrage.x25519.Recipient.from_str(OURS)]
    assert held("README.md.age", pyrage.encrypt(quote, recipients)) == quote


def _deployed(name: str, data: bytes) -> bytes:
    """What a container would get of it: nothing where it is refused."""
    try:
        plain = held(name, data)
    except InvalidStack:
        return b""
    return data if plain is None else plain


@needs_sops
@given(st.data())
@settings(max_examples=60)
def test_whatever_befalls_a_file_its_ciphertext_is_never_given(draws: st.DataObject):
    """It is cut short, written on in, or loses a part. What is given has no value as it was encrypted, and no line of
    an age header.
    """
    name = draws.draw(st.sampled_from(SEALED))
    whole = (FILES / name).read_bytes()
    start, end = sorted((draws.draw(st.integers(0, len(whole))), draws.draw(st.integers(0, len(whole)))))
    end = draws.draw(st.sampled_from([start, end, len(whole)]))
    new = draws.draw(st.sampled_from([b"", b"x", b"\n", b"\xff", b"\n=======\n", whole]))
    found = _deployed(name, whole[:start] + new + whole[end:])
    sealed = whole.splitlines()[:6] if name.endswith(".age") else re.findall(rb"data:([\w+/=]+)", whole)
    assert not [each for each in sealed if each in found]


def test_without_sops_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = refusal("several.enc")
    assert (found.code, found.hint) == ("encrypted-no-program", "install sops, 3.9 or newer: https://getsops.io")


def test_without_pyrage_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyrage", None)
    found = refusal("plain.age")
    assert (found.code, found.hint) == ("encrypted-no-program", "in a checkout of deployer: pip install '.[age]'")


def test_sops_gets_the_keys_and_nothing_else_that_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A file may name a service to be asked for its key, and whose service that is nobody knows."""
    (tmp_path / "sops").write_text("#!/bin/sh\nenv | cut -d= -f1; pwd; echo $HOME $*\n")
    (tmp_path / "sops").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("VAULT_TOKEN", "hidden")
    found = (held("several.enc") or b"").decode().splitlines()
    assert {*found[:-2]} - {"_", "SHLVL", "OLDPWD", "PWD"} == {"HOME", "PATH", "SOPS_AGE_KEY_FILE"}
    assert found[-2:] == ["/", "/nonexistent decrypt --input-type binary --output-type binary /dev/stdin"]


def test_keys_that_are_held_are_in_no_variable(key: Path, monkeypatch: pytest.MonkeyPatch):
    """Neither a stack file nor a program gets them; the file is opened all the same."""
    monkeypatch.delenv(KEY_FILE)
    monkeypatch.setenv(KEY, said := key.read_text().splitlines()[-1])
    with keys_held():
        assert KEY not in os.environ
        assert KEY not in subprocess.run(["env"], capture_output=True, text=True, check=True).stdout
        assert held("armored.age") == b"f1le secret\n"
    assert os.environ[KEY] == said


@needs_sops
def test_the_same_encrypted_anew_is_no_other_content(tmp_path: Path):
    """Neither to a plan nor to what a saved plan was made from."""
    told: list[tuple[str, dict[str, str]]] = []
    for _ in range(2):
        (tmp_path / "pw.enc").write_text(SECRET)
        subprocess.run(["sops", "encrypt", "--age", OURS, "-i", tmp_path / "pw.enc"], check=True)
        with noting() as seen:
            told.append((content_of_file(tmp_path / "pw.enc", "pw.enc", PLACE).digest, seen.files))
    assert told[0] == told[1]


def test_a_content_that_was_encrypted_is_closed():
    assert content_of_file(FILES / "plain.age", "plain.age", PLACE).closed
    assert not content_of_file(FILES / "key.txt", "key.txt", PLACE).closed


@needs_sops
def test_all_values_of_an_encrypted_env_file_are_secret():
    """Whatever they are called; each is at its line."""
    found = read_env_file(FILES / "app.env", {})
    assert {name: (value, place.line, place.secret) for name, (value, place) in found.items()} == {
        "DB_HOST": ("db.example", 2, True),
        "DB_LOGIN": (SECRET, 3, True),
        "EMPTY": ("", 4, True),
    }
    assert all(place.secret for _, place in read_env_file(FILES / "app.env", {}, raw=True).values())


def test_what_is_made_of_a_secret_value_is_secret_too(tmp_path: Path):
    """In an env file that is plain, by a reference or by the name alone; the rest of that file is not."""
    (tmp_path / "plain.env").write_text("URL=x-$PW\nAGAIN=${URL}\nPW\nTIER=2\nLITERAL='$PW'\n")
    of_the_stack = {"PW": FromFile(SECRET, Place("app.env", 1, 1, secret=True))}
    for found in (
        read_env_file(tmp_path / "plain.env", of_the_stack),
        read_env_file(tmp_path / "plain.env", {}, before=of_the_stack),
    ):
        assert [name for name, (_, place) in found.items() if place.secret] == ["URL", "AGAIN", "PW"]
    assert read_env_file(tmp_path / "plain.env", of_the_stack, raw=True)["PW"][1].secret
