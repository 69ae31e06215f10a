"""Large permanent deletions: the response comes at once, and a job removes the rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from cabinet.extensions import db
from cabinet.jobs import runner
from cabinet.models import Node, User
from cabinet.services.kernel.clock import utc_now
from cabinet.services.tree.removal import Removal
from tests.conftest import MakeApp
from tests.support.auth import PASSWORD
from tests.support.jobs import JobClock, last_runs, leader_of, run_waiting_jobs
from tests.support.operators import Operator
from tests.support.small_steps import make_steps_small
from tests.support.visitors import Browser, Program, is_problem

pytestmark = pytest.mark.database

COUNT = 9

Purge = Callable[[Program, Browser], None]


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few entries be many."""
    make_steps_small(monkeypatch, 2)


@pytest.fixture
def filled(alice: Program) -> Program:
    """Return the program of a user with many files in a folder, and one beside it."""
    names = [(f"{number}.txt", b"content") for number in range(COUNT)]
    assert alice.upload(names, "?folder=a").status_code == 201
    alice.put("/files/kept", b"kept")
    return alice


def count_of(app: Flask, table: type[Node | User]) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(table)) or 0


def purge_folder(filled: Program, browser: Browser) -> None:
    assert filled.delete("/files/a?permanent=1").status_code == 204


def purge_from_the_trash(filled: Program, browser: Browser) -> None:
    filled.delete("/files/a")
    (found,) = filled.get("/trash").get_json()["entries"]
    assert filled.delete(f"/trash/{found['id']}").status_code == 204


def purge_everything(filled: Program, browser: Browser) -> None:
    filled.request("POST", "/trash", json={"folder": "a", "count": COUNT})
    answer = filled.request("POST", "/trash/purge", json={"all": True, "count": COUNT})
    assert answer.get_json()["count"] == COUNT
    filled.delete("/files/a?permanent=1")


def empty_the_trash(filled: Program, browser: Browser) -> None:
    filled.delete("/files/a")
    assert filled.delete("/trash").status_code == 204


def empty_from_the_page(filled: Program, browser: Browser) -> None:
    filled.delete("/files/a")
    browser.sign_in("alice")
    assert browser.post("/index/trash/empty", {}, "/index/trash/empty").status_code == 303


@pytest.mark.parametrize(
    "purge", [purge_folder, purge_from_the_trash, purge_everything, empty_the_trash, empty_from_the_page]
)
def test_purged_entries_disappear_with_the_response_and_their_rows_soon_after(
    app: Flask, filled: Program, browser: Browser, purge: Purge
) -> None:
    purge(filled, browser)

    assert filled.paths() == ["kept"]
    assert filled.get("/trash").get_json()["entries"] == []
    assert filled.get("/me").get_json()["usage"] == len(b"kept")
    assert is_problem(filled.get("/files/a/1.txt"), 404, "not-found")
    assert filled.get("/search?q=txt").get_json()["entries"] == []
    assert count_of(app, Node) > COUNT
    run_waiting_jobs(app)
    assert count_of(app, Node) == 2
    assert filled.paths() == ["kept"]


def test_a_deleted_account_disappears_with_the_response_and_its_rows_soon_after(
    app: Flask, filled: Program, bob: Program
) -> None:
    token = filled.request("POST", "/tokens", json={"name": "program"}).get_json()["token"]
    assert filled.request("POST", "/account/delete", data={"password": PASSWORD}).status_code == 204

    assert is_problem(filled.get("/files"), 401, "wrong-credentials")
    bearer = {"Authorization": f"Bearer {token}"}
    assert bob.client.get("/files", headers=bearer).status_code == 401
    again = Program(app, "alice")
    assert again.paths() == []
    assert count_of(app, User) == 3
    run_waiting_jobs(app)
    assert count_of(app, User) == 2
    assert count_of(app, Node) == 2
    assert again.put("/files/mine").status_code == 201


def test_rows_hidden_by_any_process_are_removed_by_the_leader(
    app: Flask, make_app: MakeApp, filled: Program
) -> None:
    filled.delete("/files/a?permanent=1")

    run_waiting_jobs(make_app())

    assert count_of(app, Node) == 2
    assert last_runs(app)["removal"].error is None


def test_a_failed_removal_is_recorded_and_retried(
    app: Flask, filled: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Removal) -> int:
        raise OperationalError("DELETE", {}, Exception("gone"))

    clock = JobClock()
    monkeypatch.setattr(runner, "time", clock)
    leader = leader_of(app)
    with monkeypatch.context() as patch:
        patch.setattr(Removal, "run", fail)
        filled.delete("/files/a?permanent=1")
        leader.tick()
    assert "gone" in (last_runs(app)["removal"].error or "")
    assert count_of(app, Node) > COUNT
    app.extensions["cabinet"].clock = lambda: utc_now() + timedelta(seconds=runner.RETRY)
    clock.advance(runner.RETRY)

    leader.tick()

    assert count_of(app, Node) == 2


def test_the_rows_of_an_account_deleted_by_the_operator_are_removed(app: Flask, filled: Program) -> None:
    operator = Operator(app)

    operator.run("users", "delete", "alice", "--yes")

    assert (count_of(app, User), count_of(app, Node)) == (0, 0)
    assert operator.document("storage", "verify") == {"findings": []}
