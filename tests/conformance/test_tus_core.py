"""The tus core protocol: versions, offsets and parts, on the production and development servers.

Rule: a refusal changes nothing, which a HEAD request confirms.
"""

from __future__ import annotations

import pytest

from tests.support.contents import content_of
from tests.support.raw_http import RawResponse
from tests.support.tus import (
    CONTENT_TYPE,
    VERSION,
    Headers,
    Tus,
    check_finished,
    check_refused,
    parsed,
    part,
    staged,
)

CONTENT = content_of(100_000)
LARGE = content_of((9 << 20) + 5, seed=1)

EXTENSIONS = {
    "creation",
    "creation-with-upload",
    "creation-defer-length",
    "checksum",
    "expiration",
    "termination",
    "concatenation",
}


def listed(value: str) -> list[str]:
    return [word.strip() for word in value.split(",")]


def is_head(answer: RawResponse, offset: int) -> bool:
    """Return whether a HEAD was answered as specified."""
    return (
        answer.status in {200, 204}
        and answer.headers["Upload-Offset"] == str(offset)
        and "no-store" in answer.headers["Cache-Control"]
        and answer.headers["Tus-Resumable"] == VERSION
        and answer.body == b""
    )


@pytest.mark.parametrize("version", [None, VERSION, "0.2.2", "nonsense"])
def test_options_reports_capabilities_for_any_version(either: Tus, version: str | None) -> None:
    answer = either.send("OPTIONS", "/uploads", {"Tus-Resumable": version})

    assert answer.status in {200, 204}
    assert answer.headers["Tus-Version"] == VERSION
    assert answer.headers["Tus-Max-Size"] == str(1 << 40)
    assert sorted(listed(answer.headers["Tus-Extension"])) == sorted(EXTENSIONS)
    assert sorted(listed(answer.headers["Tus-Checksum-Algorithm"])) == ["sha1", "sha256"]


@pytest.mark.parametrize("version", [None, "", "0.2.2", "1.0.1", "1.0.0, 0.2.2"])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
def test_an_unsupported_version_is_refused_with_the_supported_one(
    tus: Tus, method: str, version: str | None
) -> None:
    upload = tus.create(len(CONTENT))
    target = "/uploads" if method == "POST" else upload.target
    headers = {**part(0), "Upload-Length": 5, "Tus-Resumable": version}

    answer = tus.send(method, target, headers, b"" if method == "HEAD" else b"start")

    assert answer.status == 412
    assert answer.headers["Tus-Version"] == VERSION
    assert answer.headers["Tus-Resumable"] == VERSION
    assert is_head(upload.get_status(), 0)
    assert [each["id"] for each in tus.unfinished()] == [upload.id]


def test_an_upload_in_one_part(either: Tus) -> None:
    upload = either.create(len(LARGE), filename="large", folder="a/b", filetype="image/x-odd")
    assert is_head(upload.get_status(), 0)

    answer = upload.append(0, LARGE)

    assert answer.headers["Tus-Resumable"] == VERSION
    assert check_finished(either, answer, LARGE) == "a/b/large"
    [entry] = [entry for entry in either.person.entries() if entry["kind"] == "file"]
    assert (entry["size"], entry["media_type"]) == (len(LARGE), "image/x-odd")


def test_an_upload_in_many_parts_of_odd_sizes(either: Tus) -> None:
    upload = either.create(len(LARGE))
    before = 0
    for border in (1, 2, 1000, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 8 << 20, len(LARGE) - 1):
        upload.append(before, LARGE[before:border])
        assert is_head(upload.get_status(), border)
        assert either.person.hashes() == {}
        before = border

    check_finished(either, upload.append(before, LARGE[before:]), LARGE)


def test_a_part_may_be_chunked(either: Tus) -> None:
    upload = either.create(len(LARGE))

    first = either.send_chunked("PATCH", upload.target, part(0), LARGE[:1000])
    assert (first.status, first.headers["Upload-Offset"]) == (204, "1000")
    rest = either.send_chunked("PATCH", upload.target, part(1000), LARGE[1000:])

    check_finished(either, rest, LARGE)


def test_head_reports_a_finished_upload(either: Tus) -> None:
    before = staged(either.server)
    upload = either.create(len(CONTENT), filename="ф №1.txt", folder="данные")
    answer = upload.append(0, CONTENT)

    looked = upload.get_status()

    assert is_head(looked, len(CONTENT))
    assert looked.headers["Upload-Length"] == str(len(CONTENT))
    for name in ("X-Content-Hash", "Content-Location"):
        assert looked.headers[name] == answer.headers[name]
    assert check_finished(either, looked, CONTENT) == "данные/ф №1.txt"
    assert looked.headers["Content-Location"].isascii()
    assert "Upload-Expires" not in answer.headers
    assert either.unfinished() == []
    assert staged(either.server) <= before


@pytest.mark.parametrize(
    "content_type", [None, "", "application/octet-stream", "text/plain", "multipart/form-data; boundary=x"]
)
def test_a_part_with_another_content_type_is_refused(tus: Tus, content_type: str | None) -> None:
    upload = tus.create(len(CONTENT))

    check_refused(upload.patch(0, CONTENT, {"Content-Type": content_type}), 415)

    assert is_head(upload.get_status(), 0)
    assert upload.append(0, CONTENT, {"Content-Type": CONTENT_TYPE}).status == 204


@pytest.mark.parametrize(
    "offset", [None, "", "-5", "-0", "abc", "+0", "0x0", "1e0", "0.0", "0, 0", "²", "0" * 5000 + "x"]
)
def test_an_invalid_offset_is_refused(tus: Tus, offset: str | None) -> None:
    upload = tus.create(len(CONTENT))

    check_refused(upload.patch(offset, CONTENT), 400)

    assert is_head(upload.get_status(), 0)


@pytest.mark.parametrize("offset", [0, 99, 101, 50_000, 1 << 40, (1 << 63) - 1])
def test_a_part_at_another_offset_is_refused(tus: Tus, offset: int) -> None:
    upload = tus.create(len(CONTENT))
    upload.append(0, CONTENT[:100])

    check_refused(upload.patch(offset, CONTENT[100:200]), 409)
    check_refused(upload.patch(offset, b""), 409)

    assert is_head(upload.get_status(), 100)
    upload.finish(CONTENT)


@pytest.mark.parametrize("offset", [1 << 63, 1 << 64, 10**30, 10**4000])
def test_a_huge_offset_is_refused(tus: Tus, offset: int) -> None:
    upload = tus.create(len(CONTENT))

    check_refused(upload.patch("1" + "0" * 4000 if offset == 10**4000 else offset, b"x"), 400, 409)

    assert is_head(upload.get_status(), 0)


def test_a_part_sent_twice_counts_once(either: Tus) -> None:
    upload = either.create(len(CONTENT))
    upload.append(0, CONTENT[:60_000])

    check_refused(upload.patch(0, CONTENT[:60_000]), 409)

    assert is_head(upload.get_status(), 60_000)
    check_finished(either, upload.append(60_000, CONTENT[60_000:]), CONTENT)


@pytest.mark.parametrize("more", [1, 50_000, 6 << 20])
def test_a_part_beyond_the_length_is_refused(either: Tus, more: int) -> None:
    upload = either.create(len(CONTENT))
    upload.append(0, CONTENT[:100])

    check_refused(upload.patch(100, CONTENT[100:] + bytes(more)), 413)

    assert is_head(upload.get_status(), 100)
    assert either.person.hashes() == {}
    upload.finish(CONTENT)


@pytest.mark.parametrize("more", [1, 50_000, 6 << 20])
def test_chunks_beyond_the_length_are_refused_and_not_stored(either: Tus, more: int) -> None:
    upload = either.create(len(CONTENT))

    check_refused(either.send_chunked("PATCH", upload.target, part(0), CONTENT + bytes(more)), 413)

    assert upload.offset() <= len(CONTENT)
    upload.finish(CONTENT)


def test_nothing_can_be_appended_to_a_finished_upload(either: Tus) -> None:
    upload = either.create(len(CONTENT))
    upload.append(0, CONTENT)

    again = upload.append(len(CONTENT), b"")
    check_refused(upload.patch(len(CONTENT), b"x"), 413)
    check_refused(upload.patch(0, CONTENT), 409)

    check_finished(either, again, CONTENT)
    assert is_head(upload.get_status(), len(CONTENT))
    assert either.person.hashes().keys() == {"file.bin"}


def test_an_empty_part_changes_nothing(tus: Tus) -> None:
    upload = tus.create(len(CONTENT))

    upload.append(0, b"")
    upload.append(0, CONTENT[:10])
    upload.append(10, b"")

    assert is_head(upload.get_status(), 10)


def test_an_unfinished_upload_is_not_served(either: Tus) -> None:
    upload = either.create(len(CONTENT))
    upload.append(0, CONTENT[:-1])

    assert upload.send("GET").status == 404
    assert either.person.hashes() == {}

    upload.append(len(CONTENT) - 1, CONTENT[-1:])
    answer = upload.send("GET")
    assert answer.status == 200
    [entry] = either.person.entries()
    assert parsed(answer) == entry


def test_unfinished_uploads_are_listed(either: Tus) -> None:
    assert either.unfinished() == []
    one = either.create(len(CONTENT), filename="one.bin", folder="a/b")
    two = either.create(None, filename="two.bin")
    three = either.create(5, headers={"Upload-Concat": "partial"})
    one.append(0, CONTENT[:7])

    found = {each["id"]: each for each in either.unfinished()}

    assert found.keys() == {one.id, two.id, three.id}
    shown = [
        (
            found[each.id]["path"],
            found[each.id]["offset"],
            found[each.id]["length"],
            found[each.id]["is_partial"],
        )
        for each in (one, two)
    ]
    assert shown == [("a/b/one.bin", 7, len(CONTENT), False), ("two.bin", 0, None, False)]
    assert (found[three.id]["is_partial"], found[three.id]["length"]) == (True, 5)
    for upload in (one, two, three):
        entry = found[upload.id]
        assert entry["url"].endswith(upload.target)
        assert entry["created_at"] < entry["expires_at"]


def test_draft_headers_of_ios_uploads_are_ignored(either: Tus) -> None:
    phone: Headers = {"Upload-Complete": "?1", "Upload-Draft-Interop-Version": 6}
    upload = either.create(len(CONTENT), headers=phone)

    upload.append(0, CONTENT[:1000], phone)

    assert is_head(upload.get_status(), 1000)
    check_finished(either, upload.append(1000, CONTENT[1000:], {"Upload-Complete": "?0"}), CONTENT)


OVERRIDE = "X-HTTP-Method-Override"


def test_a_post_can_override_its_method(either: Tus) -> None:
    upload = either.create(len(CONTENT))

    sent = upload.send("POST", {**part(0), OVERRIDE: "PATCH"}, CONTENT[:100])
    assert (sent.status, sent.headers["Upload-Offset"]) == (204, "100")
    looked = upload.send("POST", {OVERRIDE: "HEAD"}, b"")
    assert looked.status in {200, 204}
    assert looked.headers["Upload-Offset"] == "100"
    check_refused(upload.send("POST", {**part(0), OVERRIDE: "PATCH"}, CONTENT[:100]), 409)
    assert upload.send("POST", {OVERRIDE: "DELETE"}, b"").status == 204

    assert upload.get_status().status == 410


@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "DELETE"])
def test_only_a_post_can_override_its_method(tus: Tus, method: str) -> None:
    upload = tus.create(len(CONTENT))

    answer = upload.send(method, {**part(0), OVERRIDE: "DELETE" if method != "DELETE" else "PATCH"}, b"start")

    if method == "DELETE":
        assert answer.status == 204
        assert upload.get_status().status == 410
    else:
        assert upload.offset() == (5 if method == "PATCH" else 0)


@pytest.mark.parametrize("word", [None, "", "POST", "PUT", "TRACE", "patch x", "%0d%0a"])
def test_a_post_to_an_upload_without_override_is_refused(tus: Tus, word: str | None) -> None:
    upload = tus.create(len(CONTENT))

    answer = upload.send("POST", {**part(0), OVERRIDE: word}, b"start")

    assert 400 <= answer.status < 500
    assert is_head(upload.get_status(), 0)


def test_overridden_methods_are_not_allowed_on_the_collection(tus: Tus) -> None:
    for word in ("PATCH", "DELETE", "HEAD"):
        answer = tus.send("POST", "/uploads", {**part(0), OVERRIDE: word, "Upload-Length": 5}, b"start")
        assert 400 <= answer.status < 500, word
    assert tus.unfinished() == []
