"""Folders and selections as archives, in the service."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import BlobMissing, InvalidField, NotFound
from cabinet.services.accounts.account import Account
from cabinet.services.archives import zipping
from cabinet.services.archives.zipping import Zip, Zipping
from cabinet.storage.content_hash import hash_chunks
from tests.support.services import Workbench


@pytest.fixture
def zips(session: Session, bench: Workbench, alice: Account) -> Zipping:
    """Return what makes archives of alice's files."""
    for path, content in (
        ("docs/a", b"a"), ("docs/deep/b", b"b"), ("docs/deep/B", b"other"), ("docs/nul", b"nul"),
        ("other/docs/c", b"c"), ("top", b"top"),
    ):  # fmt: skip
        bench.upload(session, alice, path, content)
    bench.files(session, alice).make_folders(["docs/empty"])
    return Zipping(session, bench.store, alice.scope)


DOCS = {
    "docs/": b"", "docs/deep/": b"", "docs/deep/B": b"other", "docs/deep/b (2)": b"b", "docs/empty/": b"",
    "docs/a": b"a", "docs/_nul": b"nul",
}  # fmt: skip
OTHER = {"other/": b"", "other/docs/": b"", "other/docs/c": b"c"}


def read(archive: Zip) -> dict[str, bytes]:
    """Return the content of an archive, by name; a folder has none."""
    written = b"".join(archive.chunks)
    assert archive.length in {None, len(written)}
    with zipfile.ZipFile(io.BytesIO(written)) as opened:
        assert opened.testzip() is None
        assert len(opened.namelist()) == len(set(opened.namelist()))
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.mark.parametrize("page", [1, 2, 1000])
@pytest.mark.parametrize("measured", [0, 20_000])
def test_an_archive_of_a_folder_contains_all_descendants(
    zips: Zipping, monkeypatch: pytest.MonkeyPatch, page: int, measured: int
) -> None:
    monkeypatch.setattr(zipping, "PAGE", page)
    monkeypatch.setattr(zipping, "MEASURED_ENTRIES", measured)

    archive = zips.zip(["docs"])

    assert (archive.length is None) == (measured == 0)
    assert archive.name == "docs.zip"
    assert read(archive) == DOCS


def test_the_empty_path_archives_everything_of_a_user(zips: Zipping) -> None:
    archive = zips.zip([""])

    assert archive.name == "cabinet.zip"
    assert read(archive) == {**DOCS, **OTHER, "top": b"top"}


def test_the_parts_of_a_selection_have_distinct_names(zips: Zipping) -> None:
    archive = zips.zip(["docs/deep", "other/docs", "docs/deep/b", "top", "top", "docs/empty", "docs/deep/B"])

    assert archive.name == "cabinet.zip"
    assert read(archive) == {
        "deep/": b"", "deep/B": b"other", "deep/b (2)": b"b", "docs/": b"", "docs/c": b"c",
        "b": b"b", "top": b"top", "empty/": b"", "B (2)": b"other",
    }  # fmt: skip


def test_a_selection_is_named_after_its_folder(zips: Zipping) -> None:
    assert zips.zip(["docs/deep/b", "docs/deep/B"]).name == "deep.zip"
    assert zips.zip(["docs", "top"]).name == "cabinet.zip"
    assert zips.zip(["docs/a"]).name == "a.zip"


def test_an_empty_folder_is_an_archive_too(session: Session, bench: Workbench, alice: Account) -> None:
    assert read(Zipping(session, bench.store, alice.scope).zip([""])) == {}


def test_trashed_entries_are_in_no_archive(
    zips: Zipping, session: Session, bench: Workbench, alice: Account
) -> None:
    bench.files(session, alice).trash("docs/deep")

    assert "docs/deep/" not in read(zips.zip(["docs"]))
    for path in ("docs/deep", "docs/deep/b"):
        with pytest.raises(NotFound):
            zips.zip(["docs/a", path])


def test_entries_of_another_user_are_not_found(zips: Zipping, session: Session, bench: Workbench) -> None:
    bob = bench.register(session, "bob")

    with pytest.raises(NotFound):
        Zipping(session, bench.store, bob.scope).zip(["docs"])


@pytest.mark.parametrize("count", [0, 1001])
def test_a_selection_has_a_limit(zips: Zipping, count: int) -> None:
    with pytest.raises(InvalidField):
        zips.zip(["top"] * count)


def test_an_archive_contains_the_state_when_each_file_is_read(
    zips: Zipping, session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipping, "MEASURED_ENTRIES", 0)
    archive = zips.zip(["other"])

    bench.upload(session, alice, "other/docs/late", b"late")

    assert read(archive) == {**OTHER, "other/docs/late": b"late"}


def test_lost_content_aborts_the_archive(zips: Zipping, bench: Workbench) -> None:
    archive = zips.zip(["docs"])
    bench.store.remove(hash_chunks([b"other"]))

    with pytest.raises(BlobMissing):
        read(archive)


def test_truncated_content_aborts_the_archive(zips: Zipping, tmp_path: Path) -> None:
    lost = hash_chunks([b"other"])
    (tmp_path / "store" / "blobs" / lost[:2] / lost).write_bytes(b"o")

    with pytest.raises(BlobMissing):
        read(zips.zip(["docs"]))


@pytest.mark.parametrize("begun", [False, True])
def test_an_abandoned_archive_frees_its_resources(
    zips: Zipping,
    session: Session,
    bench: Workbench,
    alice: Account,
    monkeypatch: pytest.MonkeyPatch,
    begun: bool,
) -> None:
    monkeypatch.setattr(zipping, "MEASURED_ENTRIES", 0)
    monkeypatch.setattr(zipping, "PIECE_SIZE", 1)
    archive = zips.zip([""])
    before = open_files()
    if begun:
        for _ in range(3):  # within a file, whose header has been sent
            assert next(archive.chunks)
        assert len(open_files()) == len(before) + 1

    archive.chunks.close()

    assert open_files() == before
    assert not session.in_transaction()


def test_no_transaction_is_open_during_a_transfer(
    zips: Zipping, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipping, "PIECE_SIZE", 1)

    for _ in zips.zip([""]).chunks:
        assert not session.in_transaction()


def open_files() -> list[str]:
    """Return what the descriptors of this process that are regular files lead to."""
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            links.append(str(descriptor.readlink()))
    return sorted(link for link in links if "/blobs/" in link)
