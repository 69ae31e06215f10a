"""Files and folders by WebDAV: read, write, remove, copy, move."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.auth import AuthActions
from tests.support.dav import D, DavProgram, prop_body
from tests.support.visitors import Program

pytestmark = pytest.mark.database


def test_options_announces_what_windows_and_finder_ask_for(drive: DavProgram) -> None:
    answer = drive.send("OPTIONS")

    assert answer.headers["MS-Author-Via"] == "DAV"
    assert {"PROPFIND", "MOVE"} <= set(answer.headers["Allow"].split(", "))


def test_a_file_is_stored_read_and_replaced(drive: DavProgram) -> None:
    assert drive.send("PUT", "a b.txt", b"one").status_code == 201
    assert drive.content("a b.txt") == b"one"
    assert drive.send("PUT", "a b.txt", b"two").status_code == 204
    assert drive.content("a b.txt") == b"two"


def test_etags_equal_those_of_the_json_face(app: Flask, drive: DavProgram) -> None:
    drive.mkcol("folder")
    drive.put("folder/f.txt")
    listed = drive.client.get("/files", headers=drive.headers).get_json()["entries"][0]["etag"]
    stored = drive.client.get("/files/folder/f.txt", headers=drive.headers, buffered=True).headers["ETag"]

    assert drive.value("folder", f"{D}getetag") == f'"{listed}"'
    assert drive.value("folder/f.txt", f"{D}getetag") == stored


def test_a_change_below_changes_the_tags_of_all_folders_above(drive: DavProgram) -> None:
    drive.mkcol("a")
    drive.mkcol("a/b")
    before = [drive.value(path, f"{D}getetag") for path in ("", "a", "a/b")]
    drive.put("a/b/f.txt")
    after = [drive.value(path, f"{D}getetag") for path in ("", "a", "a/b")]

    assert all(old != new for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize("method", ["PUT", "MKCOL"])
def test_nothing_is_made_without_the_folder_above_it(drive: DavProgram, method: str) -> None:
    assert drive.send(method, "missing/new").status_code == 409
    assert drive.send("PROPFIND", "missing", Depth="0").status_code == 404


def test_a_folder_is_made_once_and_without_a_body(drive: DavProgram) -> None:
    assert drive.send("MKCOL", "new", b"<x/>").status_code == 415
    assert drive.send("MKCOL", "new").status_code == 201
    assert drive.send("MKCOL", "new").status_code == 405


def test_a_deleted_folder_goes_to_the_trash(drive: DavProgram) -> None:
    drive.mkcol("folder")
    drive.put("folder/f.txt")

    assert drive.send("DELETE", "folder/").status_code == 204
    assert drive.send("PROPFIND", "folder", Depth="0").status_code == 404
    trashed = drive.client.get("/trash", headers=drive.headers).get_json()["entries"]
    assert [entry["name"] for entry in trashed] == ["folder"]


def test_the_root_and_what_is_missing_are_not_deleted(drive: DavProgram) -> None:
    assert drive.send("DELETE", "").status_code == 403
    assert drive.send("DELETE", "nothing").status_code == 404


@pytest.mark.parametrize(("method", "stays"), [("COPY", True), ("MOVE", False)])
def test_a_folder_replaces_another_as_a_whole(drive: DavProgram, method: str, stays: bool) -> None:
    for folder, name in (("a", "new.txt"), ("b", "old.txt")):
        drive.mkcol(folder)
        drive.put(f"{folder}/{name}")

    assert drive.send(method, "a", Destination="/dav/b/", Overwrite="F").status_code == 412
    assert drive.content("b/old.txt") is not None
    assert drive.send(method, "a", Destination="http://localhost/dav/b/").status_code == 204
    assert set(drive.found("b", depth="1")) == {"/dav/b/", "/dav/b/new.txt"}
    assert (drive.content("a/new.txt") is not None) == stays


def test_a_shallow_copy_has_no_members(drive: DavProgram) -> None:
    drive.mkcol("a")
    drive.put("a/f.txt")

    assert drive.send("COPY", "a", Destination="/dav/c", Depth="0").status_code == 201
    assert set(drive.found("c", depth="1")) == {"/dav/c/"}


@pytest.mark.parametrize(
    ("destination", "status"),
    [
        ("/dav/a", 403),
        ("/dav/a/inside", 403),
        ("/dav/", 403),
        ("/dav/no/where", 409),
        ("/elsewhere/x", 502),
        ("http://other.example/dav/x", 502),
        ("", 400),
    ],
)
def test_a_destination_must_be_another_place_of_the_drive(
    drive: DavProgram, destination: str, status: int
) -> None:
    drive.mkcol("a")

    assert drive.send("MOVE", "a", Destination=destination).status_code == status
    assert drive.send("PROPFIND", "a", Depth="0").status_code == 207


def test_a_part_of_a_file_is_refused(drive: DavProgram) -> None:
    drive.put("f.txt", b"whole")

    assert drive.send("PUT", "f.txt", b"xx", Content_Range="bytes 0-1/5").status_code == 400
    assert drive.content("f.txt") == b"whole"


def test_the_time_of_the_client_is_kept(drive: DavProgram) -> None:
    answer = drive.put("f.txt", X_OC_Mtime="1000000000")

    assert answer.headers["X-OC-MTime"] == "accepted"
    assert drive.value("f.txt", f"{D}getlastmodified") == "Sun, 09 Sep 2001 01:46:40 GMT"


@pytest.mark.parametrize(
    ("checksum", "status"),
    [
        ("MD5:9a0364b9e99bb480dd25e1f0284c8555", 201),
        ("sha1:040F06FD774092478D450774F5BA30C5DA78ACC8", 201),
        ("MD5:00000000000000000000000000000000", 400),
        ("SHA1:9a0364b9e99bb480dd25e1f0284c8555", 400),
        ("CRC:1", 400),
    ],
)
def test_an_announced_checksum_is_verified(drive: DavProgram, checksum: str, status: int) -> None:
    assert drive.send("PUT", "f.txt", b"content", OC_Checksum=checksum).status_code == status
    assert drive.content("f.txt") == (b"content" if status == 201 else None)


def test_preconditions_hold_for_files_and_folders(drive: DavProgram) -> None:
    drive.mkcol("a")
    tag = drive.value("a", f"{D}getetag") or ""

    assert drive.send("DELETE", "a", If_Match='"other"').status_code == 412
    assert drive.send("PUT", "f", b"", If_Match="*").status_code == 412
    assert drive.send("DELETE", "a", If_Match=tag).status_code == 204


def test_no_cookie_makes_an_actor(app: Flask) -> None:
    client = app.test_client()
    AuthActions(client).become("alice")

    answer = client.open("/dav/", method="PROPFIND", headers={"Depth": "0", "Accept": "text/html"})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_infinite_depth_is_refused(drive: DavProgram) -> None:
    answer = drive.send("PROPFIND", "")

    assert answer.status_code == 403
    assert "propfind-finite-depth" in answer.text


@pytest.mark.parametrize(
    "body",
    [
        "<propfind",
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><propfind xmlns="DAV:"><prop><x>&a;</x></prop></propfind>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><propfind xmlns="DAV:"><allprop/></propfind>',
        "<a>" * 40 + "</a>" * 40,
        '<?xml version="1.0" encoding="nonsense"?><propfind xmlns="DAV:"/>',
        '<other xmlns="DAV:"/>',
        '<propfind xmlns="DAV:"><allprop/><propname/></propfind>',
    ],
)
def test_xml_that_is_damaged_deep_or_a_bomb_is_refused(drive: DavProgram, body: str) -> None:
    assert drive.send("PROPFIND", "", body, Depth="0").status_code == 400


def test_a_huge_xml_body_is_refused(drive: DavProgram) -> None:
    assert drive.send("PROPFIND", "", b" " * (300 << 10), Depth="0").status_code == 413


def test_names_of_properties_are_listed(drive: DavProgram) -> None:
    answer = drive.send("PROPFIND", "", '<propfind xmlns="DAV:"><propname/></propfind>', Depth="0")

    assert "<d:resourcetype/>" in answer.text


def test_the_quota_is_told(app: Flask, make_app: MakeApp) -> None:
    drive = DavProgram.of(make_app(USER_QUOTA=1000), "carol")
    drive.put("f", b"x" * 100)

    assert drive.value("", f"{D}quota-used-bytes") == "100"
    assert drive.value("", f"{D}quota-available-bytes") == "900"
    assert drive.send("PUT", "big", b"x" * 1000).status_code == 507


def test_a_folder_larger_than_a_page_is_listed_as_a_whole(
    drive: DavProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.services.dav.resources.FIRST_PAGE", 2)
    monkeypatch.setattr("cabinet.services.dav.resources.PAGE", 3)
    names = [f"f{number}" for number in range(9)]
    for name in names:
        drive.put(name)
    for name in ("a", "b", "c"):
        drive.mkcol(name)

    listed = drive.found("", f"{D}getetag", depth="1")

    assert set(listed) == {"/dav/", "/dav/a/", "/dav/b/", "/dav/c/", *(f"/dav/{name}" for name in names)}


@pytest.mark.parametrize(
    "name",
    ["😀.txt", "日本語.txt", "Отчёт №5.pdf", "-rf", "$(id)", "{{7*7}}", "%s", "a\"b;c'd%.txt", "<b>&amp;"],
)
def test_hostile_names_come_back_as_they_are(drive: DavProgram, name: str) -> None:
    drive.put(name, b"x")

    assert [props[f"{D}displayname"].text for props in drive.found(name, f"{D}displayname").values()] == [
        name
    ]
    assert drive.content(name) == b"x"


@pytest.mark.parametrize("target", ["..%2f..%2fx", "%2e%2e/x", "a%00b", "a%0d%0aX:%20y", "a%5cb"])
def test_names_that_are_none_store_nothing(drive: DavProgram, target: str) -> None:
    answer = drive.client.put(f"/dav/{target}", data=b"x", headers=drive.headers)

    assert answer.status_code in {404, 409, 422}
    assert set(drive.found("", depth="1")) == {"/dav/"}


def test_double_slashes_count_as_one(drive: DavProgram) -> None:
    drive.mkcol("a")
    drive.put("a/f.txt", b"x")

    assert drive.content("/a//f.txt") == b"x"


def test_a_fragment_never_deletes_its_folder(drive: DavProgram) -> None:
    drive.mkcol("a")
    answer = drive.client.open(
        "/dav/a/", method="DELETE", headers=drive.headers, environ_overrides={"RAW_URI": "/dav/a/#f"}
    )

    assert answer.status_code == 400
    assert drive.send("PROPFIND", "a", Depth="0").status_code == 207


@pytest.mark.parametrize("name", ["._f", ".DS_Store", "Thumbs.db", "~$doc.docx"])
def test_files_of_systems_are_taken_unless_the_operator_refuses_them(make_app: MakeApp, name: str) -> None:
    assert DavProgram.of(make_app(), "carol").send("PUT", name, b"x").status_code == 201
    refusing = DavProgram.of(make_app(DAV_SYSTEM_FILES="refuse"), "dave")
    assert refusing.send("PUT", name, b"x").status_code == 403
    assert refusing.send("PUT", "f", b"x").status_code == 201
    assert refusing.send("MOVE", "f", Destination=f"/dav/{name}").status_code == 403


def test_a_drive_below_a_path_has_addresses_with_it(drive: DavProgram) -> None:
    drive.put("f.txt")
    answer = drive.client.open(
        "/dav/",
        method="PROPFIND",
        data=prop_body(f"{D}getetag"),
        headers={**drive.headers, "Depth": "1"},
        environ_overrides={"SCRIPT_NAME": "/outer"},
    )
    assert "<d:href>/outer/dav/f.txt</d:href>" in answer.text
    moved = drive.client.open(
        "/dav/f.txt",
        method="MOVE",
        headers={**drive.headers, "Destination": "http://localhost/outer/dav/g.txt"},
        environ_overrides={"SCRIPT_NAME": "/outer"},
    )
    assert moved.status_code == 201


@pytest.mark.parametrize("scopes", [["read"], ["write"], ["read", "write"]])
def test_a_token_may_do_what_its_scopes_say(app: Flask, drive: DavProgram, scopes: list[str]) -> None:
    drive.put("f.txt", b"x")
    made = drive.client.post("/tokens", json={"name": "t", "scopes": scopes}, headers=drive.headers)
    token = DavProgram(app, {"Authorization": f"Bearer {made.get_json()['token']}"})

    assert (token.send("GET", "f.txt").status_code == 200) == ("read" in scopes)
    assert (token.send("PUT", "new", b"x").status_code == 201) == ("write" in scopes)
    assert (token.send("PROPFIND", "", Depth="1").status_code == 207) == ("read" in scopes)


def test_strangers_have_a_drive_of_their_own(drive: DavProgram, bob: Program, app: Flask) -> None:
    drive.put("f.txt", b"x")

    assert bob.client.open("/dav/f.txt", method="GET").status_code in {401, 404}
