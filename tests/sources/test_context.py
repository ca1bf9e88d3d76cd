"""Build contexts: what a build gets to see, its digest, and the tar that holds just that."""

from __future__ import annotations

import io
import os
import shutil
import socket
import tarfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import Busy, Diagnostic, InvalidStack, Place
from deployer.sources.build_cache import changed
from deployer.sources.context import Context, read_context
from deployer.sources.context_tar import write_tar
from deployer.sources.dockerignore import ignored, read_patterns

PLACE = Place("stack.yaml", 4, 14)


@pytest.fixture
def web(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM base\nCOPY . .\n")
    (folder / "app.py").write_text("print()\n")
    (folder / "lib").mkdir()
    (folder / "lib" / "a.py").write_text("a\n")
    return folder


def tar_bytes(context: Context) -> bytes:
    target = io.BytesIO()
    write_tar(context, target)
    return target.getvalue()


def members(context: Context) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(tar_bytes(context))) as tar:
        return {member.name: member for member in tar.getmembers()}


def content(context: Context, name: str) -> str:
    with tarfile.open(fileobj=io.BytesIO(tar_bytes(context))) as tar:
        file = tar.extractfile(name)
        assert file
        return file.read().decode()


def seen_by_the_build(context: Context) -> set[str]:
    """The files of the tar once the classic builder has taken out what the tar's `.dockerignore` hides.

    It does so for the Dockerfile and `.dockerignore` only (moby, builder/remotecontext/detect.go).
    """
    names = {name for name, member in members(context).items() if not member.isdir()}
    if ".dockerignore" in names:
        verdict = ignored(read_patterns(content(context, ".dockerignore"), ".dockerignore"))
        names -= {name for name in (".dockerignore", context.dockerfile) if verdict.ignored(name)}
    return names


def refusals(folder: Path, dockerfile: str = "Dockerfile") -> tuple[Diagnostic, ...]:
    with pytest.raises(InvalidStack) as caught:
        read_context(folder, dockerfile, place=PLACE)
    return caught.value.diagnostics


def test_a_context_lists_its_files_by_path(web: Path) -> None:
    """Folders are implied by what they hold."""
    assert list(read_context(web).files) == ["Dockerfile", "app.py", "lib/a.py"]


def test_the_tar_holds_just_these_files_and_their_folders(web: Path) -> None:
    """Nothing more, nothing less, sorted."""
    assert list(members(read_context(web))) == ["Dockerfile", "app.py", "lib", "lib/a.py"]
    assert content(read_context(web), "lib/a.py") == "a\n"


def test_what_the_ignore_file_leaves_out_is_neither_read_nor_sent(web: Path) -> None:
    """An ignored file may even be one that no context can hold."""
    before = read_context(web).digest
    (web / ".dockerignore").write_text(".dockerignore\nrun\n*.log\n")
    (web / "run").mkdir()
    os.mkfifo(web / "run" / "pipe")
    (web / "big.log").write_text("x")
    assert set(members(read_context(web))) == {"Dockerfile", "app.py", "lib", "lib/a.py"}
    assert read_context(web).digest == before


def test_an_exception_beneath_an_ignored_folder_is_sent_with_its_folder(web: Path) -> None:
    """BuildKit takes it in whether or not the exception has wildcards."""
    (web / ".dockerignore").write_text("lib\n!**/a.py\n")
    (web / "lib" / "b.py").write_text("b")
    (web / "lib" / "deep").mkdir()
    assert {"lib", "lib/a.py"} == {name for name in members(read_context(web)) if name.startswith("lib")}


def test_empty_folders_are_part_of_a_context(web: Path) -> None:
    """COPY makes them; so does a folder all of whose files are left out."""
    before = read_context(web)
    (web / "logs").mkdir()
    assert changed(before.files, read_context(web).files) == ["logs"]
    (web / ".dockerignore").write_text("logs/*\n.dockerignore\n")
    (web / "logs" / "x").touch()
    assert changed(before.files, read_context(web).files) == ["logs"]
    assert members(read_context(web))["logs"].isdir()


def _write(web: Path) -> None:
    (web / "app.py").write_text("other\n")


def _add(web: Path) -> None:
    (web / "new").touch()


def _remove(web: Path) -> None:
    (web / "lib" / "a.py").unlink()


def _rename(web: Path) -> None:
    (web / "app.py").rename(web / "app2.py")


def _make_executable(web: Path) -> None:
    (web / "app.py").chmod(0o755)


def _link(web: Path) -> None:
    (web / "app.py").unlink()
    (web / "app.py").symlink_to("lib/a.py")


@pytest.mark.parametrize("edit", [_write, _add, _remove, _rename, _make_executable, _link])
def test_the_digest_covers_names_contents_kinds_and_the_exec_bit(web: Path, edit: Callable[[Path], None]) -> None:
    """It may be another once too often, never once too seldom."""
    before = read_context(web)
    edit(web)
    after = read_context(web)
    assert after.digest != before.digest
    assert changed(before.inputs, after.inputs)


def test_the_digest_covers_where_a_link_points(web: Path) -> None:
    """A link is stored as a link: its target's name counts, not its target's content."""
    (web / "link").symlink_to("app.py")
    before = read_context(web)
    (web / "link").unlink()
    (web / "link").symlink_to("lib/a.py")
    assert changed(before.files, read_context(web).files) == ["link"]


def test_times_owners_and_other_mode_bits_change_nothing(web: Path) -> None:
    """Two checkouts with other umasks on other days give the same digest and the same tar."""
    before = read_context(web)
    tar = tar_bytes(before)
    os.utime(web / "app.py", (1, 1))
    (web / "app.py").chmod(0o600)
    (web / "lib").chmod(0o700)
    assert read_context(web).digest == before.digest
    assert tar_bytes(read_context(web)) == tar


def test_two_checkouts_are_one_build(web: Path, tmp_path: Path) -> None:
    """In another folder, at another time, with another umask, found in another order."""
    (web / "run.sh").touch(mode=0o755)
    (web / "link").symlink_to("app.py")
    other = tmp_path / "elsewhere" / "checkout"
    before = os.umask(0o077)
    try:
        (other / "lib").mkdir(parents=True)
        for name in sorted(read_context(web).files, reverse=True):
            shutil.copyfile(web / name, other / name, follow_symlinks=False)
    finally:
        os.umask(before)
    (other / "run.sh").chmod(0o700)
    os.utime(other / "app.py", (1, 1))
    assert read_context(other).digest == read_context(web).digest
    assert tar_bytes(read_context(other)) == tar_bytes(read_context(web))


def test_the_tar_is_normalised(web: Path) -> None:
    """Owner root, 1970, 755 or 644."""
    (web / "run.sh").touch(mode=0o700)
    found = members(read_context(web))
    assert (found["run.sh"].mode, found["app.py"].mode, found["lib"].mode) == (0o755, 0o644, 0o755)
    assert {(member.uid, member.gid, member.mtime) for member in found.values()} == {(0, 0, 0)}


def test_a_link_is_sent_as_a_link_and_never_followed(web: Path, tmp_path: Path) -> None:
    """Neither a file nor a folder outside of the context gets in through it, and one that dangles is no error."""
    (tmp_path / "secret").write_text("s")
    for name, target in {"out": "../secret", "folder": "..", "absolute": "/etc/passwd", "dangling": "nowhere"}.items():
        (web / name).symlink_to(target)
    found = members(read_context(web))
    assert {name: found[name].linkname for name in ("out", "folder", "absolute", "dangling")} == {
        "out": "../secret",
        "folder": "..",
        "absolute": "/etc/passwd",
        "dangling": "nowhere",
    }
    assert not [name for name in found if name.startswith("folder/")]


@pytest.mark.parametrize("name", ["app.py", "lib"])
def test_what_becomes_a_link_while_it_is_read_is_not_followed(
    web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Between the look at a folder and the opening of what is in it, somebody may put a link there."""
    outside = tmp_path / "outside"
    (outside / "lib").mkdir(parents=True)
    for path in ("app.py", "lib/a.py", "lib/secret"):
        (outside / path).write_text("secret\n")
    really, opened = os.open, list[str]()

    def slow(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == name and not (web / name).is_symlink():
            (web / name).rename(tmp_path / "away")
            (web / name).symlink_to(outside / name)
        descriptor = really(path, flags, mode, dir_fd=dir_fd)
        opened.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        return descriptor

    monkeypatch.setattr("os.open", slow)
    [diagnostic] = refusals(web)
    assert diagnostic.code == "context-unreadable"
    assert f"{name} cannot be read" in diagnostic.message
    assert not [path for path in opened if "outside" in path]


def test_a_hard_link_is_a_file_of_its_own(web: Path) -> None:
    """Sent whole under both names, whatever the other one is left out."""
    os.link(web / "app.py", web / "same.py")
    (web / ".dockerignore").write_text("app.py\n")
    assert content(read_context(web), "same.py") == "print()\n"


def test_a_context_that_is_a_link_itself_is_resolved(web: Path, tmp_path: Path) -> None:
    """The user named it."""
    (tmp_path / "link").symlink_to("web")
    assert read_context(tmp_path / "link").digest == read_context(web).digest


@pytest.mark.parametrize(
    "name", ["with space", "-rf", "--from=x", "*?[", "ümlaut", "new\nline", "\x1b[31m", "x" * 200, os.fsdecode(b"\xff")]
)
def test_any_name_that_a_file_may_have_is_carried(web: Path, name: str) -> None:
    """Long names, odd ones, and bytes that are no UTF-8."""
    (web / name).write_text("x")
    with tarfile.open(fileobj=io.BytesIO(tar_bytes(read_context(web))), encoding="utf-8") as tar:
        assert name in tar.getnames()
    assert changed({}, {name: "x"})[0].encode()


@pytest.mark.parametrize("kind", ["named pipe", "socket"])
def test_a_special_file_is_refused_by_name(web: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be lost in silence (a socket) or hang the build (a pipe)."""
    monkeypatch.chdir(web)
    server = socket.socket(socket.AF_UNIX)
    if kind == "socket":
        server.bind("special")
    else:
        os.mkfifo("special")
    server.close()
    [diagnostic] = refusals(web)
    assert (diagnostic.code, diagnostic.place) == ("context-special-file", PLACE)
    assert diagnostic.message == f"special is a {kind}, which no build context can hold"
    assert ".dockerignore" in diagnostic.hint


def test_files_that_may_not_be_read_are_all_named(
    web: Path, ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    """One run shows them all, folders too."""
    for name in ("app.py", "lib"):
        (web / name).chmod(0)
    with ordinary_user():
        found = refusals(web)
    (web / "lib").chmod(0o755)
    assert [diagnostic.code for diagnostic in found] == ["context-unreadable", "context-unreadable"]
    assert {diagnostic.message.rpartition("/")[2].split(" ")[0] for diagnostic in found} == {"app.py", "lib"}


def test_an_ignored_folder_that_may_not_be_read_is_no_trouble(
    web: Path, ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    """Even where an exception might lie in it: BuildKit goes past it too."""
    (web / ".dockerignore").write_text("lib\n!**/keep\n")
    (web / "lib").chmod(0)
    with ordinary_user():
        found = read_context(web)
    (web / "lib").chmod(0o755)
    assert list(found.files) == [".dockerignore", "Dockerfile", "app.py"]


def test_a_missing_context_names_the_nearest_folder(web: Path) -> None:
    """At the place where the stack names it."""
    [diagnostic] = refusals(web.with_name("wep"))
    assert (diagnostic.code, diagnostic.place, diagnostic.hint) == ("context-missing", PLACE, "did you mean 'web'?")


def test_a_context_that_is_a_file_is_refused(web: Path) -> None:
    """A context is a folder."""
    [diagnostic] = refusals(web / "app.py")
    assert diagnostic.code == "context-missing"
    assert "not a folder" in diagnostic.message


def test_a_missing_dockerfile_names_the_nearest_file(web: Path) -> None:
    """`dockerfile` for `Dockerfile` is the usual slip."""
    [diagnostic] = refusals(web, "dockerfile")
    assert (diagnostic.code, diagnostic.hint) == ("dockerfile-missing", "did you mean 'Dockerfile'?")


def test_the_dockerfile_of_a_context_is_sent_under_its_own_name(web: Path) -> None:
    """Where the build gets to see it, nothing is added."""
    (web / "docker").mkdir()
    (web / "docker" / "web.Dockerfile").write_text("FROM x\n")
    context = read_context(web, "docker/web.Dockerfile")
    assert (context.dockerfile, context.dockerfile_text, context.additions) == ("docker/web.Dockerfile", "FROM x\n", {})


@pytest.mark.parametrize("own_ignore_file", [None, "other\n", "other\n.dockerignore\n", ".docker*\n!.dockerignore\n"])
@pytest.mark.parametrize("kind", ["outside", "inline", "ignored"])
def test_a_dockerfile_that_is_no_file_of_the_context_is_sent_and_hidden(
    web: Path, tmp_path: Path, kind: str, own_ignore_file: str | None
) -> None:
    """The builder can read it, under a name that no file has, and `COPY . .` copies what it would have copied."""
    if own_ignore_file is not None or kind == "ignored":
        (web / ".dockerignore").write_text((own_ignore_file or "") + ("Dockerfile\n" if kind == "ignored" else ""))
    (tmp_path / "Dockerfile").write_text("FROM y\n")
    if kind == "inline":
        context = read_context(web, inline="FROM y\n")
    else:
        context = read_context(web, "../Dockerfile" if kind == "outside" else "Dockerfile")
    assert content(context, context.dockerfile) == context.dockerfile_text
    assert context.dockerfile not in context.files
    assert seen_by_the_build(context) == set(context.files)


def test_a_name_that_is_taken_is_not_taken_again(web: Path) -> None:
    """Not even where a file has just the name that a hidden Dockerfile would get."""
    (web / ".deployer.Dockerfile").write_text("mine")
    context = read_context(web, inline="FROM y\n")
    assert content(context, ".deployer.Dockerfile") == "mine"
    assert content(context, context.dockerfile) == "FROM y\n"


def test_a_dockerfile_of_its_own_name_may_have_its_own_ignore_file(web: Path) -> None:
    """`<Dockerfile>.dockerignore` stands instead of `.dockerignore`, and what the build sees is what it says."""
    (web / ".dockerignore").write_text("app.py\nDockerfile\n.dockerignore\n")
    (web / "Dockerfile.dockerignore").write_text("lib\n")
    context = read_context(web)
    assert set(context.files) == {".dockerignore", "Dockerfile", "Dockerfile.dockerignore", "app.py"}
    assert seen_by_the_build(context) == set(context.files)


def test_the_digest_covers_the_dockerfile_wherever_it_is(web: Path, tmp_path: Path) -> None:
    """Ignored, outside or inline: another text is another build, and the plan can say that it was the Dockerfile."""
    assert read_context(web, inline="FROM a\n").digest != read_context(web, inline="FROM b\n").digest
    (web / ".dockerignore").write_text("Dockerfile\n")
    (tmp_path / "Dockerfile").write_text("FROM a\n")
    for name in ("Dockerfile", "../Dockerfile"):
        before = read_context(web, name)
        with open(web / name, "a") as file:
            file.write("RUN true\n")
        after = read_context(web, name)
        assert before.digest != after.digest
        assert changed(before.inputs, after.inputs) == [name]


def test_a_malformed_ignore_file_is_an_error_at_its_line(web: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is named as the user sees it."""
    monkeypatch.chdir(web.parent)
    (web / ".dockerignore").write_text("a\n[\n")
    [diagnostic] = refusals(web)
    assert diagnostic.place == Place("web/.dockerignore", 2, 1)


def _grow(path: Path) -> None:
    path.write_text("print()\nmore\n")


def _shrink(path: Path) -> None:
    path.write_text("")


def _edit(path: Path) -> None:
    path.write_text("tnirp()\n")


def _vanish(path: Path) -> None:
    path.unlink()


def _become_a_link(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to("other")


def _become_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _become_executable(path: Path) -> None:
    path.chmod(0o755)


@pytest.mark.parametrize("edit", [_grow, _shrink, _edit, _vanish, _become_a_link, _become_a_pipe, _become_executable])
def test_a_file_that_changed_since_it_was_read_is_never_sent_as_the_old(
    web: Path, edit: Callable[[Path], None]
) -> None:
    """The tag of a build is the digest of what was built, or there is no build: exit 75, run it again."""
    context = read_context(web)
    edit(web / "app.py")
    with pytest.raises(Busy) as caught:
        tar_bytes(context)
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["context-changed"]
    assert "app.py" in caught.value.diagnostics[0].message


def test_a_link_that_points_elsewhere_now_is_never_sent_as_the_old(web: Path) -> None:
    """What is true of files is true of links."""
    (web / "link").symlink_to("app.py")
    context = read_context(web)
    (web / "link").unlink()
    (web / "link").symlink_to("Dockerfile")
    with pytest.raises(Busy, match="link changed"):
        tar_bytes(context)


def test_a_file_that_is_cut_off_while_it_is_sent_is_noticed(web: Path) -> None:
    """The tar would be short, and the message is to name the file."""
    path = web / "big"
    path.write_bytes(b"x" * 1_000_000)
    context = read_context(web)

    class Cutting(io.BytesIO):
        def write(self, data: Any) -> int:
            os.truncate(path, 0)
            return super().write(data)

    with pytest.raises(Busy, match="big changed"):
        write_tar(context, Cutting())


def test_a_folder_that_became_a_link_leads_nowhere(web: Path, tmp_path: Path) -> None:
    """Even where the same file lies behind it: no path leaves the context between the reading and the sending."""
    context = read_context(web)
    (web / "lib").rename(tmp_path / "elsewhere")
    (web / "lib").symlink_to("../elsewhere")
    with pytest.raises(Busy):
        tar_bytes(context)


def test_a_reader_that_goes_away_is_not_taken_for_a_change(web: Path) -> None:
    """What the engine's side fails at is not said to be the user's file."""

    class Closed(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, _: object) -> int:
            raise BrokenPipeError

    (web / "big").write_bytes(b"x" * 100_000)
    with pytest.raises(BrokenPipeError):
        write_tar(read_context(web), Closed())  # pyright: ignore[reportArgumentType]
