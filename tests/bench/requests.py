"""What the commonest requests cost the server's processor, on both databases.

Rule: one request after the other over one connection, with a token; a figure is the processor time of all of the
server's processes divided by the requests. What a database server takes for itself is not in it.
"""

from __future__ import annotations

import base64
import json
import logging
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from sqlalchemy import event

from cabinet import create_app
from cabinet.extensions import db
from tests.bench.filling import fill
from tests.bench.kept import KeptConnection, kept_connection
from tests.bench.measures import Samples, alternate
from tests.bench.peers import Cabinet
from tests.bench.processes import cpu_seconds, family
from tests.bench.report import Bars, Row
from tests.bench.stage import DATABASES, Stage
from tests.support.auth import PASSWORD, USERNAME, basic
from tests.support.servers import FAST

SIZE = 4096

# Entries of the folder that is listed, names of a look-up, and rows of a page.
LISTED = 100
LOOKED_UP = 1000
ROWS = 200

# Statements of a resumable upload in two requests, without the beginnings and ends of transactions.
STATEMENTS = Bars(20, 14, "statements")

_TUS = {"Tus-Resumable": "1.0.0"}
_JSON = {"Content-Type": "application/json"}

# Returns the seconds from a request to its answer.
Step = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request: how many are sent in one round, what prepares them, and the milliseconds of one.

    `prepare` gets the connection, a word that no other round has, and the number of requests.
    """

    count: int
    prepare: Callable[[KeptConnection, str, int], list[Step]]
    bars: Bars


def _ms(at_least: float, wanted: float) -> Bars:
    return Bars(at_least, wanted, "ms")


def requests(stage: Stage) -> list[Row]:
    """Store, read, list, look up, move and delete small things, and upload resumably."""
    with _server(stage, "SQLite") as server, _server(stage, "PostgreSQL") as other:
        servers = dict(zip(DATABASES, (server, other), strict=True))
        return [row for what, kind in KINDS.items() for row in _rows(stage, servers, what, kind)] + [
            _statements(stage)
        ]


@contextmanager
def _server(stage: Stage, database: str) -> Iterator[Cabinet]:
    with stage.fresh_cabinet(kind=database) as server:
        for folder, count in (("listed", LISTED), ("looked-up", LOOKED_UP), ("page", ROWS)):
            fill(server, folder, (f"{number:04} picture of a summer.jpg" for number in range(1, count)))
        yield server


def _rows(stage: Stage, servers: Mapping[str, Cabinet], what: str, kind: Kind) -> list[Row]:
    took: dict[str, list[float]] = {name: [] for name in servers}

    def meter(name: str, server: Cabinet) -> Callable[[int], float]:
        count = stage.scaled(kind.count, 10)
        pids = family(server.server.pid)

        def measure(number: int) -> float:
            with kept_connection(server.port, {**server.headers, "Accept": "application/json"}) as connection:
                for step in kind.prepare(connection, f"first-{number}", 2):
                    step()
                steps = kind.prepare(connection, f"round-{number}", count)
                before = cpu_seconds(pids)
                took[name].append(Samples([step() for step in steps]).median * 1000)
                return (cpu_seconds(pids) - before) / count * 1000

        return measure

    costs = alternate({name: meter(name, server) for name, server in servers.items()}, stage.rounds)
    ours, other = (costs[name] for name in DATABASES)
    latency, others = (f"answered in {Samples(took[name]).median:.2f} ms" for name in DATABASES)
    return [
        kind.bars.row(f"{what}, CPU", ours.show("ms", 2), ours.median, latency),
        Row(
            f"{what}, CPU, PostgreSQL", other.show("ms", 2), f"SQLite {ours.median:.2f} ms; {others}",
            f"{other.times(ours):.2f} times",
        ),
    ]  # fmt: skip


def _content(word: str, number: int) -> bytes:
    """Return 4 KiB that no other request has."""
    return random.Random(f"{word} {number}").randbytes(SIZE)


def _put(connection: KeptConnection, word: str, count: int) -> list[Step]:
    return [
        partial(connection.request, "PUT", f"/files/{word}/{number}", _content(word, number))
        for number in range(count)
    ]


def _stored(connection: KeptConnection, word: str, count: int) -> list[str]:
    """Store files in a folder of their own, and return their paths."""
    for step in _put(connection, word, count):
        step()
    return [f"{word}/{number}" for number in range(count)]


def _get(connection: KeptConnection, word: str, count: int) -> list[Step]:
    return [
        partial(connection.request, "GET", f"/files/{path}")
        for path in _stored(connection, f"get-{word}", count)
    ]


def _list(connection: KeptConnection, _word: str, count: int) -> list[Step]:
    return [partial(connection.request, "GET", f"/files?path=listed&limit={LISTED}")] * count


def _look_up(connection: KeptConnection, _word: str, count: int) -> list[Step]:
    paths = [f"looked-up/{number:04} picture of a summer.jpg" for number in range(1, LOOKED_UP + 1)]
    return [_poster(connection, "/lookup", {"paths": paths})] * count


def _page(connection: KeptConnection, _word: str, count: int) -> list[Step]:
    headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    return [partial(connection.request, "GET", "/index?path=page", headers=headers)] * count


def _upload(connection: KeptConnection, word: str, count: int) -> list[Step]:
    return [
        partial(_resumable, connection, f"{word}-{number}", _content(word, -number))
        for number in range(count)
    ]


def _resumable(connection: KeptConnection, name: str, content: bytes) -> float:
    created = connection.request("POST", "/uploads", headers=_creation(name, content))
    path = urlsplit(connection.location).path
    return created + connection.request("PATCH", path, content, headers=_BEGINNING)


def _delete(connection: KeptConnection, word: str, count: int) -> list[Step]:
    paths = _stored(connection, f"delete-{word}", count)
    return [partial(connection.request, "DELETE", f"/files/{path}") for path in paths]


def _move(connection: KeptConnection, word: str, count: int) -> list[Step]:
    paths = _stored(connection, f"move-{word}", count)
    connection.request("POST", "/folders", json.dumps({"path": f"moved-{word}"}).encode(), _JSON)
    return [
        _poster(connection, "/moves", {"from": [path], "to": f"moved-{word}/{number}"})
        for number, path in enumerate(paths)
    ]


def _make_folder(connection: KeptConnection, word: str, count: int) -> list[Step]:
    return [_poster(connection, "/folders", {"path": f"folder-{word}-{number}"}) for number in range(count)]


def _poster(connection: KeptConnection, address: str, document: object) -> Step:
    return partial(connection.request, "POST", address, json.dumps(document).encode(), _JSON)


_BEGINNING = {**_TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}


def _creation(name: str, content: bytes) -> dict[str, str]:
    """Return the headers that create a resumable upload."""
    described = base64.b64encode(name.encode()).decode()
    length = {"Content-Length": "0", "Upload-Length": str(len(content))}
    return {**_TUS, **length, "Upload-Metadata": f"filename {described}"}


KINDS = {
    "4 KiB PUT": Kind(200, _put, _ms(1.6, 1.0)),
    "4 KiB GET": Kind(300, _get, _ms(0.55, 0.35)),
    f"list of {LISTED}": Kind(100, _list, _ms(2, 1)),
    f"look-up of {LOOKED_UP}": Kind(40, _look_up, _ms(8, 5)),
    f"page of {ROWS} rows": Kind(40, _page, _ms(10, 6)),
    "tus creation and PATCH of 4 KiB": Kind(100, _upload, _ms(5, 3)),
    "DELETE": Kind(100, _delete, _ms(1.5, 1.0)),
    "move": Kind(100, _move, _ms(1.5, 1.0)),
    "new folder": Kind(100, _make_folder, _ms(1.5, 1.0)),
}


def _statements(stage: Stage) -> Row:
    """Count what a resumable upload asks the database, in this process: a server cannot be watched."""
    app = create_app({**FAST, "INSTANCE": str(stage.new_folder("instance")), "JOBS": "apart"})
    # The audit log of the application would go to the terminal.
    logging.getLogger("cabinet.audit").disabled = True
    client = app.test_client(use_cookies=False)
    client.post("/register", data={"username": USERNAME, "password": PASSWORD})
    token = client.post("/tokens", json={"name": "bench"}, headers=basic()).get_json()["token"]
    headers = {"Authorization": f"Bearer {token}"}

    def upload(number: int) -> None:
        content = _content("statements", number)
        created = client.post("/uploads", headers=headers | _creation(f"{number}", content))
        brought = client.patch(created.headers["Location"], data=content, headers=headers | _BEGINNING)
        assert brought.status_code < 300, brought.data

    upload(1)
    said: list[str] = []
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    for name in ("commit", "rollback"):
        event.listen(engine, name, lambda _connection, name=name: said.append(name))
    upload(2)
    with app.app_context():
        db.session.remove()
    engine.dispose()
    count = sum(not statement.startswith(("BEGIN", "commit", "rollback")) for statement in said)
    return STATEMENTS.row(
        "tus creation and PATCH, statements",
        f"{count}",
        count,
        f"{len(said)} with BEGIN, COMMIT and ROLLBACK",
    )
