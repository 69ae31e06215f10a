"""The page of a folder in a browser: from the server, over the connection, on the screen.

Browser work is measured in Chromium at a quarter of the processor speed.

Rule: a figure is reported by the browser, not computed by our scripts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ElementHandle, Page

from tests.bench.filling import fill
from tests.bench.kept import kept_connection
from tests.bench.measures import Samples
from tests.bench.peers import Cabinet
from tests.bench.report import Row
from tests.bench.stage import Stage
from tests.support.auth import PASSWORD, USERNAME
from tests.support.chromium import WHOLE, launched
from tests.support.waiting import pass_time

# Rows of one page, and of the list that has grown long.
ROWS = 200
MANY = 10_000

# Requests in one round.
REQUESTS = 40

SLOWER = 4

# The goals: milliseconds of the server, bytes, milliseconds to the largest paint, and to a response.
SERVER_MS = 30
FIRST_VIEW_BYTES = 100_000
LARGEST_PAINT_MS = 1000
ANSWER_MS = 100

# Asked before the page begins; buffered entries of all kinds that are measured end up in `seen`.
WATCH = """
window.seen = { paint: 0, shift: 0, slowest: 0, slowestName: "" };
const watch = (type, take, more = {}) =>
  new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...more });
watch("largest-contentful-paint", (entry) => { seen.paint = entry.startTime; });
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) seen.shift += entry.value; });
watch("event", (entry) => {
  if (entry.interactionId && entry.duration > seen.slowest) {
    seen.slowest = entry.duration;
    seen.slowestName = entry.name;
  }
}, { durationThreshold: 16 });
"""
ELEMENT = """([index, part]) => {
    const row = document.querySelectorAll('#rows .list-row')[index];
    return part ? row.querySelector(part) : row;
}"""
# How long a button or a key is pressed, and the pause after scrolling.
HELD_MS = 60
SETTLED_MS = 500
# Two frames later everything that an event did is on the screen.
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"


def page(stage: Stage) -> list[Row]:
    """One page of 200 rows, its first view, and a list of 10,000."""
    many = stage.scaled(MANY, 3 * ROWS)
    with stage.fresh_cabinet() as server, launched(WHOLE) as browser:
        fill(server, "page", (f"{number:03} picture of a summer.jpg" for number in range(1, ROWS)))
        fill(server, "many", (f"{number:05} picture of a summer.jpg" for number in range(1, many)))
        return [
            _server_row(stage, server),
            *_first_view_rows(stage, server, browser),
            _interaction_row(stage, server, browser, many),
        ]


def _row(what: str, samples: Samples, unit: str, most: float, digits: int = 0) -> Row:
    limit = f"<= {most:,.0f} {unit}"
    return Row(what, samples.show(unit, digits), at_least=limit, passed=samples.median <= most)


def _server_row(stage: Stage, server: Cabinet) -> Row:
    asked = stage.scaled(REQUESTS, 10)
    headers = {**server.headers, "Accept": "text/html", "Accept-Encoding": "gzip"}
    medians = []
    for _ in range(stage.rounds):
        with kept_connection(server.port, headers) as connection:
            connection.request("GET", "/index?path=page")
            times = [connection.request("GET", "/index?path=page") for _ in range(asked)]
            medians.append(Samples(times).median * 1000)
    return _row(f"page of {ROWS} rows, server", Samples(medians), "ms", SERVER_MS, 1)


def _first_view_rows(stage: Stage, server: Cabinet, browser: Browser) -> list[Row]:
    """Return what a first visit carries, and when it stands still, by day in English and in Russian."""
    weights: dict[str, list[float]] = {"en-US": [], "ru-RU": []}
    paints: list[float] = []
    shifts: list[float] = []
    for _ in range(stage.rounds):
        for locale, weighed in weights.items():
            with _visit(server, browser, locale) as visited:
                carried = _weigh(visited)
                visited.goto("/index?path=page", wait_until="networkidle")
                weighed.append(carried() / 1000)
            # A separate visit, because a browser that reports each packet paints later.
            with _visit(server, browser, locale) as visited:
                visited.goto("/index?path=page", wait_until="networkidle")
                seen = visited.evaluate("seen")
                if seen["paint"]:  # a browser may report none
                    paints.append(seen["paint"])
                shifts.append(seen["shift"])
    rows = [
        _row(f"first view, {locale}", Samples(weighed), "kB", FIRST_VIEW_BYTES / 1000, 1)
        for locale, weighed in weights.items()
    ]
    rows.append(_row(f"largest paint, CPU/{SLOWER}", Samples(paints), "ms", LARGEST_PAINT_MS))
    rows.append(_row(f"layout shift, CPU/{SLOWER}", Samples(shifts), "", 0, 4))
    return rows


def _interaction_row(stage: Stage, server: Cabinet, browser: Browser, many: int) -> Row:
    """Return the slowest answer to a click or a key in a list that was shown to its end."""
    slowest = []
    with _visit(server, browser, "en-US", slower=1) as visited:
        visited.goto("/index?path=many")
        while visited.locator("#more").count():
            known = visited.locator("#rows .list-row").count()
            visited.locator("#more").click()
            visited.wait_for_function(
                "known => document.querySelectorAll('#rows .list-row').length > known", arg=known
            )
        assert visited.locator("#rows .list-row").count() == many
        _slow_down(visited.context, visited, SLOWER)
        for _ in range(stage.rounds):
            visited.evaluate("seen.slowest = 0")
            _interact(visited)
            slowest.append(visited.evaluate("seen.slowest"))
        name = visited.evaluate("seen.slowestName")
    return _row(f"{many:,} rows, slowest answer (a {name}), CPU/{SLOWER}", Samples(slowest), "ms", ANSWER_MS)


def _interact(visited: Page) -> None:
    """Choose and walk as one does, at the beginning, in the middle and at the end of the list."""
    last = visited.locator("#rows .list-row").count() - 1
    for index in (3, last // 2, last):
        # Looked up once and before: what the driver does in the page would be measured, too.
        row, name, check = (_element(visited, index, part) for part in ("", ".name", ".check"))
        row.scroll_into_view_if_needed()
        visited.evaluate(PAINTED)
        box = check.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        visited.mouse.move(x, y)
        pass_time(SETTLED_MS / 1000)
        for _ in range(2):
            _then_paint(visited, partial(visited.mouse.click, x, y, delay=HELD_MS))
        name.focus()
        for key in ("ArrowUp", "ArrowUp", "Space", "Shift+ArrowDown", "Escape"):
            _then_paint(visited, partial(visited.keyboard.press, key, delay=HELD_MS))


def _element(visited: Page, index: int, part: str) -> ElementHandle:
    """Return a row, or a part of one."""
    element = visited.evaluate_handle(ELEMENT, [index, part]).as_element()
    assert element is not None
    return element


def _then_paint(visited: Page, act: Callable[[], None]) -> None:
    act()
    visited.evaluate(PAINTED)


@contextmanager
def _visit(server: Cabinet, browser: Browser, locale: str, slower: int = SLOWER) -> Iterator[Page]:
    """Open a window of a signed-in user with an empty cache."""
    context = browser.new_context(
        base_url=server.server.url, locale=locale, viewport={"width": 1280, "height": 800}
    )
    try:
        answer = context.request.post("/login", form={"username": USERNAME, "password": PASSWORD})
        assert answer.ok, answer.text()
        context.add_init_script(WATCH)
        visited = context.new_page()
        _slow_down(context, visited, slower)
        yield visited
    finally:
        context.close()


def _slow_down(context: BrowserContext, visited: Page, times: int) -> None:
    context.new_cdp_session(visited).send("Emulation.setCPUThrottlingRate", {"rate": times})


def _weigh(visited: Page) -> Callable[[], float]:
    """Return a function that returns the bytes received so far, including response headers."""
    carried: list[float] = []
    session = visited.context.new_cdp_session(visited)
    session.send("Network.enable")

    def add(event: dict[str, Any]) -> None:
        carried.append(event["encodedDataLength"])

    session.on("Network.loadingFinished", add)
    return lambda: sum(carried)
