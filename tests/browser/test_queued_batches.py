"""Small files that go together in the queue of uploads, and what becomes of them when one is refused."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.queues import open_queue, run

pytestmark = pytest.mark.browser


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return open_queue(context)


def test_small_files_go_together_and_take_one_place(page: Page) -> None:
    states, sizes = run(
        page,
        """bench.together = 3; add(9e9, 9e9, 1, 1, 1, 1, 1, 1, 1);
        return [states(), batches.map(({ tasks }) => tasks.length)];""",
    )

    assert states == ["sending"] * 8 + ["waiting"]
    assert sizes == [3, 3]


def test_a_large_file_does_not_wait_for_all_of_the_small(page: Page) -> None:
    states = run(page, "add(1, 1, 1, 1, 1, 1, 9e9, 9e9); stored(0); stored(1); return states();")

    assert states == ["done"] * 2 + ["sending"] * 3 + ["waiting", "sending", "waiting"]


def test_what_is_refused_together_is_halved_until_the_guilty_one_stands_alone(page: Page) -> None:
    states, sizes = run(
        page,
        """bench.together = 8; add(1, 1, 1, 1, 1, 1, 1, 1);
        refuse(0); refuse(1); arrive(2); refuse(3);
        stored(1); step(0, "failed", { message: "guilty" }); arrive(4);
        return [states(), batches.map(({ tasks }) => tasks.length)];""",
    )

    assert states == ["failed"] + ["done"] * 7
    assert sizes == [8, 4, 4, 2, 2]


def test_what_every_file_would_hear_alone_is_not_asked_for_each(page: Page) -> None:
    states = run(page, "bench.together = 3; add(1, 1, 1); refuse(0, { isForAll: true }); return states();")

    assert states == ["failed"] * 3


def test_a_batch_waits_as_one_and_goes_on_as_one(page: Page) -> None:
    held, waits, sizes, attempts = run(
        page,
        """bench.together = 3; add(1, 1, 1);
        refuse(0, { why: "offline" }); const held = states();
        waits[0].over(); await null; await null;
        refuse(1, { why: "offline" });
        return [held, waits.length, batches.map(({ tasks }) => tasks.length), waits.map((wait) => wait.attempts)];""",
    )

    assert held == ["held"] * 3
    assert (waits, sizes, attempts) == (2, [3, 3], [0, 1])


def test_whoever_leaves_a_batch_is_not_heard_of_and_the_others_go_anew(page: Page) -> None:
    states, diary, sent = run(
        page,
        """bench.together = 4; add(1, 1, 1, 1);
        const { report, tasks } = batches[0];
        report.sent(tasks.map((task) => [task, 1]));
        queue.pause([tasks[1]]); queue.cancel([tasks[2]]);
        report.sent(tasks.map((task) => [task, 1])); report.stored(tasks.slice(1, 3).map((task) => [task, {}]));
        const sent = tasks.map((task) => task.sent);
        report.again(tasks);
        return [states(), diary, sent];""",
    )

    assert states == ["sending", "paused", "cancelled", "sending"]
    assert diary == ["start 4", "leave 1:1", "leave 2:1", "start 2"]
    assert sent == [1, 0, 1, 1]


def test_a_file_that_failed_in_a_batch_leaves_the_others_where_they_are(page: Page) -> None:
    states, sizes = run(
        page,
        """bench.together = 3; add(1, 1, 1);
        const { report, tasks } = batches[0];
        report.failed([tasks[0]], { message: "gone" }); report.stored([[tasks[1], {}], [tasks[2], {}]]);
        report.verified(tasks[1], null); report.verified(tasks[2], { message: "differs" });
        return [states(), batches.length];""",
    )

    assert states == ["failed", "done", "failed"]
    assert sizes == 1
