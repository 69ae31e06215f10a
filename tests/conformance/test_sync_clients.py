"""Nextcloud's and ownCloud's desktop clients sync a folder, both ways, and lose nothing."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from cabinet.services.access.roles import ShareRole
from tests.conftest import StartProduction
from tests.support.contents import content_of
from tests.support.people import Person, target_of
from tests.support.servers import Server
from tests.support.sync_clients import PROGRAMS, SyncClient
from tests.support.teams import make_team
from tests.support.tus import Tus
from tests.support.waiting import PATIENCE, wait_until

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


def test_a_full_quota_fails_the_sync_and_loses_nothing(person: Person, client: SyncClient) -> None:
    Tus(person).set_quota(50_000)
    large, small = content_of(60_000), content_of(1000, 2)
    client.write("large", large)
    client.write("small", small)

    done = client.run()

    assert done.returncode != 0 or "large" in done.stdout
    assert remote(person) == {"small": small}
    assert client.contents() == {"large": large, "small": small}


def sync_both_ways(client: SyncClient, owner: Person) -> None:
    """Sync the first time, and again what both sides changed deep below a mount."""
    client.write("own", b"mine")
    client.sync()
    assert client.contents() == {"Team/docs/theirs": b"of the owner", "own": b"mine"}

    client.write("Team/docs/from the client", b"added")
    owner.store("Team/docs/theirs", b"of the owner, changed")
    client.sync()
    assert owner.get("Team/docs/from the client") == b"added"
    assert client.contents()["Team/docs/theirs"] == b"of the owner, changed"


def test_a_shared_folder_is_synced_until_the_share_ends(person: Person, client: SyncClient) -> None:
    owner = Person(person.server, f"owner-{uuid4().hex[:12]}")
    owner.store("Team/docs/theirs", b"of the owner")
    owner.store("not shared", b"private")
    body = {"kind": "grant", "paths": ["Team"], "to": {"user": person.username}, "role": "editor"}
    share = owner.send("POST", "/shares", json=body).json()["id"]
    assert person.send("POST", f"/shares/{share}/accept").status == 200
    sync_both_ways(client, owner)

    assert owner.send("DELETE", f"/shares/{share}").status == 204
    client.run()

    assert client.contents() == {"own": b"mine"}
    assert set(remote(owner)) == {"Team/docs/theirs", "Team/docs/from the client", "not shared"}


def test_a_team_space_is_synced_both_ways(person: Person, client: SyncClient) -> None:
    owner = Person(person.server, f"owner-{uuid4().hex[:12]}")
    roles = {person.username: ShareRole.EDITOR}
    space = make_team(person.server.database_url, "Team", owner.username, roles)
    member = f"/spaces/{space}/members/{person.username}"
    owner.store("Team/docs/theirs", b"of the owner")
    sync_both_ways(client, owner)

    assert owner.send("PUT", member, json={"role": "viewer"}).status == 200
    client.write("Team/docs/theirs", b"changed by a viewer")
    client.run()
    assert owner.get("Team/docs/theirs") == b"of the owner, changed"

    assert owner.send("DELETE", member).status == 204
    settle(client, person)
    assert client.contents()["own"] == b"mine"
    assert remote(owner) == {
        "Team/docs/theirs": b"of the owner, changed",
        "Team/docs/from the client": b"added",
    }


def settle(client: SyncClient, person: Person) -> None:
    """Sync until both sides are equal; a client tries again later what failed before."""

    def is_equal() -> bool:
        """Sync once more."""
        client.run()
        return client.contents() == remote(person)

    # What a killed server did not answer, ownCloud's client skips for some minutes before it tries again.
    wait_until(is_equal, seconds=10 * PATIENCE, what="both sides to be equal")


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_mount_that_is_revoked_during_a_sync_loses_nothing(person: Person, client: SyncClient) -> None:
    owner = Person(person.server, f"owner-{uuid4().hex[:12]}")
    theirs = {f"Team/{number % 5}/{number}": content_of(20_000, number) for number in range(200)}
    for path, content in theirs.items():
        owner.store(path, content)
    body = {"kind": "grant", "paths": ["Team"], "to": {"user": person.username}, "role": "editor"}
    share = owner.send("POST", "/shares", json=body).json()["id"]
    assert person.send("POST", f"/shares/{share}/accept").status == 200
    added = {f"Team/0/new {number}": content_of(5000, 500 + number) for number in range(20)}
    for path, content in {**added, "own/f": b"mine"}.items():
        client.write(path, content)

    with client.start(subprocess.DEVNULL) as process:
        wait_until(
            lambda: process.poll() is not None or any((client.folder / path).exists() for path in theirs),
            what="a file of the mount",
        )
        assert process.poll() is None, "the sync was over before the mount was revoked"
        assert owner.send("DELETE", f"/shares/{share}").status == 204
        process.wait()
    settle(client, person)

    kept = remote(owner)
    assert {path: kept[path] for path in theirs} == theirs
    mine = client.contents()
    assert mine["own/f"] == b"mine"
    # What was not sent before is still here, and now a folder of the user's own.
    assert all(content in {kept.get(path), mine.get(path)} for path, content in added.items())
    assert not theirs.keys() & mine.keys()


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_server_that_is_killed_during_a_sync_loses_nothing(
    start_production: StartProduction, tmp_path: Path, program: str
) -> None:
    server = start_production(workers=2)
    person = Person(server)
    down = {f"down/{number}": content_of(3000, number) for number in range(150)}
    up = {f"up/{number % 7}/{number}": content_of(3000, 500 + number) for number in range(150)}
    up["large"] = content_of(25 * MIB)
    for path, content in down.items():
        person.store(path, content)
    client = SyncClient(program, server.url, person.username, tmp_path / "client")
    for path, content in up.items():
        client.write(path, content)

    for sent in (20, 80):
        with client.start(subprocess.DEVNULL) as process:
            wait_until(
                lambda: process.poll() is not None or len(person.hashes().keys() & up.keys()) >= sent,  # noqa: B023
                what="files on the server",
            )
            assert process.poll() is None, "the sync was over before the server was killed"
            server.kill()
            process.wait()
        server.start()
        found = remote(person)
        assert all({**down, **up}[path] == content for path, content in found.items())
        assert down.keys() <= found.keys()
    settle(client, person)

    assert client.contents() == {**down, **up}
    assert person.send("GET", "/uploads").json()["uploads"] == []


@pytest.mark.long
def test_an_upload_resumes_after_the_client_is_killed(person: Person, client: SyncClient) -> None:
    content = content_of(300 * MIB)
    client.write("large", content)
    with client.start() as process:
        wait_until(lambda: any(each["offset"] for each in _unfinished(person)), what="a chunk on the server")
        process.kill()
    assert remote(person) == {}

    client.sync()

    assert person.get("large") == content
    assert _unfinished(person) == []


def _unfinished(person: Person) -> list[dict[str, int]]:
    return list(person.send("GET", "/uploads").json()["uploads"])


@pytest.mark.long
def test_a_renamed_folder_of_1000_files_is_not_sent_again(person: Person, client: SyncClient) -> None:
    for number in range(1000):
        client.write(f"before/{number % 10}/{number}", content_of(100, number))
    client.sync()
    used = person.send("GET", "/me").json()["usage"]

    (client.folder / "before").rename(client.folder / "after")
    client.sync()

    assert client.contents() == remote(person)
    assert all(path.startswith("after/") for path in client.contents())
    # A file that was sent again would be in the trash, too, and counted twice.
    assert person.send("GET", "/me").json()["usage"] == used


@pytest.mark.long
def test_200_changes_on_both_sides_end_equal(person: Person, client: SyncClient) -> None:
    chance = random.Random(20)
    folders = ["", "a/", "a/b/", "a/b/c/", "д/"]
    for step in range(20):
        for number in range(5):
            _change_on_the_server(person, chance, folders, f"{step}-{number}")
        client.sync()
        assert client.contents() == remote(person), step
        for number in range(5):
            path = f"{chance.choice(folders)}here {step}-{number}"
            client.write(path, chance.randbytes(chance.randrange(2000)))
        known = sorted(client.contents())
        (client.folder / chance.choice(known)).unlink()
        client.sync()
        assert client.contents() == remote(person), step


def _change_on_the_server(person: Person, chance: random.Random, folders: list[str], name: str) -> None:
    """Make one change by one of the other ways in."""
    content = chance.randbytes(1 + chance.randrange(2000))
    new, known = f"{chance.choice(folders)}there {name}", sorted(person.hashes())
    taken = chance.choice(known) if known else new
    way = chance.randrange(8)
    if way == 0:
        person.store(new, content)
    elif way == 1:
        person.store(taken, content)
    elif way == 2:
        folder, _, filename = new.rpartition("/")
        Tus(person).create(len(content), filename=filename, folder=folder).append(0, content)
    elif way == 3:
        assert person.send("PUT", f"/dav/{target_of(taken)[7:]}", body=content).status in {201, 204}
    elif way == 4 and known:
        person.delete(taken)
    elif way == 5 and known:
        copied = person.send("POST", "/copies", json={"from": [taken], "to": f"copy {name}"})
        assert copied.status in {200, 201}, copied.data
    elif way == 6 and known:
        deleted = person.send("POST", "/trash", json={"paths": [taken]})
        assert deleted.status == 200, deleted.data
        (entry,) = deleted.json()["entries"]
        assert person.send("POST", f"/trash/{entry['id']}/restore").status == 200
    else:
        person.post(f"form {name}", content)
