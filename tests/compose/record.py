"""Records what Compose prints of the cases, and what deployer prints of those that differ; writes the manual's page.

    DEPLOYER_COMPOSE=/path/to/docker-compose python -m tests.compose.record [CASE...]

A `different.txt` keeps its first line, which a person writes: the reason.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from tests.compose.cases import DIFFERENT, RECORD, Case, all_cases, as_text, comparable
from tests.compose.oracle import COMPOSE, printed_by_compose
from tests.compose.ours import printed_by_deployer
from tests.compose.page import write_page


def record(case: Case) -> None:
    (case.folder / RECORD).write_text(as_text(printed_by_compose(case)))


def record_what_differs(case: Case) -> None:
    ours = printed_by_deployer(case)
    same, theirs = comparable(ours), comparable(case.recorded)
    different = {command: text for command, text in ours.items() if same[command] != theirs[command]}
    (case.folder / DIFFERENT).write_text(f"{case.why}\n{as_text(different)}")


def main(names: list[str]) -> None:
    if not COMPOSE:
        sys.exit("DEPLOYER_COMPOSE names no docker compose")
    cases = [case for case in all_cases() if not names or case.name in names]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(record, cases))
    for case in cases:
        if case.why:
            record_what_differs(case)
    write_page()


if __name__ == "__main__":
    main(sys.argv[1:])
