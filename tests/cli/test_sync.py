"""sync: transferred, deleted and kept files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from flask import Flask

from cabinet.extensions import db
from tests.cli.conftest import Filecli
from tests.support.auth import PASSWORD, AuthActions, basic
from tests.support.mounts import mount

EARLY = 1_600_000_000_123_456_000
LATE = 1_700_000_000_000_000_000


def write(root: Path, **files: str) -> None:
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        os.utime(path, ns=(EARLY, EARLY))


def local_files(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def remote_paths(alice: Filecli, *options: str) -> list[str]:
    return sorted(alice("ls", "-r", *options).stdout.split())


@pytest.fixture
def photos(workdir: Path) -> Path:
    """Return a folder with files in it."""
    root = workdir / "photos"
    write(root, a="a", b__c="c", b__d__e="e")
    return root


@pytest.fixture
def synced(alice: Filecli, photos: Path) -> Filecli:
    """Run filecli as a user whose folder `in/photos` equals the local one."""
    done = alice("sync", "photos", ":in/photos")
    assert done.exit_code == 0, done.stderr
    return alice


def test_synced_files_keep_their_times(synced: Filecli, workdir: Path) -> None:
    done = synced("sync", ":in/photos", "copy")

    assert done.exit_code == 0, done.stderr
    assert local_files(workdir / "copy") == {"a": "a", "b/c": "c", "b/d/e": "e"}
    assert (workdir / "copy" / "b" / "c").stat().st_mtime_ns == EARLY


def test_a_second_run_transfers_nothing(synced: Filecli) -> None:
    assert "3 unchanged" in synced("sync", "photos", ":in/photos").stderr
    synced("sync", ":in/photos", "copy")
    assert "3 unchanged" in synced("sync", ":in/photos", "copy").stderr


def test_files_with_another_size_or_time_are_transferred(synced: Filecli, photos: Path) -> None:
    (photos / "a").write_text("longer")
    (photos / "b" / "c").write_text("C")
    done = synced("sync", "photos", ":in/photos")

    assert sorted(done.stdout.split()) == ["in/photos/a", "in/photos/b/c"]
    assert synced("download", "in/photos/b/c", "-o", "-").stdout == "C"


def test_checksum_compares_only_content(synced: Filecli, photos: Path) -> None:
    os.utime(photos / "a", ns=(LATE, LATE))
    (photos / "b" / "c").write_text("C")
    os.utime(photos / "b" / "c", ns=(EARLY, EARLY))

    assert synced("sync", "photos", ":in/photos").stdout == "in/photos/a\n"
    assert synced("sync", "--checksum", "photos", ":in/photos").stdout == "in/photos/b/c\n"


def test_a_different_local_file_is_replaced(synced: Filecli, workdir: Path) -> None:
    write(workdir / "copy", a="mine")

    assert synced("sync", ":in/photos", "copy").exit_code == 0
    assert local_files(workdir / "copy")["a"] == "a"


def test_nothing_is_deleted_without_delete(synced: Filecli, photos: Path, workdir: Path) -> None:
    (photos / "a").unlink()
    write(workdir / "copy", more="mine")

    assert synced("sync", "photos", ":in/photos").exit_code == 0
    assert synced("sync", ":in/photos", "copy").exit_code == 0
    assert local_files(workdir / "copy") == {"a": "a", "b/c": "c", "b/d/e": "e", "more": "mine"}


def test_delete_removes_surplus_remote_files(synced: Filecli, photos: Path) -> None:
    (photos / "a").unlink()
    (photos / "b" / "d" / "e").unlink()
    (photos / "b" / "d").rmdir()
    done = synced("sync", "--delete", "photos", ":in/photos")

    assert done.exit_code == 0
    assert "“in/photos/b/d” was deleted." in done.stderr
    assert "b/d/e" not in done.stderr
    assert remote_paths(synced, "in") == ["photos/", "photos/b/", "photos/b/c"]


def test_delete_removes_surplus_local_files(synced: Filecli, workdir: Path) -> None:
    write(workdir / "copy", more="mine", extra__deep__file="mine")
    (workdir / "copy" / "link").symlink_to("more")
    done = synced("sync", "--delete", ":in/photos", "copy")

    assert done.exit_code == 0
    assert local_files(workdir / "copy") == {"a": "a", "b/c": "c", "b/d/e": "e"}
    assert not (workdir / "copy" / "extra").exists()
    assert (workdir / "copy" / "link").is_symlink()


def test_an_empty_local_folder_keeps_its_remote_folder(synced: Filecli, photos: Path) -> None:
    (photos / "b" / "d" / "e").unlink()
    synced("sync", "--delete", "photos", ":in/photos")

    assert remote_paths(synced, "in/photos") == ["a", "b/", "b/c", "b/d/"]


def test_excluded_files_are_neither_transferred_nor_deleted(synced: Filecli, photos: Path) -> None:
    (photos / "a").unlink()
    write(photos, z="new")
    done = synced("sync", "--delete", "--exclude", "a", "--exclude", "z", "photos", ":in/photos")

    assert done.exit_code == 0
    assert remote_paths(synced, "in/photos") == ["a", "b/", "b/c", "b/d/", "b/d/e"]


def test_a_link_in_place_of_a_folder_deletes_nothing(synced: Filecli, photos: Path) -> None:
    (photos / "b").rename(photos.parent / "elsewhere")
    (photos / "b").symlink_to("../elsewhere")
    done = synced("sync", "--delete", "photos", ":in/photos")

    assert done.exit_code == 0
    assert "“photos/b” is a link" in done.stderr
    assert remote_paths(synced, "in/photos") == ["a", "b/", "b/c", "b/d/", "b/d/e"]


def test_nothing_is_deleted_if_anything_failed(synced: Filecli, photos: Path) -> None:
    (photos / "a").unlink()
    write(photos, **{"bad\\name": "content"})
    done = synced("sync", "--delete", "photos", ":in/photos")

    assert done.exit_code == 1
    assert "Nothing was deleted" in done.stderr
    assert "a" in remote_paths(synced, "in/photos")


def test_a_folder_that_cannot_be_read_deletes_nothing(
    synced: Filecli, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "a").unlink()
    scandir = os.scandir

    def refuse(path: Path) -> os._ScandirIterator[str]:
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("cabinet.client.transfer.trees.os.scandir", refuse)
    done = synced("sync", "--delete", "photos", ":in/photos")

    assert done.exit_code == 1
    assert remote_paths(synced, "in/photos") == ["a", "b/", "b/c", "b/d/", "b/d/e"]


@pytest.mark.parametrize("pair", [("nowhere", ":in/photos"), (":nowhere", "photos")])
def test_a_missing_source_deletes_nothing(pair: tuple[str, str], synced: Filecli, photos: Path) -> None:
    before = local_files(photos)
    done = synced("sync", "--delete", *pair)

    assert done.exit_code == 4
    assert local_files(photos) == before
    assert "a" in remote_paths(synced, "in/photos")


def test_a_dry_run_reports_and_changes_nothing(synced: Filecli, photos: Path, workdir: Path) -> None:
    (photos / "a").unlink()
    write(photos, new="new")
    done = synced("sync", "--delete", "--dry-run", "--json", "photos", ":in/photos")
    events = {(event["event"], event.get("path")) for event in map(json.loads, done.stdout.splitlines())}

    assert {("would-upload", "in/photos/new"), ("would-delete", "in/photos/a")} <= events
    assert remote_paths(synced, "in/photos") == ["a", "b/", "b/c", "b/d/", "b/d/e"]
    assert synced("sync", "--dry-run", "--delete", ":in", "other").exit_code == 0
    assert not (workdir / "other").exists()


@pytest.mark.parametrize("pair", [("photos", "other"), (":photos", ":other")])
def test_exactly_one_side_must_be_remote(pair: tuple[str, str], alice: Filecli) -> None:
    assert alice("sync", *pair).exit_code == 2


def test_the_root_folder_can_be_synced(synced: Filecli, workdir: Path) -> None:
    assert synced("sync", ":", "all").exit_code == 0
    assert "in/photos/b/d/e" in local_files(workdir / "all")


@pytest.fixture
def shared(app: Flask, synced: Filecli) -> Filecli:
    """Let alice have a folder of bob's with a file in it, as `Bob`."""
    with app.test_client() as client:
        AuthActions(client).register("bob", PASSWORD)
        client.put("/files/outer/theirs/kept.txt", data=b"kept", headers=basic("bob", PASSWORD))
    with app.app_context():
        mount(db.session(), "bob", "outer/theirs", "alice", "Bob")
    return synced


def test_sync_delete_keeps_shared_folders(shared: Filecli, photos: Path) -> None:
    pruned = shared("sync", "--delete", "photos", ":")

    assert pruned.exit_code == 0, pruned.stderr
    assert remote_paths(shared) == ["Bob/", "Bob/kept.txt", "a", "b/", "b/c", "b/d/", "b/d/e"]


def test_sync_delete_applies_inside_shared_folders_that_exist_locally(shared: Filecli, photos: Path) -> None:
    write(photos, Bob__new="new")

    pruned = shared("sync", "--delete", "photos", ":")

    assert pruned.exit_code == 0, pruned.stderr
    assert [path for path in remote_paths(shared) if path.startswith("Bob")] == ["Bob/", "Bob/new"]


def test_a_file_does_not_replace_a_shared_folder(shared: Filecli, photos: Path) -> None:
    write(photos, Bob="a file")

    refused = shared("sync", "--delete", "photos", ":")

    assert refused.exit_code != 0
    assert "Bob/kept.txt" in remote_paths(shared)


def test_removing_a_shared_folder_reports_that_its_owner_keeps_it(shared: Filecli) -> None:
    refused, removed = shared("rm", "Bob"), shared("rm", "-r", "Bob", "in")

    assert refused.exit_code != 0
    assert removed.exit_code == 0, removed.stderr
    assert "Removed “Bob” from your files; it stays with its owner." in removed.stderr
    assert "“in” was moved to the trash." in removed.stderr
    assert remote_paths(shared) == []
