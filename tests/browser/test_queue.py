"""The queue of uploads, with transfers that the test itself moves along."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.queues import open_queue, run

pytestmark = pytest.mark.browser


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return open_queue(context)


def test_four_go_at_once_and_the_next_starts_when_one_ends(page: Page) -> None:
    states = run(page, "add(1, 1, 1, 1, 1, 1); stored(0); return states();")

    assert states == ["done", "sending", "sending", "sending", "sending", "waiting"]


def test_giants_leave_a_slot_to_the_small(page: Page) -> None:
    states = run(page, "add(9e9, 9e9, 9e9, 9e9, 5, 5); return states();")

    assert states == ["sending", "sending", "sending", "waiting", "sending", "waiting"]


def test_nothing_goes_before_it_is_agreed_on(page: Page) -> None:
    asked, agreed = run(
        page,
        """const tasks = take(1, 1, 1); const asked = states();
        queue.withdraw([tasks[1]]); queue.release(tasks);
        return [asked, states()];""",
    )

    assert asked == ["asking"] * 3
    assert agreed == ["sending"] * 2


def test_bytes_of_what_failed_or_was_cancelled_do_not_count(page: Page) -> None:
    totals = run(
        page,
        """add(100, 100, 100);
        step(0, "sent", 60); step(1, "sent", 50); step(2, "sent", 70);
        step(1, "failed", {}); queue.cancel([queue.tasks[2]]);
        return queue.totals();""",
    )

    assert (totals["size"], totals["sent"], totals["count"], totals["failed"]) == (100, 60, 1, 1)


def test_while_it_is_held_or_paused_only_what_the_server_has_counts(page: Page) -> None:
    sent = run(
        page,
        """add(100, 100);
        for (const index of [0, 1]) { step(index, "kept", 30); step(index, "sent", 80); }
        step(0, "failed", { why: "offline" }); queue.pause([queue.tasks[1]]);
        return queue.tasks.map((task) => task.sent);""",
    )

    assert sent == [30, 30]


def test_all_sent_is_not_yet_done(page: Page) -> None:
    before, after = run(
        page,
        "add(10); step(0, 'sent', 10); const before = states()[0]; stored(0); return [before, states()[0]];",
    )

    assert (before, after) == ("storing", "done")


def test_the_speed_is_smoothed_and_gives_the_time_left(page: Page) -> None:
    totals = run(
        page,
        """add(10_000);
        for (let second = 1; second <= 5; second += 1) {
            bench.clock = second * 1000;
            step(0, "sent", second * 1000);
        }
        return queue.totals();""",
    )

    assert totals["rate"] == pytest.approx(1000)
    assert totals["remaining"] == pytest.approx(5)


def test_what_the_server_had_already_is_no_speed(page: Page) -> None:
    totals = run(
        page,
        """add(10_000); step(0, "kept", 9_000);
        bench.clock = 1000; step(0, "sent", 9_500);
        return queue.totals();""",
    )

    assert totals["rate"] == pytest.approx(500)
    assert totals["remaining"] == pytest.approx(1)


def test_cancelling_all_starts_nothing_new_and_settles_once(page: Page) -> None:
    states, dropped, settled = run(
        page,
        """let settled = 0;
        queue.addEventListener("settled", () => { settled += 1; });
        add(1, 1, 1, 1, 1, 1); queue.cancel(queue.tasks);
        return [states(), diary.filter((line) => line.startsWith("drop")).length, settled];""",
    )

    assert states == ["cancelled"] * 6
    assert dropped == 4
    assert settled == 1


def test_pausing_all_stops_what_goes_and_starts_nothing(page: Page) -> None:
    paused, resumed, diary = run(
        page,
        """add(1, 1, 1, 1, 1); queue.pause(queue.tasks); const paused = states();
        queue.resume(queue.tasks);
        return [paused, states(), diary];""",
    )

    assert paused == ["paused"] * 5
    assert resumed == ["sending"] * 4 + ["waiting"]
    assert [line for line in diary if line.endswith(" 0:1")] == [
        "start 0:1",
        "stop 0:1",
        "stop 0:1",
        "start 0:1",
    ]


def test_what_is_held_keeps_its_place_and_goes_on_when_the_obstacle_is_over(page: Page) -> None:
    held, after, attempts = run(
        page,
        """add(1, 1, 1, 1, 1);
        step(0, "failed", { why: "offline" }); const held = states();
        waits[0].over(); await null; await null;
        step(0, "failed", { why: "offline" });
        return [held, states(), waits.map((wait) => wait.attempts)];""",
    )

    assert held == ["held", "sending", "sending", "sending", "waiting"]
    assert after == held
    assert attempts == [0, 1]


def test_progress_makes_the_next_obstacle_the_first(page: Page) -> None:
    attempts = run(
        page,
        """add(10);
        step(0, "failed", { why: "x" }); waits[0].over(); await null; await null;
        step(0, "kept", 4);
        step(0, "failed", { why: "x" });
        return waits.map((wait) => wait.attempts);""",
    )

    assert attempts == [0, 0]


def test_what_was_paused_meanwhile_stays_so_when_the_obstacle_is_over(page: Page) -> None:
    states = run(
        page,
        """add(1); step(0, "failed", { why: "offline" }); queue.pause(queue.tasks);
        waits[0].over(); await null; await null;
        return states();""",
    )

    assert states == ["paused"]


def test_a_report_that_comes_too_late_changes_nothing(page: Page) -> None:
    states = run(
        page,
        """add(1, 1); queue.pause([queue.tasks[0]]); queue.cancel([queue.tasks[1]]);
        step(0, "failed", {}); stored(1); step(1, "sent", 1);
        return states();""",
    )

    assert states == ["paused", "cancelled"]


def test_a_retried_task_goes_on_with_its_transfer_and_a_cancelled_one_with_another(page: Page) -> None:
    state, diary = run(
        page,
        """add(10); step(0, "sent", 9); step(0, "failed", {});
        queue.addEventListener("again", ({ detail }) => queue.release(detail));
        queue.retry(queue.tasks);
        const { state, sent, failure } = queue.tasks[0];
        queue.cancel(queue.tasks); queue.retry(queue.tasks);
        return [{ state, sent, failure }, diary];""",
    )

    assert state == {"state": "sending", "sent": 0, "failure": None}
    assert diary == ["start 0:10", "start 0:10", "drop 0:10", "start 0:10"]


def test_what_arrived_otherwise_than_it_was_sent_has_failed(page: Page) -> None:
    states, failed, verified = run(
        page,
        """add(10, 10); stored(0); stored(1);
        step(0, "verified", { message: "differs" }); step(1, "verified", null);
        return [states(), queue.totals().failed, queue.tasks.map((task) => task.isVerified)];""",
    )

    assert states == ["failed", "done"]
    assert failed == 1
    assert verified == [False, True]


def test_a_new_batch_forgets_what_is_over_and_keeps_what_failed(page: Page) -> None:
    kept, replaced = run(
        page,
        """add(1, 2); stored(0); step(1, "failed", {});
        add(7); const kept = queue.tasks.map((task) => [task.path, task.state]);
        queue.cancel([queue.tasks.at(-1)]);
        take(1, 2); return [kept, queue.tasks.map((task) => [task.path, task.state])];""",
    )

    assert kept == [["1:2", "failed"], ["0:7", "sending"]]
    assert replaced == [["0:1", "asking"], ["1:2", "asking"]]


def test_idle_time_does_not_make_the_next_batch_slow(page: Page) -> None:
    totals = run(
        page,
        """add(10); step(0, "sent", 10); stored(0);
        bench.clock = 3_600_000; add(10_000);
        bench.clock += 1000; step(0, "sent", 1000);
        return queue.totals();""",
    )

    assert totals["rate"] == pytest.approx(1000)
    assert totals["remaining"] == pytest.approx(9)


def test_what_is_cancelled_before_it_is_agreed_on_never_was(page: Page) -> None:
    paths, diary = run(
        page,
        """const tasks = take(1, 2); queue.cancel([tasks[0]]); queue.release(tasks);
        return [queue.tasks.map(({ path }) => path), diary];""",
    )

    assert paths == ["1:2"]
    assert diary == ["start 1:2"]


def test_what_is_cancelled_before_it_is_tried_again_is_given_back(page: Page) -> None:
    tasks, diary = run(
        page,
        """add(10); step(0, "kept", 9); step(0, "failed", {});
        queue.retry(queue.tasks); queue.cancel(queue.tasks);
        return [queue.tasks, diary];""",
    )

    assert tasks == []
    assert diary == ["start 0:10", "drop 0:10"]


def test_calling_off_what_has_failed_settles_once_and_without_a_failure(page: Page) -> None:
    failed = run(
        page,
        """add(1); step(0, "failed", {});
        const failed = [];
        queue.addEventListener("settled", () => failed.push(queue.totals().failed));
        queue.cancel(queue.tasks);
        return failed;""",
    )

    assert failed == [0]
