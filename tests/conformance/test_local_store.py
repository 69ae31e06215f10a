"""The local backend: layout, modes, and planted files."""

from __future__ import annotations

import errno
import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cabinet.errors import BlobMissing, StorageFault
from cabinet.refusals import BadSetting, UnusableStore
from cabinet.storage.content_hash import hash_chunks
from cabinet.storage.local.blobs import LocalStore, open_store
from tests.support.backends import LocalBackend, get, put
from tests.support.contents import content_of
from tests.support.faults import Fault, on_small_disks, python

CONTENT = content_of(10_000)
HASH = hash_chunks([CONTENT])


@pytest.fixture
def place(tmp_path: Path) -> LocalBackend:
    return LocalBackend(tmp_path / "store")


@pytest.fixture
def store(place: LocalBackend) -> LocalStore:
    return open_store(place.url)


@pytest.fixture
def permissive_umask() -> Iterator[None]:
    previous = os.umask(0)
    yield
    os.umask(previous)


def test_a_blob_is_stored_by_its_hash_with_a_single_link(store: LocalStore, place: LocalBackend) -> None:
    put(store, CONTENT)

    status = place.blob(HASH).lstat()
    assert (stat.S_ISREG(status.st_mode), status.st_size, status.st_nlink) == (True, len(CONTENT), 1)


@pytest.mark.usefixtures("permissive_umask")
def test_the_store_is_private_whatever_the_umask(place: LocalBackend) -> None:
    store = open_store(place.url)
    put(store, CONTENT)

    with store.begin() as staging:
        staging.append([CONTENT])
        staging.finish()
        modes = {
            (path.is_dir(), stat.S_IMODE(path.lstat().st_mode))
            for path in [place.root, *place.root.rglob("*")]
        }

    assert modes == {(True, 0o700), (False, 0o600)}


@pytest.mark.parametrize("missing", ["blobs", "staging", "blobs/00", "blobs/ff"])
def test_a_missing_folder_is_created_again(store: LocalStore, place: LocalBackend, missing: str) -> None:
    folder = place.root / missing
    for inside in folder.iterdir():
        inside.rmdir()
    folder.rmdir()

    again = open_store(place.url)

    assert len(list((place.root / "blobs").iterdir())) == 256
    put(again, CONTENT)
    assert get(again, HASH) == CONTENT


def test_the_url_is_percent_decoded(tmp_path: Path) -> None:
    folder = tmp_path / "a store, 100 %"

    assert open_store(folder.as_uri()).root == folder


@pytest.mark.parametrize("url", ["file://host/folder", "file:folder", "file:", "file://"])
def test_a_url_without_a_local_folder_is_an_invalid_setting(url: str) -> None:
    with pytest.raises(BadSetting, match="absolute"):
        open_store(url)


@pytest.mark.parametrize("where", ["", "blobs", "staging"])
def test_a_file_in_place_of_a_folder_prevents_the_start(place: LocalBackend, where: str) -> None:
    in_the_way = place.root / where
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.write_text("in the way")

    with pytest.raises(UnusableStore, match="exists"):
        open_store(place.url)


OPEN = """
import sys
from cabinet.refusals import UnusableStore
from cabinet.storage.local.blobs import open_store
try:
    open_store(sys.argv[1])
except UnusableStore as refused:
    print(refused)
"""


@pytest.mark.parametrize("apart", ["staging", "blobs"])
def test_folders_on_two_file_systems_prevent_the_start(
    store: LocalStore, place: LocalBackend, apart: str
) -> None:
    command = on_small_disks(python(OPEN, place.url), {place.root / apart: "1m"})

    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    assert f"The store at {place.root} cannot be used" in printed
    assert "must lie on one filesystem" in printed
    assert place.staged() == []


def test_folders_that_cannot_be_linked_prevent_the_start(
    place: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fault(monkeypatch, "link", errno.EXDEV)

    with pytest.raises(UnusableStore, match="must lie on one filesystem"):
        open_store(place.url)
    assert place.staged() == []


@pytest.mark.parametrize("number", [errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links_prevents_the_start(
    place: LocalBackend, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    Fault(monkeypatch, "link", number)

    with pytest.raises(UnusableStore, match=os.strerror(number)):
        open_store(place.url)
    assert place.staged() == []


def plant_device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")


def plant_socket(path: Path) -> None:
    # By a relative name, for that of a socket is short.
    with socket.socket(socket.AF_UNIX) as listener:
        before = Path.cwd()
        os.chdir(path.parent)
        try:
            listener.bind(path.name)
        finally:
            os.chdir(before)


def plant_link_to_a_file(path: Path) -> None:
    (path.parents[3] / "canary").write_bytes(CONTENT)
    path.symlink_to(path.parents[3] / "canary")


PLANTED: dict[str, Callable[[Path], None]] = {
    "symlink": plant_link_to_a_file,
    "dangling symlink": lambda path: path.symlink_to("nowhere"),
    "symlink to a folder": lambda path: path.symlink_to("/"),
    "fifo": os.mkfifo,
    "socket": plant_socket,
    "device": plant_device,
    "folder": Path.mkdir,
}


@pytest.fixture(params=PLANTED)
def planted(request: pytest.FixtureRequest, store: LocalStore, place: LocalBackend) -> str:
    """Plant one thing after another where a blob would be, and return what it is."""
    kind: str = request.param
    PLANTED[kind](place.blob(HASH))
    return kind


def test_only_a_regular_file_is_a_blob(store: LocalStore, planted: str) -> None:
    with pytest.raises(BlobMissing):
        store.open(HASH)
    assert store.size_of(HASH) is None
    assert list(store.iter_blobs()) == []


def test_a_planted_file_is_replaced_by_the_real_content(
    store: LocalStore, place: LocalBackend, planted: str
) -> None:
    if planted == "folder":
        with pytest.raises(StorageFault, match="directory"):
            put(store, CONTENT)
    else:
        put(store, CONTENT)
        assert (get(store, HASH), stat.S_ISREG(place.blob(HASH).lstat().st_mode)) == (CONTENT, True)
    assert place.staged() == []


def test_replacing_a_planted_link_keeps_its_target(store: LocalStore, place: LocalBackend) -> None:
    plant_link_to_a_file(place.blob(HASH))

    put(store, CONTENT)
    store.remove(HASH)

    assert (place.root.parent / "canary").read_bytes() == CONTENT


@pytest.mark.parametrize("kind", PLANTED)
def test_planted_files_in_staging_are_no_uploads(store: LocalStore, place: LocalBackend, kind: str) -> None:
    (place.root / "staging" / "deep").mkdir()
    PLANTED[kind](place.root / "staging" / ("f" * 32))
    put(store, CONTENT)

    assert list(store.iter_staged()) == []
    assert get(store, HASH) == CONTENT


def test_files_with_other_names_are_neither_blobs_nor_uploads(store: LocalStore, place: LocalBackend) -> None:
    for name in ("staging/notes.txt", f"staging/{HASH}", "blobs/notes.txt", "blobs/00/notes.txt"):
        (place.root / name).write_text("not ours")
    (place.root / "blobs" / ("00" if HASH[:2] != "00" else "01") / HASH).write_text("in the wrong folder")

    assert list(store.iter_staged()) == []
    assert list(store.iter_blobs()) == []


def test_an_upload_ending_during_a_listing_does_not_end_the_listing(store: LocalStore) -> None:
    with store.begin() as one, store.begin() as other:
        listing = store.iter_staged()
        first = next(listing)
        store.discard(one.id)
        store.discard(other.id)

        assert first.key in {one.id, other.id}
        assert list(listing) == []


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 64, "0" * 63, "/" + "0" * 63])
def test_only_a_content_hash_is_a_blob_name(store: LocalStore, key: str) -> None:
    for use in (store.open, store.size_of, store.remove):
        with pytest.raises(ValueError, match="not a content hash"):
            use(key)
