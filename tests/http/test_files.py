"""`PUT` and `DELETE /files/<path>`: store and delete one file.

Rule: a status is never tested alone; the stored state is checked too.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.test import TestResponse

from cabinet.storage.content_hash import hash_chunks
from tests.conftest import MakeApp
from tests.support.visitors import Program, is_problem

CONTENT = b"0123456789"
ETAG = f'"{hash_chunks([CONTENT])}"'
OTHER = b"something else"


def sha256(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def test_put_creates_a_file_and_returns_its_location(alice: Program) -> None:
    before = datetime.now(UTC)

    response = alice.put("/files/docs/report.pdf", CONTENT)

    entry = response.get_json()
    assert response.status_code == 201
    assert response.headers["Location"] == "/files/docs/report.pdf"
    assert response.headers["ETag"] == ETAG
    times = entry.pop("created_at"), entry.pop("modified_at")
    assert times[0] == times[1]
    assert before <= datetime.fromisoformat(times[0]) <= datetime.now(UTC)
    assert times[0].endswith("Z")
    assert entry == {
        "kind": "file",
        "name": "report.pdf",
        "path": "docs/report.pdf",
        "size": 10,
        "content_hash": hash_chunks([CONTENT]),
        "media_type": "application/pdf",
        "url": "/files/docs/report.pdf",
    }
    assert alice.get(response.headers["Location"]).data == CONTENT


def test_an_entry_has_exactly_the_documented_members_in_order(alice: Program) -> None:
    alice.put("/files/docs/f", CONTENT)

    file, folder = (
        alice.get("/files/docs").get_json()["entries"][0],
        alice.get("/files").get_json()["entries"][0],
    )

    members = [
        "kind",
        "name",
        "path",
        "size",
        "content_hash",
        "media_type",
        "created_at",
        "modified_at",
        "url",
    ]
    assert list(file) == members
    assert list(folder) == [*members, "tree_size", "tree_files", "child_count", "etag"]
    assert (folder["tree_size"], folder["tree_files"], folder["child_count"]) == (len(CONTENT), 1, 1)
    assert (folder["kind"], folder["size"], folder["content_hash"], folder["media_type"]) == (
        "folder", None, None, None,
    )  # fmt: skip
    assert folder["url"] == "/files/docs"


def test_put_replaces_an_existing_file(alice: Program) -> None:
    alice.put("/files/f", CONTENT)

    response = alice.put("/files/f", OTHER)

    assert response.status_code == 200
    assert response.headers["ETag"] == f'"{hash_chunks([OTHER])}"'
    assert alice.get("/files/f").data == OTHER


def test_on_conflict_is_followed(alice: Program) -> None:
    alice.put("/files/report.pdf", CONTENT)

    renamed = alice.put("/files/report.pdf?on_conflict=rename", OTHER)
    refused = alice.put("/files/report.pdf?on_conflict=fail", OTHER)
    replaced = alice.put("/files/report.pdf?on_conflict=replace", OTHER)

    assert (renamed.status_code, renamed.headers["Location"]) == (201, "/files/report%20(2).pdf")
    assert is_problem(refused, 409, "entry-exists")
    assert replaced.status_code == 200
    assert is_problem(alice.put("/files/x?on_conflict=perhaps"), 422, "invalid-field")
    assert alice.paths() == ["report (2).pdf", "report.pdf"]


@pytest.mark.parametrize("path", ["folder", "file/below", "folder/file/below"])
def test_put_on_a_folder_or_below_a_file_is_a_conflict(alice: Program, path: str) -> None:
    alice.put("/files/file", CONTENT)
    alice.put("/files/folder/file", CONTENT)

    response = alice.put(f"/files/{path}", OTHER)

    assert is_problem(response, 409, "is-a-folder" if path == "folder" else "not-a-folder")
    assert alice.paths() == ["folder", "folder/file", "file"]


def test_conditions_of_a_put_are_honored(alice: Program) -> None:
    def put(**conditions: str) -> TestResponse:
        headers = {name.replace("_", "-"): value for name, value in conditions.items()}
        return alice.put("/files/f", CONTENT, headers)

    assert is_problem(put(If_Match="*"), 412, "precondition-failed")
    assert is_problem(put(If_Match=ETAG), 412, "precondition-failed")
    assert alice.paths() == []
    assert put(If_None_Match="*").status_code == 201
    assert is_problem(put(If_None_Match="*"), 412, "precondition-failed")
    assert is_problem(put(If_None_Match=ETAG), 412, "precondition-failed")
    assert is_problem(put(If_Match='"another"'), 412, "precondition-failed")
    assert is_problem(put(If_Match=f"W/{ETAG}"), 412, "precondition-failed")
    assert put(If_Match=ETAG).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Digest": sha256(OTHER)},
        {"Repr-Digest": sha256(OTHER)},
        {"Repr-Digest": f"sha-512=:AAAA:, {sha256(OTHER)}"},
        {"X-Content-Hash": hash_chunks([OTHER])},
    ],
    ids=["of the body", "of the content", "beside another", "content hash"],
)
def test_bytes_that_do_not_match_their_digest_are_not_stored(alice: Program, headers: dict[str, str]) -> None:
    alice.put("/files/old", CONTENT)

    for path in ("/files/new", "/files/old"):
        assert is_problem(alice.put(path, b"damaged on the way", headers), 422, "digest-mismatch")

    assert alice.paths() == ["old"]
    assert alice.get("/files/old").data == CONTENT
    assert alice.put("/files/new", OTHER, headers).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Digest": "sha-256=nothing"},
        {"Repr-Digest": "sha-256=:AAAA:"},
        {"X-Content-Hash": "abc"},
        {"X-Content-Hash": "é" * 64},
        {"Content-Digest": sha256(CONTENT), "Repr-Digest": sha256(OTHER)},
    ],
    ids=str,
)
def test_an_invalid_digest_is_refused(alice: Program, headers: dict[str, str]) -> None:
    assert is_problem(alice.put("/files/f", CONTENT, headers), 422, "invalid-field")
    assert alice.paths() == []


def test_a_digest_is_sent_on_request(alice: Program) -> None:
    alice.put("/files/f", CONTENT)

    for method in ("GET", "HEAD"):
        response = alice.request(method, "/files/f", {"Want-Repr-Digest": "sha-256=5, sha-512=3"})
        assert response.headers["Repr-Digest"] == sha256(CONTENT)
    part = alice.get("/files/f", {"Want-Repr-Digest": "sha-256=5", "Range": "bytes=0-0"})
    assert (part.data, part.headers["Repr-Digest"]) == (b"0", sha256(CONTENT))
    assert "Repr-Digest" not in alice.get("/files/f").headers
    assert "Repr-Digest" not in alice.get("/files/f", {"Want-Repr-Digest": "sha-512=1"}).headers


def test_deleting_hides_a_file_and_frees_its_name(alice: Program) -> None:
    alice.put("/files/a/f", CONTENT)

    response = alice.delete("/files/a/f")

    assert (response.status_code, response.data) == (204, b"")
    assert is_problem(alice.get("/files/a/f"), 404, "not-found")
    assert is_problem(alice.get("/download/a/f"), 404, "not-found")
    assert is_problem(alice.delete("/files/a/f"), 404, "not-found")
    assert alice.paths() == ["a"]
    assert alice.put("/files/a/f", OTHER).status_code == 201


def test_deleting_a_folder_includes_its_content_and_nothing_else(alice: Program) -> None:
    for path in ("a/f", "a/b/f", "ab", "a "):
        alice.put(f"/files/{path}", CONTENT)

    assert alice.delete("/files/a").status_code == 204

    assert alice.paths() == ["a ", "ab"]
    assert alice.get("/files/a/b/f").status_code == 404


def test_conditions_of_a_deletion_are_honored(alice: Program) -> None:
    alice.put("/files/f", CONTENT)

    assert is_problem(alice.delete("/files/f", {"If-Match": '"x"'}), 412, "precondition-failed")
    assert alice.delete("/files/f", {"If-Match": ETAG}).status_code == 204


def test_a_file_above_the_size_limit_is_refused_before_it_is_read(make_app: MakeApp) -> None:
    alice = Program(make_app(MAX_UPLOAD_SIZE=10))
    read: list[int] = []

    class Endless:
        def read(self, size: int = -1) -> bytes:
            read.append(size)
            return b"x" * size

    body = {"wsgi.input": Endless(), "CONTENT_LENGTH": str(1 << 40)}
    told = alice.request("PUT", "/files/f", environ_overrides=body)

    assert is_problem(told, 413, "too-large")
    assert not read
    assert alice.put("/files/f", b"0123456789").status_code == 201


def test_quota_and_full_disk_are_distinguished(make_app: MakeApp) -> None:
    alice = Program(make_app(USER_QUOTA=10))

    assert is_problem(alice.put("/files/f", b"x" * 11), 507, "quota-exceeded")
    assert is_problem(alice.upload([("f", b"x" * 11)]), 507, "quota-exceeded")
    assert alice.get("/me").get_json()["usage"] == 0
    assert alice.put("/files/f", b"x" * 10).status_code == 201
    assert alice.get("/me").get_json() | {"id": "", "created_at": ""} == {
        "id": "", "username": "alice", "usage": 10, "quota": 10, "language": None, "created_at": "",
        "role": "user", "scopes": ["read", "write", "share"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "status", "slug"),
    [
        ({"Content-Encoding": "gzip"}, 415, "unsupported-encoding"),
        ({"Content-Encoding": "br, gzip"}, 415, "unsupported-encoding"),
        ({"Content-Range": "bytes 0-1/10"}, 400, "malformed-request"),
    ],
    ids=str,
)
def test_an_encoded_or_partial_body_is_refused(
    alice: Program, headers: dict[str, str], status: int, slug: str
) -> None:
    alice.put("/files/f", CONTENT)

    assert is_problem(alice.put("/files/f", OTHER, headers), status, slug)
    assert alice.get("/files/f").data == CONTENT


def test_a_body_without_a_length_is_refused(alice: Program) -> None:
    missing: dict[str, Any] = {"environ_overrides": {"CONTENT_LENGTH": ""}}

    for length in ("", "abc", "-1", "+5", "1e3", "9" * 30):
        missing["environ_overrides"]["CONTENT_LENGTH"] = length
        response = alice.request("PUT", "/files/f", **missing)
        assert response.status_code in {400, 411}, length
    assert alice.paths() == []
