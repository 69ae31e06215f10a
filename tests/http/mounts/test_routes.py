"""Every route in a shared folder, by role; none of them reveals anything outside of it.

Rule: the tests walk all routes, so that a new one must declare here how it uses paths.
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
from tests.support.ocs import OCS
from tests.support.route_rights import (
    ANYTHING,
    DAV,
    ID,
    PREVIEW,
    REMOTE,
    SHARING,
    SHOWN,
    TUS,
    RequiredRights,
    send,
)
from tests.support.visitors import Program, status_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.database

# Part of every name outside of the shared folder, and of the owner's name for it.
SECRET = "zqx-not-theirs"
# In each shared folder: a file with two versions, one in a folder, and one for each route that takes it away.
FILES = ("f", "d/g", *"xymrstuvw")
OUTER = f"{SECRET}-outer"
HIDDEN = f"{SECRET}-gone"

# The mounts, and where no path through one leads.
PLACES = {"View": "View", "Edit": "Edit", "Manage": "Manage", "Gone": "Gone", "outside": "Edit/.."}

# Of a viewer, an editor, a manager, a mount that is hidden, and a path that leads out.
Statuses = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class PathUse:
    """What a route answers; `ask` makes the request from a path to a folder that is its own there."""

    statuses: Statuses
    ask: Callable[[str], RequiredRights]


def asks(
    target: str, body: Any = None, form: dict[str, Any] | None = None, **headers: str
) -> Callable[[str], RequiredRights]:
    """Return a function that makes a request, in which `{}` stands for the path."""

    def fill(value: Any, path: str) -> Any:
        """Put the path into all texts of a value."""
        if isinstance(value, dict):
            return {key: fill(each, path) for key, each in value.items()}
        if isinstance(value, list):
            return [fill(each, path) for each in value]
        return value.replace("{}", path) if isinstance(value, str) else value

    return lambda path: RequiredRights(ALL, fill(target, path), fill(body, path), fill(form, path), headers)


def described(path: str) -> dict[str, str]:
    name, folder = (base64.b64encode(text.encode()).decode() for text in ("new.bin", path))
    return {**TUS, "Upload-Length": "3", "Upload-Metadata": f"filename {name},folder {folder}"}


def to_another(name: str, new: str, base: str = "/dav") -> Callable[[str], RequiredRights]:
    """Return a function that asks WebDAV to move or copy a file within its folder."""
    return lambda path: RequiredRights(
        ALL, f"{base}/{path}/{name}", headers={"Destination": f"{base}/{path}/{new}".replace(" ", "%20")}
    )


def everything(address: str, **more: Any) -> Callable[[str], RequiredRights]:
    return asks(address, {"folder": "{}/d", "count": 1, **more})


LOOKS: Statuses = (200, 200, 200, 404, 422)
# A name in the own root that leads nowhere is still in use.
ADDS: Statuses = (403, 201, 201, 409, 422)
CHANGES: Statuses = (403, 200, 200, 404, 422)
# Answered before the path is resolved.
OWNERS: Statuses = (403, 403, 403, 404, 403)
SEES_FORM: Statuses = (403, 303, 303, 404, 422)

BEHIND: dict[tuple[str, str], PathUse] = {
    # Answered by the role before the path is resolved.
    ("POST", "/shares"): PathUse((403, 403, 201, 404, 403), asks("/shares", {"paths": ["{}/d"]})),
    ("GET", "/share"): PathUse((403, 403, 200, 404, 422), asks("/share?path={}/d")),
    ("POST", "/share"): PathUse((403, 403, 200, 404, 422), asks("/share", form={"path": "{}/d"})),
    ("POST", "/share/grants"): PathUse(
        (403, 403, 422, 422, 403),
        asks("/share/grants", form={"path": "{}/d", "to": "nobody", "kind": "user", "role": "viewer"}),
    ),
    ("POST", "/share/links"): PathUse(
        (403, 403, 303, 404, 403), asks("/share/links", form={"path": "{}/d", "rights": "view"})
    ),
    ("GET", "/files"): PathUse(LOOKS, asks("/files?path={}&recursive=1")),
    ("GET", "/files/"): PathUse(LOOKS, asks("/files/?path={}&limit=1&sort=size")),
    ("GET", "/files/<path:path>"): PathUse(LOOKS, asks("/files/{}/f")),
    ("GET", "/download/<path:path>"): PathUse(LOOKS, asks("/download/{}")),
    ("GET", "/thumbnails/<path:path>"): PathUse(LOOKS, asks("/thumbnails/{}/p.png")),
    ("GET", "/index.php/core/preview"): PathUse(LOOKS, asks("/index.php/core/preview?file=/{}/p.png")),
    ("GET", "/index.php/core/preview.png"): PathUse(LOOKS, asks("/index.php/core/preview.png?file={}/p.png")),
    ("GET", PREVIEW): PathUse(LOOKS, asks("/index.php/apps/files/api/v1/thumbnail/256/256/{}/p.png")),
    ("GET", "/zip"): PathUse(LOOKS, asks("/zip?path={}/f&path={}/d")),
    ("POST", "/zip"): PathUse(LOOKS, everything("/zip")),
    ("GET", "/index"): PathUse(LOOKS, asks("/index?path={}")),
    ("POST", "/index/rows"): PathUse(LOOKS, asks("/index/rows?path={}", SHOWN)),
    ("POST", "/lookup"): PathUse((200, 200, 200, 200, 422), asks("/lookup", {"paths": ["{}", "{}/f", "{}/none"]})),
    ("GET", "/search"): PathUse(LOOKS, asks("/search?q=f&path={}")),
    ("GET", "/activity"): PathUse(LOOKS, asks("/activity?path={}")),
    ("POST", "/search/rows"): PathUse(LOOKS, asks("/search/rows?q=f&path={}", SHOWN)),
    ("GET", "/index/arrange"): PathUse(LOOKS, asks("/index/arrange?path={}/f")),
    ("POST", "/index/arrange"): PathUse(LOOKS, asks("/index/arrange", form={"path": "{}/f"})),
    ("GET", "/versions/<path:path>"): PathUse(CHANGES, asks("/versions/{}/f")),
    ("PUT", "/files/<path:path>"): PathUse(ADDS, asks("/files/{}/new")),
    ("POST", "/folders"): PathUse(ADDS, asks("/folders", {"path": "{}/made"})),
    ("POST", "/index/folders"): PathUse(
        (403, 303, 303, 409, 422), asks("/index/folders", form={"folder": "{}", "name": "by a form"})
    ),
    ("POST", "/upload"): PathUse(ADDS, asks("/upload?folder={}")),
    ("POST", "/uploads"): PathUse(ADDS, lambda path: RequiredRights(ALL, "/uploads", headers=described(path))),
    ("DELETE", "/files/<path:path>"): PathUse((403, 204, 204, 404, 422), asks("/files/{}/x")),
    ("POST", "/trash"): PathUse(CHANGES, everything("/trash")),
    ("POST", "/index/delete"): PathUse((403, 204, 204, 404, 422), asks("/index/delete", form={"path": "{}/y"})),
    ("POST", "/moves"): PathUse(CHANGES, asks("/moves", {"from": ["{}/m"], "to": "{}/moved/"})),
    ("POST", "/copies"): PathUse(CHANGES, asks("/copies", {"from": ["{}/f"], "to": "{}/copied/"})),
    ("POST", "/index/rename"): PathUse(CHANGES, asks("/index/rename", form={"path": "{}/r", "name": "n"})),
    ("POST", "/index/move"): PathUse(
        SEES_FORM, asks("/index/move", form={"path": "{}/s", "to": "{}/moved", "on_conflict": "fail"})
    ),
    ("POST", "/index/copy"): PathUse(
        SEES_FORM, asks("/index/copy", form={"path": "{}/f", "to": "{}/by form", "on_conflict": "fail"})
    ),
    ("POST", "/versions/<path:path>/<int:number>/restore"): PathUse(CHANGES, asks("/versions/{}/f/1/restore")),
    ("POST", "/index/versions/restore"): PathUse(
        SEES_FORM, asks("/index/versions/restore", form={"path": "{}/f", "number": "1"})
    ),
    # The same by WebDAV.
    ("GET", DAV): PathUse(LOOKS, asks("/dav/{}/f")),
    ("PROPFIND", DAV): PathUse((207, 207, 207, 404, 422), asks("/dav/{}", Depth="1")),
    ("PUT", DAV): PathUse(ADDS, asks("/dav/{}/by dav")),
    ("MKCOL", DAV): PathUse(ADDS, asks("/dav/{}/made by dav")),
    ("DELETE", DAV): PathUse((403, 204, 204, 404, 422), asks("/dav/{}/t")),
    ("MOVE", DAV): PathUse((403, 201, 201, 404, 422), to_another("v", "moved by dav")),
    # Refused for what the request lacks, but not before the role.
    ("PROPPATCH", DAV): PathUse((403, 400, 400, 400, 400), asks("/dav/{}/f")),
    ("LOCK", DAV): PathUse((403, 400, 400, 400, 400), asks("/dav/{}/f")),
    ("UNLOCK", DAV): PathUse((403, 409, 409, 404, 422), asks("/dav/{}/f", None, None, **{"Lock-Token": "<none>"})),
    ("COPY", DAV): PathUse((403, 201, 201, 404, 422), to_another("f", "copied by dav")),
    # The same as Nextcloud's apps know it.
    ("PROPPATCH", REMOTE): PathUse((403, 400, 400, 400, 400), asks("/remote.php/webdav/{}/f")),
    ("LOCK", REMOTE): PathUse((403, 400, 400, 400, 400), asks("/remote.php/webdav/{}/f")),
    ("UNLOCK", REMOTE): PathUse(
        (403, 409, 409, 404, 422), asks("/remote.php/webdav/{}/f", None, None, **{"Lock-Token": "<none>"})
    ),
    ("GET", REMOTE): PathUse(LOOKS, asks("/remote.php/webdav/{}/f")),
    ("PROPFIND", REMOTE): PathUse((207, 207, 207, 404, 422), asks("/remote.php/dav/files/bob/{}", Depth="1")),
    ("PUT", REMOTE): PathUse(ADDS, asks("/remote.php/webdav/{}/by an app")),
    ("MKCOL", REMOTE): PathUse(ADDS, asks("/remote.php/dav/files/bob/{}/made by an app")),
    ("DELETE", REMOTE): PathUse((403, 204, 204, 404, 422), asks("/remote.php/webdav/{}/u")),
    ("MOVE", REMOTE): PathUse((403, 201, 201, 404, 422), to_another("w", "moved by an app", "/remote.php/webdav")),
    ("COPY", REMOTE): PathUse((403, 201, 201, 404, 422), to_another("f", "copied by an app", "/remote.php/webdav")),
    **{
        (method, f"/ocs/{version}.php/{SHARING}/shares"): PathUse(
            statuses, asks(f"/ocs/{version}.php/{SHARING}/shares{query}", None, form, **OCS)
        )
        for version in ("v1", "v2")
        for method, statuses, query, form in (
            ("GET", (403, 403, 200, 404, 403), "?path={}/d", None),
            ("POST", (403, 403, 200, 404, 403), "", {"path": "{}/d", "shareType": "3"}),
        )
    },
    # Operations reserved to the owner of a space.
    ("DELETE", "/versions/<path:path>/<int:number>"): PathUse(OWNERS, asks("/versions/{}/f/1")),
    ("POST", "/index/versions/discard"): PathUse(
        OWNERS, asks("/index/versions/discard", form={"path": "{}/f", "number": "1"})
    ),
    # A folder in another user's space cannot limit a token.
    ("POST", "/tokens"): PathUse((404, 404, 404, 404, 422), asks("/tokens", {"name": "t", "folder": "{}"})),
}  # fmt: skip

# These take no path, or only one to lead back to.
WITHOUT = {
    ("GET", "/"), ("GET", "/dav"), ("PROPFIND", "/dav"), ("REPORT", REMOTE), ("GET", "/help"), ("GET", "/help/<name>"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/static/<fingerprint>/<path:name>"),
    ("GET", "/register"), ("POST", "/register"), ("GET", "/login"), ("POST", "/login"),
    ("GET", "/logout"), ("POST", "/logout"), ("GET", "/me"), ("GET", "/index/download"),
    ("POST", "/language"), ("GET", "/account"), ("POST", "/account/password"), ("POST", "/account/delete"),
    ("POST", "/account/sessions/<session_id>/end"), ("POST", "/account/tokens"),
    ("POST", "/account/tokens/<token_id>/revoke"), ("GET", "/tokens"), ("DELETE", "/tokens/<token_id>"),
    ("GET", "/shares"), ("PATCH", "/shares/<share_id>"), ("DELETE", "/shares/<share_id>"), ("POST", "/shares/<share_id>/renew"),
    ("GET", "/shares/received"), ("POST", "/shares/<share_id>/accept"),
    ("GET", "/blocks"), ("POST", "/blocks"), ("DELETE", "/blocks/<username>"), ("GET", "/users"),
    ("GET", "/groups"), ("POST", "/groups"), ("GET", "/groups/<group_id>"), ("PATCH", "/groups/<group_id>"),
    ("DELETE", "/groups/<group_id>"), ("PUT", "/groups/<group_id>/members/<username>"),
    ("DELETE", "/groups/<group_id>/members/<username>"),
    ("GET", "/spaces"), ("POST", "/spaces"), ("GET", "/spaces/<space_id>"), ("PATCH", "/spaces/<space_id>"),
    ("DELETE", "/spaces/<space_id>"), ("PUT", "/spaces/<space_id>/members/<name>"),
    ("DELETE", "/spaces/<space_id>/members/<name>"),
    ("POST", "/spaces/new"), ("POST", "/spaces/<space_id>/change"), ("POST", "/spaces/<space_id>/members"),
    ("POST", "/spaces/<space_id>/members/remove"), ("POST", "/spaces/<space_id>/end"),
    ("GET", "/shared"), ("GET", "/shared/<share_id>"), ("POST", "/shared/<share_id>/change"),
    ("POST", "/shared/<share_id>/renew"), ("POST", "/shared/<share_id>/revoke"),
    ("POST", "/shared/<share_id>/role"), ("POST", "/shared/<share_id>/end"),
    ("POST", "/shared/<share_id>/accept"), ("POST", "/shared/<share_id>/leave"),
    ("POST", "/shared/block"), ("POST", "/shared/unblock"),
    ("GET", "/status.php"), ("GET", "/index.php/204"), ("GET", "/index.php/login/flow"), ("POST", "/index.php/login/flow"),
    ("POST", "/index.php/login/v2"), ("POST", "/index.php/login/v2/poll"), ("GET", "/index.php/login/v2/flow/<page>"),
    ("POST", "/index.php/login/v2/flow/<page>"),
    *((method, f"/ocs/{version}.php/{name}") for version in ("v1", "v2") for method, name in (
        ("GET", "cloud/capabilities"), ("GET", "cloud/user"), ("GET", "config"), ("DELETE", "core/apppassword"),
        ("GET", f"{SHARING}/shares/<number>"), ("PUT", f"{SHARING}/shares/<number>"),
        ("DELETE", f"{SHARING}/shares/<number>"), ("GET", f"{SHARING}/sharees"))),
    ("GET", "/uploads"), ("PATCH", "/uploads/<path:upload_id>"), ("POST", "/uploads/<path:upload_id>"),
    ("DELETE", "/uploads/<path:upload_id>"), ("GET", "/uploads/<path:upload_id>"),
    ("POST", "/moves/undo"), ("POST", "/trash/restore"), ("POST", "/trash/<trash_id>/restore"),
    ("POST", "/index/trash/restore"), ("GET", "/trash"), ("POST", "/trash/rows"), ("GET", "/trash/count"),
    ("DELETE", "/trash/<trash_id>"), ("POST", "/trash/purge"), ("DELETE", "/trash"),
    ("GET", "/index/trash/empty"), ("POST", "/index/trash/empty"), ("POST", "/index/trash/purge"),
}  # fmt: skip


@pytest.fixture(params=["mounts", "grants"])
def guest(app: Flask, alice: Program, bob: Program, request: pytest.FixtureRequest) -> Program:
    """Return bob, with whom alice's folder is shared in each role, and another one that is in her trash.

    The name of a folder that is granted is known to whom it was granted, that of a mount may be another.
    """
    own = "" if request.param == "grants" else f"{SECRET}-"
    targets = {name: f"{OUTER}/{own}{name}" for name in ("View", "Edit", "Manage")}
    targets["Gone"] = f"{HIDDEN}/{own}Gone"
    for folder in targets.values():
        for name in FILES:
            alice.put(f"/files/{folder}/{name}", b"first")
        alice.put(f"/files/{folder}/f", b"second")
        alice.put(f"/files/{folder}/p.png", picture())
    for path in (f"{SECRET}-other.txt", f"{OUTER}/{SECRET}-f"):
        alice.put(f"/files/{path}", b"not theirs")
    bob.put("/files/f", b"own")
    for (name, folder), role in zip(targets.items(), (*ShareRole, ShareRole.MANAGER), strict=True):
        if request.param == "grants":
            give(alice, bob, folder, role)
        else:
            with app.app_context():
                mount(db.session(), "alice", folder, "bob", name, role)
    alice.delete(f"/files/{HIDDEN}")
    # All pictures have the same content, so they have one thumbnail; a busy machine answers 202 until it is there.
    shown = f"/thumbnails/{targets['View']}/p.png"
    wait_until(lambda: alice.get(shown).status_code == 200, what="a thumbnail")
    return bob


def give(owner: Program, to: Program, folder: str, role: ShareRole) -> None:
    """Grant a folder to bob, who accepts."""
    body = {"kind": "grant", "paths": [folder], "to": {"user": "bob"}, "role": role.value}
    made = owner.request("POST", "/shares", json=body).get_json()
    assert to.request("POST", f"/shares/{made['id']}/accept").status_code == 200


def request(
    user: Program, method: str, asked: RequiredRights, headers: dict[str, str] | None = None
) -> TestResponse:
    if asked.target.startswith("/upload?"):
        return user.upload([("uploaded", b"x")], asked.target.removeprefix("/upload"), headers)
    return send(user, method, asked, headers or {})


def text_of(response: TestResponse) -> bytes:
    head = "\n".join(f"{name}: {value}" for name, value in response.headers)
    return b"\n".join((head.encode(), bytes(response.data)))


def answers(user: Program, headers: dict[str, str]) -> Iterator[tuple[tuple[str, str], TestResponse]]:
    """Yield each route that takes no path, and its answer."""
    for route in WITHOUT:
        if route[1] not in {"/account/delete", "/logout"}:
            yield route, send(user, route[0], ANYTHING[route], headers)


def test_every_route_declares_how_it_uses_paths(app: Flask) -> None:
    assert not WITHOUT & set(BEHIND)
    assert {route for route in routes_of(app) if not route[1].startswith("/s/")} == WITHOUT | set(BEHIND)


def test_every_route_in_a_shared_folder_follows_the_role_and_reveals_nothing_outside(
    guest: Program,
) -> None:
    found, told = {}, []
    for (method, rule), does in BEHIND.items():
        statuses = []
        for path in PLACES.values():
            response = request(guest, method, does.ask(path))
            statuses.append(status_of(response))
            told += [(method, rule, path)] if SECRET.encode() in text_of(response) else []
        found[method, rule] = tuple(statuses)

    assert found == {route: does.statuses for route, does in BEHIND.items()}
    assert told == []


def test_no_page_reveals_anything_outside_of_a_mount(guest: Program) -> None:
    page = {"Accept": "text/html"}
    told = []
    for (method, rule), does in BEHIND.items():
        for path in PLACES.values() if method == "GET" or rule.endswith("/rows") else ():
            response = request(guest, method, does.ask(path), page)
            assert response.status_code < 500, (rule, path)
            told += [(rule, path)] if SECRET.encode() in text_of(response) else []
    for route, response in answers(guest, page):
        told += [route] if SECRET.encode() in text_of(response) else []

    assert told == []


def test_routes_without_a_path_reveal_nothing_outside(guest: Program) -> None:
    guest.request("POST", "/uploads", described("Edit"))
    (trashed,) = guest.request("POST", "/trash", json={"paths": ["Edit/x"]}).get_json()["entries"]
    guest.put("/files/Edit/x", b"in the way")
    taken = guest.request("POST", f"/trash/{trashed['id']}/restore")
    rest = [response for _route, response in answers(guest, {})]

    assert taken.status_code == 409
    assert not any(SECRET.encode() in text_of(response) for response in (taken, *rest))
    assert ID not in trashed["id"]


ROOTS = ("/files", "/files?recursive=1&limit=3", "/search?q=f", "/zip?path=", "/index")


def test_the_whole_root_reveals_nothing_outside(guest: Program) -> None:
    found = {address: guest.get(address) for address in ROOTS}

    assert {address: response.status_code for address, response in found.items()} == dict.fromkeys(ROOTS, 200)
    assert [address for address, response in found.items() if SECRET.encode() in text_of(response)] == []
    assert [address for address, response in found.items() if b"Edit" not in response.data] == []
