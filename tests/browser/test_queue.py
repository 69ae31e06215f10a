"""The queue of uploads, with transfers that the test itself moves along."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser

# A queue whose transfers wait for `step(index, "progress" | "done" | "failed", bytes)`, on a clock of its own.
BENCH = """async (base) => {
    const { Queue, Task } = await import(base.replace("page.js", "queue.js"));
    const sent = new Map();
    const bench = { clock: 0, aborted: [] };
    bench.queue = new Queue((task, progress, done) => {
        sent.set(task, { progress, done });
        return () => bench.aborted.push(task.path);
    }, () => bench.clock);
    bench.add = (...sizes) => bench.queue.add(sizes.map((size, index) => new Task({ size }, `${index}:${size}`)));
    bench.states = () => bench.queue.tasks.map((task) => task.state);
    bench.step = (index, what, bytes) => {
        const { progress, done } = sent.get(bench.queue.tasks[index]);
        if (what === "progress") { progress(bytes); }
        else { done(what === "done" ? null : { status: 500, message: "no" }, false); }
    };
    window.bench = bench;
}"""


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Return a page with a queue to work on as `bench`."""
    page = context.new_page()
    page.goto("/login")
    page.evaluate(BENCH, page.evaluate("document.querySelector('script[type=module]').src"))
    return page


def run(page: Page, script: str) -> Any:
    """Run statements on the bench; the last one is an expression in `return`."""
    return page.evaluate(f"() => {{ const {{ queue, states, step, add }} = bench; {script} }}")


def test_four_go_at_once_and_the_next_starts_when_one_ends(page: Page) -> None:
    states = run(page, "add(1, 1, 1, 1, 1, 1); step(0, 'done'); return states();")

    assert states == ["done", "sending", "sending", "sending", "sending", "waiting"]


def test_giants_leave_a_slot_to_the_small(page: Page) -> None:
    states = run(page, "add(9e9, 9e9, 9e9, 9e9, 5, 5); return states();")

    assert states == ["sending", "sending", "sending", "waiting", "sending", "waiting"]


def test_bytes_of_what_failed_or_was_cancelled_do_not_count(page: Page) -> None:
    totals = run(
        page,
        """add(100, 100, 100);
        step(0, "progress", 60); step(1, "progress", 50); step(2, "progress", 70);
        step(1, "failed"); queue.cancel(queue.tasks[2]);
        return queue.totals();""",
    )

    assert (totals["size"], totals["sent"], totals["count"], totals["failed"]) == (100, 60, 1, 1)


def test_all_sent_is_not_yet_done(page: Page) -> None:
    before, after = run(
        page,
        "add(10); step(0, 'progress', 10); const before = states()[0]; step(0, 'done'); return [before, states()[0]];",
    )

    assert (before, after) == ("storing", "done")


def test_the_speed_is_smoothed_and_gives_the_time_left(page: Page) -> None:
    totals = run(
        page,
        """add(10_000);
        for (let second = 1; second <= 5; second += 1) {
            bench.clock = second * 1000;
            step(0, "progress", second * 1000);
        }
        return queue.totals();""",
    )

    assert totals["rate"] == pytest.approx(1000)
    assert totals["remaining"] == pytest.approx(5)


def test_cancelling_all_starts_nothing_new_and_settles_once(page: Page) -> None:
    states, aborted, settled = run(
        page,
        """let settled = 0;
        queue.addEventListener("settled", () => { settled += 1; });
        add(1, 1, 1, 1, 1, 1); queue.cancelAll();
        return [states(), bench.aborted.length, settled];""",
    )

    assert states == ["cancelled"] * 6
    assert aborted == 4
    assert settled == 1


def test_a_retried_task_begins_anew(page: Page) -> None:
    task = run(
        page,
        """add(10); step(0, "progress", 9); step(0, "failed");
        queue.retry([queue.tasks[0]]);
        const { state, sent, failure } = queue.tasks[0];
        return { state, sent, failure };""",
    )

    assert task == {"state": "sending", "sent": 0, "failure": None}
