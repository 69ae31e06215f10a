"""`flask storage`: verify, sweep and stats."""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert
from sqlalchemy.orm import Session

from cabinet.models import Blob
from cabinet.services.kernel.clock import utc_now
from cabinet.services.maintenance import verify
from cabinet.web import services
from cabinet.web.runtime import EXTENSION
from tests.support.auth import USERNAME
from tests.support.faults import Fault
from tests.support.operators import Operator

pytestmark = pytest.mark.database

DAY = timedelta(days=1)

Store = Callable[..., dict[str, Path]]


@pytest.fixture
def store(operator: Operator, tmp_path: Path) -> Store:
    """Return a function that stores files of the user and returns the paths of their blobs."""

    def import_(**contents: str) -> dict[str, Path]:
        folder = tmp_path / "docs"
        folder.mkdir()
        for name, content in contents.items():
            (folder / name).write_text(content)
        events = operator.events("files", "import", USERNAME, folder)
        hashes = {done["entry"]["name"]: done["entry"]["content_hash"] for done in events[:-1]}
        blobs = tmp_path / "instance" / "blobs"
        return {name: blobs / found[:2] / found for name, found in hashes.items()}

    return import_


def wait(app: Flask, time: timedelta) -> None:
    """Move the clock of the application forward."""
    moment = app.extensions[EXTENSION].clock() + time
    app.extensions[EXTENSION].clock = lambda: moment


def blobs_of(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "instance" / "blobs").rglob("*") if path.is_file()]


@pytest.mark.parametrize("options", [[], ["--deep"]])
def test_an_intact_store_has_no_findings(operator: Operator, store: Store, options: list[str]) -> None:
    store(a="1", b="2")
    told = operator.run("storage", "verify", *options)

    assert (told.stdout, told.stderr) == ("", "No errors found.\n")
    assert operator.document("storage", "verify", *options) == {"findings": []}


def test_a_missing_blob_is_reported_with_its_files(operator: Operator, store: Store) -> None:
    blob = store(lost="same", twin="same", whole="1")["lost"]
    blob.unlink()
    told = operator.run("storage", "verify", code=1)

    assert told.stdout.splitlines() == [
        f"missing: {blob.name} (expected 4 bytes)",
        "    alice:docs/lost",
        "    alice:docs/twin",
    ]
    assert told.stderr == "1 found.\n"


def test_a_truncated_blob_is_reported(operator: Operator, store: Store) -> None:
    blob = store(cut="123456")["cut"]
    blob.write_text("123")
    (finding,) = operator.document("storage", "verify", code=1)["findings"]

    assert finding == {
        "fault": "wrong-size",
        "content_hash": blob.name,
        "expected_size": 6,
        "found_size": 3,
        "files": ["alice:docs/cut"],
    }


def test_a_damaged_blob_is_reported_by_deep_verify_only(operator: Operator, store: Store) -> None:
    store(rotten="123456")["rotten"].write_text("12x456")
    operator.run("storage", "verify")
    told = operator.run("storage", "verify", "--deep", code=1)

    assert told.stdout.startswith("damaged: ")


def test_an_unreadable_blob_does_not_stop_verify(
    operator: Operator, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = store(a="1", b="2", c="3")
    Fault(monkeypatch, "open", errno.EIO, lambda path: path.name in {blobs["a"].name, blobs["c"].name})
    found = operator.document("storage", "verify", "--deep", code=1)["findings"]

    assert sorted(finding["files"] for finding in found) == [["alice:docs/a"], ["alice:docs/c"]]
    assert {finding["fault"] for finding in found} == {"damaged"}


def test_an_unreferenced_blob_is_reported(operator: Operator, tmp_path: Path) -> None:
    stray = tmp_path / "instance" / "blobs" / "ab" / ("ab" * 32)
    stray.write_text("12345")
    told = operator.run("storage", "verify", code=1)

    assert told.stdout == f"unknown: {stray.name} (found 5 bytes)\n"


def test_a_blob_committed_during_verify_is_not_reported(
    operator: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tmp_path / "instance" / "blobs" / "ab" / ("ab" * 32)
    published.write_text("12345")

    def wait_for_the_publisher(session: Session, content_hash: str) -> None:
        row = {"content_hash": content_hash, "key": content_hash, "size": 5, "created_at": utc_now()}
        session.execute(insert(Blob).values(row))

    monkeypatch.setattr(verify, "lock_blob", wait_for_the_publisher)

    assert operator.document("storage", "verify") == {"findings": []}


def test_a_blob_removed_during_verify_is_not_missing(
    operator: Operator, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = store(file="1")["file"]
    look = verify.Inspection._check_blob

    def delete_and_look(self: verify.Inspection, *where: Any, **how: Any) -> Any:
        blob.unlink()
        services.accounts().delete(USERNAME)
        return look(self, *where, **how)

    monkeypatch.setattr(verify.Inspection, "_check_blob", delete_and_look)

    assert operator.document("storage", "verify") == {"findings": []}


def test_trash_is_swept_after_its_retention(operator: Operator, store: Store, tmp_path: Path) -> None:
    store(gone="gone", stays="stays")
    with operator.app.app_context():
        account = services.accounts().find(USERNAME)
        services.files(account.scope).trash("docs/gone")
    swept = [operator.document("storage", "sweep")]
    for days in (31, 2):
        wait(operator.app, days * DAY)
        swept.append(operator.document("storage", "sweep"))

    assert [(sweep["purged"], sweep["blobs"], sweep["freed"]) for sweep in swept] == [
        (0, 0, 0),
        (1, 0, 0),
        (0, 1, 4),
    ]
    assert [blob.read_text() for blob in blobs_of(tmp_path)] == ["stays"]
    assert operator.run("storage", "verify", "--deep").exit_code == 0
    assert operator.document("users", "list")["users"][0]["usage"] == 5


def test_sweep_now_removes_purged_content_at_once(operator: Operator, store: Store, tmp_path: Path) -> None:
    store(gone="gone", trashed="trashed", stays="stays")
    under_way = tmp_path / "instance" / "staging" / ("0" * 32)
    under_way.write_text("half of it")
    with operator.app.app_context():
        account = services.accounts().find(USERNAME)
        services.files(account.scope).purge("docs/gone")
        services.files(account.scope).trash("docs/trashed")
    kept = operator.document("storage", "sweep")
    swept = operator.document("storage", "sweep", "--now")

    assert [(sweep["purged"], sweep["blobs"], sweep["freed"]) for sweep in (kept, swept)] == [
        (0, 0, 0),
        (0, 1, 4),
    ]
    assert sorted(blob.read_text() for blob in blobs_of(tmp_path)) == ["stays", "trashed"]
    assert under_way.exists()
    assert operator.run("storage", "verify", "--deep").exit_code == 0


def test_a_deleted_user_leaves_nothing_after_a_sweep(
    operator: Operator, store: Store, tmp_path: Path
) -> None:
    store(a="1", b="22")
    operator.run("users", "delete", USERNAME, "--yes")
    left = operator.document("storage", "stats")
    operator.run("storage", "sweep")
    wait(operator.app, 2 * DAY)
    swept = operator.run("storage", "sweep")

    assert [left[name] for name in ("users", "folders", "files", "versions", "blobs")] == [0, 0, 0, 0, 2]
    assert "Blobs removed:         2 (3 bytes)" in swept.stdout
    assert blobs_of(tmp_path) == []


def test_a_sweep_removes_leftovers_of_a_killed_upload(operator: Operator, tmp_path: Path) -> None:
    left_behind = tmp_path / "instance" / "staging" / ("0" * 32)
    left_behind.write_text("half of it")
    early = operator.document("storage", "sweep")
    wait(operator.app, 2 * DAY)
    late = operator.document("storage", "sweep")

    assert (early["staged"], late["staged"]) == (0, 1)
    assert not left_behind.exists()


def test_stats_count_everything(operator: Operator, store: Store) -> None:
    store(a="same", b="same", c="other")
    counted = operator.document("storage", "stats")
    told = operator.run("storage", "stats").stdout

    assert counted.pop("free") > counted.pop("reserve") > 0
    assert counted == {
        "users": 1,
        "spaces": 0,
        "folders": 1,
        "files": 3,
        "versions": 3,
        "trashed": 0,
        "content": 13,
        "thumbnails": 0,
        "blobs": 2,
        "stored": 9,
        "staged": 0,
        "staged_size": 0,
    }
    assert "Files:    3 (3 versions, 13 bytes)\n" in told
    assert "Blobs:    2 (9 bytes), including 0 thumbnails\n" in told
