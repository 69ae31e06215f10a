"""Archives as read by Python's zipfile, and byte by byte where it is too lenient."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cabinet.services.archives.zip_format import Archive, Length
from cabinet.storage.chunks import CHUNK_SIZE
from tests.support.services import START

ZEROS = bytes(CHUNK_SIZE)


def test_small_and_large_files_and_folders_round_trip(tmp_path: Path) -> None:
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


def test_times_are_exact_in_the_unix_field() -> None:
    archive = Archive()
    moment = START + timedelta(seconds=7)
    written = b"".join([*archive.small_file("a", moment, b""), *archive.end()])

    with zipfile.ZipFile(io.BytesIO(written)) as read:
        extra = read.getinfo("a").extra
    assert extra == b"UT\x05\x00\x01" + int(moment.timestamp()).to_bytes(4, "little")
    archive.close()


def test_local_and_central_headers_of_an_entry_agree() -> None:
    archive, content = Archive(), "файл".encode()
    local, _ = archive.small_file("é", START, content)
    central = b"".join(archive.end())
    archive.close()

    moment = START.astimezone()
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    date = moment.year - 1980 << 9 | moment.month << 5 | moment.day
    stamp = b"UT\x05\x00\x01" + int(START.timestamp()).to_bytes(4, "little")
    # Version 2.0, names in UTF-8, stored; from the checksum on: both sizes, lengths of name and extra.
    alike = struct.pack("<5H3L2H", 20, 1 << 11, 0, time, date, zlib.crc32(content), 8, 8, 2, len(stamp))
    # No comment, the first disk, no text, a regular file that its owner may write, at the beginning.
    alone = struct.pack("<3H2L", 0, 0, 0, 0o100644 << 16, 0)
    assert local == b"PK\x03\x04" + alike + "é".encode() + stamp
    assert central.startswith(b"PK\x01\x02\x14\x03" + alike + alone + "é".encode() + stamp + b"PK\x05\x06")


def test_sizes_above_32_bits_use_zip64_and_a_data_descriptor() -> None:
    archive, size = Archive(), 1 << 31
    before, _, behind = archive.large_file("a", START, size, [b"x"])
    central = b"".join(archive.end())
    archive.close()

    far_off = b"\xff" * 8
    # Version 4.5, a descriptor follows; no checksum yet, sizes elsewhere: where they are zero, as it comes later.
    assert before[:8] == b"PK\x03\x04" + struct.pack("<2H", 45, 1 << 3)
    assert before[14:26] == bytes(4) + far_off
    assert before[-20:] == struct.pack("<2H2Q", 1, 16, 0, 0)
    assert behind == struct.pack("<4sL2Q", b"PK\x07\x08", zlib.crc32(b"x"), size, size)
    assert central[16:28] == struct.pack("<L", zlib.crc32(b"x")) + far_off
    assert central[47:67] == struct.pack("<2H2Q", 1, 16, size, size)


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


def test_files_and_archives_above_four_gib_round_trip(tmp_path: Path) -> None:
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


def test_more_than_65535_entries_round_trip() -> None:
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
