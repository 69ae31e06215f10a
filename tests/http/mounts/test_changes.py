"""Bulk changes in shared folders and of mounts: delete, restore, move, copy, form uploads."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from cabinet.extensions import db
from cabinet.services.access.roles import ShareRole
from tests.support.mounts import mount
from tests.support.visitors import Program, is_problem


@pytest.fixture
def guest(app: Flask, alice: Program, bob: Program) -> Program:
    """Return bob, who has alice's folder `outer/shared` as `Hers`, with 2 files and a folder in it."""
    for path in ("a.txt", "b.txt", "sub/deep.txt"):
        alice.put(f"/files/outer/shared/{path}", path.encode())
    bob.put("/files/own.txt", b"own")
    bob.put("/files/mine/x.txt", b"x")
    grant(app, "Hers")
    return bob


def grant(app: Flask, name: str, role: ShareRole = ShareRole.EDITOR, path: str = "outer/shared") -> None:
    with app.app_context():
        mount(db.session(), "alice", path, "bob", name, role)


def post(user: Program, address: str, **body: Any) -> Any:
    answer = user.request("POST", address, json=body)
    assert answer.status_code < 300, answer.text
    return answer.get_json()


def there(user: Program, folder: str) -> list[str]:
    listed = user.request("GET", "/files", query_string={"path": folder, "recursive": "1", "limit": "1000"})
    return [entry["path"] for entry in listed.get_json()["entries"]]


def inside(user: Program) -> list[str]:
    """Return what alice's folder holds, as she has it."""
    return [path.removeprefix("outer/shared/") for path in there(user, "outer/shared")]


def test_items_of_several_spaces_are_deleted_and_restored_together(alice: Program, guest: Program) -> None:
    trashed = post(guest, "/trash", paths=["Hers/a.txt", "own.txt", "Hers/sub"])["entries"]

    assert [entry["from"] for entry in trashed] == ["Hers/a.txt", "own.txt", "Hers/sub"]
    assert inside(alice) == ["b.txt"]
    assert there(guest, "") == ["Hers", "Hers/b.txt", "mine", "mine/x.txt"]
    assert {entry["from"] for entry in alice.get("/trash").get_json()["entries"]} == {
        "outer/shared/a.txt",
        "outer/shared/sub",
    }
    assert [entry["from"] for entry in guest.get("/trash").get_json()["entries"]] == ["own.txt"]

    back = post(guest, "/trash/restore", ids=[entry["id"] for entry in trashed])["entries"]

    assert [entry["path"] for entry in back] == ["Hers/a.txt", "own.txt", "Hers/sub"]
    assert inside(alice) == ["sub", "sub/deep.txt", "a.txt", "b.txt"]
    assert alice.get("/trash").get_json()["entries"] == []


def test_nothing_is_deleted_if_one_item_is_missing(alice: Program, guest: Program) -> None:
    for paths in (["own.txt", "Hers/none"], ["Hers/a.txt", "none"], ["Hers", "none"]):
        assert is_problem(guest.request("POST", "/trash", json={"paths": paths}), 404, "not-found")

    assert guest.get("/files/own.txt").status_code == 200
    assert guest.get("/files/Hers/a.txt").status_code == 200
    assert alice.get("/trash").get_json()["entries"] == []


def test_one_item_is_restored_by_its_id(guest: Program) -> None:
    (trashed,) = post(guest, "/trash", paths=["Hers/sub/deep.txt"])["entries"]
    guest.put("/files/Hers/sub/deep.txt", b"another")
    address = f"/trash/{trashed['id']}/restore"

    taken = guest.request("POST", address)
    assert is_problem(taken, 409, "entry-exists")
    assert "“Hers/sub/deep.txt”" in taken.get_json()["detail"]
    assert post(guest, address, on_conflict="rename")["path"] == "Hers/sub/deep (2).txt"


def test_only_the_deleter_restores_an_item_and_only_with_current_access(
    app: Flask, alice: Program, guest: Program
) -> None:
    (hers,) = post(alice, "/trash", paths=["outer/shared/a.txt"])["entries"]
    (his,) = post(guest, "/trash", paths=["Hers/b.txt"])["entries"]
    (out,) = post(guest, "/trash", paths=["Hers/sub/deep.txt"])["entries"]
    carol = Program(app, "carol")
    assert is_problem(guest.request("POST", f"/trash/{hers['id']}/restore"), 404, "not-found")
    assert is_problem(carol.request("POST", f"/trash/{his['id']}/restore"), 404, "not-found")

    # What it was in is out of his reach by now.
    post(alice, "/moves", **{"from": ["outer/shared/sub"], "to": "outer/"})
    assert is_problem(guest.request("POST", f"/trash/{out['id']}/restore"), 404, "not-found")
    assert guest.delete("/files/Hers").status_code == 204
    assert is_problem(guest.request("POST", f"/trash/{his['id']}/restore"), 404, "not-found")
    assert alice.request("POST", f"/trash/{his['id']}/restore").status_code == 200


def test_a_user_demoted_to_viewer_cannot_restore(app: Flask, guest: Program) -> None:
    (his,) = post(guest, "/trash", paths=["Hers/b.txt"])["entries"]
    guest.delete("/files/Hers")
    grant(app, "Seen", ShareRole.VIEWER)

    assert is_problem(guest.request("POST", f"/trash/{his['id']}/restore"), 403, "forbidden")


def test_deleting_a_selection_with_mounts_leaves_the_shared_folders(alice: Program, guest: Program) -> None:
    before = inside(alice)

    answer = post(guest, "/trash", paths=["Hers", "own.txt"])

    assert [entry["from"] for entry in answer["entries"]] == ["own.txt"]
    assert answer["left"] == ["Hers"]
    assert there(guest, "") == ["mine", "mine/x.txt"]
    assert inside(alice) == before
    assert alice.get("/trash").get_json()["entries"] == []
    assert "left" not in post(guest, "/trash", paths=["mine/x.txt"])


def test_everything_in_a_shared_folder_is_deleted_and_restored(alice: Program, guest: Program) -> None:
    done = post(guest, "/trash", folder="Hers", count=2, **{"except": ["sub"]})
    assert done["count"] == 2
    assert inside(alice) == ["sub", "sub/deep.txt"]

    assert post(guest, "/trash/restore", batch=done["batch"]) == {"count": 2}

    assert inside(alice) == ["sub", "sub/deep.txt", "a.txt", "b.txt"]
    assert is_problem(
        alice.request("POST", "/trash/restore", json={"batch": done["batch"]}), 404, "not-found"
    )


def test_everything_in_a_root_excludes_mounts(alice: Program, guest: Program) -> None:
    before = inside(alice)

    done = post(guest, "/trash", folder="", count=2)

    assert there(guest, "") == ["Hers", *(f"Hers/{path}" for path in before)]
    post(guest, "/trash/restore", batch=done["batch"])
    assert "own.txt" in there(guest, "")


def test_a_guest_cannot_permanently_delete_from_a_shared_folder(guest: Program) -> None:
    done = post(guest, "/trash", folder="Hers/sub", count=1)
    (trashed,) = post(guest, "/trash", paths=["Hers/a.txt"])["entries"]

    refused = guest.request("POST", "/trash/purge", json={"batch": done["batch"]})
    assert is_problem(refused, 403, "forbidden")
    assert is_problem(guest.request("POST", "/trash/purge", json={"ids": [trashed["id"]]}), 404, "not-found")
    assert is_problem(guest.delete(f"/trash/{trashed['id']}"), 404, "not-found")
    assert guest.get("/trash/count").get_json() == {"count": 0}


def test_everything_in_a_shared_folder_is_moved_and_copied_within_its_space(
    alice: Program, guest: Program
) -> None:
    moved = post(guest, "/moves", folder="Hers/sub", count=1, to="Hers/")
    copied = post(
        guest, "/copies", folder="Hers", count=1, to="Hers/sub/", **{"except": ["sub", "a.txt", "b.txt"]}
    )
    assert inside(alice) == ["sub", "sub/deep.txt", "a.txt", "b.txt", "deep.txt"]

    assert post(guest, "/trash", batch=copied["batch"]) == {"count": 1}
    assert post(guest, "/moves/undo", batch=moved["batch"]) == {"count": 1}

    assert inside(alice) == ["sub", "sub/deep.txt", "a.txt", "b.txt"]


def test_a_form_stores_files_in_several_spaces(alice: Program, guest: Program) -> None:
    def send(*paths: str) -> Any:
        body = b"".join(
            b'--cut\r\nContent-Disposition: form-data; name="path"\r\n\r\n%b\r\n'
            b'--cut\r\nContent-Disposition: form-data; name="file"; filename="-"\r\n\r\n%b\r\n'
            % (path.encode(), path.encode())
            for path in paths
        )
        kind = {"Content-Type": "multipart/form-data; boundary=cut"}
        return guest.request("POST", "/upload", kind, data=body + b"--cut--\r\n")

    stored = send("Hers/new/1.txt", "2.txt", "Hers/a.txt", "mine/3.txt")

    assert stored.status_code == 201, stored.text
    assert [each["path"] for each in stored.get_json()["files"]] == [
        "Hers/new/1.txt", "2.txt", "Hers/a.txt", "mine/3.txt"
    ]  # fmt: skip
    assert alice.get("/files/outer/shared/new/1.txt").data == b"Hers/new/1.txt"
    assert alice.get("/files/outer/shared/a.txt").data == b"Hers/a.txt"
    assert guest.get("/files/2.txt").data == b"2.txt"

    refused = send("4.txt", "Hers/sub")
    assert refused.status_code == 409
    assert "“Hers/sub”" in refused.get_json()["detail"]
    assert guest.get("/files/4.txt").status_code == 404
    assert send("5.txt", "Hers").status_code == 409


def test_a_form_is_refused_for_a_viewer(app: Flask, guest: Program) -> None:
    grant(app, "Seen", ShareRole.VIEWER)

    assert is_problem(guest.upload([("f.txt", b"x")], "?folder=Seen"), 403, "forbidden")
    assert is_problem(guest.upload([("f.txt", b"x")], "?folder=Seen/sub"), 403, "forbidden")


def test_a_full_space_behind_a_mount_reveals_no_numbers(app: Flask, alice: Program, guest: Program) -> None:
    done = app.test_cli_runner().invoke(args=["users", "set-quota", "alice", "100"])
    assert done.exit_code == 0, done.output
    large = b"1" * 200

    for refused in (
        guest.put("/files/Hers/large", large),
        guest.upload([("large", large)], "?folder=Hers"),
    ):
        assert is_problem(refused, 507, "folder-full")
        assert not any(sign.isdigit() for sign in refused.get_json()["detail"])
    assert guest.put("/files/large", large).status_code == 201


def test_the_etag_of_the_full_listing_includes_shared_content(alice: Program, guest: Program) -> None:
    tag = guest.get("/files?recursive=1").headers["ETag"]

    def again() -> int:
        return guest.get("/files?recursive=1", {"If-None-Match": tag}).status_code

    assert again() == 304
    alice.put("/files/outer/elsewhere", b"x")
    assert again() == 304
    alice.put("/files/outer/shared/sub/deep.txt", b"another")
    assert again() == 200


def test_many_paths_are_looked_up_with_few_statements(app: Flask, guest: Program) -> None:
    paths = ["Hers/a.txt", *(f"none{number}/x" for number in range(50)), "Hers/sub", "own.txt"]
    asked = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    found = post(guest, "/lookup", paths=paths)["entries"]

    assert [entry["path"] for entry in found if entry] == ["Hers/a.txt", "Hers/sub", "own.txt"]
    assert len(asked) < 20, asked
