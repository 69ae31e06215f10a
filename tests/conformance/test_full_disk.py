"""A disk of 160 MB filled by one user: everyone can still sign in and free space.

Rule: the whole instance is on that disk, database and content.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3

from tests.support.auth import PASSWORD, USERNAME
from tests.support.contents import content_of
from tests.support.faults import beside, on_small_disks, python
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


def test_after_filling_the_disk_files_can_be_deleted_and_others_can_sign_in(server: Server) -> None:
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


MANY = 30_000
# Timeout in seconds for an operation on each of these.
PATIENT = urllib3.Timeout(600)
MULTIPLY = """
import sys
from tests.support.many_files import multiply_file
multiply_file(sys.argv[1], sys.argv[2], "many", "first", int(sys.argv[3]))
"""


def make_many(server: Server, person: Person) -> None:
    """Let one folder have very many files, which are rows over the same content."""
    person.store("many/first", b"x")
    program = python(MULTIPLY, server.database_url, USERNAME, str(MANY - 1))
    here = {"PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run(beside(server.pid, program), check=True, env={**os.environ, **here})


def usage_of(person: Person) -> int:
    usage: int = person.send("GET", "/me").json()["usage"]
    return usage


def purge_by_a_folder(person: Person) -> None:
    assert person.send("DELETE", "/files/many?permanent=1").status == 204


def purge_by_emptying(person: Person) -> None:
    trash_all(person)
    assert person.send("DELETE", "/trash").status == 204


def purge_by_a_selection(person: Person) -> None:
    trash_all(person)
    answer = person.send("POST", "/trash/purge", json={"all": True, "count": MANY}, timeout=PATIENT)
    assert (answer.status, answer.json().get("count")) == (200, MANY), answer.data


def purge_by_a_batch(person: Person) -> None:
    batch = trash_all(person)
    answer = person.send("POST", "/trash/purge", json={"batch": batch}, timeout=PATIENT)
    assert (answer.status, answer.json().get("count")) == (200, MANY), answer.data


def purge_by_deleting_the_account(person: Person) -> None:
    answer = person.send("POST", "/account/delete", fields={"password": PASSWORD})
    assert answer.status == 204, answer.data


def trash_all(person: Person) -> str:
    """Move all of the files to the trash, each of them as a thing of its own; return the batch."""
    answer = person.send("POST", "/trash", json={"folder": "many", "count": MANY}, timeout=PATIENT)
    assert (answer.status, answer.json().get("count")) == (200, MANY), answer.data
    batch: str = answer.json()["batch"]
    return batch


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "purge",
    [
        purge_by_a_folder,
        purge_by_emptying,
        purge_by_a_selection,
        purge_by_a_batch,
        purge_by_deleting_the_account,
    ],
)
def test_thirty_thousand_files_are_purged_on_a_full_disk_in_every_way(
    server: Server, purge: Callable[[Person], None]
) -> None:
    """Each operation writes a record a few times, and a tenth of the disk is for all records."""
    greedy, other = Person(server), Person(server, "other")
    other.store("mine", b"mine")
    make_many(server, greedy)
    put_until_refused(greedy, "filler")
    assert free_on(server) < 2 * RESERVE
    usage = usage_of(greedy)

    purge(greedy)

    if purge is not purge_by_deleting_the_account:
        assert usage_of(greedy) == usage - MANY
        greedy.delete("filler")
        assert greedy.send("DELETE", "/trash").status == 204
    wait_until(lambda: free_on(server) > 80 * MB, what="the room that was made", seconds=900)
    assert other.get("mine") == b"mine"
    other.store("more", LARGE)
    assert other.get("more") == LARGE
