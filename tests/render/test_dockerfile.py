"""The Dockerfile that `commit` tells to begin with."""

from __future__ import annotations

from deployer.render.dockerfile import ADDED, CHANGED, DELETED, suggestion


def of(*changes: tuple[int, str]) -> list[str]:
    return suggestion("debian:12", "web", [{"Kind": kind, "Path": path} for kind, path in changes]).splitlines()


def test_what_was_added_is_copied_and_what_is_gone_is_removed():
    """Once, by the folder that holds it; a folder that is only on the way is none of it."""
    changes = [
        (CHANGED, "/etc"),
        (ADDED, "/etc/app"),
        (ADDED, "/etc/app/conf"),
        (CHANGED, "/etc/motd"),
        (DELETED, "/x"),
    ]
    assert of(*changes)[:-1] == [
        "FROM debian:12",
        "# deployer cp web:/etc/app ./etc/app",
        "COPY ./etc/app /etc/app",
        "# deployer cp web:/etc/motd ./etc/motd",
        "COPY ./etc/motd /etc/motd",
        "RUN rm -rf /x",
    ]


def test_what_passes_is_no_part_of_an_image():
    """Nor is what the engine puts there."""
    assert of((CHANGED, "/tmp"), (ADDED, "/tmp/a"), (ADDED, "/run/x"), (CHANGED, "/etc/hosts"))[1:] == of()[1:]


def test_packages_are_installed_and_not_copied():
    """Which ones cannot be told from files, and that is said."""
    lines = of((CHANGED, "/var/lib/dpkg/status"), (ADDED, "/usr/bin/vim"), (ADDED, "/srv/page"))
    assert any(line.startswith("# RUN apt-get update") for line in lines)
    assert [line for line in lines if line.startswith("COPY")] == ["COPY ./srv/page /srv/page"]


def test_a_name_that_a_shell_would_obey_is_quoted():
    """Whoever is in the container gives the names, and the lines are there to be copied."""
    lines = of((ADDED, "/srv/a b;reboot"), (DELETED, "/srv/$(reboot)"))
    assert "# deployer cp 'web:/srv/a b;reboot' './srv/a b;reboot'" in lines
    assert 'COPY ["./srv/a b;reboot", "/srv/a b;reboot"]' in lines
    assert "RUN rm -rf '/srv/$(reboot)'" in lines
