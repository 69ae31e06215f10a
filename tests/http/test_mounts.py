"""A folder of somebody else at a path of one's own: every address with a path leads through a mount."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from cabinet.extensions import db
from cabinet.models import Kind, Node
from cabinet.services.access.roles import ShareRole
from cabinet.services.kernel.database import writing
from tests.support.images import picture
from tests.support.mounts import mount
from tests.support.visitors import Program, is_problem

TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def mounted(app: Flask, alice: Program, bob: Program) -> Program:
    """Return bob, who has alice's folder `work/shared` as `Hers`."""
    alice.put("/files/work/shared/a.txt", b"content")
    alice.put("/files/work/shared/sub/deep.txt", b"deep")
    alice.put("/files/work/secret.txt", b"secret")
    bob.put("/files/own.txt", b"own")
    let(app, "Hers")
    return bob


def let(app: Flask, name: str, role: ShareRole = ShareRole.EDITOR, path: str = "work/shared") -> None:
    with app.app_context():
        mount(db.session(), "alice", path, "bob", name, role)


def usage(user: Program) -> int:
    return int(user.get("/me").get_json()["usage"])


def paths_in(answer: Any) -> list[str]:
    return [entry["path"] for entry in answer.get_json()["entries"]]


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


def test_a_folder_behind_a_mount_is_listed_searched_and_looked_up(mounted: Program) -> None:
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


def test_the_pages_of_a_folder_behind_a_mount_lead_through_it(mounted: Program) -> None:
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


def test_an_error_behind_a_mount_names_the_path_as_its_user_has_it(mounted: Program) -> None:
    below = mounted.put("/files/Hers/a.txt/x", b"x")
    assert is_problem(below, 409, "not-a-folder")
    assert "“Hers/a.txt”" in below.get_json()["detail"]
    assert "“Hers/sub”" in mounted.put("/files/Hers/sub", b"x").get_json()["detail"]
    assert is_problem(mounted.get("/files/Hers/none"), 404, "not-found")


def test_the_versions_of_a_file_behind_a_mount_are_listed_and_restored(mounted: Program) -> None:
    mounted.put("/files/Hers/a.txt", b"second")
    listed = mounted.get("/versions/Hers/a.txt").get_json()
    assert (listed["path"], len(listed["versions"])) == ("Hers/a.txt", 2)
    assert mounted.get("/files/Hers/a.txt?version=1").data == b"content"

    restored = mounted.request("POST", "/versions/Hers/a.txt/1/restore")

    assert restored.get_json()["path"] == "Hers/a.txt"
    assert mounted.get("/files/Hers/a.txt").data == b"content"
    assert is_problem(mounted.delete("/versions/Hers/a.txt/1"), 403, "forbidden")


def test_a_picture_behind_a_mount_has_a_thumbnail(mounted: Program) -> None:
    mounted.put("/files/Hers/p.png", picture())
    assert mounted.get("/thumbnails/Hers/p.png").status_code in {200, 202}


def test_an_archive_has_what_lies_behind_mounts_and_beside_them(mounted: Program) -> None:
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


def described(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}"
        for key, value in {"filename": name, "folder": folder}.items()
    )


def test_an_upload_in_parts_goes_through_a_mount(alice: Program, mounted: Program) -> None:
    created = mounted.request(
        "POST", "/uploads", {**TUS, "Upload-Length": "6", "Upload-Metadata": described("Hers/sub/big.bin")}
    )
    assert created.status_code == 201, created.text
    where = created.headers["Location"]

    first = mounted.request("PATCH", where, {**PART, "Upload-Offset": "0"}, data=b"abc")
    assert first.status_code == 204, first.text
    (unfinished,) = mounted.get("/uploads").get_json()["uploads"]
    assert (unfinished["path"], unfinished["offset"]) == ("Hers/sub/big.bin", 3)
    assert mounted.request("HEAD", where, TUS).headers["Upload-Offset"] == "3"
    last = mounted.request("PATCH", where, {**PART, "Upload-Offset": "3"}, data=b"def")

    assert last.headers["Content-Location"].endswith("/files/Hers/sub/big.bin")
    assert mounted.get(where).get_json()["path"] == "Hers/sub/big.bin"
    assert alice.get("/files/work/shared/sub/big.bin").data == b"abcdef"
    assert alice.request("HEAD", where, TUS).status_code == 404


@pytest.mark.parametrize("ended", ["left", "trashed"])
def test_an_upload_goes_on_no_more_once_its_mount_leads_nowhere(
    alice: Program, mounted: Program, ended: str
) -> None:
    begun = {**TUS, "Upload-Length": "6", "Upload-Metadata": described("Hers/big.bin")}
    where = mounted.request("POST", "/uploads", begun).headers["Location"]
    gone = mounted.delete("/files/Hers") if ended == "left" else alice.delete("/files/work")
    assert gone.status_code == 204

    refused = mounted.request("PATCH", where, {**PART, "Upload-Offset": "0"}, data=b"abcdef")

    assert refused.status_code == 404
    assert mounted.get("/uploads").get_json()["uploads"] == []


def test_deleting_a_mount_leaves_it_and_nothing_of_its_target(alice: Program, mounted: Program) -> None:
    assert mounted.delete("/files/Hers").status_code == 204

    assert mounted.get("/files/Hers").status_code == 404
    assert alice.get("/files/work/shared/a.txt").status_code == 200
    assert alice.get("/trash").get_json()["entries"] == []


def test_a_viewer_changes_nothing(app: Flask, mounted: Program) -> None:
    let(app, "Seen", ShareRole.VIEWER)

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


def test_the_owner_s_name_for_a_folder_is_told_nobody(mounted: Program) -> None:
    for address in ("/files/Hers", "/files?path=Hers&recursive=1", "/search?q=a&path=Hers"):
        assert "shared" not in mounted.get(address).text, address


def test_the_root_lists_mounts_and_its_tag_follows_them(alice: Program, mounted: Program) -> None:
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


def test_what_lies_behind_a_mount_is_moved_and_copied_there(alice: Program, mounted: Program) -> None:
    moved = mounted.request("POST", "/moves", json={"from": ["Hers/a.txt"], "to": "Hers/sub/"})
    copied = mounted.request("POST", "/copies", json={"from": ["Hers/sub/a.txt"], "to": "Hers/"})

    assert (paths_in(moved), paths_in(copied)) == (["Hers/sub/a.txt"], ["Hers/a.txt"])
    assert alice.get("/files/work/shared/sub/a.txt").data == b"content"
    taken = mounted.request("POST", "/moves", json={"from": ["Hers/a.txt"], "to": "Hers/sub/"})
    assert "“Hers/sub/a.txt”" in taken.get_json()["detail"]


def arrange(user: Program, way: str, sources: list[str], to: str, on_conflict: str = "fail") -> Any:
    """Move or copy ("moves", "copies")."""
    return user.request("POST", f"/{way}", json={"from": sources, "to": to, "on_conflict": on_conflict})


def test_what_crosses_a_mount_is_copied_and_counts_where_it_goes(alice: Program, mounted: Program) -> None:
    before = usage(alice), usage(mounted)

    out = arrange(mounted, "copies", ["Hers/sub", "Hers/a.txt"], "got/")
    into = arrange(mounted, "moves", ["own.txt"], "Hers/sub/")

    assert (paths_in(out), paths_in(into)) == (["got/sub", "got/a.txt"], ["Hers/sub/own.txt"])
    assert mounted.get("/files/got/sub/deep.txt").data == b"deep"
    assert alice.get("/files/work/shared/sub/own.txt").data == b"own"
    assert mounted.get("/files/own.txt").status_code == 404
    assert [each["from"] for each in mounted.get("/trash").get_json()["entries"]] == ["own.txt"]
    assert (usage(alice), usage(mounted)) == (before[0] + 3, before[1] + 11)
    assert paths_in(mounted.get("/search?q=deep")) == ["got/sub/deep.txt", "Hers/sub/deep.txt"]
    taken = arrange(mounted, "moves", ["got/a.txt"], "Hers/")
    assert is_problem(taken, 409, "entry-exists")
    assert "“Hers/a.txt”" in taken.get_json()["detail"]


@pytest.mark.parametrize("source", ["Hers/a.txt", "own.txt"])
def test_a_move_across_a_mount_is_undone(alice: Program, mounted: Program, source: str) -> None:
    to = "Hers/sub/x" if source == "own.txt" else "x"
    batch = arrange(mounted, "moves", [source], to).get_json()["batch"]
    assert mounted.get(f"/files/{source}").status_code == 404
    assert is_problem(alice.request("POST", "/moves/undo", json={"batch": batch}), 404, "not-found")

    undone = mounted.request("POST", "/moves/undo", json={"batch": batch})

    assert undone.status_code == 200, undone.text
    assert mounted.get(f"/files/{source}").status_code == 200
    assert mounted.get(f"/files/{to}").status_code == 404


def test_a_copy_across_a_mount_is_undone(mounted: Program) -> None:
    batch = arrange(mounted, "copies", ["own.txt"], "Hers/").get_json()["batch"]

    assert mounted.request("POST", "/trash", json={"batch": batch}).get_json() == {"count": 1}

    assert mounted.get("/files/Hers/own.txt").status_code == 404
    assert mounted.get("/files/own.txt").status_code == 200


@pytest.mark.parametrize("way", ["moves", "copies"])
def test_everything_in_a_folder_crosses_a_mount(alice: Program, mounted: Program, way: str) -> None:
    mounted.put("/files/d/x.txt", b"x")
    mounted.put("/files/d/e/y.txt", b"y")
    chosen = {"folder": "d", "except": [], "count": 2, "to": "Hers/d/"}

    done = mounted.request("POST", f"/{way}", json=chosen)

    assert done.status_code == 200, done.text
    assert alice.get("/files/work/shared/d/e/y.txt").data == b"y"
    assert mounted.get("/files/d/x.txt").status_code == (404 if way == "moves" else 200)
    undo = "/moves/undo" if way == "moves" else "/trash"
    undone = mounted.request("POST", undo, json={"batch": done.get_json()["batch"]})
    assert undone.status_code == 200, undone.text
    assert mounted.get("/files/d/x.txt").data == b"x"
    assert alice.get("/files/work/shared/d/x.txt").status_code == 404


def test_a_picture_that_crosses_a_mount_has_a_thumbnail_there(mounted: Program) -> None:
    mounted.put("/files/p.png", picture())
    assert mounted.get("/thumbnails/p.png").status_code in {200, 202}
    arrange(mounted, "moves", ["p.png"], "Hers/")

    assert mounted.get("/thumbnails/Hers/p.png").status_code in {200, 202}


def test_a_viewer_takes_copies_and_moves_nothing(app: Flask, mounted: Program) -> None:
    let(app, "Seen", ShareRole.VIEWER)

    assert is_problem(arrange(mounted, "moves", ["Seen/a.txt"], "x"), 403, "forbidden")
    assert is_problem(arrange(mounted, "copies", ["own.txt"], "Seen/"), 403, "forbidden")
    assert is_problem(arrange(mounted, "moves", ["own.txt"], "Seen/"), 403, "forbidden")
    assert paths_in(arrange(mounted, "copies", ["Seen/a.txt"], "x")) == ["x"]


def test_a_mount_gets_another_name_and_lies_nowhere_else(alice: Program, mounted: Program) -> None:
    mounted.put("/files/d/x.txt", b"x")
    for sources, to in (
        (["Hers"], "d/"),
        (["Hers"], "d"),
        (["Hers"], "d/Hers"),
        (["Hers"], "new/"),
        (["Hers"], "Hers/sub/"),
        (["own.txt", "Hers"], "d/"),
    ):
        refused = arrange(mounted, "moves", sources, to)
        assert is_problem(refused, 409, "mount-stays"), to
        assert "“Hers”" in refused.get_json()["detail"]
    assert is_problem(arrange(mounted, "moves", ["Hers"], "own.txt"), 409, "entry-exists")
    assert is_problem(arrange(mounted, "moves", ["Hers/"], "New"), 422, "invalid-name")
    assert mounted.get("/files/own.txt").status_code == 200
    (same,) = arrange(mounted, "moves", ["Hers"], "").get_json()["entries"]
    assert same["path"] == "Hers"

    (renamed,) = arrange(mounted, "moves", ["Hers"], "Alice’s").get_json()["entries"]

    assert (renamed["path"], renamed["mount"]) == ("Alice’s", {"owner": "alice", "role": "editor"})
    assert mounted.get("/files/Alice’s/a.txt").data == b"content"
    assert mounted.get("/files/Hers").status_code == 404
    assert alice.get("/files/work/shared/a.txt").status_code == 200


def test_the_page_renames_a_mount(app: Flask, alice: Program, mounted: Program) -> None:
    fields = {"path": "Hers", "name": "Renamed"}
    renamed = mounted.request("POST", "/index/rename", data=fields)

    assert renamed.status_code == 200, renamed.text
    assert renamed.get_json()["path"] == "Renamed"
    assert mounted.get("/files/Renamed/a.txt").status_code == 200
    assert is_problem(
        mounted.request("POST", "/index/rename", data={"path": "Renamed", "name": "own.txt"}),
        409,
        "entry-exists",
    )


def test_a_copy_of_a_mount_is_a_folder_with_what_is_in_it(alice: Program, mounted: Program) -> None:
    (entry,) = arrange(mounted, "copies", ["Hers"], "got/").get_json()["entries"]

    assert (entry["path"], entry["tree_files"], "mount" in entry) == ("got/Hers", 2, False)
    assert mounted.get("/files/got/Hers/sub/deep.txt").data == b"deep"
    assert paths_in(arrange(mounted, "copies", ["Hers"], "", "rename")) == ["Hers (2)"]
    assert is_problem(arrange(mounted, "copies", ["Hers"], ""), 409, "entry-exists")
    assert is_problem(arrange(mounted, "copies", ["Hers"], "", "replace"), 409, "entry-exists")
    assert is_problem(arrange(mounted, "copies", ["Hers"], "Hers/sub/"), 409, "into-itself")
    assert mounted.get("/files/Hers/a.txt").data == b"content"


def test_nothing_new_takes_the_place_of_a_mount(alice: Program, mounted: Program) -> None:
    begun = {**TUS, "Upload-Length": "1", "Upload-Metadata": described("Hers")}

    assert is_problem(mounted.put("/files/Hers", b"x"), 409, "is-a-folder")
    assert is_problem(mounted.request("POST", "/folders", json={"path": "Hers"}), 409, "entry-exists")
    assert is_problem(mounted.request("POST", "/uploads", begun), 409, "is-a-folder")
    assert mounted.put("/files/Hers?on_conflict=rename", b"x").get_json()["path"] == "Hers (2)"
    assert alice.get("/files/work/shared/a.txt").data == b"content"


def partial(user: Program, content: bytes, **described_as: str) -> str:
    """Store a partial upload and return where it is."""
    begun = {**PART, "Upload-Concat": "partial", "Upload-Length": str(len(content)), **described_as}
    made = user.request("POST", "/uploads", begun, data=content)
    assert made.status_code == 201, made.text
    return str(made.headers["Location"])


def test_parts_become_a_file_behind_a_mount_wherever_they_were_begun(
    alice: Program, mounted: Program
) -> None:
    before = usage(alice), usage(mounted)
    # What clients send in parts at once tells the destination with the whole alone.
    parts = [
        partial(mounted, b"one "),
        partial(mounted, b"two ", **{"Upload-Metadata": described("Hers/x")}),
    ]
    assert (usage(alice), usage(mounted)) == (before[0] + 4, before[1] + 4)
    joined = {
        **TUS,
        "Upload-Concat": f"final;{' '.join(parts)}",
        "Upload-Metadata": described("Hers/sub/whole"),
    }

    made = mounted.request("POST", "/uploads", joined)

    assert made.status_code == 201, made.text
    assert alice.get("/files/work/shared/sub/whole").data == b"one two "
    assert (usage(alice), usage(mounted)) == (before[0] + 8, before[1])
    assert mounted.request("HEAD", parts[0], TUS).status_code == 410
    other = {**joined, "Upload-Concat": f"final;{partial(alice, b'hers')}"}
    assert is_problem(mounted.request("POST", "/uploads", other), 400, "malformed-request")


@pytest.mark.parametrize("change", ["left", "trashed", "lowered"])
def test_an_upload_in_parts_ends_where_its_mount_gives_no_more(
    app: Flask, alice: Program, mounted: Program, change: str
) -> None:
    begun = {**TUS, "Upload-Length": "6", "Upload-Metadata": described("Hers/big.bin")}
    where = mounted.request("POST", "/uploads", begun).headers["Location"]
    assert mounted.request("PATCH", where, {**PART, "Upload-Offset": "0"}, data=b"abc").status_code == 204

    def act() -> None:
        if change == "lowered":
            with app.app_context():
                session = db.session()
                with writing(session):
                    session.scalars(select(Node).where(Node.kind == Kind.MOUNT)).one().role = ShareRole.VIEWER
        else:
            gone = mounted.delete("/files/Hers") if change == "left" else alice.delete("/files/work")
            assert gone.status_code == 204

    def meanwhile() -> Iterator[bytes]:
        yield b"d"
        # In a thread of its own, for in this one it would be a part of the same request.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(act).result()
        yield b"ef"

    class Body:
        """Brings the last bytes, and changes what is asked for in the middle of them."""

        def __init__(self) -> None:
            self._chunks = meanwhile()

        def read(self, size: int = -1) -> bytes:
            return next(self._chunks, b"")

    body = {"wsgi.input": Body(), "CONTENT_LENGTH": "3"}
    answer = mounted.request("PATCH", where, {**PART, "Upload-Offset": "3"}, environ_overrides=body)

    status = 403 if change == "lowered" else 404
    assert answer.status_code == status, answer.text
    assert alice.get("/files/work/shared/big.bin").status_code == 404
    for method in ("HEAD", "DELETE"):
        assert mounted.request(method, where, TUS).status_code == status
    assert mounted.get("/uploads").get_json()["uploads"] == []
