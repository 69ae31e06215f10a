"""A shared folder at a path of one's own: every route with a path works through the mount."""

from __future__ import annotations

import io
import zipfile

from flask import Flask

from cabinet.services.access.roles import ShareRole
from tests.http.mounts.conftest import TUS, described, grant, paths_in, usage
from tests.support.images import picture
from tests.support.visitors import Program, is_problem


def test_a_file_is_read_written_and_trashed_through_a_mount(alice: Program, mounted: Program) -> None:
    before = usage(alice), usage(mounted)
    read = mounted.get("/files/Hers/a.txt")
    assert (read.data, mounted.get("/download/Hers/a.txt").data) == (b"content", b"content")
    assert mounted.request("HEAD", "/files/Hers/a.txt").headers["ETag"] == read.headers["ETag"]

    stored = mounted.put("/files/Hers/new/b.txt", b"12345")

    assert stored.status_code == 201, stored.text
    assert stored.get_json()["path"] == "Hers/new/b.txt"
    assert stored.headers["Location"].endswith("/files/Hers/new/b.txt")
    assert alice.get("/files/work/shared/new/b.txt").data == b"12345"
    assert (usage(alice), usage(mounted)) == (before[0] + 5, before[1])
    assert mounted.delete("/files/Hers/new").status_code == 204
    assert alice.get("/files/work/shared/new").status_code == 404
    (trashed,) = alice.get("/trash").get_json()["entries"]
    assert trashed["from"] == "work/shared/new"
    assert mounted.get("/trash").get_json()["entries"] == []
    assert is_problem(mounted.delete("/files/Hers/a.txt?permanent=1"), 403, "forbidden")


def test_a_shared_folder_is_listed_searched_and_looked_up(mounted: Program) -> None:
    listing = mounted.get("/files/Hers").get_json()

    assert listing["path"] == "Hers"
    assert [entry["path"] for entry in listing["entries"]] == ["Hers/sub", "Hers/a.txt"]
    assert paths_in(mounted.get("/files?path=Hers/sub")) == ["Hers/sub/deep.txt"]
    assert paths_in(mounted.get("/files?path=Hers&recursive=1")) == [
        "Hers/sub", "Hers/sub/deep.txt", "Hers/a.txt"
    ]  # fmt: skip
    assert paths_in(mounted.get("/search?q=deep&path=Hers")) == ["Hers/sub/deep.txt"]
    assert paths_in(mounted.get("/search?q=secret&path=Hers")) == []
    looked_up = mounted.request(
        "POST", "/lookup", json={"paths": ["Hers/a.txt", "own.txt", "Hers", "Hers/no"]}
    )
    found = looked_up.get_json()["entries"]
    assert [entry and entry["path"] for entry in found] == ["Hers/a.txt", "own.txt", "Hers", None]
    assert found[2]["kind"] == "folder"
    assert found[2]["name"] == "Hers"
    assert found[2]["mount"] == {"owner": "alice", "role": "editor"}
    assert "mount" not in found[0]
    assert mounted.request("POST", "/folders", json={"path": "Hers/made"}).get_json()["path"] == "Hers/made"


def test_pages_of_a_shared_folder_link_through_the_mount(mounted: Program) -> None:
    for address in (
        "/index?path=Hers",
        "/index?path=Hers/sub",
        "/search?q=deep&path=Hers",
        "/versions/Hers/a.txt",
    ):
        page = mounted.get(address, {"Accept": "text/html"})
        assert page.status_code == 200, address
        assert "Hers" in page.text
        assert "work/shared" not in page.text
        assert "secret" not in page.text


def test_an_error_in_a_shared_folder_names_the_path_of_its_user(mounted: Program) -> None:
    below = mounted.put("/files/Hers/a.txt/x", b"x")
    assert is_problem(below, 409, "not-a-folder")
    assert "“Hers/a.txt”" in below.get_json()["detail"]
    assert "“Hers/sub”" in mounted.put("/files/Hers/sub", b"x").get_json()["detail"]
    assert is_problem(mounted.get("/files/Hers/none"), 404, "not-found")


def test_versions_in_a_shared_folder_are_listed_and_restored(mounted: Program) -> None:
    mounted.put("/files/Hers/a.txt", b"second")
    listed = mounted.get("/versions/Hers/a.txt").get_json()
    assert (listed["path"], len(listed["versions"])) == ("Hers/a.txt", 2)
    assert mounted.get("/files/Hers/a.txt?version=1").data == b"content"

    restored = mounted.request("POST", "/versions/Hers/a.txt/1/restore")

    assert restored.get_json()["path"] == "Hers/a.txt"
    assert mounted.get("/files/Hers/a.txt").data == b"content"
    assert is_problem(mounted.delete("/versions/Hers/a.txt/1"), 403, "forbidden")


def test_an_image_in_a_shared_folder_has_a_thumbnail(mounted: Program) -> None:
    mounted.put("/files/Hers/p.png", picture())
    assert mounted.get("/thumbnails/Hers/p.png").status_code in {200, 202}


def test_an_archive_contains_own_and_shared_files(mounted: Program) -> None:
    def names(address: str) -> list[str]:
        answer = mounted.get(address)
        assert answer.status_code == 200, answer.text
        return zipfile.ZipFile(io.BytesIO(answer.data)).namelist()

    assert names("/download/Hers") == ["Hers/", "Hers/sub/", "Hers/sub/deep.txt", "Hers/a.txt"]
    assert names("/zip?path=Hers/a.txt&path=own.txt") == ["a.txt", "own.txt"]
    assert names("/zip?path=Hers/sub&path=own.txt&names=exact") == [
        "Hers/sub/", "Hers/sub/deep.txt", "own.txt"
    ]  # fmt: skip
    assert is_problem(mounted.get("/zip?path=Hers/none"), 404, "not-found")
    every = mounted.request("POST", "/zip", json={"folder": "Hers", "except": ["sub"], "count": 1})
    assert zipfile.ZipFile(io.BytesIO(every.data)).namelist() == ["a.txt"]


def test_a_form_uploads_through_a_mount(alice: Program, mounted: Program) -> None:
    stored = mounted.upload([("f.txt", b"x")], "?folder=Hers/sub")

    assert [each["path"] for each in stored.get_json()["files"]] == ["Hers/sub/f.txt"]
    assert alice.get("/files/work/shared/sub/f.txt").data == b"x"


def test_deleting_a_mount_leaves_the_shared_folder_untouched(alice: Program, mounted: Program) -> None:
    assert mounted.delete("/files/Hers").status_code == 204

    assert mounted.get("/files/Hers").status_code == 404
    assert alice.get("/files/work/shared/a.txt").status_code == 200
    assert alice.get("/trash").get_json()["entries"] == []


def test_a_viewer_changes_nothing(app: Flask, mounted: Program) -> None:
    grant(app, "Seen", ShareRole.VIEWER)

    assert mounted.get("/files/Seen/a.txt").data == b"content"
    for refused in (
        mounted.put("/files/Seen/a.txt", b"x"),
        mounted.put("/files/Seen/new.txt", b"x"),
        mounted.delete("/files/Seen/a.txt"),
        mounted.get("/versions/Seen/a.txt"),
        mounted.request("POST", "/folders", json={"path": "Seen/x"}),
        mounted.upload([("f.txt", b"x")], "?folder=Seen"),
        mounted.request(
            "POST", "/uploads", {**TUS, "Upload-Length": "6", "Upload-Metadata": described("Seen/b")}
        ),
    ):
        assert is_problem(refused, 403, "forbidden")


def test_a_token_of_a_folder_sees_no_mount(mounted: Program) -> None:
    mounted.put("/files/d/x.txt", b"x")
    token = mounted.request("POST", "/tokens", json={"name": "t", "folder": "d"}).get_json()["token"]

    assert mounted.get("/files/Hers/a.txt", {"Authorization": f"Bearer {token}"}).status_code == 404


def test_the_owners_name_of_a_shared_folder_is_not_revealed(mounted: Program) -> None:
    for address in ("/files/Hers", "/files?path=Hers&recursive=1", "/search?q=a&path=Hers"):
        assert "shared" not in mounted.get(address).text, address


def test_the_root_lists_mounts_and_its_etag_follows_them(alice: Program, mounted: Program) -> None:
    first = mounted.get("/files")
    shown = first.get_json()["entries"]
    assert [(entry["path"], entry["kind"]) for entry in shown] == [("Hers", "folder"), ("own.txt", "file")]
    assert shown[0]["mount"] == {"owner": "alice", "role": "editor"}
    assert (shown[0]["tree_files"], shown[0]["size"]) == (2, None)
    assert "mount" not in shown[1]

    def again() -> int:
        return mounted.get("/files", {"If-None-Match": first.headers["ETag"]}).status_code

    assert again() == 304
    alice.put("/files/work/secret.txt", b"elsewhere")
    assert again() == 304
    alice.put("/files/work/shared/sub/deep.txt", b"changed")
    assert again() == 200
    page = mounted.get("/index", {"Accept": "text/html"}).text
    assert "Hers" in page
    alice.delete("/files/work")
    assert paths_in(mounted.get("/files")) == ["own.txt"]
