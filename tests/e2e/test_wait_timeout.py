"""`--wait-timeout` bounds the wait for one container, as `--timeout` bounds the whole."""

from __future__ import annotations

import pytest

from tests.e2e.project import Project, fetched, free_port, page, sleeper

pytestmark = pytest.mark.engine

NOT_YET = {"test": ["CMD", "false"], "interval": "1s", "retries": 1000}


def test_a_container_that_takes_longer_than_one_may_is_put_back(project: Project) -> None:
    """What to do is said, and nothing was wrong with the time for the whole."""
    port = free_port()
    project.write({"web": page("old", port)})
    project.apply()
    project.write({"web": page("new", port, healthcheck=NOT_YET), "free": sleeper()})
    result = project.apply("--wait-timeout", "1s", code=1)
    assert "was not ready in time" in result.err
    assert "--wait-timeout" in result.err
    assert result.told("as before") == {"service.web[1]"}
    assert result.told("done") == {"service.free[1]"}
    assert fetched(port) == "old"


def test_the_shorter_of_the_two_is_named(project: Project) -> None:
    project.write({"web": sleeper(healthcheck=NOT_YET)})
    result = project.apply("--wait-timeout", "5m", "--timeout", "5s", code=1)  # a busy engine needs some to start it
    assert "give it longer: --timeout" in result.err


def test_each_wait_has_the_time_of_its_own(project: Project) -> None:
    """Two that take four seconds one after the other are ready, though one may take seven."""
    slow = {"test": ["CMD", "test", "-e", "/tmp/ready"], "interval": "200ms", "retries": 1000}
    ready = ["sh", "-c", "sleep 4; touch /tmp/ready; exec sleep 1000"]
    service = sleeper(command=ready, healthcheck=slow)
    after = {**service, "depends_on": {"first": {"condition": "service_healthy"}}}
    project.write({"first": service, "second": after})
    project.apply("--wait-timeout", "7s")
