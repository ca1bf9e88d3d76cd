"""examples/web-db as it is: a web, a PostgreSQL with a volume and a password, and a migration between them."""

from __future__ import annotations

import shutil

import pytest

from deployer.resources.inspected import moment
from tests.e2e.project import ROOT, Project, fetched, free_port

pytestmark = pytest.mark.engine

PASSWORD = "a-password-of-the-test"
EXAMPLE = ROOT / "examples" / "web-db"


@pytest.fixture
def port(project: Project, monkeypatch: pytest.MonkeyPatch) -> int:
    """The example applied under the test's name; its page is on this port."""
    found = free_port()
    monkeypatch.setenv("WEB_PORT", f"127.0.0.1:{found}")
    shutil.copytree(EXAMPLE, project.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("db_password"))
    (project.folder / "db_password").write_text(f"{PASSWORD}\n")
    edit(project, "stack.yaml", "name: web-db", f"name: {project.name}")
    project.apply()
    project.must_be_settled()
    return found


def edit(project: Project, file: str, before: str, after: str) -> None:
    path = project.folder / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def ids(project: Project, *services: str) -> list[str]:
    return [project.id_of(service) for service in services]


def test_the_migration_runs_again_only_when_it_changes(project: Project, port: int) -> None:
    """Another environment of the web leaves it and the database alone; a change of its own comes before the web's."""
    assert "visit 1" in fetched(port)
    before = ids(project, "db", "migrate")
    edit(project, "stack.yaml", "GREETING: welcome", "GREETING: hello")
    assert project.changes().keys() == {"service.web[1]"}
    project.apply()
    assert ids(project, "db", "migrate") == before
    assert fetched(port).startswith("<h1>hello</h1>")
    edit(project, "stack.yaml", "GREETING: hello", "GREETING: good day")
    edit(project, "schema.sql", "\n);", "\n);\nALTER TABLE visits ADD COLUMN IF NOT EXISTS who text;")
    assert {address: change["action"] for address, change in project.changes().items()} == {
        "service.migrate[1]": "replace",
        "service.web[1]": "replace",
    }
    project.apply()
    assert project.id_of("db") == before[0]
    assert project.container("migrate")["State"]["FinishedAt"] < project.container("web")["State"]["StartedAt"]
    assert project.inside("db", "psql", "-U", "shop", "-c", "SELECT who FROM visits")[0] == 0
    assert "visit 3" in fetched(port)
    project.must_be_settled()


def test_a_database_that_lost_its_volume_is_migrated_again(project: Project, port: int) -> None:
    """The plan says that the volume is made anew, and that the migration runs again for it."""
    web = project.id_of("web")
    project.engine.remove_container(project.container_name("db"), force=True, v=True)
    project.engine.remove_volume(f"{project.name}_data")
    assert {address: change["action"] for address, change in project.changes().items()} == {
        "volume.data": "create",
        "service.db[1]": "create",
        "service.migrate[1]": "replace",
    }
    assert project.fields("service.migrate[1]").keys() == {"depends_on.db"}
    project.apply()
    state, db = project.container("migrate")["State"], project.container("db")["State"]
    assert state["ExitCode"] == 0
    assert moment(state["StartedAt"]) > moment(db["StartedAt"])
    assert project.id_of("web") == web
    assert "visit 1" in fetched(port)
    project.must_be_settled()


@pytest.mark.usefixtures("port")
def test_the_database_accepts_the_password_and_no_other(project: Project) -> None:
    def ask(password: str) -> tuple[int, str]:
        command = f"PGPASSWORD={password} psql -h db -U shop -c 'SELECT 1'"
        return project.inside("db", "sh", "-c", command)

    assert ask(PASSWORD)[0] == 0
    code, printed = ask("another")
    assert code != 0
    assert "password authentication failed" in printed
