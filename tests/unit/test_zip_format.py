"""Archives as Python's own reader, which is not what writes them, understands them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cabinet.services.archives.zip_format import Archive, Length
from cabinet.storage.chunks import CHUNK_SIZE
from tests.support.services import START

ZEROS = bytes(CHUNK_SIZE)


def test_small_and_large_files_and_folders_are_read_back(tmp_path: Path) -> None:
    long_ago, far_off = datetime(1970, 1, 2, tzinfo=UTC), datetime(2150, 1, 1, tzinfo=UTC)
    archive, length = Archive(), Length()
    large = [b"x" * CHUNK_SIZE, b"tail"]
    written = [archive.folder("папка/", START), *archive.small_file("папка/a", long_ago, b"content")]
    written += archive.large_file("large", far_off, CHUNK_SIZE + 4, large)
    written += [*archive.small_file("empty", START, b""), *archive.end()]
    for name, modified_at, size in (
        ("папка/", START, 0), ("папка/a", long_ago, 7), ("large", far_off, CHUNK_SIZE + 4), ("empty", START, 0),
    ):  # fmt: skip
        length.add(name, modified_at, size)

    assert length.total == sum(map(len, written))
    with zipfile.ZipFile(io.BytesIO(b"".join(written))) as read:
        assert read.testzip() is None
        assert read.namelist() == ["папка/", "папка/a", "large", "empty"]
        assert read.getinfo("папка/").is_dir()
        assert read.read("папка/a") == b"content"
        assert read.read("large") == b"".join(large)
        times = [info.date_time for info in read.infolist()]
    assert times[0] == START.astimezone().timetuple()[:6]
    assert times[1] == (1980, 1, 1, 0, 0, 0)
    assert times[2] == (2107, 12, 31, 23, 59, 58)
    archive.close()


def test_times_are_exact_for_whoever_reads_the_unix_field() -> None:
    archive = Archive()
    moment = START + timedelta(seconds=7)
    written = b"".join([*archive.small_file("a", moment, b""), *archive.end()])

    with zipfile.ZipFile(io.BytesIO(written)) as read:
        extra = read.getinfo("a").extra
    assert extra == b"UT\x05\x00\x01" + int(moment.timestamp()).to_bytes(4, "little")
    archive.close()


def write_sparse(path: Path, pieces: Iterable[bytes]) -> int:
    """Write `pieces` without the zeros; returns how many bytes they are."""
    size = 0
    with path.open("wb") as file:
        for piece in pieces:
            size += len(piece)
            if piece is ZEROS:
                file.seek(len(piece), io.SEEK_CUR)
            else:
                file.write(piece)
    return size


def test_files_and_archives_above_four_gibibytes_are_read_back(tmp_path: Path) -> None:
    chunks = (4 << 30) // CHUNK_SIZE + 1
    size = chunks * CHUNK_SIZE
    archive, length = Archive(), Length()

    def pieces() -> Iterator[bytes]:
        yield from archive.large_file("huge", START, size, (ZEROS for _ in range(chunks)))
        yield from archive.small_file("behind", START, b"found")
        yield from archive.end()

    written = write_sparse(tmp_path / "huge.zip", pieces())

    length.add("huge", START, size)
    length.add("behind", START, 5)
    assert length.total == written
    with zipfile.ZipFile(tmp_path / "huge.zip") as read:
        assert read.getinfo("huge").file_size == size
        assert read.read("behind") == b"found"
        with read.open("huge") as content:
            assert content.read(3) == b"\0\0\0"
    archive.close()


def test_more_entries_than_two_bytes_count_are_read_back() -> None:
    archive, length = Archive(), Length()
    names = [f"{number:x}/" for number in range(0xFFFF)]
    written = io.BytesIO()
    for name in names:
        written.write(archive.folder(name, START))
        length.add(name, START, 0)
    written.writelines(archive.end())

    assert written.tell() == length.total
    with zipfile.ZipFile(written) as read:
        assert read.namelist() == names
    archive.close()
