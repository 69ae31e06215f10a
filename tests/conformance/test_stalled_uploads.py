"""Memory of hundreds of uploads that stall, break off or are refused.

Rule: resident bytes of all serving processes compared with before; nothing is timed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.contents import content_of
from tests.support.many_connections import MIB, connected, resident, threads
from tests.support.people import Person
from tests.support.raw_http import RawConnection, request_head
from tests.support.servers import Server, production_command, running
from tests.support.tus import Tus, Upload, part
from tests.support.waiting import wait_until

SENT = 4_000_000
WHOLE = 10_000_000
FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'

# Garbage collection is off: objects of a broken upload must be freed without it.
UNCOLLECTED = """
from cabinet.serving import *
def post_worker_init(worker):
    import gc
    gc.collect()
    gc.freeze()
    gc.disable()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    settings = tmp_path / "uncollected.py"
    settings.write_text(UNCOLLECTED)
    with running(production_command(2, config=str(settings)), tmp_path, {}) as started:
        yield started


def begin(connection: RawConnection, kind: str, person: Person, number: int) -> Upload | None:
    """Send the head of an upload and a stalling body; return a function that resumes it, if possible."""
    if kind == "part":
        upload = Tus(person).create(WHOLE, filename=f"{number}")
        head = upload.tus.head("PATCH", upload.target, {**part(0), "Content-Length": WHOLE})
        connection.send(head + content_of(SENT))
        return upload
    target, headers, before = f"/files/{number}", {"Content-Length": str(WHOLE)}, b""
    if kind == "chunked":
        headers, before = {"Transfer-Encoding": "chunked"}, b"%x\r\n" % WHOLE
    elif kind == "form":
        target, before = "/upload", FORM
        headers["Content-Type"] = "multipart/form-data; boundary=b"
    shown = {} if kind == "refused" else person.headers
    method = "POST" if kind == "form" else "PUT"
    connection.send(request_head(method, target, {"Host": "localhost", **headers, **shown}) + before)
    connection.send(content_of(SENT))
    return None


@pytest.mark.parametrize(
    ("kinds", "count"),
    [
        ("length part", 40),
        *(pytest.param(kind, 300, marks=pytest.mark.long) for kind in ("length", "chunked", "form", "refused", "part")),
    ],
)  # fmt: skip
def test_stalled_uploads_hold_little_and_can_be_resumed(server: Server, kinds: str, count: int) -> None:
    wanted = kinds.split()
    people = [Person(server, f"user{number}") for number in range(6)]
    # Both processes have seen an upload, and threads that were needed for it.
    for number in range(20):
        people[0].store(f"warm/{number}", content_of(5 * MIB))
    idle, few = resident(server), threads(server)

    with ExitStack() as held:
        begun = []
        for number in range(count):
            # Not all at once: a connection that says nothing for a while is let go.
            (connection,) = held.enter_context(connected(server, 1, first=number))
            kind, person = wanted[number % len(wanted)], people[number * len(people) // count]
            begun.append(begin(connection, kind, person, number))
        wait_until(lambda: resident(server) - idle < 256 * MIB * count // 300, what="memory that was let go")
        assert server.request("GET", "/healthz").status == 200

    wait_until(lambda: threads(server) <= few + 2, what="the end of the threads")
    wait_until(lambda: resident(server) - idle < 32 * MIB, what="memory that was given back")
    parts = [upload for upload in begun if upload is not None]
    assert len(parts) == count * wanted.count("part") // len(wanted)
    for upload in parts:
        assert upload.offset() == SENT
    for upload in parts[-1:]:
        upload.finish(content_of(WHOLE))
