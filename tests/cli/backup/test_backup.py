"""`flask backup`: create, verify and restore."""

from __future__ import annotations

import errno
import json
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from cabinet.extensions import db
from cabinet.models import Token, UploadKind, UserSession
from cabinet.services.backups.backup_folder import MANIFEST, describe, folder_to_write
from cabinet.services.uploads.publishing import Target
from cabinet.services.uploads.values import Part, Plan
from cabinet.storage import copying
from cabinet.storage.content_hash import hash_chunks
from cabinet.storage.reserve import DiskSpace
from cabinet.web import services
from cabinet.web.runtime import EXTENSION
from tests.cli.backup.conftest import Store, change
from tests.conftest import MakeApp
from tests.support.auth import USERNAME, AuthActions
from tests.support.contents import everything_in
from tests.support.databases import HEAD, SHIPPED, at_revision, revision_of, rows_of
from tests.support.documents import blocks, help_page
from tests.support.faults import Fault
from tests.support.operators import Operator

pytestmark = pytest.mark.database


def contents_of(operator: Operator, folder: Path) -> dict[str, str]:
    """Export all files of the user and return them."""
    operator.run("files", "export", USERNAME, folder)
    return {path.name: path.read_text() for path in folder.rglob("*") if path.is_file()}


def blobs_in(backup: Path) -> set[str]:
    return {path.name for path in (backup / "blobs").rglob("*") if path.is_file()}


def test_a_backup_is_restored_to_another_instance(
    operator: Operator, store: Store, backup: Path, other: Operator, tmp_path: Path
) -> None:
    store(a="first", b="second")
    told = operator.document("backup", "create", backup)
    restored = other.run("backup", "restore", backup)

    assert (told["users"], told["files"], told["blobs"], told["bytes"], told["lost"]) == (1, 2, 2, 11, [])
    assert restored.stdout.startswith("Restored: ")
    assert restored.stderr.endswith("All users have to sign in again.\n")
    assert contents_of(other, tmp_path / "exported") == {"a": "first", "b": "second"}
    assert other.document("storage", "verify", "--deep") == {"findings": []}
    assert operator.document("users", "list") == other.document("users", "list")


def test_a_backup_of_an_empty_instance_is_restored(app: Flask, backup: Path, other: Operator) -> None:
    Operator(app).run("backup", "create", backup)
    other.run("backup", "restore", backup)

    assert other.document("users", "list") == {"users": []}


def test_backup_files_are_private(operator: Operator, store: Store, backup: Path) -> None:
    before = os.umask(0)
    try:
        store(a="first")
        operator.run("backup", "create", backup)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in backup.rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (backup, *backup.rglob("*")) if path.is_dir()}

    assert (modes, folders) == ({0o600}, {0o700})


@pytest.mark.parametrize("can_link", [True, False])
def test_a_second_backup_adds_new_and_removes_old_content(
    operator: Operator,
    store: Store,
    backup: Path,
    can_link: bool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    if not can_link:
        # Neither from disk to disk, nor on the disk of the backup.
        from_store = tmp_path / "instance" / "blobs"
        Fault(monkeypatch, "link", errno.EXDEV, lambda path: path.is_relative_to(from_store))
        Fault(monkeypatch, "link", errno.EPERM, lambda path: path.is_relative_to(backup))
    store(a="first", b="second")
    first = operator.document("backup", "create", backup)
    operator.run("users", "delete", USERNAME, "--yes")
    operator.run("storage", "sweep")
    clock = operator.app.extensions[EXTENSION].clock
    operator.app.extensions[EXTENSION].clock = lambda: clock() + timedelta(days=3)
    operator.create()
    (tmp_path / "files" / "a").unlink()
    store(b="second", c="third")
    operator.run("storage", "sweep")
    second = operator.document("backup", "create", backup)
    taken = "linked" if can_link else "copied"

    assert (first[taken], first["there"], first["removed"]) == (2, 0, 0)
    assert (second[taken], second["there"], second["removed"]) == (1, 1, 1)
    assert blobs_in(backup) == {hash_chunks([content]) for content in (b"second", b"third")}
    assert len([path for path in backup.iterdir() if path.name.startswith(("database", "index"))]) == 2


def test_content_is_hard_linked_where_possible(operator: Operator, store: Store, backup: Path) -> None:
    store(a="first")
    operator.run("backup", "create", backup)
    [blob] = [path for path in (backup / "blobs").rglob("*") if path.is_file()]

    assert blob.stat().st_nlink == 2


@pytest.mark.parametrize("quiet", [[], ["-q"]])
def test_a_quiet_backup_prints_nothing(operator: Operator, backup: Path, quiet: list[str]) -> None:
    told = operator.run("backup", "create", backup, *quiet)

    assert bool(told.output) == (not quiet)


def test_restore_ends_sessions_and_keeps_tokens(auth: AuthActions, backup: Path, other: Operator) -> None:
    auth.become()
    auth.token()
    Operator(auth.client.application).run("backup", "create", backup)
    other.run("backup", "restore", backup)

    with other.app.app_context():
        assert db.session.query(UserSession).count() == 0
        assert db.session.query(Token).count() == 1


def test_restore_ends_unfinished_uploads_and_their_usage(
    operator: Operator, store: Store, backup: Path, other: Operator
) -> None:
    store(a="first")
    with operator.app.app_context():
        uploads = services.resumable(services.accounts().find(USERNAME).scope)
        plan = Plan(kind=UploadKind.WHOLE, length=100, target=Target("half"))
        state = uploads.begin(plan)
        uploads.append(state.id, Part(offset=0, size=40, chunks=[b"x" * 40]))
    operator.run("backup", "create", backup)
    other.run("backup", "restore", backup)

    assert operator.document("users", "list")["users"][0]["usage"] == 45
    assert other.document("users", "list")["users"][0]["usage"] == 5
    assert other.document("uploads", "list") == {"uploads": []}
    assert other.document("storage", "verify") == {"findings": []}


def test_restore_fills_a_started_instance_without_accounts(
    operator: Operator, store: Store, backup: Path, other: Operator
) -> None:
    store(a="first")
    operator.run("backup", "create", backup)
    other.run("storage", "stats")
    other.run("backup", "restore", backup)

    assert other.paths() == ["files/", "files/a"]


def test_damage_is_reported_and_the_rest_is_restored(
    operator: Operator, store: Store, backup: Path, other: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fault(monkeypatch, "link", errno.EXDEV, lambda path: path.parts[-3] == "blobs")
    store(a="first", b="second", c="third")
    operator.run("backup", "create", backup)
    sound = operator.run("backup", "verify", backup)
    rotten, lost = hash_chunks([b"first"]), hash_chunks([b"second"])
    (backup / "blobs" / rotten[:2] / rotten).write_text("f?rst")
    (backup / "blobs" / lost[:2] / lost).unlink()
    found = operator.document("backup", "verify", backup, code=1)["lost"]
    other.run("backup", "restore", backup, code=1)

    assert sound.stdout.startswith("Verified: ")
    faults = {found["content_hash"]: found["fault"] for found in found}
    assert faults == {rotten: "damaged", lost: "missing"}
    told = other.document("storage", "verify", "--deep", code=1)["findings"]
    assert sorted(finding["content_hash"] for finding in told) == sorted([rotten, lost])


def test_missing_blobs_do_not_stop_a_backup(
    operator: Operator, store: Store, backup: Path, tmp_path: Path
) -> None:
    store(a="first", b="second")
    lost = hash_chunks([b"first"])
    (tmp_path / "instance" / "blobs" / lost[:2] / lost).unlink()
    told = operator.document("backup", "create", backup, code=1)

    assert [each["content_hash"] for each in told["lost"]] == [lost]
    assert blobs_in(backup) == {hash_chunks([b"second"])}
    assert json.loads((backup / MANIFEST).read_text())["counts"]["files"] == 2


def test_a_full_disk_keeps_the_previous_backup(
    operator: Operator, store: Store, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(a="first")
    operator.run("backup", "create", backup)
    before = everything_in(backup)
    store(b="second", c="third")
    full = {hash_chunks([b"second"])[:2], hash_chunks([b"third"])[:2]}
    Fault(monkeypatch, "link", errno.ENOSPC, lambda path: path.parent.name in full, after=1)
    told = operator.run("backup", "create", backup, code=1)

    assert "there is no space left. The previous backup is still complete." in told.stderr
    assert everything_in(backup) == before


def test_missing_disk_space_is_reported_before_copying(
    operator: Operator, store: Store, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(a="first", b="second")
    monkeypatch.setattr(copying, "can_link", lambda source, target: False)
    monkeypatch.setattr(DiskSpace, "_beyond_reserve", lambda room, folder: 10)
    operator.run("backup", "create", backup, code=1)

    assert blobs_in(backup) == set()


def test_help_page_backup_commands_work(
    operator: Operator, store: Store, other: Operator, backup: Path
) -> None:
    store(a="first")
    shown = "".join(text for language, text in blocks(help_page("backup")) if language == "console")
    lines = [line.split("#")[0] for line in shown.splitlines()]
    for line in lines:
        prompt, program, *words = line.split()
        assert (prompt, program) == ("$", "cabinet")
        (other if "restore" in words else operator).run(
            *(str(backup) if word == "DIR" else word for word in words)
        )

    assert len(lines) == 3
    assert other.paths() == ["files/", "files/a"]


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "revision",
    [SHIPPED[0], *(pytest.param(each, marks=pytest.mark.long) for each in SHIPPED[1:-2]), SHIPPED[-2]],
)
def test_a_backup_of_an_older_release_is_upgraded(
    operator: Operator, make_app: MakeApp, backup: Path, other: Operator, tmp_path: Path, revision: str
) -> None:
    operator.run("backup", "create", backup)
    old = tmp_path / "old" / "cabinet.db"
    rows = at_revision(lambda: make_app(INSTANCE=old.parent), old, revision)
    manifest = json.loads((backup / MANIFEST).read_text())
    (backup / manifest["database"]["name"]).write_bytes(old.read_bytes())
    described = describe(backup / manifest["database"]["name"]).model_dump()
    change(backup, revision=revision, database=described)
    other.run("backup", "restore", backup)

    restored = rows_of(tmp_path / "other" / "cabinet.db")
    assert revision_of(tmp_path / "other" / "cabinet.db") == HEAD
    assert [user["username"] for user in restored["user"]] == [user["username"] for user in rows["user"]]
    assert restored["session"] == []
    assert {upload["id"] for upload in restored["upload"] if upload["ended_at"] is None} == set()


def test_an_interrupted_restore_can_be_repeated(
    operator: Operator, store: Store, backup: Path, other: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(a="first", b="second", c="third")
    operator.run("backup", "create", backup)
    with monkeypatch.context() as broken:
        Fault(broken, "link", errno.ENOSPC, lambda path: path.is_relative_to(backup), after=2)
        other.run("backup", "restore", backup, code=1)
    other.run("backup", "restore", backup)

    assert len(other.paths()) == 4
    assert other.document("storage", "verify", "--deep") == {"findings": []}


def test_a_backup_folder_may_have_any_name(
    operator: Operator, store: Store, other: Operator, tmp_path: Path
) -> None:
    store(a="first")
    odd = tmp_path / "a b" / "50%41 'of' #all? \"yes\" Копия"
    operator.run("backup", "create", odd)
    other.run("backup", "restore", odd)

    assert other.paths() == ["files/", "files/a"]


def test_a_backup_folder_is_locked(operator: Operator, backup: Path) -> None:
    operator.run("backup", "create", backup)
    with folder_to_write(backup):
        for command in ("create", "verify"):
            refused = operator.run("backup", command, backup, code=1)
            assert "another backup command is using it" in refused.stderr


def test_a_restored_instance_continues_its_backups(
    operator: Operator, store: Store, backup: Path, other: Operator
) -> None:
    store(a="first")
    operator.run("backup", "create", backup)
    other.run("backup", "restore", backup)

    assert other.document("backup", "create", backup)["there"] == 1
