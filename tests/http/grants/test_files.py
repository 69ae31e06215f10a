"""A granted file: a mount of kind file, whose content lies with its owner."""

from __future__ import annotations

import base64
import io
import zipfile

import pytest

from tests.http.grants.conftest import Grant, root_of
from tests.support.images import picture
from tests.support.visitors import Program
from tests.support.waiting import wait_until

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def reader(friend: Program, grant: Grant) -> Program:
    """Return bob, who has alice's `report.txt` to edit."""
    grant("report.txt")
    return friend


def described(name: str, **more: str) -> dict[str, str]:
    words = {"filename": name, **more}
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in words.items())
    return {**TUS, "Upload-Length": "5", "Upload-Metadata": metadata}


def test_its_entry_is_a_file_of_its_owner(owner: Program, reader: Program) -> None:
    (entry,) = reader.get("/files").get_json()["entries"]
    (own,) = [each for each in owner.get("/files").get_json()["entries"] if each["kind"] == "file"]

    assert entry["mount"] == {"owner": "alice", "role": "editor"}
    assert (entry["kind"], entry["content_hash"], entry["size"]) == ("file", own["content_hash"], 5)
    content = reader.get("/files/report.txt")
    assert (content.data, content.headers["ETag"]) == (
        b"first",
        owner.get("/files/report.txt").headers["ETag"],
    )
    assert reader.request("HEAD", "/files/report.txt").headers["Content-Length"] == "5"
    assert reader.get("/download/report.txt").headers["Content-Disposition"].startswith("attachment")
    assert reader.get("/files/report.txt/x").status_code == 404


def test_replacing_it_makes_a_version_with_its_owner(owner: Program, reader: Program) -> None:
    assert reader.put("/files/report.txt", b"second", {"If-Match": '"wrong"'}).status_code == 412
    replaced = reader.put("/files/report.txt", b"second")

    assert (replaced.status_code, replaced.get_json()["path"]) == (200, "report.txt")
    assert owner.get("/files/report.txt").data == b"second"
    assert [each["size"] for each in owner.get("/versions/report.txt").get_json()["versions"]] == [6, 5]
    assert [each["size"] for each in reader.get("/versions/report.txt").get_json()["versions"]] == [6, 5]
    assert reader.get("/files/report.txt?version=1").data == b"first"
    assert reader.request("POST", "/versions/report.txt/1/restore").status_code == 200
    assert owner.get("/files/report.txt").data == b"first"
    usages = [user.get("/me").get_json()["usage"] for user in (owner, reader)]
    assert usages[1] == 0
    assert root_of(reader) == ["report.txt"]


@pytest.mark.parametrize(("on_conflict", "status", "names"), [
    ("replace", 200, ["report.txt"]), ("fail", 409, ["report.txt"]), ("rename", 201, ["report (2).txt", "report.txt"]),
])  # fmt: skip
def test_a_name_in_use_is_resolved_as_asked(
    owner: Program, reader: Program, on_conflict: str, status: int, names: list[str]
) -> None:
    assert reader.put(f"/files/report.txt?on_conflict={on_conflict}", b"second").status_code == status
    assert root_of(reader) == names
    assert owner.get("/files/report.txt").data == (b"second" if on_conflict == "replace" else b"first")


def test_a_form_and_a_resumable_upload_replace_it(owner: Program, reader: Program) -> None:
    assert reader.upload([("report.txt", b"by form"), ("own.txt", b"own")]).status_code == 201
    assert owner.get("/files/report.txt").data == b"by form"
    made = reader.request("POST", "/uploads", described("report.txt"))
    address = made.headers["Location"].removeprefix("http://localhost")
    patch = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert reader.request("PATCH", address, {**patch}, data=b"third").status_code == 204
    assert owner.get("/files/report.txt").data == b"third"
    assert reader.get(address).get_json()["path"] == "report.txt"
    assert root_of(reader) == ["own.txt", "report.txt"]


def test_a_viewer_only_reads_it(owner: Program, friend: Program, grant: Grant) -> None:
    grant("report.txt", role="viewer")
    answers = (
        friend.put("/files/report.txt", b"x"),
        friend.request("POST", "/uploads", described("report.txt")),
        friend.upload([("report.txt", b"x")]),
        friend.get("/versions/report.txt"),
    )
    assert [each.status_code for each in answers] == [403] * 4
    assert owner.get("/files/report.txt").data == b"first"


def test_renaming_and_deleting_act_on_the_mount(owner: Program, reader: Program) -> None:
    assert reader.request("POST", "/moves", json={"from": ["report.txt"], "to": "r.txt"}).status_code == 200
    assert reader.request("POST", "/moves", json={"from": ["r.txt"], "to": "d/"}).status_code == 409
    assert (root_of(reader), reader.get("/files/r.txt").data) == (["r.txt"], b"first")
    assert reader.request("POST", "/trash", json={"paths": ["r.txt"]}).status_code == 200
    assert (root_of(reader), reader.get("/trash").get_json()["entries"]) == ([], [])
    assert owner.get("/files/report.txt").data == b"first"


def test_it_is_found_copied_zipped_looked_up_and_shown(owner: Program, friend: Program, grant: Grant) -> None:
    owner.put("/files/p.png", picture())
    grant("p.png", role="viewer")
    wait_until(lambda: friend.get("/thumbnails/p.png").status_code == 200, what="a thumbnail")
    assert [entry["path"] for entry in friend.get("/search?q=p.pn").get_json()["entries"]] == ["p.png"]
    assert [entry["path"] for entry in friend.get("/files?recursive=1").get_json()["entries"]] == ["p.png"]
    (known,) = friend.request("POST", "/lookup", json={"paths": ["p.png"]}).get_json()["entries"]
    assert known["mount"]["role"] == "viewer"
    with zipfile.ZipFile(io.BytesIO(friend.get("/zip?path=p.png").data)) as archive:
        assert archive.namelist() == ["p.png"]
    assert friend.request("POST", "/copies", json={"from": ["p.png"], "to": "mine/"}).status_code == 200
    assert friend.get("/files/mine/p.png").data == owner.get("/files/p.png").data
    page = friend.get("/index", {"Accept": "text/html"})
    assert page.status_code == 200
    assert "p.png" in page.text


def test_a_zip_of_everything_has_own_and_shared_entries_in_order(friend: Program, grant: Grant) -> None:
    friend.put("/files/z/own", b"x")
    friend.put("/files/a.txt", b"x")
    grant()
    grant("report.txt")
    with zipfile.ZipFile(io.BytesIO(friend.get("/zip?path=").data)) as archive:
        names = archive.namelist()

    assert names == ["shared/", "shared/d/", "shared/d/g", "shared/f", "z/", "z/own", "a.txt", "report.txt"]
