"""Write-only tokens and folder tokens."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest
from flask import Flask

from tests.support.operators import Operator
from tests.support.route_rights import TUS, made
from tests.support.visitors import Program, is_problem


@pytest.fixture
def drop(alice: Program) -> Mapping[str, str]:
    """Return the header of a token that only writes, where something is already."""
    alice.put("/files/taken.txt", b"what was there")
    return made(alice, scopes=["write"])


def test_a_write_only_token_creates_and_replaces_files(alice: Program, drop: Mapping[str, str]) -> None:
    new, old = (alice.put(f"/files/{name}", b"mine", drop) for name in ("new/a.txt", "taken.txt"))

    assert (new.status_code, old.status_code) == (201, 200)
    assert alice.get("/files/taken.txt").data == b"mine"
    # Nothing is lost by it.
    assert alice.get("/files/taken.txt?version=1").data == b"what was there"
    assert alice.put("/files/taken.txt?on_conflict=rename", b"a", drop).get_json()["path"] == "taken (2).txt"
    assert alice.put("/files/taken.txt?on_conflict=fail", b"a", drop).status_code == 409
    assert alice.upload([("by a form.txt", b"b")], "?folder=new", drop).status_code == 201


def test_a_write_only_token_learns_nothing_about_existing_files(
    alice: Program, drop: Mapping[str, str]
) -> None:
    alice.put("/files/secret/name.txt", b"x")
    before = alice.request("HEAD", "/files/taken.txt").headers
    for method, target in (
        ("GET", "/files"), ("GET", "/files/taken.txt"), ("HEAD", "/files/taken.txt"), ("HEAD", "/files/none"),
        ("GET", "/download/taken.txt"), ("GET", "/thumbnails/taken.txt"), ("GET", "/files/taken.txt?version=1"),
        ("GET", "/versions/taken.txt"), ("GET", "/trash"), ("GET", "/index"), ("GET", "/zip?path="), ("GET", "/uploads"),
    ):  # fmt: skip
        refused = alice.request(method, target, drop)
        assert refused.status_code == 403, target
        assert not {"ETag", "Last-Modified", "X-Content-Hash", "Repr-Digest"} & set(refused.headers.keys())
        assert "secret" not in refused.text
    # A condition on content would reveal it.
    for name, held in (("If-Match", 412), ("If-None-Match", 200)):
        for tag in (before["ETag"], '"another"'):
            probe = {**drop, name: tag}
            assert alice.put("/files/taken.txt", b"what was there", probe).status_code == held, (name, tag)
    assert alice.delete("/files/taken.txt", {**drop, "If-Match": before["ETag"]}).status_code == 412
    assert alice.put("/files/taken.txt", b"x", {**drop, "If-None-Match": "*"}).status_code == 412
    everything = {"folder": "secret", "except": [], "count": 9}
    for target, body in (("/trash", everything), ("/moves", {**everything, "to": "d/"})):
        refused = alice.request("POST", target, drop, json=body)
        assert refused.status_code == 403, refused.text
    moved = alice.request("POST", "/moves", drop, json={"from": ["taken.txt"], "to": "moved.txt"})
    (entry,) = moved.get_json()["entries"]
    assert (entry["content_hash"], entry["media_type"]) == (None, None)
    (thrown,) = alice.request("POST", "/trash", drop, json={"paths": ["moved.txt"]}).get_json()["entries"]
    assert thrown["content_hash"] is None
    assert alice.get("/me", drop).get_json()["usage"] is None


def test_a_resumable_upload_works_with_a_write_only_token(alice: Program, drop: Mapping[str, str]) -> None:
    name = base64.b64encode(b"big.bin").decode()
    created = alice.request(
        "POST", "/uploads", {**drop, **TUS, "Upload-Length": "4", "Upload-Metadata": f"filename {name}"}
    )
    assert created.status_code == 201, created.text
    part = {**drop, **TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    where = created.headers["Location"]

    assert alice.request("PATCH", where, part, data=b"abcd").status_code == 204
    assert alice.request("HEAD", where, {**drop, **TUS}).headers["Upload-Offset"] == "4"
    assert alice.request("GET", where, drop).status_code == 403
    assert alice.get("/files/big.bin").data == b"abcd"


def test_a_token_without_the_right_cannot_finish_an_upload(alice: Program) -> None:
    begun = {**TUS, "Upload-Length": "4"}
    where = alice.request("POST", "/uploads", {**made(alice, scopes=["write"]), **begun}).headers["Location"]
    part = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}

    refused = alice.request("PATCH", where, {**made(alice, scopes=["read", "share"]), **part}, data=b"abcd")

    assert is_problem(refused, 403, "forbidden")
    assert alice.paths() == []


def test_a_folder_token_names_nothing_outside_its_folder(alice: Program) -> None:
    for path in ("d/e/inside.txt", "outside.txt", "other/inside.txt"):
        alice.put(f"/files/{path}", b"content of it")
    alice.delete("/files/other/inside.txt")
    token = made(alice, folder="d/e")

    assert [entry["path"] for entry in alice.get("/files?recursive=1", token).get_json()["entries"]] == [
        "inside.txt"
    ]
    assert [entry["path"] for entry in alice.get("/search?q=inside", token).get_json()["entries"]] == [
        "inside.txt"
    ]
    for path in ("outside.txt", "d", "d/e", "e", "other"):
        assert is_problem(alice.get(f"/files/{path}", token), 404, "not-found")
    put = alice.put("/files/sub/new.txt", b"1", token)
    assert put.headers["Location"].endswith("/files/sub/new.txt")
    assert alice.get("/files/d/e/sub/new.txt").data == b"1"
    assert (
        alice.request("POST", "/trash", token, json={"paths": ["sub"]}).get_json()["entries"][0]["from"]
        == "sub"
    )
    [trashed] = [each for each in alice.get("/trash").get_json()["entries"] if each["name"] == "sub"]
    assert alice.request("POST", f"/trash/{trashed['id']}/restore", token).get_json()["path"] == "sub"
    # The totals of the account are not revealed either.
    me = alice.get("/me", token).get_json()
    assert (me["username"], me["usage"], me["quota"]) == ("alice", None, None)
    page = alice.get("/index", {**token, "Accept": "text/html"})
    assert "inside.txt" in page.text
    assert "outside" not in page.text
    assert 'id="usage"' not in page.text


def test_a_full_space_reveals_no_numbers_to_a_folder_token(app: Flask, alice: Program) -> None:
    alice.put("/files/d/f", b"x" * 100)
    Operator(app).run("users", "set-quota", "alice", "150")

    refused = alice.put("/files/g", b"x" * 100, made(alice, folder="d"))

    assert refused.status_code == 507
    assert "150" not in refused.text
    assert "quota" not in refused.get_json()


def test_a_folder_token_gets_404_while_its_folder_is_trashed_and_401_once_purged(
    alice: Program,
) -> None:
    alice.put("/files/d/f", b"content")
    token = made(alice, folder="d")
    alice.delete("/files/d")

    for method, target in (
        ("GET", "/files"), ("GET", "/files/f"), ("PUT", "/files/new"), ("GET", "/search?q=f"), ("GET", "/zip?path="),
        ("GET", "/index"), ("DELETE", "/files/f"),
    ):  # fmt: skip
        assert is_problem(alice.request(method, target, token, data=b"x"), 404, "not-found"), target
    (shown,) = alice.get("/tokens").get_json()["tokens"]
    assert (shown["folder"], shown["folder_trashed"]) == ("d", True)
    alice.put("/files/d/another", b"in a folder of that name")
    assert alice.get("/files", token).status_code == 404

    assert alice.delete("/trash").status_code == 204
    for target in ("/files", "/files/another", "/me"):
        assert is_problem(alice.get(target, token), 401, "wrong-credentials")
    assert alice.get("/tokens").get_json() == {"tokens": []}
