"""Grants that change while something is under way."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.http.grants.conftest import Grant, give, mounts_in, received, root_of
from tests.http.test_statements import counted
from tests.support.operators import Operator
from tests.support.visitors import Program

pytestmark = pytest.mark.database

TUS = {"Tus-Resumable": "1.0.0"}
LAST = {**TUS, "Content-Type": "application/offset+octet-stream"}


def begun(user: Program) -> str:
    """Begin an upload of two bytes into the shared folder, of which one has arrived; return its address."""
    headers = {**LAST, "Upload-Length": "2", "Upload-Metadata": "filename bmV3,folder c2hhcmVk"}
    made = user.request("POST", "/uploads", headers, data=b"1")
    assert made.status_code == 201, made.text
    return made.headers["Location"].removeprefix("http://localhost")


def finish(user: Program, address: str) -> int:
    return user.request("PATCH", address, {**LAST, "Upload-Offset": "1"}, data=b"2").status_code


Change = Callable[[Program, str, Operator], TestResponse | None]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda owner, address, _: owner.request("PATCH", address, json={"role": "viewer"}), 403),
        (lambda owner, address, _: owner.delete(address), 404),
        (lambda owner, _address, _: owner.delete("/files/work"), 404),
        (lambda _owner, _address, operator: operator.run("users", "disable", "alice"), 404),
    ],
    ids=["role", "end", "trash", "disabled"],
)
def test_nothing_is_published_after_a_change(
    operator: Operator, owner: Program, friend: Program, grant: Grant, change: Change, status: int
) -> None:
    address = f"/shares/{grant()['id']}"
    upload = begun(friend)
    change(owner, address, operator)

    assert finish(friend, upload) == status
    operator.run("users", "enable", "alice")
    assert owner.get("/files/work/shared/new").status_code == 404


def test_a_removed_member_publishes_nothing(
    operator: Operator, owner: Program, friend: Program, grant: Grant
) -> None:
    grant(to="Sales", group=True)
    upload = begun(friend)
    operator.run("groups", "remove", "Sales", "bob")

    assert finish(friend, upload) == 404
    assert owner.get("/files/work/shared/new").status_code == 404


def test_accepting_and_ending_at_once_leaves_nothing(
    app: Flask, owner: Program, bob: Program, grant: Grant
) -> None:
    for _ in range(4):
        address = f"/shares/{grant()['id']}"
        with ThreadPoolExecutor(2) as pool:
            accepted = pool.submit(bob.request, "POST", f"{address}/accept")
            ended = pool.submit(owner.delete, address)
        assert accepted.result().status_code in {200, 404, 503}
        assert ended.result().status_code in {204, 503}
        if ended.result().status_code == 503:
            assert owner.delete(address).status_code == 204
        assert (root_of(bob), received(bob), mounts_in(app)) == ([], [], 0)


def test_granting_the_same_at_once_makes_one_grant(app: Flask, owner: Program, friend: Program) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: give(owner, "work/shared", "bob"), range(4)))

    assert {each.status_code for each in made} <= {200, 201, 503}
    assert len(owner.get("/shares").get_json()["shares"]) == mounts_in(app) == 1


def test_an_upload_asks_the_same_however_many_have_the_folder(
    app: Flask, operator: Operator, owner: Program, friend: Program, grant: Grant
) -> None:
    def asked(user: Program, method: str, target: str) -> list[str]:
        user.request(method, target, data=b"x" if method == "PUT" else None)
        with counted(app) as said:
            user.request(method, target, data=b"y" if method == "PUT" else None)
        return said

    grant(to="Sales", group=True)
    few = asked(owner, "PUT", "/files/work/shared/f"), asked(friend, "GET", "/files")
    for name in ("carol", "dora", "erin"):
        Program(app, name)
        operator.run("groups", "add", "Sales", name)
    for path in ("report.txt", "work"):
        grant(path)
    assert (asked(owner, "PUT", "/files/work/shared/f"), asked(friend, "GET", "/files")) == few
