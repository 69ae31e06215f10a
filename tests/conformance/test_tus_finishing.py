"""The end of a tus upload: a file according to the conflict option, a cancellation, or a recoverable error.

Rule: an upload reported as complete is a file in the listing; a failed one is never reported as complete.
"""

from __future__ import annotations

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
    staged,
)

CONTENT = content_of((5 << 20) + 1)
OLD = content_of(70_000, seed=1)


def named(rule: str | None) -> Headers:
    """Return the header of an upload under this rule for names in use."""
    rules = {} if rule is None else {"on_conflict": rule}
    return {"Upload-Metadata": metadata(filename="report.pdf", **rules)}


@pytest.mark.parametrize("rule", [None, "replace", "rename", "fail"])
def test_a_free_name_is_used_with_every_conflict_option(either: Tus, rule: str | None) -> None:
    upload = either.create(len(CONTENT), headers=named(rule))

    assert check_finished(either, upload.append(0, CONTENT), CONTENT) == "report.pdf"


@pytest.mark.parametrize("rule", [None, "replace"])
def test_an_existing_file_is_replaced(either: Tus, rule: str | None) -> None:
    either.person.store("report.pdf", OLD)
    upload = either.create(len(CONTENT), headers=named(rule))
    assert either.person.get("report.pdf") == OLD
    upload.append(0, CONTENT[:1000])
    assert either.person.get("report.pdf") == OLD

    assert check_finished(either, upload.append(1000, CONTENT[1000:]), CONTENT) == "report.pdf"
    assert either.person.hashes().keys() == {"report.pdf"}


def test_an_existing_name_gets_a_number(either: Tus) -> None:
    either.person.store("report.pdf", OLD)
    uploads = [either.create(len(CONTENT), headers=named("rename")) for _ in range(2)]

    paths = [check_finished(either, upload.append(0, CONTENT), CONTENT) for upload in uploads]

    assert paths == ["report (2).pdf", "report (3).pdf"]
    assert check_finished(either, uploads[0].get_status(), CONTENT) == "report (2).pdf"
    assert either.person.get("report.pdf") == OLD


def test_an_existing_name_is_refused_at_creation(either: Tus) -> None:
    either.person.store("report.pdf", OLD)

    answer = either.post({"Upload-Length": 5, **named("fail")})

    check_refused(answer, 409)
    assert either.unfinished() == []
    assert either.person.get("report.pdf") == OLD


def check_not_complete(upload: Upload) -> None:
    """Check that this upload is not reported as complete."""
    answer = upload.get_status()
    assert "X-Content-Hash" not in answer.headers
    assert "Content-Location" not in answer.headers
    complete = answer.headers.get("Upload-Offset") == str(len(CONTENT))
    assert not (answer.status in {200, 204} and complete)


def test_a_name_taken_meanwhile_is_reported_and_can_be_used_once_free(either: Tus) -> None:
    before = staged(either.server)
    upload = either.create(len(CONTENT), headers=named("fail"))
    upload.append(0, CONTENT[:1000])
    either.person.store("report.pdf", OLD)

    check_refused(upload.patch(1000, CONTENT[1000:]), 409)
    check_not_complete(upload)
    assert either.person.get("report.pdf") == OLD
    assert either.person.hashes().keys() == {"report.pdf"}

    either.person.delete("report.pdf")
    assert check_finished(either, upload.get_status(), CONTENT) == "report.pdf"
    assert staged(either.server) <= before


def test_an_empty_part_retries_finishing(either: Tus) -> None:
    upload = either.create(len(CONTENT), filename="x")
    upload.append(0, CONTENT[:1000])
    either.person.store("x/in the way", OLD)
    rest = CONTENT[1000:]
    check_refused(upload.patch(1000, rest, checksum(rest)), 409)

    either.person.delete("x")

    for _ in range(2):
        answer = upload.patch(len(CONTENT), b"")
        if answer.status == 204:
            break
        # Nothing says that the last part was kept when its end failed.
        assert answer.status == 409
        upload.patch(1000, rest, checksum(rest))
    check_finished(either, answer, CONTENT)


def test_a_folder_that_became_a_file_is_reported(either: Tus) -> None:
    upload = either.create(len(CONTENT), filename="x", folder="a/b")
    either.person.store("a", OLD)

    check_refused(upload.patch(0, CONTENT), 409)

    check_not_complete(upload)
    assert either.person.hashes() == {"a": hash_chunks([OLD])}
    either.person.delete("a")
    assert check_finished(either, upload.get_status(), CONTENT) == "a/b/x"


def test_a_creation_that_fails_to_finish_is_refused_or_resumable(either: Tus) -> None:
    either.person.store("report.pdf/x", OLD)
    headers: Headers = {
        "Content-Type": CONTENT_TYPE,
        "Upload-Length": len(CONTENT),
        "Upload-Metadata": metadata(filename="report.pdf"),
    }

    check_refused(either.post(headers, CONTENT), 409)

    assert either.person.hashes().keys() == {"report.pdf/x"}


@pytest.mark.parametrize("rule", ["", "Replace", "overwrite", "fail;rename"])
def test_an_unknown_conflict_option_is_refused(tus: Tus, rule: str) -> None:
    check_refused(
        tus.post({"Upload-Length": 5, "Upload-Metadata": metadata(filename="a", on_conflict=rule)}), 400, 422
    )
    assert tus.unfinished() == []


def test_two_uploads_to_one_name_finish_in_sequence(either: Tus) -> None:
    one, two = (either.create(len(CONTENT), filename="name") for _ in range(2))
    other = content_of(len(CONTENT), seed=2)
    one.append(0, CONTENT[:1000])
    two.append(0, other)

    check_finished(either, one.append(1000, CONTENT[1000:]), CONTENT)

    assert either.person.get("name") == CONTENT
    assert two.offset() == len(other)


@pytest.mark.parametrize("sent", [0, 1000, 5 << 20])
def test_a_cancelled_upload_is_gone(either: Tus, sent: int) -> None:
    before = staged(either.server)
    upload = either.create(len(CONTENT))
    upload.append(0, CONTENT[:sent])
    assert either.usage() == sent

    answer = upload.send("DELETE")

    assert answer.status == 204
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    looked = upload.get_status()
    assert looked.status == 410
    assert "Upload-Offset" not in looked.headers
    check_refused(upload.patch(sent, CONTENT[sent:]), 410)
    check_refused(upload.send("DELETE"), 410)
    assert either.unfinished() == []
    assert either.person.hashes() == {}
    assert either.usage() == 0
    assert staged(either.server) <= before


def test_removing_a_finished_upload_keeps_its_file(either: Tus) -> None:
    upload = either.create(len(CONTENT))
    upload.append(0, CONTENT)

    assert upload.send("DELETE").status == 204

    assert upload.get_status().status == 410
    check_refused(upload.patch(len(CONTENT), b""), 410)
    assert upload.send("GET").status in {404, 410}
    assert either.person.get("file.bin") == CONTENT
    assert either.usage() == len(CONTENT)


def test_a_deleted_file_does_not_come_back(either: Tus) -> None:
    upload = either.create(len(CONTENT))
    upload.append(0, CONTENT)
    either.person.delete("file.bin")

    looked, again = upload.get_status(), upload.patch(len(CONTENT), b"")

    assert looked.status in {200, 204, 404, 410}
    assert again.status in {204, 404, 410}
    assert either.person.hashes() == {}


def test_a_file_replaced_later_stays_replaced(either: Tus) -> None:
    upload = either.create(len(CONTENT))
    upload.append(0, CONTENT)
    either.person.store("file.bin", OLD)

    upload.get_status()
    upload.patch(len(CONTENT), b"")

    assert either.person.get("file.bin") == OLD


def test_identical_bytes_by_two_ways_are_one_content(either: Tus) -> None:
    either.person.store("put", CONTENT)
    upload = either.create(len(CONTENT), filename="tus")
    upload.append(0, CONTENT)

    assert len(set(either.person.hashes().values())) == 1
    assert either.person.hashes().keys() == {"put", "tus"}
