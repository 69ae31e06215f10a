"""Files as Nextcloud's and ownCloud's apps have them: their addresses, their properties, and uploads in chunks.

The rows of the table of what the clients need are tested here one by one, because no phone can run in a test.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from flask import Flask
from sqlalchemy import select

from cabinet.extensions import db
from cabinet.models import Node
from tests.support.dav import DavProgram, prop_body
from tests.support.visitors import Browser, Program

pytestmark = pytest.mark.database

OC = "{http://owncloud.org/ns}"
D = "{DAV:}"
FILES = "/remote.php/dav/files/alice/"
UPLOADS = "/remote.php/dav/uploads/alice/"


@pytest.fixture
def uploads(app: Flask, alice: Program) -> DavProgram:
    """Return alice's app where it sends chunks."""
    return DavProgram(app, dict(alice.headers), UPLOADS)


def properties(files: DavProgram, path: str, *names: str) -> dict[str, str | None]:
    """Return the texts of some properties of one resource, None for those that it does not have."""
    answer = files.send("PROPFIND", path, prop_body(*names), Depth="0")
    assert answer.status_code == 207, answer.text
    assert answer.content_type == "application/xml; charset=utf-8"
    (response,) = fromstring(answer.data).findall(f"{D}response")
    found: dict[str, str | None] = dict.fromkeys(names)
    for propstat in response.findall(f"{D}propstat"):
        if "200" in (propstat.findtext(f"{D}status") or ""):
            for each in propstat.find(f"{D}prop") or ():
                found[each.tag] = each.text or ""
    return found


@pytest.mark.parametrize(
    "base",
    [FILES, "/remote.php/webdav/", "/remote.php//webdav/", "/remote.php/dav//files/ALICE//"],
)
def test_both_addresses_lead_to_the_same_files(app: Flask, alice: Program, base: str) -> None:
    app_of_alice = DavProgram(app, dict(alice.headers), base)

    app_of_alice.put("f", b"content")

    assert alice.get("/files/f").data == b"content"
    assert app_of_alice.send("GET", "f").data == b"content"
    assert app_of_alice.send("PROPFIND", "", Depth="1").status_code == 207


def test_files_of_another_user_are_not_found(files: DavProgram, bob: Program) -> None:
    files.put("f", b"content")

    for method in ("GET", "PROPFIND", "PUT", "DELETE"):
        answer = bob.request(method, f"{FILES}f", {"Depth": "0"})
        assert answer.status_code == 404, method
    for method in ("MKCOL", "DELETE", "PROPFIND"):
        assert bob.request(method, f"{UPLOADS}x").status_code == 404, method


def test_no_cookie_makes_an_actor(window: Browser, files: DavProgram) -> None:
    files.put("f", b"content")

    for path in (f"{FILES}f", "/remote.php/webdav/f", f"{UPLOADS}x"):
        assert window.client.get(path).status_code == 401
    assert files.send("GET", "f").status_code == 200


def test_a_file_has_its_own_number_and_an_id_that_lasts(app: Flask, files: DavProgram) -> None:
    put = files.send("PUT", "f", b"content")
    with app.app_context():
        number = db.session.scalar(select(Node.file_id).where(Node.name == "f"))

    found = properties(files, "f", f"{OC}id", f"{OC}fileid")

    assert found[f"{OC}fileid"] == str(number)
    assert re.fullmatch(rf"{number:08}oc[0-9a-f]{{10}}", found[f"{OC}id"] or "")
    assert put.headers["OC-FileId"] == found[f"{OC}id"]
    files.send("MOVE", "f", Destination=f"{FILES}g")
    assert properties(files, "g", f"{OC}id") == {f"{OC}id": found[f"{OC}id"]}


def test_permissions_are_the_letters_of_the_rights(
    files: DavProgram, alice: Program, bob: Program, app: Flask
) -> None:
    files.mkcol("d")
    files.put("d/f")
    shared = {"kind": "grant", "paths": ["d"], "to": {"user": "bob"}, "role": "viewer"}
    made = alice.request("POST", "/shares", json=shared).get_json()
    bob.request("POST", f"/shares/{made['id']}/accept")
    theirs = DavProgram(app, dict(bob.headers), "/remote.php/webdav/")

    assert properties(files, "d", f"{OC}permissions")[f"{OC}permissions"] == "RGDNVCK"
    assert properties(files, "d/f", f"{OC}permissions")[f"{OC}permissions"] == "RGDNVW"
    assert properties(theirs, "d", f"{OC}permissions")[f"{OC}permissions"] == "SMG"
    assert properties(theirs, "d/f", f"{OC}permissions")[f"{OC}permissions"] == "SG"


def test_answers_to_put_and_move_have_the_tag(files: DavProgram) -> None:
    put = files.send("PUT", "f", b"content", X_OC_Mtime="1500000000")
    moved = files.send("MOVE", "f", Destination=f"{FILES}g")

    assert put.headers["X-OC-MTime"] == "accepted"
    tag = properties(files, "g", f"{D}getetag")[f"{D}getetag"]
    assert put.headers["ETag"] == moved.headers["ETag"] == tag
    assert (
        properties(files, "g", f"{D}getlastmodified")[f"{D}getlastmodified"]
        == "Fri, 14 Jul 2017 02:40:00 GMT"
    )


def test_a_wrong_checksum_is_refused_with_an_error_of_sabre(files: DavProgram) -> None:
    wrong = files.send("PUT", "f", b"content", OC_Checksum=f"SHA256:{hashlib.sha256(b'other').hexdigest()}")
    right = files.send("PUT", "g", b"content", OC_Checksum=f"SHA256:{hashlib.sha256(b'content').hexdigest()}")

    assert wrong.status_code == 400
    assert "http://sabredav.org/ns" in wrong.text
    assert files.send("GET", "f").status_code == 404
    assert right.status_code == 201


# By the names of each client: ordinals, offsets, ranges, and those of version 2.
NAMES = {
    "Nextcloud": ["0000000000000000", "0000000000000001", "0000000000000010"],
    "ownCloud": ["0000000000000000", "0000000000000005", "0000000000000010"],
    "rclone": [
        "000000000000000-000000000000005",
        "000000000000005-000000000000010",
        "000000000000010-000000000000011",
    ],
    "version 2": ["1", "2", "10"],
}


@pytest.mark.parametrize("client", NAMES)
def test_chunks_become_a_file(uploads: DavProgram, files: DavProgram, alice: Program, client: str) -> None:
    first, second, third = NAMES[client]
    assert uploads.send("MKCOL", "t1").status_code == 201
    # Out of order, and one again.
    for name, content in ((third, b"!"), (first, b"wrong"), (second, b"world"), (first, b"hello")):
        assert uploads.send("PUT", f"t1/{name}", content).status_code == 201
    listed = uploads.send("PROPFIND", "t1/", Depth="1")
    assert re.findall(r"<d:href>[^<]*/([^</]+)</d:href>", listed.text) == [first, second, third]

    made = uploads.send(
        "MOVE",
        "t1/.file",
        Destination=f"http://localhost{FILES}f",
        OC_Total_Length="11",
        X_OC_Mtime="1500000000",
    )

    assert made.status_code == 201, made.text
    assert files.send("GET", "f").data == b"helloworld!"
    assert made.headers["ETag"] == properties(files, "f", f"{D}getetag")[f"{D}getetag"]
    assert made.headers["OC-FileId"] == properties(files, "f", f"{OC}id")[f"{OC}id"]
    assert made.headers["X-OC-MTime"] == "accepted"
    assert alice.get("/uploads").get_json() == {"uploads": []}
    assert alice.get("/me").get_json()["usage"] == 11
    assert uploads.send("PROPFIND", "t1", Depth="1").status_code == 404


def test_a_missing_chunk_makes_no_file(uploads: DavProgram, files: DavProgram) -> None:
    uploads.send("PUT", "t1/1", b"hello")

    answer = uploads.send("MOVE", "t1/.file", Destination=f"{FILES}f", OC_Total_Length="10")

    assert answer.status_code == 400
    assert files.send("GET", "f").status_code == 404
    assert uploads.send("PROPFIND", "t1", Depth="1").status_code == 207
    assert uploads.send("DELETE", "t1").status_code == 204
    assert uploads.send("PROPFIND", "t1", Depth="1").status_code == 404


def test_chunks_replace_a_file_only_as_it_was_seen(
    uploads: DavProgram, files: DavProgram, alice: Program
) -> None:
    tag = files.put("f", b"first").headers["ETag"]
    alice.put("/files/f", b"changed meanwhile")
    uploads.send("PUT", "t1/1", b"mine")

    late = uploads.send("MOVE", "t1/.file", Destination=f"{FILES}f", If_Match=tag)
    assert late.status_code == 412
    assert files.send("GET", "f").data == b"changed meanwhile"

    tag = files.send("HEAD", "f").headers["ETag"]
    assert uploads.send("MOVE", "t1/.file", Destination=f"{FILES}f", If_Match=tag).status_code == 204
    assert files.send("GET", "f").data == b"mine"


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA1", "MD5"])
def test_chunks_become_a_file_only_with_the_checksum_of_the_whole(
    uploads: DavProgram, files: DavProgram, alice: Program, algorithm: str
) -> None:
    files.put("f", b"before")
    for name, content in (("1", b"hello"), ("2", b"world")):
        uploads.send("PUT", f"t1/{name}", content)
    right = hashlib.new(algorithm.lower(), b"helloworld", usedforsecurity=False).hexdigest()
    wrong = hashlib.new(algorithm.lower(), b"world", usedforsecurity=False).hexdigest()

    refused = uploads.send("MOVE", "t1/.file", Destination=f"{FILES}f", OC_Checksum=f"{algorithm}:{wrong}")

    assert refused.status_code == 400
    assert "http://sabredav.org/ns" in refused.text
    assert files.content("f") == b"before"
    assert alice.get("/versions/f").get_json()["versions"][0]["number"] == 1
    # The chunks are kept, for they may be right and the header wrong.
    moved = uploads.send("MOVE", "t1/.file", Destination=f"{FILES}f", OC_Checksum=f"{algorithm}:{right}")
    assert moved.status_code == 204
    assert files.content("f") == b"helloworld"
    sums = "{http://owncloud.org/ns}checksums"
    found = files.found("f", sums)[f"{FILES}f"][sums]
    assert found[0].text == f"{algorithm}:{right}"
    assert (
        uploads.send("MOVE", "t1/.file", Destination=f"{FILES}f", OC_Checksum="SHA256:x").status_code == 400
    )


@pytest.mark.parametrize("name", ["..", "a%2Fb", "x", "1-", "-1", "1" * 21])
def test_only_numbers_are_names_of_chunks(uploads: DavProgram, name: str) -> None:
    answer = uploads.client.put(f"{UPLOADS}t1/{name}", data=b"x", headers=uploads.headers)

    assert answer.status_code in {404, 405, 422}, answer.text


def test_chunks_of_another_user_are_not_there(app: Flask, uploads: DavProgram, bob: Program) -> None:
    uploads.send("PUT", "t1/1", b"hers")
    theirs = DavProgram(app, dict(bob.headers), "/remote.php/dav/uploads/bob/")

    moved = theirs.send("MOVE", "t1/.file", Destination="/remote.php/dav/files/bob/f")

    assert moved.status_code == 404
    assert theirs.send("PROPFIND", "t1", Depth="1").status_code == 404


def test_what_is_announced_is_what_works(alice: Program) -> None:
    told: dict[str, Any] = alice.get(
        "/ocs/v1.php/cloud/capabilities?format=json", {"OCS-APIRequest": "true"}
    ).get_json()

    found = told["ocs"]["data"]["capabilities"]
    assert found["dav"] == {"chunking": "1.0"}
    assert found["checksums"] == {
        "supportedTypes": ["SHA256", "SHA1", "MD5"],
        "preferredUploadType": "SHA256",
    }
    assert found["files"] == {"bigfilechunking": True, "undelete": True, "versioning": True}
    # Neither tus nor bulk uploads; `test_sharing.py` is about sharing.
    assert set(found) == {"core", "theming", "dav", "checksums", "files", "files_sharing"}
