"""A disk of 160 MB that one user fills, as hard as they can: everybody still gets in and makes room.

Rule: all of the instance lies on that disk, database and content.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.auth import PASSWORD, USERNAME
from tests.support.contents import content_of
from tests.support.faults import on_small_disks
from tests.support.people import Person
from tests.support.servers import Server, production_command, running
from tests.support.tus import CONTENT_TYPE, VERSION, metadata
from tests.support.waiting import wait_until

pytestmark = pytest.mark.sqlite("its file on a small disk")

MB = 1 << 20
# Of a tenth of the disk; what each of two processes is just writing may be taken from it.
RESERVE = 16 * MB
AT_ONCE = 4
LARGE = content_of(6 * MB)

TUS = {"Tus-Resumable": VERSION}
# A refusal comes before the body was read; the connection cannot carry another request then.
LAST_REQUEST = {"Connection": "close"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "instance").mkdir()
    command = on_small_disks(production_command(2), {tmp_path / "instance": "160m"})
    with running(command, tmp_path, {"SWEEP_EVERY_SECONDS": 3600}) as started:
        yield started


def free_on(server: Server) -> int:
    status = os.statvfs(f"/proc/{server.pid}/root{server.folder}/instance")
    return status.f_bavail * status.f_frsize


def put_until_refused(person: Person, folder: str) -> None:
    """Store other content each time, until there is no room for the smallest."""
    for size in (len(LARGE), MB, 4096):
        statuses: list[int] = []
        while not statuses or statuses[-1] == 201:
            content = os.urandom(16) + LARGE[: size - 16]
            target = f"/files/{folder}/{size}-{len(statuses)}"
            statuses.append(person.send("PUT", target, body=content, headers=LAST_REQUEST).status)
        assert statuses[-1] == 507


def send_parts_until_refused(person: Person, name: str) -> None:
    """Begin one upload after the other, none of which ends, and keep all that is taken."""
    described = {"Upload-Defer-Length": "1", "Upload-Metadata": metadata(filename=name)}
    while (begun := person.send("POST", "/uploads", headers=TUS | described)).status == 201:
        for offset in range(0, 4 * len(LARGE), len(LARGE)):
            headers = TUS | LAST_REQUEST | {"Upload-Offset": str(offset), "Content-Type": CONTENT_TYPE}
            if person.send("PATCH", begun.headers["Location"], body=LARGE, headers=headers).status != 204:
                break
    assert begun.status == 507


def all_at_once(person: Person) -> None:
    fillers = [
        threading.Thread(target=fill, args=(person, f"{fill.__name__}-{number}"))
        for fill in (put_until_refused, send_parts_until_refused)
        for number in range(AT_ONCE)
    ]
    for filler in fillers:
        filler.start()
    for filler in fillers:
        filler.join()


def test_whoever_has_filled_the_disk_empties_it_and_the_others_still_get_in(server: Server) -> None:
    greedy, other = Person(server), Person(server, "other")
    other.store("mine", b"mine")
    all_at_once(greedy)
    left = free_on(server)

    signed_in = server.request("POST", "/login", fields={"username": "other", "password": PASSWORD})
    assert 0 < left < 2 * RESERVE
    assert signed_in.status == 200
    assert other.get("mine") == b"mine"
    assert other.put("more", b"more").status == 507
    other.delete("mine")
    assert other.send("DELETE", "/trash").status == 204
    assert server.request("GET", "/readyz").status == 200

    signed_in = server.request("POST", "/login", fields={"username": USERNAME, "password": PASSWORD})
    assert signed_in.status == 200
    for upload in greedy.send("GET", "/uploads").json()["uploads"]:
        assert greedy.send("DELETE", upload["url"], headers=TUS).status == 204
    for entry in greedy.send("GET", "/files").json()["entries"]:
        greedy.delete(entry["path"])
    assert greedy.send("DELETE", "/trash").status == 204

    wait_until(lambda: free_on(server) > 140 * MB, what="the room that was made")
    other.store("more", LARGE)
    assert other.get("more") == LARGE
