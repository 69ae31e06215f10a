"""The duration of another user's write while a user with very many files copies, deletes and is deleted.

Rule: both are measured through the server, on both databases; the removal is awaited in the database.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

import sqlalchemy as sa

from tests.bench.filling import database_of, fill
from tests.bench.peers import Cabinet
from tests.bench.report import Row
from tests.bench.stage import DATABASES, Stage
from tests.support.auth import PASSWORD, basic
from tests.support.waiting import pass_time, wait_until

COUNT = 256_000

# Seconds after which rows that should go are not going at all.
MOST_SECONDS = 3600

# Milliseconds that another user's write may take.
MOST = 200

OTHER = "other"


def large_users(stage: Stage) -> list[Row]:
    """Copy, trash, remove and delete a user's 256,000 files while another user writes."""
    return [row for kind in DATABASES for row in _rows(stage, kind)]


def _rows(stage: Stage, kind: str) -> list[Row]:
    count = stage.scaled(COUNT, 2000)
    with stage.fresh_cabinet(kind=kind, settings={"COPY_ENTRIES": 10 * COUNT}) as server:
        form = {"username": OTHER, "password": PASSWORD}
        server.server.request("POST", "/register", fields=form, encode_multipart=False)
        fill(server, "many", (f"{number}.txt" for number in range(count)))

        def send(method: str, path: str, **options: Any) -> Callable[[], object]:
            def act() -> None:
                answer = server.server.request(method, path, headers=server.headers, timeout=3600, **options)
                if answer.status >= 400:
                    raise RuntimeError(f"{path}: {answer.status}")

            return act

        def fill_again() -> None:
            fill(server, "again", (f"{number}.txt" for number in range(count)))

        def empty() -> None:
            send("DELETE", "/trash")()
            _wait(server)

        def leave() -> None:
            send("POST", "/account/delete", fields={"password": PASSWORD})()
            _wait(server)

        # Operations measured alone, and then during another user's writes.
        acts: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
            ("left alone", _nothing, lambda: pass_time(5)),
            ("copied", _nothing, send("POST", "/copies", json={"from": ["many"], "to": "copy"})),
            ("trashed singly", _nothing, send("POST", "/trash", json={"folder": "many", "count": count + 1})),
            ("trashed as one", _nothing, send("DELETE", "/files/copy")),
            ("emptied and removed", _nothing, empty),
            ("deleted with their account", fill_again, leave),
        ]
        rows = []
        for what, prepare, act in acts:
            prepare()
            rows.append(_row(server, f"{count:,} files {what}, {kind}", act))
        return rows


def _nothing() -> None:
    return


def _row(server: Cabinet, what: str, act: Callable[[], object]) -> Row:
    """Measure the writes of the other user while `act` runs."""
    took: list[float] = []
    is_over = threading.Event()

    def write() -> None:
        while not is_over.is_set():
            began = perf_counter()
            path = f"/files/{len(took) % 100}"
            answer = server.server.request("PUT", path, body=b"%d" % len(took), headers=basic(OTHER))
            if answer.status not in {200, 201}:
                raise RuntimeError(f"a write ended with {answer.status}")
            took.append((perf_counter() - began) * 1000)

    writer = threading.Thread(target=write)
    writer.start()
    began = perf_counter()
    try:
        act()
    finally:
        is_over.set()
        writer.join()
    seconds = perf_counter() - began
    took.sort()
    worst = took[-1]
    middle, high = took[len(took) // 2], took[len(took) * 99 // 100]
    return Row(
        f"another's write, {what}", f"{worst:.0f} ms at worst", f"median {middle:.0f} ms, p99 {high:.0f} ms",
        f"in {seconds:.0f} s", f"<= {MOST} ms", worst <= MOST,
    )  # fmt: skip


def _wait(server: Cabinet) -> None:
    """Wait until only the rows of users' roots are left."""
    left = sa.text("SELECT count(*) FROM node WHERE parent_id IS NOT NULL")
    live = sa.text("SELECT coalesce(sum(child_count), 0) FROM node WHERE parent_id IS NULL")
    with database_of(server) as engine:

        def is_over() -> bool:
            with engine.connect() as connection:
                return bool((connection.scalar(left) or 0) <= (connection.scalar(live) or 0))

        wait_until(is_over, seconds=MOST_SECONDS, pause=1, what="the end of the removal")
