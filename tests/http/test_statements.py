"""What the commonest requests ask the database: not one statement more for whoever has no mounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import event

from cabinet.extensions import db
from tests.support.mounts import mount
from tests.support.visitors import Program

# By request: the statements of one that succeeds, the beginnings and ends of transactions apart. They are
# those of before there were mounts.
STATEMENTS = {
    "list": 5,
    "list a folder": 6,
    "get": 5,
    "search": 8,
    "versions": 6,
    "put": 13,
    "replace": 13,
    "move": 14,
    "copy": 24,
    "folder": 10,
    "delete": 10,
    "restore": 10,
}

# Of what no path leads to, and of a search of the whole root, which goes on behind the mount: that asks for all
# mounts, walks what lies behind this one, and reads what it has found there.
OTHERS = {"restore": 0, "search": 4}

# What a database server alone is told: the lock of a content, for it has several writers, and how long a search
# may take.
OF_SERVERS = ("advisory", "statement_timeout")


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Give a list that gets every statement but those that begin and end transactions."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            said.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def requests_of(program: Program) -> dict[str, Callable[[], int]]:
    """Return what sends each of the requests once, on files that are there for it, and returns the status."""

    def post(address: str, **body: object) -> Callable[[], int]:
        return lambda: program.request("POST", address, json=body).status_code

    for path in ("d/a.txt", "d/b.txt", "d/c.txt", "d/gone.txt"):
        assert program.put(f"/files/{path}", path.encode()).status_code == 201
    program.delete("/files/d/gone.txt")
    (trashed,) = program.get("/trash").get_json()["entries"]
    return {
        "list": lambda: program.get("/files").status_code,
        "list a folder": lambda: program.get("/files?path=d").status_code,
        "get": lambda: program.get("/files/d/a.txt").status_code,
        "search": lambda: program.get("/search?q=a.txt").status_code,
        "versions": lambda: program.get("/versions/d/a.txt").status_code,
        "put": lambda: program.put("/files/d/new.txt", b"new").status_code,
        "replace": lambda: program.put("/files/d/a.txt", b"other").status_code,
        "move": post("/moves", **{"from": ["d/b.txt"], "to": "d/moved.txt"}),
        "copy": post("/copies", **{"from": ["d/a.txt"], "to": "d/copied.txt"}),
        "folder": post("/folders", path="d/e"),
        "delete": lambda: program.delete("/files/d/c.txt").status_code,
        "restore": post(f"/trash/{trashed['id']}/restore"),
    }


def told(app: Flask, program: Program) -> dict[str, int]:
    """Return how many statements each of the requests runs."""
    counts = {}
    for name, send in requests_of(program).items():
        with counted(app) as said:
            status = send()
        assert status < 300, (name, status)
        counts[name] = len([each for each in said if not any(word in each for word in OF_SERVERS)])
    return counts


def test_without_mounts_no_request_asks_more_than_before_there_were_any(app: Flask, alice: Program) -> None:
    assert told(app, alice) == STATEMENTS


def test_with_a_mount_a_request_with_a_path_looks_for_it_once(
    app: Flask, alice: Program, bob: Program
) -> None:
    alice.put("/files/shared/a.txt", b"1")
    with app.app_context():
        mount(db.session(), "alice", "shared", "bob", "Hers")

    asked = told(app, bob)

    assert {name: asked[name] - count for name, count in STATEMENTS.items()} == {
        name: OTHERS.get(name, 1) for name in STATEMENTS
    }
