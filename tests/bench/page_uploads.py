"""A folder of small files uploaded by the page, compared with filecli on the same server.

Rule: the browser reports when the first file was selected and when the last one was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from tests.bench import console
from tests.bench.measures import alternate
from tests.bench.peers import Cabinet
from tests.bench.place import make_folder
from tests.bench.report import Bars, Row
from tests.bench.stage import Stage
from tests.support.auth import PASSWORD, USERNAME
from tests.support.chromium import launched, load_scripts

# Files and their bytes: too small for anything but the cost per file to matter, and a usual photo folder.
FOLDERS = ((700, 10), (5_000, 10), (700, 100_000))

# The folder that has a time of its own: files, their bytes, and seconds.
TIMED = (3_000, 4096)
IN_TIME = Bars(10, 6, "s")

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
    with (
        stage.fresh_cabinet(WORKERS) as cabinet,
        stage.fresh_cabinet(WORKERS, "PostgreSQL") as other,
        launched() as browser,
    ):
        rows = [_compare(stage, cabinet, browser, count, size) for count, size in FOLDERS]
        rows.append(_compare(stage, cabinet, browser, *TIMED, bars=IN_TIME))
        rows.append(_compare(stage, other, browser, *TIMED, note=", PostgreSQL"))
        return rows


def _compare(
    stage: Stage,
    cabinet: Cabinet,
    browser: Browser,
    full: int,
    size: int,
    *,
    bars: Bars | None = None,
    note: str = "",
) -> Row:
    count = stage.scaled(full, 20)

    def by_page(number: int) -> float:
        folder = make_folder(stage.new_folder(f"page-{number}"), count, size)
        with _visit(cabinet, browser) as visited:
            visited.locator("#folder-input").set_input_files(folder)
            taken = visited.wait_for_function(ARRIVED, arg=count, timeout=PATIENCE, polling=20)
            return float(taken.json_value()) / 1000

    def by_filecli(number: int) -> float:
        folder = make_folder(stage.new_folder(f"filecli-{number}"), count, size)
        return console.upload(cabinet, "-r", str(folder))

    took = alternate(
        {"page": _emptied(by_page, cabinet), "filecli": _emptied(by_filecli, cabinet)}, stage.rounds
    )
    ours, its = took["page"], took["filecli"]
    ratio = ours.times(its)
    shown = f"page, {count:,} files of {size:,} bytes{note}", ours.show("s", 2)
    beside = f"filecli {its.show('s', 2)}", f"{ratio:.2f} times"
    if bars is not None:
        return bars.row(*shown, ours.median, *beside)
    return Row(*shown, *beside, f"<= {MOST:.2f} times", ratio <= MOST)


def _emptied(send: Callable[[int], float], cabinet: Cabinet) -> Callable[[int], float]:
    def measure(number: int) -> float:
        seconds = send(number)
        cabinet.empty()
        return seconds

    return measure


@contextmanager
def _visit(cabinet: Cabinet, browser: Browser) -> Iterator[Page]:
    """Open the files page of a signed-in user."""
    context = browser.new_context(base_url=cabinet.server.url, locale="en-US")
    try:
        answer = context.request.post("/login", form={"username": USERNAME, "password": PASSWORD})
        assert answer.ok, answer.text()
        context.add_init_script(WATCH)
        visited = context.new_page()
        visited.goto("/index")
        load_scripts(visited)
        yield visited
    finally:
        context.close()
