"""Locks and the header If: who may change what another program has locked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from cabinet.extensions import db
from cabinet.models import DavLock
from cabinet.services.access.roles import ShareRole
from cabinet.services.dav.locks import delete_expired, has_expired
from cabinet.web.runtime import runtime
from tests.support.auth import basic
from tests.support.dav import OC, D, DavProgram
from tests.support.mounts import mount
from tests.support.visitors import Program

pytestmark = pytest.mark.database


@pytest.fixture
def locked(drive: DavProgram) -> tuple[str, str]:
    """Return the path and the token of a locked file in a folder."""
    drive.mkcol("a")
    drive.put("a/f.txt", b"first")
    return "a/f.txt", drive.locked("a/f.txt")


def test_finder_and_windows_find_class_2(drive: DavProgram) -> None:
    assert drive.send("OPTIONS").headers["DAV"] == "1, 2"


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("PUT", "a/f.txt", {}),
        ("DELETE", "a/f.txt", {}),
        ("DELETE", "a", {}),
        ("MOVE", "a/f.txt", {"Destination": "/dav/g.txt"}),
        ("MOVE", "a", {"Destination": "/dav/b"}),
        ("COPY", "other.txt", {"Destination": "/dav/a/f.txt"}),
        ("MOVE", "other.txt", {"Destination": "/dav/a/f.txt"}),
        ("MOVE", "other.txt", {"Destination": "/dav/a"}),
    ],
)
def test_a_lock_binds_whoever_does_not_show_its_token(
    drive: DavProgram, locked: tuple[str, str], method: str, path: str, headers: dict[str, str]
) -> None:
    drive.put("other.txt", b"other")

    answer = drive.send(method, path, b"second" if method == "PUT" else None, **headers)

    assert answer.status_code == 423
    assert "lock-token-submitted" in answer.text
    assert drive.content("a/f.txt") == b"first"


def test_a_copy_of_what_is_locked_is_free(drive: DavProgram, locked: tuple[str, str]) -> None:
    assert drive.send("COPY", "a/f.txt", Destination="/dav/copy.txt").status_code == 201
    assert drive.send("PUT", "copy.txt", b"x").status_code == 204


def test_the_token_opens_the_lock(drive: DavProgram, locked: tuple[str, str]) -> None:
    path, token = locked

    assert drive.send("PUT", path, b"second", If=f"(<{token}>)").status_code == 204
    assert (
        drive.send("MOVE", path, Destination="/dav/g.txt", If=f"</dav/a/f.txt> (<{token}>)").status_code
        == 201
    )
    assert drive.send("PUT", "g.txt", b"free").status_code == 204


def test_what_was_deleted_and_restored_is_free(drive: DavProgram, locked: tuple[str, str]) -> None:
    path, token = locked
    assert drive.send("DELETE", path, If=f"(<{token}>)").status_code == 204
    (item,) = drive.client.get("/trash", headers=drive.headers).get_json()["entries"]
    drive.client.post(f"/trash/{item['id']}/restore", headers=drive.headers)

    assert drive.send("PUT", path, b"x").status_code == 204


def test_a_second_exclusive_lock_is_refused(drive: DavProgram, locked: tuple[str, str]) -> None:
    answer = drive.lock(locked[0])

    assert answer.status_code == 423
    assert "no-conflicting-lock" in answer.text
    assert drive.lock("a").status_code == 423
    assert drive.lock("a", Depth="0").status_code == 200


def test_shared_locks_are_shared(drive: DavProgram) -> None:
    drive.put("f")
    first, second = (drive.locked("f", "shared") for _ in range(2))

    assert first != second
    assert drive.lock("f").status_code == 423
    assert drive.send("PUT", "f", b"x").status_code == 423
    assert drive.send("PUT", "f", b"x", If=f"(<{second}>)").status_code == 204


def test_a_lock_of_what_is_not_there_makes_an_empty_file(drive: DavProgram) -> None:
    answer = drive.lock("new.txt")

    assert answer.status_code == 201
    assert drive.content("new.txt") == b""
    assert drive.lock("no/folder/new.txt").status_code == 409


def test_a_lock_of_a_folder_holds_for_what_is_in_it(drive: DavProgram) -> None:
    drive.mkcol("a")
    token = drive.locked("a")

    assert drive.send("PUT", "a/new", b"x").status_code == 423
    assert drive.send("MKCOL", "a/new").status_code == 423
    assert drive.send("PUT", "a/new", b"x", If=f"(<{token}>)").status_code == 201
    assert drive.send("PUT", "a/new", b"x", If=f"</dav/a/> (<{token}>)").status_code == 204


def test_a_flat_lock_of_a_folder_holds_for_its_members_only_when_they_come_and_go(drive: DavProgram) -> None:
    drive.mkcol("a")
    drive.put("a/f")
    drive.locked("a", Depth="0")

    assert drive.send("PUT", "a/f", b"x").status_code == 204
    assert drive.send("DELETE", "a/f").status_code == 423
    assert drive.send("PUT", "a/new", b"x").status_code == 423


def test_locks_are_discovered(drive: DavProgram, locked: tuple[str, str]) -> None:
    found = drive.found("a", f"{D}lockdiscovery", depth="1")

    (active,) = found["/dav/a/f.txt"][f"{D}lockdiscovery"]
    assert active.findtext(f"{D}locktoken/{D}href") == locked[1]
    assert active.findtext(f"{D}lockroot/{D}href") == "/dav/a/f.txt"
    assert active.findtext(f"{D}owner/{D}href") == "http://example.org/~ejw"
    assert len(found["/dav/a/"][f"{D}lockdiscovery"]) == 0


def test_a_lock_holds_an_hour_at_most_and_is_refreshed(
    app: Flask, drive: DavProgram, locked: tuple[str, str]
) -> None:
    path, token = locked
    refreshed = drive.send("LOCK", path, If=f"(<{token}>)", Timeout="Second-999999999, Infinite")
    assert refreshed.status_code == 200
    assert "<d:timeout>Second-3" in refreshed.text
    assert drive.send("LOCK", path, If="(<opaquelocktoken:other>)").status_code == 412
    with app.app_context():
        clock = runtime().clock
        runtime().clock = lambda: clock() + timedelta(hours=1, seconds=1)
    try:
        assert drive.send("PUT", path, b"late").status_code == 204
    finally:
        with app.app_context():
            runtime().clock = clock


def test_unlock_ends_a_lock(drive: DavProgram, locked: tuple[str, str]) -> None:
    path, token = locked

    assert drive.send("UNLOCK", path, Lock_Token="<opaquelocktoken:other>").status_code == 409
    assert drive.send("UNLOCK", path, Lock_Token=f"<{token}>").status_code == 204
    assert drive.send("PUT", path, b"x").status_code == 204
    assert drive.send("UNLOCK", path, Lock_Token=f"<{token}>").status_code == 409


def test_the_number_of_locks_is_limited(drive: DavProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cabinet.services.dav.locks.MAX_LOCKS", 2)
    for name in ("a", "b"):
        drive.locked(name)

    assert drive.lock("c").status_code == 409


def test_a_lock_of_another_user_binds_in_a_shared_folder(app: Flask, bob: Program, drive: DavProgram) -> None:
    drive.mkcol("team")
    drive.put("team/f.txt", b"first")
    with app.app_context():
        mount(db.session(), "alice", "team", "bob", "shared", ShareRole.EDITOR)
        mount(db.session(), "alice", "team", "bob", "seen", ShareRole.VIEWER)
    token = drive.locked("team")
    theirs = DavProgram(app, basic("bob"))

    assert theirs.send("PUT", "shared/f.txt", b"x").status_code == 423
    assert theirs.send("PUT", "shared/f.txt", b"x", If=f"(<{token}>)").status_code == 423
    assert token not in theirs.send("PROPFIND", "shared", Depth="0").text
    assert theirs.lock("seen/f.txt").status_code == 403
    assert theirs.value("seen", f"{OC}permissions") == "SMG"
    assert theirs.value("shared/f.txt", f"{OC}permissions") == "SGDNVW"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("(<opaquelocktoken:none>)", 412),
        ("(Not <DAV:no-lock>)", 204),
        ('(["{tag}"])', 204),
        ('(["other"])', 412),
        ('(["other"]) (["{tag}"])', 204),
        ('(["{tag}"] Not <DAV:no-lock>)', 204),
        ('</dav/missing> (["{tag}"])', 412),
        ('</dav/f> (["{tag}"])', 204),
        ('<http://localhost/dav/f> (Not ["{tag}"])', 412),
        ("nonsense", 400),
        ("()", 400),
        ("(<a>", 400),
        ('(["{tag}"]) (<a>', 204),
        ("", 400),
    ],
)
def test_the_header_if_is_a_condition(drive: DavProgram, header: str, status: int) -> None:
    drive.put("f", b"content")
    tag = (drive.value("f", f"{D}getetag") or "").strip('"')

    assert drive.send("PUT", "f", b"new", If=header.replace("{tag}", tag)).status_code == status


def test_locks_are_rows_that_other_processes_see(app: Flask, locked: tuple[str, str]) -> None:
    with app.app_context():
        assert [row.token for row in db.session().query(DavLock)] == [locked[1]]


def test_a_job_removes_expired_locks_of_all_users(app: Flask, drive: DavProgram) -> None:
    bob = DavProgram.of(app, "bob")
    for program in (drive, bob):
        program.put("f")
        program.put("held")
        program.locked("f", Timeout="Second-1")
        program.locked("held", Timeout="Second-3600")

    with app.app_context():
        now = runtime().clock() + timedelta(seconds=2)
        assert has_expired(db.session(), now)
        assert delete_expired(db.session(), now) == 2
        assert not has_expired(db.session(), now)
        assert db.session.query(DavLock).count() == 2
