"""tus checksums: a part with a checksum counts completely or not at all.

Rule: after a refusal the upload resumes where it was, and ends with the right bytes.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable

import pytest

from cabinet.storage.content_hash import hash_chunks
from tests.support.contents import content_of
from tests.support.raw_http import RawConnection
from tests.support.tus import (
    Tus,
    check_finished,
    check_refused,
    checksum,
    encoded,
    part,
    staged,
)

BLOCK = 4 << 20
CONTENT = content_of((9 << 20) + 11)
OTHER = content_of(len(CONTENT), seed=1)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_correct_checksum_is_accepted(either: Tus, algorithm: str) -> None:
    upload = either.create(len(CONTENT))
    before = 0
    for border in (0, 1, 1000, BLOCK - 1, BLOCK, 2 * BLOCK + 5):
        piece = CONTENT[before:border]
        upload.append(before, piece, checksum(piece, algorithm))
        before = border

    rest = CONTENT[before:]
    check_finished(either, upload.append(before, rest, checksum(rest, algorithm)), CONTENT)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("size", [1, 1000, BLOCK, BLOCK + 1, 6 << 20])
def test_a_wrong_checksum_discards_the_part(either: Tus, algorithm: str, size: int) -> None:
    upload = either.create(len(CONTENT))
    upload.append(0, CONTENT[: 3 << 20])

    check_refused(upload.patch(3 << 20, OTHER[:size], checksum(b"another part", algorithm)), 460)

    assert upload.offset() == 3 << 20
    upload.append(3 << 20, CONTENT[3 << 20 : (3 << 20) + 10], checksum(CONTENT[3 << 20 : (3 << 20) + 10]))
    assert upload.offset() == (3 << 20) + 10
    upload.finish(CONTENT)


def test_a_wrong_checksum_of_the_last_part_publishes_nothing(either: Tus) -> None:
    upload = either.create(len(CONTENT))

    check_refused(upload.patch(0, OTHER, checksum(CONTENT)), 460)

    assert upload.offset() == 0
    assert either.person.hashes() == {}
    assert either.usage() == 0
    check_finished(either, upload.append(0, CONTENT, checksum(CONTENT)), CONTENT)


def test_a_last_part_of_another_content_publishes_nothing(either: Tus) -> None:
    upload = either.create(len(CONTENT))
    upload.append(0, OTHER[:BLOCK])
    promise = {"Upload-Content-Hash": hash_chunks([CONTENT])}

    check_refused(upload.patch(BLOCK, CONTENT[BLOCK:], promise), 460)
    assert upload.offset() == BLOCK
    check_refused(upload.patch(BLOCK, CONTENT[BLOCK:], {"Upload-Content-Hash": "abc"}), 422)

    content = OTHER[:BLOCK] + CONTENT[BLOCK:]
    done = upload.append(BLOCK, CONTENT[BLOCK:], {"Upload-Content-Hash": hash_chunks([content]).upper()})
    check_finished(either, done, content)


def test_an_empty_part_of_a_complete_upload_is_checked_against_its_checksum(tus: Tus) -> None:
    upload = tus.create(len(CONTENT))
    upload.append(0, CONTENT)

    assert upload.patch(len(CONTENT), b"", checksum(b"wrong")).status == 460
    check_finished(tus, upload.append(len(CONTENT), b"", checksum(b"")), CONTENT)


def test_a_discarded_part_leaves_no_bytes_after_its_replacement(tus: Tus) -> None:
    before = staged(tus.server)
    upload = tus.create(2000)
    check_refused(upload.patch(0, OTHER[:2000], checksum(b"x")), 460)

    upload.append(0, CONTENT[:1], checksum(CONTENT[:1]))
    upload.append(1, CONTENT[1:2000], checksum(CONTENT[1:2000], "sha256"))

    assert check_finished(tus, upload.get_status(), CONTENT[:2000]) == "file.bin"
    assert staged(tus.server) <= before


RIGHT = encoded(hashlib.sha1(CONTENT[:1000]).digest())  # noqa: S324 - what the protocol asks for


@pytest.mark.parametrize(
    "value",
    [
        "",
        "sha1",
        "sha1 ",
        f"md5 {encoded(hashlib.md5(CONTENT[:1000]).digest())}",  # noqa: S324
        f"crc32 {encoded(b'1234')}",
        f"sha512 {encoded(hashlib.sha512(CONTENT[:1000]).digest())}",
        "sha1 not/base64!",
        f"sha1 {RIGHT[:-1]}",
        f"sha1 {encoded(b'short')}",
        f"sha256 {RIGHT}",
        f"sha1 {hashlib.sha1(CONTENT[:1000]).hexdigest()}",  # noqa: S324
        f"sha1 {RIGHT} {RIGHT}",
        RIGHT,
        f" {RIGHT}",
        "x" * 5000,
    ],
)
def test_an_invalid_checksum_discards_the_part(tus: Tus, value: str) -> None:
    upload = tus.create(len(CONTENT))

    check_refused(upload.patch(0, CONTENT[:1000], {"Upload-Checksum": value}), 400)

    assert upload.offset() == 0
    upload.append(0, CONTENT[:1000], checksum(CONTENT[:1000]))


def test_a_chunked_part_may_have_a_checksum(either: Tus) -> None:
    upload = either.create(len(CONTENT))

    wrong = either.send_chunked("PATCH", upload.target, {**part(0), **checksum(OTHER)}, CONTENT)
    check_refused(wrong, 460)
    assert upload.offset() == 0

    right = either.send_chunked("PATCH", upload.target, {**part(0), **checksum(CONTENT)}, CONTENT)
    check_finished(either, right, CONTENT)


def by_fin(connection: RawConnection) -> None:
    connection.half_close()
    connection.read_response("PATCH")


ENDINGS: dict[str, Callable[[RawConnection], None]] = {"FIN": by_fin, "RST": RawConnection.reset}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("size", [1000, 2 << 20, 6 << 20])
def test_a_truncated_part_with_a_checksum_is_discarded(either: Tus, ending: str, size: int) -> None:
    """Even where the bytes that arrived would fit the checksum."""
    upload = either.create(len(CONTENT))
    upload.append(0, CONTENT[:1000])
    beginning = CONTENT[1000 : 1000 + size]

    with upload.sending(1000, len(CONTENT) - 1000, beginning, checksum(beginning)) as connection:
        ENDINGS[ending](connection)

    assert upload.offset() == 1000
    rest = CONTENT[1000:]
    check_finished(either, upload.append(1000, rest, checksum(rest)), CONTENT)


def test_unterminated_chunks_with_a_checksum_are_discarded(either: Tus) -> None:
    upload = either.create(len(CONTENT))
    beginning = CONTENT[: 2 << 20]
    headers = {**part(0), **checksum(beginning), "Transfer-Encoding": "chunked"}
    body = b"%x\r\n%s\r\n" % (len(beginning), beginning)

    with either.sending("PATCH", upload.target, headers, body) as connection:
        by_fin(connection)

    assert upload.offset() == 0
    upload.finish(CONTENT)


def test_parts_with_and_without_checksums_mix(tus: Tus) -> None:
    for seed in range(4):
        chance = random.Random(seed)
        upload = tus.create(len(CONTENT), filename=f"{seed}.bin")
        offset = 0
        while offset < len(CONTENT):
            size = chance.choice([1, 999, 70_000, 1 << 20, BLOCK, BLOCK + 1, 5 << 20])
            piece = CONTENT[offset : offset + size]
            kind = chance.choice(["none", "sha1", "sha256", "wrong"])
            if kind == "wrong":
                check_refused(upload.patch(offset, OTHER[: len(piece)], checksum(b"wrong")), 460)
                assert upload.offset() == offset, f"seed {seed}"
                continue
            answer = upload.append(offset, piece, {} if kind == "none" else checksum(piece, kind))
            offset += len(piece)
        assert check_finished(tus, answer, CONTENT) == f"{seed}.bin"
