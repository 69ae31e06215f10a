"""What the commonest requests ask the database, to the statement; a mount costs no more than it must."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from cabinet.extensions import db
from tests.support.mounts import mount
from tests.support.visitors import Program

pytestmark = pytest.mark.database

# By request: the statements of one that succeeds, the beginnings and ends of transactions apart. Two of each
# are for the password: the account with its space, and the counters of failures.
STATEMENTS = {
    "list": 5,
    "list a folder": 5,
    "get": 3,
    "search": 8,
    "versions": 4,
    "put": 9,
    "replace": 9,
    "move": 12,
    "copy": 16,
    "folder": 7,
    "delete": 7,
    "restore": 10,
}

# The transactions of the same requests: one that writes nothing has one, another ends its first before the body
# is received.
READING = ("list", "list a folder", "get", "search", "versions")

# Routes without a path, and a search of the whole root, which continues in the mount: that queries all
# mounts, walks this one, and reads its results.
OTHERS = {"restore": 0, "search": 4}

# Additional statements on PostgreSQL: the lock of a content, because it has several writers, and the time
# limit of a search.
OF_SERVERS = ("advisory", "statement_timeout")

# What a link costs besides: whether the shared folder is in the trash is asked first; a search makes sure that the shared folder is not in the trash, and walks it; a download
# finds the entry once more, to tell its owner.
OF_ALL_LINKS = 1
OF_LINKS = {"search": 3, "get": 2}

# Statements that find out who asks: the account behind a password, and the link with what was done with it; and the
# signs of shared entries and the bell, which guests do not see.
SIGNS = "FROM share_item JOIN share ON"
WHO_ASKS = (
    "password_hash",
    "throttle",
    "share_download",
    "FROM share ",
    "UPDATE share ",
    " event",
    "FROM notice",
    SIGNS,
)


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Return a list that records every statement except those that begin and end transactions."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            said.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


@contextmanager
def listening(engine: Engine, name: str) -> Iterator[list[None]]:
    """Return a list that grows by one at each event of the engine."""
    calls: list[None] = []

    def note(*_args: object) -> None:
        calls.append(None)

    event.listen(engine, name, note)
    yield calls
    event.remove(engine, name, note)


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


def test_without_mounts_no_request_asks_more_than_it_must(app: Flask, alice: Program) -> None:
    assert told(app, alice) == STATEMENTS


def test_reading_needs_one_transaction_and_writing_two(app: Flask, alice: Program) -> None:
    begun: dict[str, int] = {}
    with app.app_context():
        engine = db.engine
    for name, send in requests_of(alice).items():
        with listening(engine, "begin") as calls:
            assert send() < 300, name
        begun[name] = len(calls)

    assert begun == {name: 1 if name in READING else 2 for name in STATEMENTS}


def test_with_a_mount_a_request_with_a_path_needs_one_more_statement(
    app: Flask, alice: Program, bob: Program
) -> None:
    alice.put("/files/shared/a.txt", b"1")
    with app.app_context():
        mount(db.session(), "alice", "shared", "bob", "Hers")

    asked = told(app, bob)

    assert {name: asked[name] - count for name, count in STATEMENTS.items()} == {
        name: OTHERS.get(name, 1) for name in STATEMENTS
    }


def test_a_form_asks_no_more_for_many_files_than_for_two(app: Flask, alice: Program) -> None:
    def send(folder: str, count: int) -> int:
        form = {
            "file": [(BytesIO(f"{folder}{number}".encode()), f"{number:02}.txt") for number in range(count)]
        }
        with counted(app) as said:
            assert alice.request("POST", f"/upload?folder={folder}", data=form).status_code == 201
        return len([each for each in said if not any(word in each for word in OF_SERVERS)])

    # The root has longer paths already, so that neither of the folders extends its reach.
    for path in ("few/a", "many/a", "other/with-a-long-name"):
        assert alice.put(f"/files/{path}", b"").status_code == 201

    assert send("many", 30) == send("few", 2)


def test_a_link_asks_what_the_account_asks(app: Flask, alice: Program) -> None:
    """A guest's requests run as many statements as the owner's, apart from those that find out who asks."""
    alice.put("/files/d/a.txt", b"1")
    alice.put("/files/d/sub/b.txt", b"2")
    made = alice.request("POST", "/shares", json={"paths": ["d"]})
    link = made.get_json()["url"].removeprefix("http://localhost")
    client = app.test_client(use_cookies=False)
    page = {"Accept": "text/html"}
    pairs = {
        "list": ("/files?path=d", "/files", {}),
        "list a folder": ("/files?path=d/sub", "/files?path=sub", {}),
        "page": ("/index?path=d", "", page),
        "page of a folder": ("/index?path=d/sub", "?path=sub", page),
        "get": ("/files/d/a.txt", "/files/a.txt", {}),
        "search": ("/search?q=b.txt&path=d", "/search?q=b.txt", {}),
    }

    def asked(address: str, headers: Mapping[str, str]) -> int:
        sent = {"Authorization": alice.headers["Authorization"]} if not address.startswith("/s/") else {}
        # The first opening and the first download are noted.
        assert client.get(address, headers={**headers, **sent}, buffered=True).status_code == 200
        with counted(app) as said:
            client.get(address, headers={**headers, **sent}, buffered=True)
        return len([each for each in said if not any(word in each for word in (*OF_SERVERS, *WHO_ASKS))])

    more = {
        name: asked(link + inside, headers) - asked(outside, headers)
        for name, (outside, inside, headers) in pairs.items()
    }
    assert more == {**dict.fromkeys(pairs, OF_ALL_LINKS), **OF_LINKS}
