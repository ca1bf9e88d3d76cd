"""The pictures of the manual, taken of the pages as they are.

python -m tests.browser.pictures    writes docs/images
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from deployer.gitops.serve.app import Serving
from deployer.gitops.serve.metrics import Metrics
from deployer.gitops.serve.server import served
from deployer.render.graph import Edge, Graph
from deployer.render.plan_html import as_html
from tests.gitops.board import agent, board_of
from tests.render.conftest import CHANGES, plan_of

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SCREENS: dict[str, tuple[int, int, Literal["dark", "light"]]] = {
    "light": (1000, 720, "light"),
    "dark": (1000, 720, "dark"),
    "phone": (390, 780, "light"),
}
"""Width and height in pixels, and the colours."""

GRAPH = Graph(
    "flask-shop",
    ("build.web", "push.web->private", "service.api", "service.db", "service.registry", "service.web", "volume.data"),
    (
        Edge("service.web", "build.web", ""),
        Edge("push.web->private", "build.web", ""),
        Edge("push.web->private", "service.registry", "healthy"),
        Edge("service.web", "service.api", "started"),
        Edge("service.api", "service.db", "healthy"),
        Edge("service.db", "volume.data", ""),
    ),
)


def taken(browser: Browser, name: str, address: str) -> None:
    """The same page on each screen."""
    for screen, (width, height, scheme) in SCREENS.items():
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        page = context.new_page()
        page.goto(address)
        page.wait_for_timeout(500)
        page.screenshot(path=IMAGES / f"{name}-{screen}.png", full_page=screen != "phone")
        context.close()


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    board = board_of(agent())
    for line in ("main is at 0a1b2c3d4e5f", "blog: Ready at 0a1b2c3d4e5f: done: ~ web[1] replace: image"):
        board.tell(line)
    with (
        TemporaryDirectory() as folder,
        served(Serving(board, Metrics(board), lambda: None), ("127.0.0.1", 0)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        plan = Path(folder, "plan.html")
        plan.write_text(as_html(plan_of(*CHANGES), GRAPH), "utf-8")
        taken(browser, "plan", plan.as_uri())
        taken(browser, "agent", address)
        taken(browser, "stack", f"{address}stacks/flask-shop")


if __name__ == "__main__":
    main()
