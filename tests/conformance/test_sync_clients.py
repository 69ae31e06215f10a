"""Nextcloud's and ownCloud's desktop clients sync a folder, both ways, and lose nothing."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.contents import content_of
from tests.support.people import Person
from tests.support.servers import Server
from tests.support.sync_clients import PROGRAMS, SyncClient

MIB = 1 << 20


@pytest.fixture
def person(tus_server: Server) -> Person:
    """Return a new user of the shared server."""
    return Person(tus_server, f"user-{uuid4().hex[:12]}")


@pytest.fixture(params=PROGRAMS)
def client(request: pytest.FixtureRequest, person: Person, tmp_path: Path) -> SyncClient:
    """Return each client in turn, with an empty folder."""
    return SyncClient(request.param, person.server.url, person.username, tmp_path)


def remote(person: Person) -> dict[str, bytes]:
    """Return every file of the user by its path."""
    return {path: person.get(path) for path in person.hashes()}


def test_files_go_up_and_down_and_back_with_all_changes(person: Person, client: SyncClient) -> None:
    person.store("from the server/Отчёт №5.txt", b"down")
    person.store("from the server/empty", b"")
    client.write("from here/日本語 😀.txt", b"up")
    client.write("from here/deep/er/a b%c#d.txt", b"up too")
    client.sync()
    assert client.contents() == remote(person)
    assert len(client.contents()) == 4

    # Changes on both sides at once, deep enough that only the tags of folders tell of them.
    person.store("from here/deep/er/new on the server", b"new")
    person.store("from the server/Отчёт №5.txt", b"down, changed")
    person.delete("from the server/empty")
    client.write("from here/日本語 😀.txt", b"up, and changed")
    (client.folder / "from here/deep/er/a b%c#d.txt").unlink()
    client.sync()

    assert (
        client.contents()
        == remote(person)
        == {
            "from here/deep/er/new on the server": b"new",
            "from the server/Отчёт №5.txt": b"down, changed",
            "from here/日本語 😀.txt": b"up, and changed",
        }
    )


def test_a_renamed_folder_is_moved_and_not_sent_again(person: Person, client: SyncClient) -> None:
    for number in range(5):
        client.write(f"before/{number}", content_of(1000, number))
    client.sync()
    before = remote(person)

    (client.folder / "before").rename(client.folder / "after")
    client.sync()

    assert remote(person) == {path.replace("before", "after"): content for path, content in before.items()}
    versions = person.send("GET", "/trash").json()["entries"]
    assert versions == [], "nothing was deleted, so nothing was sent again"

    person.send("POST", "/moves", json={"from": ["after"], "to": "moved by the server"})
    client.sync()
    assert client.contents() == remote(person)
    assert set(client.contents()) == {f"moved by the server/{number}" for number in range(5)}


def test_a_conflict_loses_neither_side(person: Person, client: SyncClient) -> None:
    client.write("f", b"the same")
    client.sync()

    person.store("f", b"changed on the server, longer")
    client.write("f", b"changed here")
    client.run()

    assert {b"changed on the server, longer", b"changed here"} <= set(client.contents().values())


def test_times_are_kept(person: Person, client: SyncClient) -> None:
    client.write("f", b"content")
    os.utime(client.folder / "f", (1_500_000_000, 1_500_000_000))
    client.sync()

    (entry,) = person.entries()

    assert entry["modified_at"] == "2017-07-14T02:40:00Z"


def test_a_large_file_goes_up_in_chunks(person: Person, client: SyncClient) -> None:
    content = content_of(25 * MIB + 7)
    client.write("large", content)

    client.sync()

    assert remote(person) == {"large": content}
    assert person.send("GET", "/uploads").json()["uploads"] == []


def test_a_wrong_password_deletes_nothing(person: Person, client: SyncClient) -> None:
    client.write("f", b"content")
    client.sync()
    client.password = "not the password"

    done = client.run()

    assert done.returncode != 0
    assert client.contents() == remote(person) == {"f": b"content"}


def test_two_clients_of_one_user_see_the_same(person: Person, client: SyncClient, tmp_path: Path) -> None:
    other = SyncClient(PROGRAMS[0], person.server.url, person.username, tmp_path / "other")
    client.write("a/b/c", b"first")
    client.sync()
    other.sync()
    other.write("a/b/d", b"second")
    other.sync()

    client.sync()

    assert client.contents() == other.contents() == remote(person)
    assert set(client.contents()) == {"a/b/c", "a/b/d"}
