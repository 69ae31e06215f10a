"""tus creation: the length, given or deferred, metadata, and creation with upload.

Rule: a refusal creates no upload and no file, and leaves nothing in staging.
"""

from __future__ import annotations

import pytest

from tests.support.contents import content_of
from tests.support.raw_http import RawResponse
from tests.support.tus import (
    CONTENT_TYPE,
    Headers,
    Tus,
    Upload,
    check_finished,
    check_refused,
    checksum,
    metadata,
    staged,
)

CONTENT = content_of(100_000)
LARGE = content_of((5 << 20) + 3, seed=1)
MOST = 1 << 40
NAMED = metadata(filename="file.bin")
BODY: Headers = {"Content-Type": CONTENT_TYPE}


def post(tus: Tus, headers: Headers, body: bytes = b"") -> RawResponse:
    return tus.post({"Upload-Metadata": NAMED, **headers}, body)


def check_nothing(tus: Tus) -> None:
    assert tus.unfinished() == []
    assert tus.person.hashes() == {}
    assert tus.usage() == 0


def test_a_created_upload_exists_and_is_empty(either: Tus) -> None:
    given = metadata(filename="имя.txt", filetype="text/plain", other="ключ", flag=None)

    answer = either.post({"Upload-Length": 5, "Upload-Metadata": given})

    assert answer.status == 201
    assert "/uploads/" in answer.headers["Location"]
    looked = Upload(either, answer.headers["Location"]).get_status()
    assert (looked.headers["Upload-Offset"], looked.headers["Upload-Length"]) == ("0", "5")
    assert looked.headers["Upload-Metadata"] == given
    assert "no-store" in looked.headers["Cache-Control"]
    assert either.person.hashes() == {}


def test_ids_are_unique_and_unordered(tus: Tus) -> None:
    ids = [tus.create(5).id for _ in range(5)]

    assert len(set(ids)) == 5
    assert ids != sorted(ids) or len({each[:4] for each in ids}) == 5
    assert all(len(each) >= 16 for each in ids)


@pytest.mark.parametrize(
    "length", [None, "", "-1", "-0", "1e3", "+5", "5.0", "0x5", "5 5", "٥", "five", "5,5", "5_0"]
)
def test_an_invalid_length_is_refused(tus: Tus, length: str | None) -> None:
    check_refused(post(tus, {"Upload-Length": length}), 400)
    check_nothing(tus)


@pytest.mark.parametrize("length", [MOST + 1, 1 << 63, 1 << 64])
def test_a_length_above_the_maximum_is_refused(tus: Tus, length: int) -> None:
    check_refused(post(tus, {"Upload-Length": length}), *((413,) if length == MOST + 1 else (400, 413)))
    check_nothing(tus)


def test_a_length_of_thousands_of_digits_is_refused(tus: Tus) -> None:
    check_refused(post(tus, {"Upload-Length": "9" * 5000}), 400, 413)
    check_nothing(tus)


def test_the_maximum_length_is_accepted_if_the_disk_need_not_hold_it_yet(tus: Tus) -> None:
    assert post(tus, {"Upload-Length": MOST}).status in {201, 507}


@pytest.mark.parametrize("defer", ["2", "0", "", "-1", "true", "1, 1"])
def test_only_defer_length_1_is_valid(tus: Tus, defer: str) -> None:
    check_refused(post(tus, {"Upload-Defer-Length": defer}), 400)
    check_nothing(tus)


def test_a_length_is_either_given_or_deferred(tus: Tus) -> None:
    check_refused(post(tus, {"Upload-Defer-Length": 1, "Upload-Length": 5}), 400)
    check_nothing(tus)


def test_a_deferred_length_is_given_with_a_part(either: Tus) -> None:
    upload = either.create(None)
    looked = upload.get_status()
    assert (looked.headers["Upload-Offset"], looked.headers["Upload-Defer-Length"]) == ("0", "1")
    assert "Upload-Length" not in looked.headers

    upload.append(0, CONTENT[:10])
    assert upload.get_status().headers["Upload-Defer-Length"] == "1"
    upload.append(10, CONTENT[10:20], {"Upload-Length": len(CONTENT)})

    looked = upload.get_status()
    assert looked.headers["Upload-Length"] == str(len(CONTENT))
    assert "Upload-Defer-Length" not in looked.headers
    check_finished(either, upload.append(20, CONTENT[20:]), CONTENT)


def test_a_deferred_length_may_be_given_with_an_empty_part(either: Tus) -> None:
    upload = either.create(None)
    upload.append(0, LARGE)
    assert either.person.hashes() == {}

    check_finished(either, upload.append(len(LARGE), b"", {"Upload-Length": len(LARGE)}), LARGE)


def test_an_empty_file_may_have_a_deferred_length(either: Tus) -> None:
    upload = either.create(None)

    check_finished(either, upload.append(0, b"", {"Upload-Length": 0}), b"")


@pytest.mark.parametrize(
    ("length", "statuses"),
    [(9, [400, 413]), (0, [400, 413]), (-1, [400]), ("ten", [400]), (MOST + 1, [413]), (12, [413])],
)
def test_an_invalid_deferred_length_is_refused(tus: Tus, length: int | str, statuses: list[int]) -> None:
    upload = tus.create(None)
    upload.append(0, CONTENT[:10])

    answer = upload.patch(10, CONTENT[10:15], {"Upload-Length": length})

    check_refused(answer, *statuses)
    looked = upload.get_status()
    assert looked.headers["Upload-Offset"] == "10"
    assert tus.person.hashes() == {}


def test_the_length_of_a_refused_part_does_not_count(tus: Tus) -> None:
    upload = tus.create(None)
    upload.append(0, CONTENT[:10])

    check_refused(upload.patch(11, b"", {"Upload-Length": 20}), 409)
    check_refused(upload.patch(10, b"", {"Upload-Length": 20, "Content-Type": "text/plain"}), 415)

    assert upload.get_status().headers["Upload-Defer-Length"] == "1"
    check_finished(tus, upload.append(10, b"", {"Upload-Length": 10}), CONTENT[:10])


def test_a_known_length_never_changes(tus: Tus) -> None:
    told_late = tus.create(None)
    told_late.append(0, b"", {"Upload-Length": 100})
    for upload in (told_late, tus.create(100)):
        for length in (99, 101, 5):
            check_refused(upload.patch(0, CONTENT[:5], {"Upload-Length": length}), 400, 409)
        looked = upload.get_status()
        assert (looked.headers["Upload-Length"], looked.headers["Upload-Offset"]) == ("100", "0")
        upload.append(0, CONTENT[:100])


def test_an_empty_file_is_complete_at_once(either: Tus) -> None:
    before = staged(either.server)

    answer = post(either, {"Upload-Length": 0, "Upload-Metadata": metadata(filename="empty", folder="a")})

    assert answer.status == 201
    assert check_finished(either, answer, b"") == "a/empty"
    assert "Upload-Expires" not in answer.headers
    looked = Upload(either, answer.headers["Location"]).get_status()
    assert (looked.headers["Upload-Offset"], looked.headers["Upload-Length"]) == ("0", "0")
    assert check_finished(either, looked, b"") == "a/empty"
    assert staged(either.server) <= before


@pytest.mark.parametrize("content", [b"x", CONTENT, LARGE])
def test_a_creation_may_contain_the_whole_file(either: Tus, content: bytes) -> None:
    answer = post(either, {**BODY, "Upload-Length": len(content)}, content)

    assert (answer.status, answer.headers["Upload-Offset"]) == (201, str(len(content)))
    check_finished(either, answer, content)
    check_finished(either, Upload(either, answer.headers["Location"]).get_status(), content)


@pytest.mark.parametrize("some", [1, 50_000, 4 << 20, (4 << 20) + 1])
def test_a_creation_may_contain_the_beginning(either: Tus, some: int) -> None:
    answer = post(either, {**BODY, "Upload-Length": len(LARGE)}, LARGE[:some])

    assert (answer.status, answer.headers["Upload-Offset"]) == (201, str(some))
    assert "Upload-Expires" in answer.headers
    upload = Upload(either, answer.headers["Location"])
    assert upload.offset() == some
    upload.finish(LARGE)


def test_a_chunked_creation_with_a_deferred_length_keeps_its_bytes(either: Tus) -> None:
    headers: Headers = {**BODY, "Upload-Defer-Length": 1, "Upload-Metadata": NAMED}
    answer = either.send_chunked("POST", "/uploads", headers, LARGE)

    assert (answer.status, answer.headers["Upload-Offset"]) == (201, str(len(LARGE)))
    upload = Upload(either, answer.headers["Location"])
    check_finished(either, upload.append(len(LARGE), b"", {"Upload-Length": len(LARGE)}), LARGE)


@pytest.mark.parametrize("more", [1, 5 << 20])
def test_a_creation_with_too_many_bytes_is_refused(either: Tus, more: int) -> None:
    before = staged(either.server)

    check_refused(post(either, {**BODY, "Upload-Length": len(CONTENT)}, CONTENT + bytes(more)), 413)

    check_nothing(either)
    assert staged(either.server) <= before


def test_a_creation_with_another_content_type_has_no_body(tus: Tus) -> None:
    for content_type in ("application/octet-stream", "text/plain"):
        answer = post(tus, {"Content-Type": content_type, "Upload-Length": 5}, b"start")
        assert answer.status == 415 or (
            answer.status == 201 and Upload(tus, answer.headers["Location"]).offset() == 0
        )


def test_the_checksum_of_a_creation_applies_to_its_body(either: Tus) -> None:
    headers: Headers = {**BODY, "Upload-Length": len(CONTENT)}

    wrong = post(either, {**headers, **checksum(b"something else", "sha256")}, CONTENT)
    check_refused(wrong, 460)
    assert either.person.hashes() == {}
    check_finished(either, post(either, {**headers, **checksum(CONTENT, "sha256")}, CONTENT), CONTENT)


def test_a_truncated_creation_can_be_resumed_or_leaves_nothing(either: Tus) -> None:
    """The client did not get its URL; only the list of unfinished uploads contains it."""
    before = staged(either.server)
    headers: Headers = {
        **BODY,
        "Upload-Length": len(LARGE),
        "Content-Length": len(LARGE),
        "Upload-Metadata": NAMED,
    }
    with either.sending("POST", "/uploads", headers, LARGE[: 2 << 20]) as connection:
        connection.half_close()
        connection.read_response("POST")

    found = either.unfinished()
    if not found:
        check_nothing(either)
        assert staged(either.server) <= before
        return
    upload = Upload(either, found[0]["url"])
    assert 0 < upload.offset() <= 2 << 20
    upload.finish(LARGE)
