"""A production server that is traced, killed, and runs out of space.

Everything acknowledged exists completely afterwards; everything else exists completely or not at all.
"""

from __future__ import annotations

import errno
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import urllib3
from flask.testing import FlaskClient
from urllib3 import BaseHTTPResponse

from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from cabinet.storage.opening import open_store
from tests.conftest import MakeApp, StartProduction
from tests.support.auth import AuthActions
from tests.support.backends import LocalBackend, put
from tests.support.contents import content_of, in_chunks
from tests.support.faults import Fault, on_small_disks
from tests.support.kills import check_intact, kill_under_load
from tests.support.people import Person
from tests.support.servers import Server, production_command, running
from tests.support.strace import Call, read_whole_log, traced

# By either face, a body that its thread writes and one that the pool does.
UPLOADS = {
    "PUT of one block": ("PUT", content_of(10_000, seed=1)),
    "PUT of several blocks": ("PUT", content_of(9 << 20, seed=2)),
    "form of one block": ("POST", content_of(10_000, seed=3)),
    "form of several blocks": ("POST", content_of(9 << 20, seed=4)),
}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """Return what a server asks of the kernel from its start to its end, with all those uploads."""
    folder = tmp_path_factory.mktemp("traced")
    with running(traced(production_command(1), folder / "calls"), folder, {}) as server:
        process, person = server.pid, Person(server)
        for name, (method, content) in UPLOADS.items():
            answer = person.put(name, content) if method == "PUT" else person.post(name, content)
            assert answer.status == 201, answer.data
    return read_whole_log(folder / "calls", process)


@pytest.mark.sqlite("syncs of its log, as the kernel sees them")
@pytest.mark.parametrize("upload", UPLOADS)
def test_an_upload_is_acknowledged_when_file_folder_and_rows_are_durable(
    calls: list[Call], upload: str
) -> None:
    content_hash = hash_chunks([UPLOADS[upload][1]])
    [link] = [call for call in calls if call.name == "link" and f'/{content_hash}"' in call.arguments]
    staged = link.arguments.split('"')[1]
    [file_sync] = [call for call in calls if is_sync_of(call, staged)]
    [folder_sync] = [call for call in calls if is_sync_of(call, f"/blobs/{content_hash[:2]}")]
    row_sync = next(
        call for call in calls if is_sync_of(call, "/cabinet.db-wal") and call.begun > folder_sync.ended
    )
    answer = next(call for call in calls if call.begun > link.begun and '"HTTP/1.1 ' in call.arguments)

    assert file_sync.ended < link.begun
    assert link.ended < folder_sync.begun
    assert row_sync.ended < answer.begun
    assert {call.result for call in (file_sync, link, folder_sync, row_sync)} == {"0"}
    assert '"HTTP/1.1 201 ' in answer.arguments


def is_sync_of(call: Call, path: str) -> bool:
    return call.name in {"fsync", "fdatasync"} and call.arguments.endswith(f"{path}>")


@dataclass
class Uploader:
    """Uploads to its own paths repeatedly, and records what was sent and what was acknowledged."""

    name: str
    random: random.Random
    acknowledged: dict[str, str] = field(default_factory=dict)
    unanswered: dict[str, str] = field(default_factory=dict)
    answers: int = 0

    def run(self, person: Person) -> None:
        """Upload until the server is gone."""
        while True:
            path = f"{self.name}/{self.random.randrange(4)}"
            # Few contents, so that the same bytes are often stored by several at once.
            size = self.random.choice([0, 1, 5000, 100_000, BLOCK_SIZE + 1])
            content = content_of(size, seed=self.random.randrange(3))
            self.unanswered[path] = hash_chunks([content])
            try:
                answer = person.put(path, content)
            except urllib3.exceptions.HTTPError:
                return
            assert answer.status in {200, 201}, answer.data
            self.acknowledged[path] = self.unanswered.pop(path)
            self.answers += 1

    def check(self, person: Person, found: dict[str, str]) -> None:
        """Compare the state after a crash, and use it as the new starting point."""
        mine = {path: content_hash for path, content_hash in found.items() if path.startswith(self.name)}
        assert self.acknowledged.keys() <= mine.keys() <= self.acknowledged.keys() | self.unanswered.keys()
        for path, content_hash in mine.items():
            assert content_hash in {self.acknowledged.get(path), self.unanswered.get(path)}
            assert hash_chunks([person.get(path)]) == content_hash
        self.acknowledged, self.unanswered = mine, {}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rounds", [2, pytest.param(200, marks=pytest.mark.long)])
def test_a_kill_under_load_loses_nothing_acknowledged(
    start_production: StartProduction, make_app: MakeApp, rounds: int
) -> None:
    server = start_production(workers=2)
    person = Person(server)
    uploaders = [Uploader(name, random.Random(name)) for name in ("one", "two", "three")]

    kill_under_load(server, person, uploaders, rounds, range(1, 30))
    check_intact(make_app)


def as_seen_by(server: Server, folder: Path) -> Path:
    """Return the way to a folder of a server that has mounts of its own."""
    return Path(f"/proc/{server.pid}/root{folder}")


# A refusal may come before the body was read; the connection cannot carry another request then.
LAST_REQUEST = {"Connection": "close"}


def refused_put(person: Person, content: bytes) -> BaseHTTPResponse:
    return person.send("PUT", "/files/large", body=content, headers=LAST_REQUEST)


def refused_chunks(person: Person, content: bytes) -> BaseHTTPResponse:
    return person.send("PUT", "/files/large", body=in_chunks(content), chunked=True, headers=LAST_REQUEST)


def refused_form(person: Person, content: bytes) -> BaseHTTPResponse:
    return person.send("POST", "/upload", fields={"file": ("large", content)}, headers=LAST_REQUEST)


@pytest.mark.parametrize("send", [refused_put, refused_chunks, refused_form])
def test_a_server_on_a_full_disk_reports_it_and_continues(
    on_small_disk: Person, send: Callable[[Person, bytes], BaseHTTPResponse]
) -> None:
    person = on_small_disk
    person.store("large", b"what it was before")

    assert send(person, content_of(3 << 20)).status == 507

    assert list((as_seen_by(person.server, person.server.folder) / "disk/staging").iterdir()) == []
    assert person.get("kept") == content_of(100_000)
    assert person.get("large") == b"what it was before"
    assert person.hashes().keys() == {"kept", "large"}


@pytest.fixture(scope="module")
def on_small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """Return a user of a server whose blobs have 2 MiB, with a file of theirs."""
    folder = tmp_path_factory.mktemp("small")
    disk = folder / "disk"
    disk.mkdir()
    command = on_small_disks(production_command(1), {disk: "2m"})
    with running(command, folder, {"STORE_URL": disk.as_uri(), "DISK_RESERVE": 0}) as server:
        person = Person(server)
        person.store("kept", content_of(100_000))
        yield person


@pytest.mark.sqlite("its file on a small disk")
def test_a_full_database_disk_refuses_uploads_and_serves_downloads(
    tmp_path: Path,
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = on_small_disks(production_command(1), {disk: "2m"})
    settings = {"DATABASE_URL": f"sqlite:///{disk / 'cabinet.db'}", "DISK_RESERVE": 0}
    with running(command, tmp_path, settings) as server:
        person = Person(server)
        person.store("kept", b"kept")
        filler = as_seen_by(server, disk) / "filler"
        fill(filler)

        # What the log of the database has allocated already takes a few more rows.
        tries = (person.put(f"refused {number}", b"no room for its row") for number in range(200))
        refused = next(answer for answer in tries if answer.status != 201)
        assert refused.status == 507, refused.data
        assert LocalBackend(tmp_path / "instance").staged() == []
        assert person.get("kept") == b"kept"

        filler.unlink()
        person.store("refused", b"now it has")
        assert person.get("refused") == b"now it has"


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017 - the loop has no other end


def download(client: FlaskClient, headers: dict[str, str]) -> bytes:
    with client.get("/files/name", headers=headers) as answer:
        assert answer.status_code == 200
        content: bytes = answer.data
        return content


@pytest.mark.parametrize(
    ("function", "number", "status"),
    [
        ("open", errno.ENOSPC, 507),
        ("pwritev", errno.EDQUOT, 507),
        ("pwritev", errno.EIO, 503),
        ("fsync", errno.ENOSPC, 507),
        ("fsync", errno.EIO, 503),
        ("link", errno.ENOSPC, 507),
        ("link", errno.EIO, 503),
    ],
)
def test_a_disk_error_is_reported_and_keeps_existing_content(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, function: str, number: int, status: int
) -> None:
    app = make_app()
    client = app.test_client()
    headers = AuthActions(client).become()
    place = LocalBackend(Path(app.instance_path))
    assert client.put("/files/name", data=b"before", headers=headers).status_code == 201

    with pytest.MonkeyPatch.context() as while_broken:
        Fault(while_broken, function, number, lambda path: path.parent.name == "staging")
        answer = client.put("/files/name", data=b"after", headers=headers)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert str(place.root) not in answer.text
        answer = client.post("/upload", data={"file": (io.BytesIO(b"after"), "name")}, headers=headers)
        assert answer.status_code == status

    assert place.staged() == []
    assert download(client, headers) == b"before"
    assert client.put("/files/name", data=b"after", headers=headers).status_code == 200
    assert download(client, headers) == b"after"


def test_the_leftovers_of_a_dead_publisher_are_adopted(make_app: MakeApp) -> None:
    """A kill between the link and the commit leaves a blob without a row."""
    app = make_app()
    client = app.test_client()
    headers = AuthActions(client).become()
    orphan = put(open_store(Path(app.instance_path).as_uri()), b"content")

    entry = client.put("/files/name", data=b"content", headers=headers).get_json()

    assert entry["content_hash"] == orphan.content_hash
    assert download(client, headers) == b"content"
