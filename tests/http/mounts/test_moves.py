"""Moving, copying and renaming in and across shared folders, and undo."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from cabinet.services.access.roles import ShareRole
from tests.http.mounts.conftest import TUS, described, grant, paths_in, usage
from tests.support.images import picture
from tests.support.visitors import Program, is_problem


def test_shared_content_is_moved_and_copied_within_its_space(alice: Program, mounted: Program) -> None:
    moved = mounted.request("POST", "/moves", json={"from": ["Hers/a.txt"], "to": "Hers/sub/"})
    copied = mounted.request("POST", "/copies", json={"from": ["Hers/sub/a.txt"], "to": "Hers/"})

    assert (paths_in(moved), paths_in(copied)) == (["Hers/sub/a.txt"], ["Hers/a.txt"])
    assert alice.get("/files/work/shared/sub/a.txt").data == b"content"
    taken = mounted.request("POST", "/moves", json={"from": ["Hers/a.txt"], "to": "Hers/sub/"})
    assert "“Hers/sub/a.txt”" in taken.get_json()["detail"]


def arrange(user: Program, way: str, sources: list[str], to: str, on_conflict: str = "fail") -> Any:
    """Move or copy ("moves", "copies")."""
    return user.request("POST", f"/{way}", json={"from": sources, "to": to, "on_conflict": on_conflict})


def test_content_crossing_a_mount_is_copied_and_counted_in_the_target_space(
    alice: Program, mounted: Program
) -> None:
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


def test_an_image_that_crossed_a_mount_has_a_thumbnail(mounted: Program) -> None:
    mounted.put("/files/p.png", picture())
    assert mounted.get("/thumbnails/p.png").status_code in {200, 202}
    arrange(mounted, "moves", ["p.png"], "Hers/")

    assert mounted.get("/thumbnails/Hers/p.png").status_code in {200, 202}


def test_a_viewer_can_copy_but_not_move(app: Flask, mounted: Program) -> None:
    grant(app, "Seen", ShareRole.VIEWER)

    assert is_problem(arrange(mounted, "moves", ["Seen/a.txt"], "x"), 403, "forbidden")
    assert is_problem(arrange(mounted, "copies", ["own.txt"], "Seen/"), 403, "forbidden")
    assert is_problem(arrange(mounted, "moves", ["own.txt"], "Seen/"), 403, "forbidden")
    assert paths_in(arrange(mounted, "copies", ["Seen/a.txt"], "x")) == ["x"]


def test_a_mount_can_be_renamed_but_not_moved(alice: Program, mounted: Program) -> None:
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


def test_a_copy_of_a_mount_is_a_folder_with_its_content(alice: Program, mounted: Program) -> None:
    (entry,) = arrange(mounted, "copies", ["Hers"], "got/").get_json()["entries"]

    assert (entry["path"], entry["tree_files"], "mount" in entry) == ("got/Hers", 2, False)
    assert mounted.get("/files/got/Hers/sub/deep.txt").data == b"deep"
    assert paths_in(arrange(mounted, "copies", ["Hers"], "", "rename")) == ["Hers (2)"]
    assert is_problem(arrange(mounted, "copies", ["Hers"], ""), 409, "entry-exists")
    assert is_problem(arrange(mounted, "copies", ["Hers"], "", "replace"), 409, "entry-exists")
    assert is_problem(arrange(mounted, "copies", ["Hers"], "Hers/sub/"), 409, "into-itself")
    assert mounted.get("/files/Hers/a.txt").data == b"content"


def test_nothing_replaces_a_mount(alice: Program, mounted: Program) -> None:
    begun = {**TUS, "Upload-Length": "1", "Upload-Metadata": described("Hers")}

    assert is_problem(mounted.put("/files/Hers", b"x"), 409, "is-a-folder")
    assert is_problem(mounted.request("POST", "/folders", json={"path": "Hers"}), 409, "entry-exists")
    assert is_problem(mounted.request("POST", "/uploads", begun), 409, "is-a-folder")
    assert mounted.put("/files/Hers?on_conflict=rename", b"x").get_json()["path"] == "Hers (2)"
    assert alice.get("/files/work/shared/a.txt").data == b"content"
