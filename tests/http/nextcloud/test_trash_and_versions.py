"""The trash and old versions, as the apps of phones list and restore them by WebDAV."""

from __future__ import annotations

from urllib.parse import unquote
from xml.etree.ElementTree import Element

import pytest
from flask import Flask

from tests.support.dav import DavProgram
from tests.support.ocs import OcsProgram
from tests.support.visitors import Program

pytestmark = pytest.mark.database

D, OC, NC = "{DAV:}", "{http://owncloud.org/ns}", "{http://nextcloud.org/ns}"
TRASH = "/remote.php/dav/trashbin/alice/"
VERSIONS = "/remote.php/dav/versions/alice/"
FILES = "/remote.php/dav/files/alice/"
ASKED = (
    f"{D}getcontentlength", f"{D}resourcetype", f"{OC}fileid", f"{NC}trashbin-filename",
    f"{NC}trashbin-original-location", f"{NC}trashbin-deletion-time", f"{D}getlastmodified",
)  # fmt: skip


@pytest.fixture
def trash(app: Flask, alice: Program) -> DavProgram:
    """Return alice's app at its address of the trash."""
    return DavProgram(app, dict(alice.headers), TRASH)


@pytest.fixture
def versions(app: Flask, alice: Program) -> DavProgram:
    """Return alice's app at its address of versions."""
    return DavProgram(app, dict(alice.headers), VERSIONS)


def items(trash: DavProgram) -> dict[str, dict[str, Element]]:
    """Return the properties of everything in the trash by name, that of the item in the address."""
    found = trash.found("trash/", *ASKED, depth="1")
    assert f"{TRASH}trash/" in found
    return {unquote(href).removeprefix(f"{TRASH}trash/"): held for href, held in found.items() if href != f"{TRASH}trash/"}  # fmt: skip


def test_deleted_files_are_listed_with_where_they_were(
    trash: DavProgram, files: DavProgram, alice: Program
) -> None:
    alice.put("/files/папка/a <b>", b"content")
    alice.put("/files/папка/deep/x", b"1234")
    number = files.value("папка/a <b>", f"{OC}fileid")
    assert items(trash) == {}
    alice.delete("/files/папка/a <b>")
    alice.delete("/files/папка/deep")

    deep, file = (
        {name: each.text for name, each in held.items()} for held in items(trash).values()
    )  # fmt: skip

    assert file[f"{NC}trashbin-filename"] == "a <b>"
    assert file[f"{NC}trashbin-original-location"] == "папка/a <b>"
    assert (file[f"{D}getcontentlength"], file[f"{OC}fileid"]) == ("7", number)
    (newest, _older) = alice.get("/trash").get_json()["entries"]
    assert newest["from"] == deep[f"{NC}trashbin-original-location"] == "папка/deep"
    assert deep[f"{D}getcontentlength"] == "4"
    assert (deep[f"{NC}trashbin-deletion-time"] or "").isdigit()
    folder, _file = items(trash).values()
    assert folder[f"{D}resourcetype"].find(f"{D}collection") is not None


def test_many_items_are_listed(trash: DavProgram, alice: Program) -> None:
    alice.upload([(f"{number}", b"") for number in range(1000)])
    alice.upload([("last", b"")])
    for path in ("last", *range(4)):
        alice.delete(f"/files/{path}")
    alice.request("POST", "/trash", json={"paths": [str(number) for number in range(4, 1000)]})

    assert len(items(trash)) == 1001


def test_an_item_is_restored_where_it_was(trash: DavProgram, files: DavProgram) -> None:
    files.mkcol("d")
    files.put("d/f", b"content")
    files.send("DELETE", "d/f")
    (item,) = items(trash)

    # Anywhere else is refused, and nothing happens.
    for wrong in (f"{FILES}f", f"{TRASH}trash/f", f"{VERSIONS}restore/f", "http://other.example/restore/f"):
        answer = trash.send("MOVE", f"trash/{item}", Destination=wrong)
        assert answer.status_code == 403, wrong
    assert trash.send("MOVE", f"trash/{item}").status_code == 400
    assert files.content("d/f") is None

    restored = trash.send("MOVE", f"trash/{item}", Destination=f"http://localhost{TRASH}restore/f")

    assert restored.status_code == 201
    assert files.content("d/f") == b"content"
    assert items(trash) == {}
    assert trash.send("MOVE", f"trash/{item}", Destination=f"{TRASH}restore/f").status_code == 404


def test_restoring_replaces_nothing(trash: DavProgram, files: DavProgram, alice: Program) -> None:
    files.put("f", b"deleted")
    files.send("DELETE", "f")
    files.put("f", b"new")
    (item,) = items(trash)

    trash.send("MOVE", f"trash/{item}", Destination=f"{TRASH}restore/f", Overwrite="T")

    assert files.content("f") == b"new"
    assert files.content("f (2)") == b"deleted"


def test_a_locked_folder_takes_nothing_back(trash: DavProgram, files: DavProgram) -> None:
    files.mkcol("d")
    files.put("d/f", b"content")
    files.send("DELETE", "d/f")
    (item,) = items(trash)
    token = files.locked("d")

    assert trash.send("MOVE", f"trash/{item}", Destination=f"{TRASH}restore/f").status_code == 423
    assert files.content("d/f") is None
    files.send("UNLOCK", "d", Lock_Token=f"<{token}>")
    assert trash.send("MOVE", f"trash/{item}", Destination=f"{TRASH}restore/f").status_code == 201


def test_items_are_deleted_for_good_one_or_all(trash: DavProgram, files: DavProgram) -> None:
    for name in ("a", "b", "c"):
        files.put(name)
        files.send("DELETE", name)
    first, *_others = items(trash)

    assert trash.send("DELETE", f"trash/{first}").status_code == 204
    assert first not in items(trash)
    assert len(items(trash)) == 2
    assert trash.send("DELETE", "trash").status_code == 204
    assert items(trash) == {}


def test_a_token_that_may_only_write_restores_and_deletes_nothing_for_good(
    app: Flask, alice: Program, files: DavProgram
) -> None:
    files.put("f")
    files.send("DELETE", "f")
    made = alice.request("POST", "/tokens", json={"name": "x", "scopes": ["read", "write"]}).get_json()
    trash = DavProgram(app, {"Authorization": f"Bearer {made['token']}"}, TRASH)
    (item,) = items(trash)

    assert trash.send("DELETE", f"trash/{item}").status_code == 403
    assert trash.send("DELETE", "trash").status_code == 403
    assert trash.send("MOVE", f"trash/{item}", Destination=f"{TRASH}restore/f").status_code == 201
    assert files.content("f") == b"content"


def test_the_trash_and_versions_of_others_are_not_there(
    app: Flask, trash: DavProgram, files: DavProgram, bob: Program
) -> None:
    files.put("f", b"one")
    files.put("f", b"two")
    number = files.value("f", f"{OC}fileid")
    files.put("g")
    files.send("DELETE", "g")
    (item,) = items(trash)
    of_bob = DavProgram(app, dict(bob.headers), "/remote.php/dav/")

    for method, path, to in (
        ("PROPFIND", f"trashbin/bob/trash/{item}", ""),
        ("MOVE", f"trashbin/bob/trash/{item}", "/remote.php/dav/trashbin/bob/restore/x"),
        ("DELETE", f"trashbin/bob/trash/{item}", ""),
        ("PROPFIND", "trashbin/alice/trash/", ""),
        ("PROPFIND", f"versions/bob/versions/{number}/", ""),
        ("GET", f"versions/bob/versions/{number}/1", ""),
        ("MOVE", f"versions/bob/versions/{number}/1", "/remote.php/dav/versions/bob/restore/x"),
        ("PROPFIND", f"versions/alice/versions/{number}/", ""),
    ):
        assert of_bob.send(method, path, Destination=to).status_code == 404, (method, path)
    assert files.content("f") == b"two"


def old(versions: DavProgram, number: str | None) -> dict[str, str | None]:
    """Return the sizes of the old versions of a file by their names."""
    name, begin = f"{D}getcontentlength", f"{VERSIONS}versions/{number}/"
    found = versions.found(f"versions/{number}/", name, f"{D}getlastmodified", depth="1")
    assert begin in found
    return {href.removeprefix(begin): held[name].text for href, held in found.items() if href != begin}


def test_old_versions_are_listed_read_and_restored(versions: DavProgram, files: DavProgram) -> None:
    for content in (b"first", b"second!", b"third"):
        files.put("f", content)
    number = files.value("f", f"{OC}fileid")

    assert old(versions, number) == {"2": "7", "1": "5"}
    answer = versions.send("GET", f"versions/{number}/1")
    assert (answer.status_code, answer.data) == (200, b"first")
    assert answer.headers["Content-Disposition"].startswith("attachment")

    assert versions.send("MOVE", f"versions/{number}/1", Destination=f"{FILES}f").status_code == 403
    restored = versions.send("MOVE", f"versions/{number}/1", Destination=f"{VERSIONS}restore/{number}")

    assert restored.status_code == 201
    assert files.content("f") == b"first"
    assert list(old(versions, number)) == ["3", "2", "1"]
    assert versions.send("GET", f"versions/{number}/3").data == b"third"


def test_a_locked_file_keeps_its_content(versions: DavProgram, files: DavProgram) -> None:
    for content in (b"first", b"second"):
        files.put("f", content)
    number = files.value("f", f"{OC}fileid")
    token = files.locked("f")
    move = ("MOVE", f"versions/{number}/1")

    assert versions.send(*move, Destination=f"{VERSIONS}restore/x").status_code == 423
    assert files.content("f") == b"second"
    held = versions.send(*move, Destination=f"{VERSIONS}restore/x", If=f"(<{token}>)")
    assert held.status_code == 201


def test_versions_are_found_behind_a_mount_by_those_who_may_change(
    app: Flask, files: DavProgram, alice: Program, bob: Program
) -> None:
    files.mkcol("d")
    for content in (b"first", b"second"):
        files.put("d/f", content)
    number = files.value("d/f", f"{OC}fileid")
    body = {"kind": "grant", "paths": ["d"], "to": {"user": "bob"}, "role": "viewer"}
    made = alice.request("POST", "/shares", json=body).get_json()
    bob.request("POST", f"/shares/{made['id']}/accept")
    of_bob = DavProgram(app, dict(bob.headers), "/remote.php/dav/versions/bob/")

    assert of_bob.send("PROPFIND", f"versions/{number}", Depth="1").status_code == 403
    assert of_bob.send("GET", f"versions/{number}/1").status_code == 403
    alice.request("PATCH", f"/shares/{made['id']}", json={"role": "editor"})
    assert of_bob.send("GET", f"versions/{number}/1").data == b"first"
    to = "/remote.php/dav/versions/bob/restore/x"
    assert of_bob.send("MOVE", f"versions/{number}/1", Destination=to).status_code == 201
    assert files.content("d/f") == b"first"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PROPFIND", "versions/1/", 404), ("PROPFIND", "versions/x/", 404), ("PROPFIND", "versions/", 404),
        ("GET", "versions/{}/9", 404), ("GET", "versions/{}/x", 404), ("GET", f"versions/{{}}/{'9' * 30}", 404),
        ("GET", "versions/{}", 405), ("PUT", "versions/{}/1", 405), ("DELETE", "versions/{}/1", 405),
        ("PROPFIND", "other/{}", 404),
    ],
)  # fmt: skip
def test_whatever_else_is_asked_of_versions_is_refused(
    versions: DavProgram, files: DavProgram, method: str, path: str, status: int
) -> None:
    files.put("f", b"first")
    files.put("f", b"second")

    answer = versions.send(method, path.format(files.value("f", f"{OC}fileid")), Depth="1")

    assert answer.status_code == status, answer.text
    assert files.content("f") == b"second"


def test_the_trash_is_announced_to_those_who_see_it(alice: Program) -> None:
    def told() -> list[bool]:
        """Return what the capabilities say."""
        found = OcsProgram(alice).send("GET", "cloud/capabilities")["capabilities"]["files"]
        return [found["undelete"], found["versioning"]]

    assert told() == [True, True]
    alice.put("/files/d/f")
    made = alice.request("POST", "/tokens", json={"name": "x", "folder": "d"}).get_json()
    alice.headers = {"Authorization": f"Bearer {made['token']}"}
    assert told() == [False, False]
    assert alice.request("PROPFIND", f"{TRASH}trash/", {"Depth": "1"}).status_code == 403
