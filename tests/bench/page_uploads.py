"""A folder of small files as the page sends it, beside filecli with the same server.

Rule: the browser says when the first file was chosen and when the last one had arrived.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.bench import console
from tests.bench.measures import alternate
from tests.bench.peers import Cabinet
from tests.bench.report import Row
from tests.bench.stage import Stage
from tests.support.auth import PASSWORD, USERNAME
from tests.support.chromium import awaken, launched

# Files and their bytes: too small for anything but the cost of a file to count, and a usual photo folder's.
FOLDERS = ((700, 10), (5_000, 10), (700, 100_000))

# Processes of Cabinet: what `make serve` starts.
WORKERS = 2

# Times of filecli's time that the page may take.
MOST = 1.5

# Milliseconds after which the page has given up.
PATIENCE = 600_000

WATCH = """
addEventListener("change", ({ target }) => {
  if (target.type === "file") {
    window.chosenAt = performance.now();
  }
}, true);
"""
ARRIVED = """(count) => {
  const title = document.getElementById("uploads-title").textContent.replace(/[^0-9]/g, "");
  const isOver = Number(title) === count && !document.getElementById("uploads-close").hidden;
  return isOver ? performance.now() - window.chosenAt : 0;
}"""


def page_uploads(stage: Stage) -> list[Row]:
    """Upload folders of small files by the page, each into a folder of its own."""
    with stage.fresh_cabinet(WORKERS) as cabinet, launched() as browser:
        return [_compare(stage, cabinet, browser, count, size) for count, size in FOLDERS]


def _compare(stage: Stage, cabinet: Cabinet, browser: Browser, full: int, size: int) -> Row:
    count = stage.scaled(full, 20)
    noise = random.Random(count)

    def by_page(number: int) -> float:
        folder = _fill(stage.new_folder(f"page-{number}"), count, size, noise)
        with _visit(cabinet, browser) as visited:
            visited.locator("#folder-input").set_input_files(folder)
            taken = visited.wait_for_function(ARRIVED, arg=count, timeout=PATIENCE, polling=20)
            return float(taken.json_value()) / 1000

    def by_filecli(number: int) -> float:
        folder = _fill(stage.new_folder(f"filecli-{number}"), count, size, noise)
        return console.upload(cabinet, "-r", str(folder))

    took = alternate(
        {"page": _emptied(by_page, cabinet), "filecli": _emptied(by_filecli, cabinet)}, stage.rounds
    )
    ours, its = took["page"], took["filecli"]
    ratio = ours.times(its)
    return Row(
        f"page, {count:,} files of {size:,} bytes", ours.show("s", 2), f"filecli {its.show('s', 2)}",
        f"{ratio:.2f} times", f"<= {MOST:.2f} times", ratio <= MOST,
    )  # fmt: skip


def _emptied(send: Callable[[int], float], cabinet: Cabinet) -> Callable[[int], float]:
    def measure(number: int) -> float:
        seconds = send(number)
        cabinet.empty()
        return seconds

    return measure


def _fill(folder: Path, count: int, size: int, noise: random.Random) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:05}.bin").write_bytes(noise.randbytes(size))
    return folder


@contextmanager
def _visit(cabinet: Cabinet, browser: Browser) -> Iterator[Page]:
    """Open the files page of somebody who is signed in."""
    context = browser.new_context(base_url=cabinet.server.url, locale="en-US")
    try:
        answer = context.request.post("/login", form={"username": USERNAME, "password": PASSWORD})
        assert answer.ok, answer.text()
        context.add_init_script(WATCH)
        visited = context.new_page()
        visited.goto("/index")
        awaken(visited)
        yield visited
    finally:
        context.close()
