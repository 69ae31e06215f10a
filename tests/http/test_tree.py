"""Folders, moves, copies, the trash, versions and search in the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.visitors import Program, is_problem

HOSTILE = [
    "../../etc/passwd",
    "a/../b",
    "a//b",
    "a\x00b",
    "a\\b",
    "\u202etxt.exe",
    "n" * 256,
    "a/./b",
    "/abs",
]


def post(program: Program, path: str, body: Any = None) -> Any:
    return program.request("POST", path, json=body) if body is not None else program.request("POST", path)


def arrange(program: Program, action: str, sources: list[str], to: str, **more: str) -> Any:
    return post(program, f"/{action}", {"from": sources, "to": to, **more})


def trashed(program: Program) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = program.get("/trash").get_json()["entries"]
    return entries


def test_a_folder_is_created_with_its_parents(alice: Program) -> None:
    made = post(alice, "/folders", {"path": "Отчёты/2026"})

    assert made.status_code == 201
    assert made.headers["Location"] == "/files/" + quote("Отчёты/2026")
    assert made.get_json()["kind"] == "folder"
    assert alice.paths() == ["Отчёты", "Отчёты/2026"]
    assert is_problem(post(alice, "/folders", {"path": "Отчёты"}), 409, "entry-exists")
    alice.put("/files/f")
    assert is_problem(post(alice, "/folders", {"path": "f"}), 409, "entry-exists")
    assert is_problem(post(alice, "/folders", {"path": "f/g"}), 409, "not-a-folder")


@pytest.mark.parametrize("action", ["moves", "copies"])
def test_moves_and_copies_return_sources_and_targets(alice: Program, action: str) -> None:
    alice.put("/files/d/f", b"one")
    alice.put("/files/g", b"two")

    answer = arrange(alice, action, ["d", "g"], "to/")

    assert answer.status_code == 200
    assert [entry["path"] for entry in answer.get_json()["entries"]] == ["to/d", "to/g"]
    assert alice.get(answer.get_json()["entries"][0]["url"] + "/f").data == b"one"
    assert alice.get("/files/g").status_code == (404 if action == "moves" else 200)
    assert is_problem(arrange(alice, action, ["to/d"], "to/d/x"), 409, "into-itself")
    assert is_problem(arrange(alice, action, ["missing"], "to"), 404, "not-found")
    alice.put("/files/d/f", b"new")
    assert is_problem(arrange(alice, action, ["d"], "to"), 409, "entry-exists")
    renamed = arrange(alice, action, ["d"], "to", on_conflict="rename").get_json()["entries"]
    assert [entry["name"] for entry in renamed] == ["d (2)"]


@pytest.mark.parametrize("path", ["/folders", "/moves", "/copies"])
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"path": 7}', b'{"from": "a", "to": "b"}',
        b'{"from": [], "to": "b"}', b'{"from": ["a"], "to": null}', b'{"path": "\xff"}',
    ],
)  # fmt: skip
def test_an_invalid_body_is_refused(alice: Program, path: str, body: bytes) -> None:
    answer = alice.request("POST", path, {"Content-Type": "application/json"}, data=body)

    assert is_problem(answer, 400, "malformed-request")


def test_the_number_of_paths_is_limited(alice: Program) -> None:
    names = [f"папка {number:04}" + "ж" * 500 for number in range(1001)]

    assert is_problem(arrange(alice, "moves", names, "x/"), 400, "malformed-request")
    assert is_problem(arrange(alice, "moves", names[:1000], "x/"), 422, "invalid-name")
    assert is_problem(arrange(alice, "moves", ["a"], "b", on_conflict="maybe"), 422, "invalid-field")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused_everywhere(alice: Program, name: str) -> None:
    alice.put("/files/f")

    answers = [
        post(alice, "/folders", {"path": name}),
        arrange(alice, "moves", ["f"], name),
        arrange(alice, "copies", ["f"], name),
        arrange(alice, "moves", [name], "g"),
        alice.get(f"/search?q=f&path={quote(name)}"),
    ]

    assert all(is_problem(answer, 422, "invalid-name") for answer in answers)
    assert alice.paths() == ["f"]


def test_a_lone_surrogate_is_no_name(alice: Program) -> None:
    body = b'{"path": "\\ud800"}'

    answer = alice.request("POST", "/folders", {"Content-Type": "application/json"}, data=body)

    assert answer.status_code in {400, 422}


def test_deleted_entries_are_in_the_trash_and_can_be_restored(alice: Program) -> None:
    alice.put("/files/d/Отчёт №5.pdf", b"one")
    alice.delete("/files/d")

    (found,) = trashed(alice)
    assert found.keys() == {
        "id", "from", "trashed_at", "expires_at", "kind", "name", "size", "content_hash", "media_type",
        "created_at", "modified_at", "tree_size", "tree_files", "child_count", "etag",
    }  # fmt: skip
    assert (found["from"], found["kind"], len(found["id"])) == ("d", "folder", 32)
    assert found["expires_at"] > found["trashed_at"]
    assert alice.get("/me").get_json()["usage"] == 3

    restored = post(alice, f"/trash/{found['id']}/restore")
    assert (restored.status_code, restored.get_json()["path"]) == (200, "d")
    assert alice.paths() == ["d", "d/Отчёт №5.pdf"]
    assert trashed(alice) == []


def test_a_conflict_of_a_restore_follows_on_conflict(alice: Program) -> None:
    alice.put("/files/f", b"old")
    alice.delete("/files/f")
    alice.put("/files/f", b"new")
    where = f"/trash/{trashed(alice)[0]['id']}/restore"

    assert is_problem(post(alice, where), 409, "entry-exists")
    assert is_problem(post(alice, where, {"on_conflict": "maybe"}), 422, "invalid-field")
    assert post(alice, where, {"on_conflict": "rename"}).get_json()["path"] == "f (2)"
    assert is_problem(post(alice, where), 404, "not-found")


def test_many_are_deleted_and_restored_all_or_none(alice: Program) -> None:
    for path in ("a/b/f", "a/g", "h"):
        alice.put(f"/files/{path}", b"old")

    assert is_problem(post(alice, "/trash", {"paths": ["h", "nothing"]}), 404, "not-found")
    assert is_problem(post(alice, "/trash", {"paths": ["h", ""]}), 409, "is-a-folder")
    bodies: list[dict[str, list[str]]] = [{"paths": []}, {"paths": ["h"] * 1001}, {}]
    for body in bodies:
        assert is_problem(post(alice, "/trash", body), 400, "malformed-request")
    assert trashed(alice) == []
    # A folder and an entry in it are separate then, each restored to its place.
    added = post(alice, "/trash", {"paths": ["h", "a/g", "a", "h"]}).get_json()["entries"]
    assert [entry["from"] for entry in added] == ["h", "a/g", "a"]
    assert sorted(entry["id"] for entry in added) == sorted(entry["id"] for entry in trashed(alice))
    assert alice.paths() == []

    ids = [entry["id"] for entry in added]
    alice.put("/files/h", b"new")
    assert is_problem(post(alice, "/trash/restore", {"ids": ids}), 409, "entry-exists")
    assert is_problem(post(alice, "/trash/restore", {"ids": [*ids[1:], "other"]}), 404, "not-found")
    assert alice.paths() == ["h"]
    back = post(alice, "/trash/restore", {"ids": ids, "on_conflict": "rename"}).get_json()["entries"]
    assert [entry["path"] for entry in back] == ["h (2)", "a/g", "a"]
    assert alice.paths() == ["a", "a/b", "a/b/f", "a/g", "h", "h (2)"]


def test_many_are_purged_all_or_none(alice: Program) -> None:
    for name in "abc":
        alice.put(f"/files/{name}", b"four")
    ids = [entry["id"] for entry in post(alice, "/trash", {"paths": list("abc")}).get_json()["entries"]]

    assert is_problem(post(alice, "/trash/purge", {"ids": [*ids, "other"]}), 404, "not-found")
    assert len(trashed(alice)) == 3
    assert post(alice, "/trash/purge", {"ids": ids[:2]}).status_code == 204

    assert [entry["id"] for entry in trashed(alice)] == ids[2:]
    assert alice.get("/me").get_json()["usage"] == 4


def test_purging_frees_the_bytes(alice: Program) -> None:
    for name in "abcd":
        alice.put(f"/files/{name}", b"four")
    assert alice.delete("/files/a?permanent=1").status_code == 204
    assert trashed(alice) == []
    for name in "bcd":
        alice.delete(f"/files/{name}")

    assert alice.delete(f"/trash/{trashed(alice)[0]['id']}").status_code == 204
    assert alice.get("/me").get_json()["usage"] == 8
    assert alice.delete("/trash").status_code == 204

    assert alice.get("/me").get_json()["usage"] == 0
    assert trashed(alice) == []
    assert is_problem(alice.delete("/trash/nothing"), 404, "not-found")


def test_the_trash_listing_is_paginated(alice: Program) -> None:
    for name in "abc":
        alice.put(f"/files/{name}")
        alice.delete(f"/files/{name}")

    first = alice.get("/trash?limit=2").get_json()
    second = alice.get(f"/trash?limit=2&after={first['next']}").get_json()

    assert [entry["from"] for page in (first, second) for entry in page["entries"]] == ["c", "b", "a"]
    assert second["next"] is None
    assert is_problem(alice.get("/trash?limit=0"), 422, "invalid-field")
    assert is_problem(alice.get("/trash?after=x"), 422, "invalid-field")


def test_a_file_has_versions(alice: Program) -> None:
    for content in (b"1", b"22"):
        alice.put("/files/d/f", content)

    listed = alice.get("/versions/d/f").get_json()

    assert listed["path"] == "d/f"
    assert [(each["number"], each["size"], each["current"]) for each in listed["versions"]] == [
        (2, 2, True),
        (1, 1, False),
    ]
    assert listed["versions"][0].keys() == {"number", "size", "content_hash", "created_at", "current"}
    for face in ("files", "download"):
        old = alice.get(f"/{face}/d/f?version=1")
        assert (old.data, old.headers["ETag"]) == (b"1", f'"{listed["versions"][1]["content_hash"]}"')
    assert alice.get("/files/d/f?version=1", {"Range": "bytes=0-0"}).status_code == 206

    assert post(alice, "/versions/d/f/1/restore").get_json()["size"] == 1
    assert alice.get("/files/d/f").data == b"1"
    assert alice.delete("/versions/d/f/2").status_code == 204
    assert is_problem(alice.delete("/versions/d/f/3"), 409, "current-version")
    assert [each["number"] for each in alice.get("/versions/d/f").get_json()["versions"]] == [3, 1]


def test_an_unknown_version_is_not_found(alice: Program) -> None:
    alice.put("/files/d/f")
    huge = "9" * 5000

    for version in ("0", "2", "999999999"):
        assert is_problem(alice.get(f"/files/d/f?version={version}"), 404, "not-found")
    for version in ("", "-1", "1.0", "x", "١", huge):
        assert is_problem(alice.get(f"/files/d/f?version={quote(version)}"), 422, "invalid-field")
    assert is_problem(alice.get("/versions/d"), 409, "is-a-folder")
    assert is_problem(alice.get("/versions/nothing"), 404, "not-found")
    assert is_problem(post(alice, f"/versions/d/f/{huge}/restore"), 404, "not-found")
    assert is_problem(alice.delete(f"/versions/d/f/{huge}"), 404, "not-found")


def test_search_results_have_the_format_of_a_listing(alice: Program) -> None:
    for name in ("d/Отчёт 1.pdf", "d/отчет 2.pdf", "e/ОТЧЕТ 3.pdf", "other"):
        alice.put(f"/files/{name}")

    first = alice.get("/search?q=отчет&limit=2").get_json()
    second = alice.get(f"/search?q=отчет&limit=2&after={first['next']}").get_json()
    below = alice.get("/search?q=отч&path=d").get_json()

    paths = [entry["path"] for page in (first, second) for entry in page["entries"]]
    assert paths == ["e/ОТЧЕТ 3.pdf", "d/отчет 2.pdf", "d/Отчёт 1.pdf"]
    assert second["next"] is None
    assert (below["path"], [entry["name"] for entry in below["entries"]]) == (
        "d",
        ["отчет 2.pdf", "Отчёт 1.pdf"],
    )
    assert alice.get(first["entries"][0]["url"]).status_code == 200
    for query in ("", "?q=", "?q=%20", "?q=a&limit=1001", "?q=abc&after=x"):
        assert is_problem(alice.get(f"/search{query}"), 422, "invalid-field")


def test_entries_of_another_user_are_not_found(alice: Program, bob: Program) -> None:
    for content in (b"1", b"22"):
        bob.put("/files/secret", content)
    bob.put("/files/gone")
    bob.delete("/files/gone")
    where = f"/trash/{trashed(bob)[0]['id']}"

    answers = [
        arrange(alice, "moves", ["secret"], "mine"),
        arrange(alice, "copies", ["secret"], "mine"),
        alice.get("/versions/secret"),
        alice.get("/files/secret?version=1"),
        post(alice, "/versions/secret/1/restore"),
        alice.delete("/versions/secret/1"),
        alice.delete("/files/secret?permanent=1"),
        post(alice, f"{where}/restore"),
        alice.delete(where),
        post(alice, "/trash", {"paths": ["secret"]}),
        post(alice, "/trash/restore", {"ids": [trashed(bob)[0]["id"]]}),
        post(alice, "/trash/purge", {"ids": [trashed(bob)[0]["id"]]}),
        alice.get("/search?q=secret&path=secret"),
    ]

    assert all(is_problem(answer, 404, "not-found") for answer in answers)
    assert alice.get("/search?q=secret").get_json()["entries"] == []
    alice.delete("/trash")
    assert len(trashed(bob)) == 1
    assert bob.paths() == ["secret"]
