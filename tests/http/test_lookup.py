"""`POST /lookup`: the entries at many paths, before files are sent there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cabinet.services.tree.names import PATH_BYTES
from tests.support.visitors import Program


def look_up(user: Program, *paths: str) -> list[Any]:
    response = user.request("POST", "/lookup", json={"paths": list(paths)})
    assert response.status_code == 200, response.text
    entries: list[Any] = response.get_json()["entries"]
    return entries


def test_entries_are_returned_in_the_order_of_the_paths(alice: Program) -> None:
    alice.put("/files/a/b")
    alice.put("/files/%D1%91")

    entries = look_up(alice, "ё", "nowhere", "a/b", "a")

    assert [entry and entry["path"] for entry in entries] == ["ё", None, "a/b", "a"]
    assert entries[3]["kind"] == "folder"
    assert entries[2] == alice.get("/files?path=a").get_json()["entries"][0]


def test_entries_of_another_user_are_not_found(alice: Program, bob: Program) -> None:
    alice.put("/files/a/b")

    assert look_up(bob, "a", "a/b") == [None, None]


@pytest.mark.parametrize("letter", ["я", "한", '"'])
def test_a_thousand_of_the_longest_paths_fit(alice: Program, letter: str) -> None:
    folders = "/".join([letter * (250 // len(letter.encode()))] * 8)
    digits = PATH_BYTES - len(folders.encode()) - 1
    paths = [f"{folders}/{number:0{digits}}" for number in range(1000)]

    body = json.dumps({"paths": paths}, ensure_ascii=False).encode()

    answer = alice.request("POST", "/lookup", data=body, content_type="application/json")
    assert answer.get_json() == {"entries": [None] * 1000}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"paths": "a"}', 400),
        (b'{"paths": [1]}', 400),
        (b'{"paths": [null]}', 400),
        (json.dumps({"paths": ["x"] * 1001}).encode(), 400),
        (b'{"paths": ["../x"]}', 422),
        (b'{"paths": ["/x"]}', 422),
        (b'{"paths": ["a//b"]}', 422),
        (b'{"paths": ["a\\\\b"]}', 422),
        (b'{"paths": ["a\\u0000"]}', 422),
        (b'{"paths": ["' + b"x" * 4_000_000 + b'"]}', 422),
        (b'{"paths": ["' + b"x" * 4_200_000 + b'"]}', 413),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else value,
)
def test_an_invalid_lookup_body_is_refused(alice: Program, body: bytes, status: int) -> None:
    answer = alice.request("POST", "/lookup", data=body, content_type="application/json")

    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"


def test_a_cross_site_lookup_is_refused(alice: Program) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}

    assert alice.request("POST", "/lookup", headers, json={"paths": []}).status_code == 403
