"""What every route answers behind a mount, by the role of its user, and that none of them tells what lies outside.

Rule: the routes are walked, so that a new one has to say here what it does with a path.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from cabinet.extensions import db
from cabinet.services.access.rights import ALL
from cabinet.services.access.roles import ShareRole
from tests.http.test_objects import routes_of
from tests.support.images import picture
from tests.support.mounts import mount
from tests.support.route_rights import ANYTHING, ID, SHOWN, TUS, Asks, send
from tests.support.visitors import Program

# In every name that lies outside, and in that of the target, which is its owner's alone.
SECRET = "zqx"
OUTER = f"{SECRET}-outer"
HIDDEN = f"{SECRET}-gone"

# The mounts, and where no path through one leads.
PLACES = {"View": "View", "Edit": "Edit", "Manage": "Manage", "Gone": "Gone", "outside": "Edit/.."}

# Of a viewer, an editor, a manager, a mount that is hidden, and a path that leads out.
Statuses = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Does:
    """What a route answers; `ask` makes the request from a path to a folder that is its own there."""

    statuses: Statuses
    ask: Callable[[str], Asks]


def asks(
    target: str, body: Any = None, form: dict[str, Any] | None = None, **headers: str
) -> Callable[[str], Asks]:
    """Return what makes a request, in which `{}` stands for the path."""

    def fill(value: Any, path: str) -> Any:
        """Put the path into all texts of a value."""
        if isinstance(value, dict):
            return {key: fill(each, path) for key, each in value.items()}
        if isinstance(value, list):
            return [fill(each, path) for each in value]
        return value.replace("{}", path) if isinstance(value, str) else value

    return lambda path: Asks(ALL, fill(target, path), fill(body, path), fill(form, path), headers)


def described(path: str) -> dict[str, str]:
    name, folder = (base64.b64encode(text.encode()).decode() for text in ("new.bin", path))
    return {**TUS, "Upload-Length": "3", "Upload-Metadata": f"filename {name},folder {folder}"}


def everything(address: str, **more: Any) -> Callable[[str], Asks]:
    return asks(address, {"folder": "{}/d", "count": 1, **more})


LOOKS: Statuses = (200, 200, 200, 404, 422)
# A name in the own root that leads nowhere is still in use.
ADDS: Statuses = (403, 201, 201, 409, 422)
CHANGES: Statuses = (403, 200, 200, 404, 422)
# Told before anybody looks where it leads.
OWNERS: Statuses = (403, 403, 403, 404, 403)
SEES_FORM: Statuses = (403, 303, 303, 404, 422)

BEHIND: dict[tuple[str, str], Does] = {
    ("GET", "/files"): Does(LOOKS, asks("/files?path={}&recursive=1")),
    ("GET", "/files/"): Does(LOOKS, asks("/files/?path={}&limit=1&sort=size")),
    ("GET", "/files/<path:path>"): Does(LOOKS, asks("/files/{}/f")),
    ("GET", "/download/<path:path>"): Does(LOOKS, asks("/download/{}")),
    ("GET", "/thumbnails/<path:path>"): Does(LOOKS, asks("/thumbnails/{}/p.png")),
    ("GET", "/zip"): Does(LOOKS, asks("/zip?path={}/f&path={}/d")),
    ("POST", "/zip"): Does(LOOKS, everything("/zip")),
    ("GET", "/index"): Does(LOOKS, asks("/index?path={}")),
    ("POST", "/index/rows"): Does(LOOKS, asks("/index/rows?path={}", SHOWN)),
    ("POST", "/lookup"): Does((200, 200, 200, 200, 422), asks("/lookup", {"paths": ["{}", "{}/f", "{}/none"]})),
    ("GET", "/search"): Does(LOOKS, asks("/search?q=f&path={}")),
    ("POST", "/search/rows"): Does(LOOKS, asks("/search/rows?q=f&path={}", SHOWN)),
    ("GET", "/index/arrange"): Does(LOOKS, asks("/index/arrange?path={}/f")),
    ("POST", "/index/arrange"): Does(LOOKS, asks("/index/arrange", form={"path": "{}/f"})),
    ("GET", "/versions/<path:path>"): Does(CHANGES, asks("/versions/{}/f")),
    ("PUT", "/files/<path:path>"): Does(ADDS, asks("/files/{}/new")),
    ("POST", "/folders"): Does(ADDS, asks("/folders", {"path": "{}/made"})),
    ("POST", "/index/folders"): Does(
        (403, 303, 303, 409, 422), asks("/index/folders", form={"folder": "{}", "name": "by a form"})
    ),
    ("POST", "/upload"): Does(ADDS, asks("/upload?folder={}")),
    ("POST", "/uploads"): Does(ADDS, lambda path: Asks(ALL, "/uploads", headers=described(path))),
    ("DELETE", "/files/<path:path>"): Does((403, 204, 204, 404, 422), asks("/files/{}/x")),
    ("POST", "/trash"): Does(CHANGES, everything("/trash")),
    ("POST", "/index/delete"): Does((403, 204, 204, 404, 422), asks("/index/delete", form={"path": "{}/y"})),
    ("POST", "/moves"): Does(CHANGES, asks("/moves", {"from": ["{}/m"], "to": "{}/moved/"})),
    ("POST", "/copies"): Does(CHANGES, asks("/copies", {"from": ["{}/f"], "to": "{}/copied/"})),
    ("POST", "/index/rename"): Does(CHANGES, asks("/index/rename", form={"path": "{}/r", "name": "n"})),
    ("POST", "/index/move"): Does(
        SEES_FORM, asks("/index/move", form={"path": "{}/s", "to": "{}/moved", "on_conflict": "fail"})
    ),
    ("POST", "/index/copy"): Does(
        SEES_FORM, asks("/index/copy", form={"path": "{}/f", "to": "{}/by form", "on_conflict": "fail"})
    ),
    ("POST", "/versions/<path:path>/<int:number>/restore"): Does(CHANGES, asks("/versions/{}/f/1/restore")),
    ("POST", "/index/versions/restore"): Does(
        SEES_FORM, asks("/index/versions/restore", form={"path": "{}/f", "number": "1"})
    ),
    # What is for the owner of a space.
    ("DELETE", "/versions/<path:path>/<int:number>"): Does(OWNERS, asks("/versions/{}/f/1")),
    ("POST", "/index/versions/discard"): Does(
        OWNERS, asks("/index/versions/discard", form={"path": "{}/f", "number": "1"})
    ),
    # What lies in the space of somebody else is no folder to make a token for.
    ("POST", "/tokens"): Does((404, 404, 404, 404, 422), asks("/tokens", {"name": "t", "folder": "{}"})),
}  # fmt: skip

# These take no path, or only one to lead back to.
WITHOUT = {
    ("GET", "/"), ("GET", "/help"), ("GET", "/help/<name>"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/static/<fingerprint>/<path:name>"),
    ("GET", "/register"), ("POST", "/register"), ("GET", "/login"), ("POST", "/login"),
    ("GET", "/logout"), ("POST", "/logout"), ("GET", "/me"), ("GET", "/index/download"),
    ("POST", "/language"), ("GET", "/account"), ("POST", "/account/password"), ("POST", "/account/delete"),
    ("POST", "/account/sessions/<session_id>/end"), ("POST", "/account/tokens"),
    ("POST", "/account/tokens/<token_id>/revoke"), ("GET", "/tokens"), ("DELETE", "/tokens/<token_id>"),
    ("GET", "/uploads"), ("PATCH", "/uploads/<path:upload_id>"), ("POST", "/uploads/<path:upload_id>"),
    ("DELETE", "/uploads/<path:upload_id>"), ("GET", "/uploads/<path:upload_id>"),
    ("POST", "/moves/undo"), ("POST", "/trash/restore"), ("POST", "/trash/<trash_id>/restore"),
    ("POST", "/index/trash/restore"), ("GET", "/trash"), ("POST", "/trash/rows"), ("GET", "/trash/count"),
    ("DELETE", "/trash/<trash_id>"), ("POST", "/trash/purge"), ("DELETE", "/trash"),
    ("GET", "/index/trash/empty"), ("POST", "/index/trash/empty"), ("POST", "/index/trash/purge"),
}  # fmt: skip


@pytest.fixture
def guest(app: Flask, alice: Program, bob: Program) -> Program:
    """Return bob, to whom alice's folder is shared in each role, and another one that lies in her trash."""
    targets = {name: f"{OUTER}/{SECRET}-{name}" for name in ("View", "Edit", "Manage")}
    targets["Gone"] = f"{HIDDEN}/{SECRET}-Gone"
    for folder in targets.values():
        for name in ("f", "d/g", *"xymrs"):
            alice.put(f"/files/{folder}/{name}", b"first")
        alice.put(f"/files/{folder}/f", b"second")
        alice.put(f"/files/{folder}/p.png", picture())
    for path in (f"{SECRET}-other.txt", f"{OUTER}/{SECRET}-f"):
        alice.put(f"/files/{path}", b"not theirs")
    bob.put("/files/f", b"own")
    with app.app_context():
        for (name, folder), role in zip(targets.items(), (*ShareRole, ShareRole.MANAGER), strict=True):
            mount(db.session(), "alice", folder, "bob", name, role)
    alice.delete(f"/files/{HIDDEN}")
    return bob


def request(user: Program, method: str, asked: Asks, headers: dict[str, str] | None = None) -> TestResponse:
    if asked.target.startswith("/upload?"):
        return user.upload([("uploaded", b"x")], asked.target.removeprefix("/upload"), headers)
    return send(user, method, asked, headers or {})


def told_by(response: TestResponse) -> bytes:
    head = "\n".join(f"{name}: {value}" for name, value in response.headers)
    return b"\n".join((head.encode(), bytes(response.data)))


def answers(user: Program, headers: dict[str, str]) -> Iterator[tuple[tuple[str, str], TestResponse]]:
    """Yield each route that takes no path, and its answer."""
    for route in WITHOUT:
        if route[1] not in {"/account/delete", "/logout"}:
            yield route, send(user, route[0], ANYTHING[route], headers)


def test_every_route_says_what_it_does_with_a_path(app: Flask) -> None:
    assert not WITHOUT & set(BEHIND)
    assert set(routes_of(app)) == WITHOUT | set(BEHIND)


def test_every_route_does_behind_a_mount_what_the_role_allows_and_tells_nothing_of_what_lies_outside(
    guest: Program,
) -> None:
    found, told = {}, []
    for (method, rule), does in BEHIND.items():
        statuses = []
        for path in PLACES.values():
            response = request(guest, method, does.ask(path))
            statuses.append(response.status_code)
            told += [(method, rule, path)] if SECRET.encode() in told_by(response) else []
        found[method, rule] = tuple(statuses)

    assert found == {route: does.statuses for route, does in BEHIND.items()}
    assert told == []


def test_no_page_tells_what_lies_outside_of_a_mount(guest: Program) -> None:
    page = {"Accept": "text/html"}
    told = []
    for (method, rule), does in BEHIND.items():
        for path in PLACES.values() if method == "GET" or rule.endswith("/rows") else ():
            response = request(guest, method, does.ask(path), page)
            assert response.status_code < 500, (rule, path)
            told += [(rule, path)] if SECRET.encode() in told_by(response) else []
    for route, response in answers(guest, page):
        told += [route] if SECRET.encode() in told_by(response) else []

    assert told == []


def test_what_has_no_path_tells_nothing_of_what_lies_outside(guest: Program) -> None:
    guest.request("POST", "/uploads", described("Edit"))
    (trashed,) = guest.request("POST", "/trash", json={"paths": ["Edit/x"]}).get_json()["entries"]
    guest.put("/files/Edit/x", b"in the way")
    taken = guest.request("POST", f"/trash/{trashed['id']}/restore")
    rest = [response for _route, response in answers(guest, {})]

    assert taken.status_code == 409
    assert not any(SECRET.encode() in told_by(response) for response in (taken, *rest))
    assert ID not in trashed["id"]


@pytest.mark.parametrize(
    "address", ["/files", "/files?recursive=1&limit=3", "/search?q=f", "/zip?path=", "/index"]
)
def test_a_whole_root_tells_nothing_of_what_lies_outside(guest: Program, address: str) -> None:
    response = guest.get(address)

    assert response.status_code == 200
    assert SECRET.encode() not in told_by(response)
    assert b"Edit" in response.data
