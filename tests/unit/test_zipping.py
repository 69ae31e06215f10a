"""Folders and selections as archives, through the service."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import BlobMissing, InvalidField, NotFound
from cabinet.services.accounts.accounts import Account
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
    """Return what is in an archive, by name; a folder has no content."""
    written = b"".join(archive.chunks)
    assert archive.length in {None, len(written)}
    with zipfile.ZipFile(io.BytesIO(written)) as opened:
        assert opened.testzip() is None
        assert len(opened.namelist()) == len(set(opened.namelist()))
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.mark.parametrize("page", [1, 2, 1000])
@pytest.mark.parametrize("measured", [0, 20_000])
def test_a_folder_is_there_with_all_below_it(
    zips: Zipping, monkeypatch: pytest.MonkeyPatch, page: int, measured: int
) -> None:
    monkeypatch.setattr(zipping, "PAGE", page)
    monkeypatch.setattr(zipping, "MEASURED_ENTRIES", measured)

    archive = zips.zip(["docs"])

    assert (archive.length is None) == (measured == 0)
    assert archive.name == "docs.zip"
    assert read(archive) == DOCS


def test_the_empty_path_is_all_that_a_user_has(zips: Zipping) -> None:
    archive = zips.zip([""])

    assert archive.name == "cabinet.zip"
    assert read(archive) == {**DOCS, **OTHER, "top": b"top"}


def test_a_selection_keeps_the_names_of_its_parts_apart(zips: Zipping) -> None:
    archive = zips.zip(["docs/deep", "other/docs", "docs/deep/b", "top", "top", "docs/empty", "docs/deep/B"])

    assert archive.name == "cabinet.zip"
    assert read(archive) == {
        "deep/": b"", "deep/B": b"other", "deep/b (2)": b"b", "docs/": b"", "docs/c": b"c",
        "b": b"b", "top": b"top", "empty/": b"", "B (2)": b"other",
    }  # fmt: skip


def test_a_selection_is_called_after_the_folder_that_it_is_of(zips: Zipping) -> None:
    assert zips.zip(["docs/deep/b", "docs/deep/B"]).name == "deep.zip"
    assert zips.zip(["docs", "top"]).name == "cabinet.zip"
    assert zips.zip(["docs/a"]).name == "a.zip"


def test_nothing_is_an_archive_too(session: Session, bench: Workbench, alice: Account) -> None:
    assert read(Zipping(session, bench.store, alice.scope).zip([""])) == {}


def test_what_is_in_the_trash_is_in_no_archive(
    zips: Zipping, session: Session, bench: Workbench, alice: Account
) -> None:
    bench.files(session, alice).trash("docs/deep")

    assert "docs/deep/" not in read(zips.zip(["docs"]))
    for path in ("docs/deep", "docs/deep/b"):
        with pytest.raises(NotFound):
            zips.zip(["docs/a", path])


def test_what_is_anothers_is_not_there(zips: Zipping, session: Session, bench: Workbench) -> None:
    bob = bench.register(session, "bob")

    with pytest.raises(NotFound):
        Zipping(session, bench.store, bob.scope).zip(["docs"])


@pytest.mark.parametrize("count", [0, 1001])
def test_a_selection_has_a_limit(zips: Zipping, count: int) -> None:
    with pytest.raises(InvalidField):
        zips.zip(["top"] * count)


def test_an_archive_shows_what_is_there_when_it_reaches_it(
    zips: Zipping, session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipping, "MEASURED_ENTRIES", 0)
    archive = zips.zip(["other"])

    bench.upload(session, alice, "other/docs/late", b"late")

    assert read(archive) == {**OTHER, "other/docs/late": b"late"}


def test_a_lost_content_breaks_the_archive_off(zips: Zipping, bench: Workbench) -> None:
    archive = zips.zip(["docs"])
    bench.store.remove(hash_chunks([b"other"]))

    with pytest.raises(BlobMissing):
        read(archive)


def test_a_content_that_was_cut_breaks_the_archive_off(zips: Zipping, tmp_path: Path) -> None:
    lost = hash_chunks([b"other"])
    (tmp_path / "store" / "blobs" / lost[:2] / lost).write_bytes(b"o")

    with pytest.raises(BlobMissing):
        read(zips.zip(["docs"]))


@pytest.mark.parametrize("begun", [False, True])
def test_an_archive_that_is_given_up_frees_all_that_it_holds(
    zips: Zipping,
    session: Session,
    bench: Workbench,
    alice: Account,
    monkeypatch: pytest.MonkeyPatch,
    begun: bool,
) -> None:
    monkeypatch.setattr(zipping, "MEASURED_ENTRIES", 0)
    monkeypatch.setattr(zipping, "CHUNK_SIZE", 1)
    archive = zips.zip([""])
    before = open_files()
    if begun:
        for _ in range(3):  # within a file, whose header has been sent
            assert next(archive.chunks)
        assert len(open_files()) == len(before) + 1

    archive.chunks.close()

    assert open_files() == before
    assert not session.in_transaction()


def test_no_transaction_is_open_while_bytes_move(
    zips: Zipping, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipping, "CHUNK_SIZE", 1)

    for _ in zips.zip([""]).chunks:
        assert not session.in_transaction()


def open_files() -> list[str]:
    """Return what the descriptors of this process that are regular files lead to."""
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            links.append(str(descriptor.readlink()))
    return sorted(link for link in links if "/blobs/" in link)
