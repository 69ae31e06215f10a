"""Resumable uploads into shared folders."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

from cabinet.extensions import db
from cabinet.models import Kind, Node
from cabinet.services.access.roles import ShareRole
from cabinet.services.kernel.database import writing
from tests.http.mounts.conftest import TUS, described, usage
from tests.support.visitors import Program, is_problem

PART = {**TUS, "Content-Type": "application/offset+octet-stream"}


def test_a_resumable_upload_into_a_shared_folder(alice: Program, mounted: Program) -> None:
    created = mounted.request(
        "POST", "/uploads", {**TUS, "Upload-Length": "6", "Upload-Metadata": described("Hers/sub/big.bin")}
    )
    assert created.status_code == 201, created.text
    where = created.headers["Location"]

    first = mounted.request("PATCH", where, {**PART, "Upload-Offset": "0"}, data=b"abc")
    assert first.status_code == 204, first.text
    (unfinished,) = mounted.get("/uploads").get_json()["uploads"]
    assert (unfinished["path"], unfinished["offset"]) == ("Hers/sub/big.bin", 3)
    assert mounted.request("HEAD", where, TUS).headers["Upload-Offset"] == "3"
    last = mounted.request("PATCH", where, {**PART, "Upload-Offset": "3"}, data=b"def")

    assert last.headers["Content-Location"].endswith("/files/Hers/sub/big.bin")
    assert mounted.get(where).get_json()["path"] == "Hers/sub/big.bin"
    assert alice.get("/files/work/shared/sub/big.bin").data == b"abcdef"
    assert alice.request("HEAD", where, TUS).status_code == 404


@pytest.mark.parametrize("ended", ["left", "trashed"])
def test_an_upload_ends_when_its_mount_becomes_invalid(alice: Program, mounted: Program, ended: str) -> None:
    begun = {**TUS, "Upload-Length": "6", "Upload-Metadata": described("Hers/big.bin")}
    where = mounted.request("POST", "/uploads", begun).headers["Location"]
    gone = mounted.delete("/files/Hers") if ended == "left" else alice.delete("/files/work")
    assert gone.status_code == 204

    refused = mounted.request("PATCH", where, {**PART, "Upload-Offset": "0"}, data=b"abcdef")

    assert refused.status_code == 404
    assert mounted.get("/uploads").get_json()["uploads"] == []


def partial(user: Program, content: bytes, **described_as: str) -> str:
    """Store a partial upload and return where it is."""
    begun = {**PART, "Upload-Concat": "partial", "Upload-Length": str(len(content)), **described_as}
    made = user.request("POST", "/uploads", begun, data=content)
    assert made.status_code == 201, made.text
    return str(made.headers["Location"])


def test_partials_are_joined_in_a_shared_folder_wherever_they_were_created(
    alice: Program, mounted: Program
) -> None:
    before = usage(alice), usage(mounted)
    # Clients that send parts concurrently give the destination with the final upload only.
    parts = [
        partial(mounted, b"one "),
        partial(mounted, b"two ", **{"Upload-Metadata": described("Hers/x")}),
    ]
    assert (usage(alice), usage(mounted)) == (before[0] + 4, before[1] + 4)
    joined = {
        **TUS,
        "Upload-Concat": f"final;{' '.join(parts)}",
        "Upload-Metadata": described("Hers/sub/whole"),
    }

    made = mounted.request("POST", "/uploads", joined)

    assert made.status_code == 201, made.text
    assert alice.get("/files/work/shared/sub/whole").data == b"one two "
    assert (usage(alice), usage(mounted)) == (before[0] + 8, before[1])
    assert mounted.request("HEAD", parts[0], TUS).status_code == 410
    other = {**joined, "Upload-Concat": f"final;{partial(alice, b'hers')}"}
    assert is_problem(mounted.request("POST", "/uploads", other), 400, "malformed-request")


@pytest.mark.parametrize("change", ["left", "trashed", "lowered"])
def test_a_resumable_upload_ends_when_its_mount_loses_the_right(
    app: Flask, alice: Program, mounted: Program, change: str
) -> None:
    begun = {**TUS, "Upload-Length": "6", "Upload-Metadata": described("Hers/big.bin")}
    where = mounted.request("POST", "/uploads", begun).headers["Location"]
    assert mounted.request("PATCH", where, {**PART, "Upload-Offset": "0"}, data=b"abc").status_code == 204

    def act() -> None:
        if change == "lowered":
            with app.app_context():
                session = db.session()
                with writing(session):
                    session.scalars(select(Node).where(Node.kind == Kind.MOUNT)).one().role = ShareRole.VIEWER
        else:
            gone = mounted.delete("/files/Hers") if change == "left" else alice.delete("/files/work")
            assert gone.status_code == 204

    def meanwhile() -> Iterator[bytes]:
        yield b"d"
        # In a thread of its own, for in this one it would be a part of the same request.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(act).result()
        yield b"ef"

    class Body:
        """Sends the last bytes, and makes the change in the middle of them."""

        def __init__(self) -> None:
            self._chunks = meanwhile()

        def read(self, size: int = -1) -> bytes:
            return next(self._chunks, b"")

    body = {"wsgi.input": Body(), "CONTENT_LENGTH": "3"}
    answer = mounted.request("PATCH", where, {**PART, "Upload-Offset": "3"}, environ_overrides=body)

    status = 403 if change == "lowered" else 404
    assert answer.status_code == status, answer.text
    assert alice.get("/files/work/shared/big.bin").status_code == 404
    for method in ("HEAD", "DELETE"):
        assert mounted.request(method, where, TUS).status_code == status
    assert mounted.get("/uploads").get_json()["uploads"] == []
