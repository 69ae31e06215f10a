"""Everything in a folder or in the trash in one request, in the API."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from tests.support.visitors import Browser, Program, is_problem

NAMES = [f"{number}.txt" for number in range(5)]


@pytest.fixture
def filled(alice: Program) -> Program:
    """Return the program of a user with five files in the folder `a`."""
    assert alice.upload([(name, name.encode()) for name in NAMES], "?folder=a").status_code == 201
    return alice


def post(program: Program, path: str, body: Any) -> Any:
    return program.request("POST", path, json=body)


def all_of(count: int, *excluding: str, **more: Any) -> dict[str, Any]:
    return {"folder": "a", "except": list(excluding), "count": count, **more}


def trashed(program: Program) -> dict[str, str]:
    return {entry["from"]: entry["id"] for entry in program.get("/trash").get_json()["entries"]}


def unzipped(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_everything_except_some_is_deleted_and_restored_by_one_request_each(filled: Program) -> None:
    before = filled.paths()

    answer = post(filled, "/trash", all_of(4, "3.txt"))

    assert answer.status_code == 200
    assert answer.get_json().keys() == {"batch", "count"}
    assert answer.get_json()["count"] == 4
    assert filled.paths() == ["a", "a/3.txt"]
    batch = {"batch": answer.get_json()["batch"]}
    assert is_problem(post(filled, "/moves/undo", batch), 404, "not-found")
    assert is_problem(post(filled, "/trash", batch), 404, "not-found")
    assert post(filled, "/trash/restore", batch).get_json() == {"count": 4}
    assert filled.paths() == before
    assert is_problem(post(filled, "/trash/restore", batch), 404, "not-found")


def test_a_batch_of_another_user_is_not_found(filled: Program, bob: Program) -> None:
    batch = {"batch": post(filled, "/trash", all_of(5)).get_json()["batch"]}

    assert is_problem(post(bob, "/trash/restore", batch), 404, "not-found")

    assert post(filled, "/trash/restore", batch).status_code == 200


@pytest.mark.parametrize(
    ("action", "undo"), [("moves", "/moves/undo"), ("copies", "/trash")], ids=["moves", "copies"]
)
def test_everything_except_some_is_moved_or_copied_and_undone(
    filled: Program, action: str, undo: str
) -> None:
    before = filled.paths()

    answer = post(filled, f"/{action}", all_of(4, "3.txt", to="b/"))

    assert answer.get_json()["count"] == 4
    assert [path for path in filled.paths() if path.startswith("b/")] == [
        "b/0.txt",
        "b/1.txt",
        "b/2.txt",
        "b/4.txt",
    ]
    assert ("a/0.txt" in filled.paths()) == (action == "copies")
    assert is_problem(post(filled, f"/{action}", all_of(9, to="b", on_conflict="x")), 422, "invalid-field")
    assert post(filled, undo, {"batch": answer.get_json()["batch"]}).get_json() == {"count": 4}
    assert filled.paths() == [*before, "b"]


def test_the_trash_except_some_is_restored_undone_and_purged(filled: Program) -> None:
    post(filled, "/trash", all_of(5))
    ids = trashed(filled)

    answer = post(filled, "/trash/restore", {"all": True, "except": [ids["a/1.txt"], "unknown"], "count": 4})

    assert set(trashed(filled)) == {"a/1.txt"}
    assert post(filled, "/trash", {"batch": answer.get_json()["batch"]}).get_json() == {"count": 4}
    assert trashed(filled) == ids
    filled.put("/files/a/2.txt", b"another")
    everything = {"all": True, "count": 5}
    assert is_problem(post(filled, "/trash/restore", everything), 409, "entry-exists")
    assert post(filled, "/trash/restore", everything | {"on_conflict": "rename"}).status_code == 200
    assert "a/2 (2).txt" in filled.paths()
    post(filled, "/trash", all_of(6))
    kept = trashed(filled)["a/4.txt"]
    purged = post(filled, "/trash/purge", {"all": True, "except": [kept], "count": 5})
    assert purged.get_json()["count"] == 5
    assert trashed(filled) == {"a/4.txt": kept}
    for undo in ("/trash", "/trash/restore", "/moves/undo"):
        assert is_problem(post(filled, undo, {"batch": purged.get_json()["batch"]}), 404, "not-found")


@pytest.mark.parametrize("path", ["/trash", "/moves", "/copies", "/zip"])
def test_a_different_count_is_a_conflict_with_the_current_count(filled: Program, path: str) -> None:
    before = filled.paths()

    for body, count in (
        (all_of(4), 5),
        (all_of(6, "no.txt"), 5),
        (all_of(5, "3.txt"), 4),
        (all_of(10**30), 5),
    ):
        answer = post(filled, path, {**body, "to": "b/"})
        assert is_problem(answer, 409, "selection-changed")
        assert answer.get_json()["count"] == count

    assert filled.paths() == before
    assert trashed(filled) == {}


@pytest.mark.parametrize("path", ["/trash/restore", "/trash/purge"])
def test_a_different_count_in_the_trash_is_a_conflict_too(filled: Program, path: str) -> None:
    post(filled, "/trash", all_of(5))

    answer = post(filled, path, {"all": True, "except": [trashed(filled)["a/0.txt"]], "count": 5})

    assert is_problem(answer, 409, "selection-changed")
    assert answer.get_json()["count"] == 4
    assert len(trashed(filled)) == 5


BAD_FOLDERS: list[Any] = [
    {"folder": "a"},
    {"folder": "a", "count": 0},
    {"folder": "a", "count": -1},
    {"folder": "a", "count": "5"},
    {"folder": "a", "count": 5.5},
    {"folder": "a", "count": True},
    {"folder": "a", "count": None},
    {"folder": None, "count": 5},
    {"folder": ["a"], "count": 5},
    {"folder": "a", "count": 5, "except": "3.txt"},
    {"folder": "a", "count": 5, "except": [3]},
    {"folder": "a", "count": 5, "except": None},
    {"count": 5},
    {},
    [],
    "a",
]


@pytest.mark.parametrize("path", ["/trash", "/moves", "/copies", "/zip"])
def test_an_invalid_selection_is_refused(filled: Program, path: str) -> None:
    before = filled.paths()
    named = {"/trash": "paths", "/zip": "path"}.get(path, "from")
    both = all_of(5) | {named: ["a/0.txt"]}

    for body in [*BAD_FOLDERS, both]:
        sent = {**body, "to": "b/"} if isinstance(body, dict) else body
        assert is_problem(post(filled, path, sent), 400, "malformed-request"), body
    for content in (
        b"",
        b"null",
        b"{",
        b'{"folder": "a", "count": 5',
        b'{"folder": "\\ud800", "count": 5, "to": "b/"}',
        b"\xff",
    ):
        answer = filled.request("POST", path, {"Content-Type": "application/json"}, data=content)
        assert answer.status_code in {400, 422}, content
    for wrong, status, slug in (
        (all_of(5, "b/c"), 422, "invalid-name"),
        (all_of(5, ""), 422, "invalid-name"),
        (all_of(5, "x\x00"), 422, "invalid-name"),
        (all_of(5) | {"folder": "../a"}, 422, "invalid-name"),
        (all_of(5) | {"folder": "none"}, 404, "not-found"),
        (all_of(5) | {"folder": "a/0.txt"}, 409, "not-a-folder"),
    ):
        assert is_problem(post(filled, path, {**wrong, "to": "b/"}), status, slug)
    assert filled.paths() == before


@pytest.mark.parametrize("path", ["/trash/restore", "/trash/purge"])
def test_an_invalid_selection_in_the_trash_is_refused(filled: Program, path: str) -> None:
    post(filled, "/trash", all_of(5))

    for body in (
        {"all": True},
        {"all": False, "count": 5},
        {"all": 1, "count": 5},
        {"all": "true", "count": 5},
        {"all": True, "count": "5"},
        {"all": True, "count": 5, "except": {}},
        {"all": True, "count": 5, "ids": list(trashed(filled).values())},
    ):
        assert is_problem(post(filled, path, body), 400, "malformed-request"), body
    assert len(trashed(filled)) == 5


@pytest.mark.parametrize("path", ["/trash", "/trash/restore", "/moves/undo"])
def test_an_invalid_batch_is_refused(alice: Program, path: str) -> None:
    for batch in ("", "\x00", "й" * 5000, "0" * 32, "%s", 5, None, ["x"]):
        answer = post(alice, path, {"batch": batch})

        assert answer.status_code == (404 if isinstance(batch, str) else 400), batch


def test_everything_except_some_is_downloaded_by_json_and_by_a_form(filled: Program, window: Browser) -> None:
    filled.put("/files/a/sub/f", b"f")
    names = ["sub/", "sub/f", "0.txt", "1.txt", "2.txt", "4.txt"]

    answer = post(filled, "/zip", all_of(5, "3.txt"))
    assert unzipped(answer.data) == names
    assert 'filename="a.zip"' in answer.headers["Content-Disposition"]
    fields = {"folder": "a", "except": ["3.txt"], "count": "5"}
    assert unzipped(filled.request("POST", "/zip", data=fields).data) == names
    assert unzipped(window.post("/zip", fields).data) == names
    several = {
        "folder": "a",
        "except": ["/".join(["3.txt", "0.txt", *map(str, range(5000))]), "1.txt"],
        "count": "3",
    }
    assert unzipped(window.post("/zip", several).data) == ["sub/", "sub/f", "2.txt", "4.txt"]
    assert unzipped(post(filled, "/zip", {"path": ["a/0.txt"]}).data) == ["0.txt"]
    top = post(filled, "/zip", {"folder": "", "count": 1})
    assert 'filename="cabinet.zip"' in top.headers["Content-Disposition"]

    exact = [f"a/{name}" for name in names]
    assert unzipped(post(filled, "/zip", {**all_of(5, "3.txt"), "names": "exact"}).data) == exact
    assert unzipped(filled.request("POST", "/zip", data={**fields, "names": "exact"}).data) == exact
    assert unzipped(post(filled, "/zip", {"path": ["a/0.txt"], "names": "exact"}).data) == ["a/0.txt"]
    assert is_problem(post(filled, "/zip", {**all_of(5, "3.txt"), "names": "short"}), 422, "invalid-field")
    assert is_problem(post(filled, "/zip", {"path": ["a"], "names": "short"}), 422, "invalid-field")

    for wrong, status, slug in (
        ({**fields, "names": "short"}, 422, "invalid-field"),
        ({**fields, "count": "4"}, 409, "selection-changed"),
        ({**fields, "count": "x"}, 422, "invalid-field"),
        ({**fields, "count": "0"}, 422, "invalid-field"),
        ({**fields, "count": "²"}, 422, "invalid-field"),
        ({"folder": "a"}, 422, "invalid-field"),
        ({**fields, "path": "a/0.txt"}, 400, "malformed-request"),
    ):
        assert is_problem(filled.request("POST", "/zip", data=wrong), status, slug)
    page = window.post("/zip", {**fields, "count": "4"})
    assert page.status_code == 409
    assert "5" in page.text


def test_a_bulk_deletion_is_counted_and_purged_at_once(filled: Program, bob: Program) -> None:
    filled.put("/files/f")
    filled.delete("/files/f")
    assert filled.get("/trash/count").get_json() == {"count": 1}
    batch = {"batch": post(filled, "/trash", all_of(5)).get_json()["batch"]}
    assert filled.get("/trash/count").get_json() == {"count": 6}
    assert bob.get("/trash/count").get_json() == {"count": 0}
    assert is_problem(post(bob, "/trash/purge", batch), 404, "not-found")

    assert post(filled, "/trash/purge", batch).get_json()["count"] == 5

    assert list(trashed(filled)) == ["f"]
    assert is_problem(post(filled, "/trash/restore", batch), 404, "not-found")
