"""tus concatenation: partial uploads joined to one file.

Rule: a partial is no file; joined, expired or cancelled, its bytes never count twice.
"""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cabinet.storage.content_hash import hash_chunks
from tests.support.contents import content_of
from tests.support.tus import (
    CONTENT_TYPE,
    Headers,
    Tus,
    Upload,
    check_finished,
    check_refused,
    checksum,
    metadata,
    new_account,
    staged,
    told,
)

BLOCK = 4 << 20
CONTENT = content_of((12 << 20) + 17)

PARTIAL: Headers = {"Upload-Concat": "partial", "Upload-Metadata": None}


def pieces(*borders: int) -> list[bytes]:
    return [CONTENT[start:stop] for start, stop in itertools.pairwise((0, *borders, len(CONTENT)))]


@pytest.mark.parametrize(
    "borders",
    [
        (BLOCK, 2 * BLOCK),
        (2 * BLOCK,),
        (1,),
        (1000, 2000),
        (BLOCK - 1, 2 * BLOCK + 1),
        (BLOCK, BLOCK + 1, 2 * BLOCK),
        (BLOCK, BLOCK, BLOCK),
        (),
    ],
)
def test_partials_of_any_size_are_joined(either: Tus, borders: tuple[int, ...]) -> None:
    before = staged(either.server)
    partials = [either.partial(piece) for piece in pieces(*borders)]
    assert either.person.hashes() == {}
    assert either.usage() == len(CONTENT)

    answer = either.join(*partials)

    assert answer.status == 201
    assert check_finished(either, answer, CONTENT) == "joined"
    assert either.person.hashes() == {"joined": hash_chunks([CONTENT])}
    assert either.usage() == len(CONTENT)
    assert either.unfinished() == []
    assert staged(either.server) <= before


def test_partial_and_final_report_their_kind(either: Tus) -> None:
    partials = [either.partial(b"one"), either.partial(b"two")]
    for partial in partials:
        looked = partial.get_status()
        assert looked.headers["Upload-Concat"] == "partial"
        assert (looked.headers["Upload-Offset"], looked.headers["Upload-Length"]) == ("3", "3")
        assert "X-Content-Hash" not in looked.headers
        assert "Content-Location" not in looked.headers

    answer = either.join(*partials)
    looked = Upload(either, answer.headers["Location"]).get_status()

    assert looked.headers["Upload-Concat"] == f"final;{partials[0].target} {partials[1].target}"
    assert (looked.headers["Upload-Offset"], looked.headers["Upload-Length"]) == ("6", "6")
    check_finished(either, looked, b"onetwo")


def test_an_unfinished_partial_reports_its_kind(tus: Tus) -> None:
    partial = tus.create(10, headers=PARTIAL)
    partial.append(0, b"some")

    looked = partial.get_status()

    assert looked.headers["Upload-Concat"] == "partial"
    assert looked.headers["Upload-Offset"] == "4"
    [found] = tus.unfinished()
    assert (found["is_partial"], found["offset"]) == (True, 4)


def test_partials_are_named_by_relative_or_absolute_url(either: Tus) -> None:
    partials = [either.partial(each) for each in (b"one", b"two", b"three")]
    url = f"{either.server.url}{partials[1].target}"

    answer = either.join(partials[0], url, partials[2])

    check_finished(either, answer, b"onetwothree")


def test_a_partial_may_be_named_twice(either: Tus) -> None:
    block, rest = CONTENT[:BLOCK], CONTENT[BLOCK : BLOCK + 5]
    first, last = either.partial(block), either.partial(rest)

    answer = either.join(first, first, last, last)

    check_finished(either, answer, block + block + rest + rest)
    assert either.usage() == 2 * len(block + rest)


def test_the_final_upload_determines_the_order(tus: Tus) -> None:
    one, two = tus.partial(b"one"), tus.partial(b"two")

    check_finished(tus, tus.join(two, one), b"twoone")


def test_metadata_of_partials_is_not_inherited(either: Tus) -> None:
    partial = either.create(5, headers={"Upload-Concat": "partial"}, filename="part.txt", folder="parts")
    partial.append(0, b"bytes")

    answer = either.join(partial, name="whole.bin")

    assert check_finished(either, answer, b"bytes") == "whole.bin"
    [entry] = either.person.entries()
    assert entry["path"] == "whole.bin"


def test_partials_may_be_sent_concurrently(either: Tus) -> None:
    before = staged(either.server)
    parts = pieces(BLOCK, 2 * BLOCK, 3 * BLOCK)
    partials = [either.create(len(each), headers=PARTIAL) for each in parts]
    together = threading.Barrier(len(parts))

    def send(number: int) -> None:
        together.wait(60)
        for start in range(0, len(parts[number]), 1 << 20):
            piece = parts[number][start : start + (1 << 20)]
            partials[number].append(start, piece, checksum(piece))

    with ThreadPoolExecutor(len(parts)) as threads:
        list(threads.map(send, range(len(parts))))

    check_finished(either, either.join(*partials), CONTENT)
    assert staged(either.server) <= before


def test_partials_may_be_empty_deferred_or_sent_with_their_creation(either: Tus) -> None:
    empty = either.partial(b"")
    deferred = either.create(None, headers=PARTIAL)
    deferred.append(0, b"two", {"Upload-Length": 3})
    brought = either.post({**PARTIAL, "Upload-Length": 5, "Content-Type": CONTENT_TYPE}, b"three")
    assert brought.status == 201

    check_finished(either, either.join(empty, deferred, brought.headers["Location"]), b"twothree")


def test_an_empty_partial_creates_an_empty_file(tus: Tus) -> None:
    check_finished(tus, tus.join(tus.partial(b"")), b"")


def test_a_final_has_no_length_and_no_body(tus: Tus) -> None:
    partial = tus.partial(b"bytes")

    check_refused(tus.join(partial, headers={"Upload-Length": 5}), 400)
    check_refused(tus.join(partial, headers={"Upload-Length": 0}), 400)
    final: Headers = {
        "Upload-Concat": f"final;{partial.target}",
        "Upload-Metadata": metadata(filename="joined"),
        "Content-Type": CONTENT_TYPE,
    }
    check_refused(tus.post(final, b"more"), 403)

    assert tus.person.hashes() == {}
    check_finished(tus, tus.join(partial), b"bytes")


def test_nothing_can_be_appended_to_a_final(tus: Tus) -> None:
    answer = tus.join(tus.partial(b"bytes"))
    final = Upload(tus, answer.headers["Location"])

    for offset, content in ((5, b"x"), (5, b""), (0, b"bytes")):
        check_refused(final.patch(offset, content), 403)

    check_finished(tus, final.get_status(), b"bytes")


UNKNOWN = "/uploads/00000000000000000000000000000000"


@pytest.mark.parametrize(
    "value",
    [
        "final",
        "final;",
        "final; ",
        f"final;{UNKNOWN}",
        "final;/uploads/",
        "final;/uploads",
        "final;/files/file.bin",
        "final;../../etc/passwd",
        "final;http://[",
        "final;\\\\evil\\x",
        "final;" + "/uploads/x " * 500,
        "other",
        "Partial;",
        "partial;/uploads/x",
    ],
)
def test_a_concatenation_of_nothing_is_refused(tus: Tus, value: str) -> None:
    tus.person.store("file.bin", b"content")
    length = {"Upload-Length": 5} if "final" not in value else {}

    answer = tus.post({"Upload-Concat": value, "Upload-Metadata": metadata(filename="joined"), **length})

    check_refused(answer, 400)
    assert tus.unfinished() == []
    assert tus.person.hashes().keys() == {"file.bin"}


def test_only_finished_partials_are_joined(tus: Tus) -> None:
    good = tus.partial(b"good")
    unfinished = tus.create(10, headers=PARTIAL)
    unfinished.append(0, b"some")
    deferred = tus.create(None, headers=PARTIAL)
    ordinary = tus.create(5, filename="ordinary")
    finished = tus.create(5, filename="finished")
    finished.append(0, b"bytes")
    cancelled = tus.partial(b"cancelled")
    assert cancelled.send("DELETE").status == 204
    expired = tus.partial(b"expired")
    expired.expire()
    final = tus.join(tus.partial(b"joined before"), name="before").headers["Location"]

    for bad in (unfinished, deferred, ordinary, finished, cancelled, expired, final):
        check_refused(tus.join(good, bad), 400)

    assert tus.person.hashes().keys() == {"finished", "before"}
    check_finished(tus, tus.join(good), b"good")


def test_partials_of_another_user_are_not_found(tus: Tus) -> None:
    theirs = new_account(tus.server).partial(b"secret")
    mine = tus.partial(b"mine")

    refused, unknown = tus.join(mine, theirs), tus.join(mine, UNKNOWN)

    check_refused(refused, 400)
    assert told(refused, theirs.target) == told(unknown, UNKNOWN)
    assert tus.person.hashes() == {}


def test_a_cancelled_partial_frees_its_bytes(tus: Tus) -> None:
    before = staged(tus.server)
    partial = tus.partial(CONTENT)
    assert tus.usage() == len(CONTENT)

    assert partial.send("DELETE").status == 204

    assert tus.usage() == 0
    assert staged(tus.server) <= before


def test_removing_a_partial_later_keeps_the_file(tus: Tus) -> None:
    partial = tus.partial(CONTENT[:BLOCK])
    check_finished(tus, tus.join(partial), CONTENT[:BLOCK])

    assert partial.send("DELETE").status in {204, 404, 410}

    assert tus.person.get("joined") == CONTENT[:BLOCK]
    assert tus.usage() == BLOCK


def test_two_finals_of_the_same_partials_never_share_or_duplicate_bytes(tus: Tus) -> None:
    partial = tus.partial(CONTENT[: BLOCK + 1])
    tus.join(partial, name="one")

    again = tus.join(partial, name="two")

    assert again.status in {201, 400}
    files = tus.person.hashes()
    assert len(files) == (2 if again.status == 201 else 1)
    assert tus.usage() == len(files) * (BLOCK + 1)
    for path in files:
        assert tus.person.get(path) == CONTENT[: BLOCK + 1]


def test_two_concurrent_finals_are_complete_or_refused(tus: Tus) -> None:
    partials = [tus.partial(piece) for piece in pieces(BLOCK)]
    together = threading.Barrier(4)

    def join(number: int) -> int:
        together.wait(60)
        return tus.join(*partials, name=f"{number}").status

    with ThreadPoolExecutor(4) as threads:
        statuses = list(threads.map(join, range(4)))

    assert set(statuses) <= {201, 400, 423}
    files = tus.person.hashes()
    assert len(files) == statuses.count(201) >= 1
    assert set(files.values()) == {hash_chunks([CONTENT])}
    assert tus.usage() == len(files) * len(CONTENT)


def test_a_final_that_cannot_be_stored_does_not_exist_and_can_be_retried(either: Tus) -> None:
    partials = [either.partial(piece) for piece in pieces(BLOCK)]
    either.person.store("folder/file", b"in the way")
    name = metadata(filename="folder")

    refused = either.join(*partials, headers={"Upload-Metadata": name})

    check_refused(refused, 409)
    assert either.person.hashes().keys() == {"folder/file"}
    check_finished(either, either.join(*partials), CONTENT)
