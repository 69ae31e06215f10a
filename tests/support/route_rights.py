"""The rights that each route requires of a token, with a request for each.

Rule: a test walks all routes, so that a new one must be added here.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from cabinet.services.access.rights import ALL, CHANGE, Rights
from tests.support.auth import bearer
from tests.support.ocs import OCS
from tests.support.visitors import Program

NONE, LIST, READ, WRITE, SHARE, PURGE = (
    Rights.NONE,
    Rights.LIST,
    Rights.READ,
    Rights.WRITE,
    Rights.SHARE,
    Rights.PURGE,
)

TUS = {"Tus-Resumable": "1.0.0"}
SHOWN = {"tags": [], "most": 1}


@dataclass(frozen=True)
class RequiredRights:
    """What a request asks of a token: rights, a whole space with them, or all that its user has."""

    rights: Rights
    target: str
    body: Any = None
    form: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False
    account: bool = False


def account(target: str, body: Any = None, form: Mapping[str, Any] | None = None) -> RequiredRights:
    return RequiredRights(ALL, target, body, form, account=True)


def whole(
    rights: Rights, target: str, body: Any = None, form: Mapping[str, Any] | None = None
) -> RequiredRights:
    return RequiredRights(rights, target, body, form, whole=True)


ID = "0" * 32
REMOTE = "/remote.php/<rest:path>"
SHARING = "apps/files_sharing/api/v1"
PREVIEW = "/index.php/apps/files/api/v1/thumbnail/<int:width>/<int:height>/<path:path>"
DAV = "/dav/<rest:path>"
ANYTHING: dict[tuple[str, str], RequiredRights] = {
    # Routes for every token, or none.
    ("GET", "/"): RequiredRights(NONE, "/"),
    ("GET", "/help"): RequiredRights(NONE, "/help"),
    ("GET", "/help/<name>"): RequiredRights(NONE, "/help/install"),
    ("GET", "/healthz"): RequiredRights(NONE, "/healthz"),
    ("GET", "/readyz"): RequiredRights(NONE, "/readyz"),
    ("GET", "/static/<fingerprint>/<path:name>"): RequiredRights(NONE, "/static/x/x"),
    ("GET", "/register"): RequiredRights(NONE, "/register"),
    ("POST", "/register"): RequiredRights(NONE, "/register", form={}),
    ("GET", "/login"): RequiredRights(NONE, "/login"),
    ("POST", "/login"): RequiredRights(NONE, "/login", form={}),
    ("GET", "/logout"): RequiredRights(NONE, "/logout"),
    ("POST", "/logout"): RequiredRights(NONE, "/logout"),
    ("GET", "/me"): RequiredRights(NONE, "/me"),
    # It shows the address that it was asked with, and nothing else.
    ("GET", "/index/download"): RequiredRights(NONE, "/index/download?of=/download/f"),
    # What apps of Nextcloud ask before they have a token, and to get one.
    ("GET", "/status.php"): RequiredRights(NONE, "/status.php"),
    ("GET", "/index.php/204"): RequiredRights(NONE, "/index.php/204"),
    ("GET", "/index.php/login/flow"): RequiredRights(NONE, "/index.php/login/flow"),
    ("POST", "/index.php/login/flow"): RequiredRights(NONE, "/index.php/login/flow", form={}),
    ("POST", "/index.php/login/v2"): RequiredRights(NONE, "/index.php/login/v2"),
    ("POST", "/index.php/login/v2/poll"): RequiredRights(NONE, "/index.php/login/v2/poll", form={"token": "x"}),
    ("GET", "/index.php/login/v2/flow/<page>"): RequiredRights(NONE, "/index.php/login/v2/flow/x"),
    ("POST", "/index.php/login/v2/flow/<page>"): RequiredRights(NONE, "/index.php/login/v2/flow/x", form={}),
    # The server and the user, as the apps ask for them.
    ("GET", "/ocs/v1.php/cloud/capabilities"): RequiredRights(NONE, "/ocs/v1.php/cloud/capabilities", headers=OCS),
    ("GET", "/ocs/v2.php/cloud/capabilities"): RequiredRights(NONE, "/ocs/v2.php/cloud/capabilities", headers=OCS),
    ("GET", "/ocs/v1.php/config"): RequiredRights(NONE, "/ocs/v1.php/config", headers=OCS),
    ("GET", "/ocs/v2.php/config"): RequiredRights(NONE, "/ocs/v2.php/config", headers=OCS),
    ("GET", "/ocs/v1.php/cloud/user"): RequiredRights(NONE, "/ocs/v1.php/cloud/user", headers=OCS),
    ("GET", "/ocs/v2.php/cloud/user"): RequiredRights(NONE, "/ocs/v2.php/cloud/user", headers=OCS),
    # Links and grants, as the apps make them.
    **{
        (method, f"/ocs/{version}.php/{SHARING}/{rule}"): RequiredRights(
            rights, f"/ocs/{version}.php/{SHARING}/{target}", form=form, headers=OCS
        )
        for version in ("v1", "v2")
        for method, rule, rights, target, form in (
            ("GET", "shares", SHARE | LIST, "shares", None),
            ("POST", "shares", SHARE | LIST | READ, "shares", {"path": "f", "shareType": "3"}),
            ("GET", "shares/<number>", SHARE | LIST, "shares/1", None),
            ("PUT", "shares/<number>", SHARE | LIST, "shares/1", {"note": "x"}),
            ("DELETE", "shares/<number>", SHARE, "shares/1", None),
            ("GET", "sharees", SHARE, "sharees?search=alice", None),
        )
    },
    # The account and its keys.
    ("POST", "/language"): account("/language", form={"language": "en"}),
    ("GET", "/account"): account("/account"),
    ("POST", "/account/password"): account("/account/password", form={}),
    ("POST", "/account/delete"): account("/account/delete", form={}),
    ("POST", "/account/sessions/<session_id>/end"): account(f"/account/sessions/{ID}/end"),
    ("POST", "/account/tokens"): account("/account/tokens", form={}),
    ("POST", "/account/tokens/<token_id>/revoke"): account(f"/account/tokens/{ID}/revoke"),
    ("GET", "/tokens"): account("/tokens"),
    ("POST", "/tokens"): account("/tokens", {"name": "x", "scopes": ["write"]}),
    ("DELETE", "/tokens/<token_id>"): account(f"/tokens/{ID}"),
    # Links to files, which give no more than the token has.
    ("GET", "/shares"): RequiredRights(SHARE, "/shares"),
    ("POST", "/shares"): RequiredRights(SHARE | LIST | READ, "/shares", {"paths": ["f"]}),
    ("PATCH", "/shares/<share_id>"): RequiredRights(SHARE, f"/shares/{ID}", {"name": "x"}),
    ("DELETE", "/shares/<share_id>"): RequiredRights(SHARE, f"/shares/{ID}"),
    ("POST", "/shares/<share_id>/renew"): RequiredRights(SHARE, f"/shares/{ID}/renew"),
    ("GET", "/shares/received"): whole(LIST, "/shares/received"),
    ("POST", "/shares/<share_id>/accept"): whole(CHANGE, f"/shares/{ID}/accept"),
    ("GET", "/blocks"): account("/blocks"),
    ("POST", "/blocks"): account("/blocks", {}),
    ("DELETE", "/blocks/<username>"): account("/blocks/x"),
    ("GET", "/users"): account("/users?q=x"),
    # Groups of users.
    ("GET", "/groups"): account("/groups"),
    ("POST", "/groups"): account("/groups", {}),
    ("GET", "/groups/<group_id>"): account(f"/groups/{ID}"),
    ("PATCH", "/groups/<group_id>"): account(f"/groups/{ID}", {"name": "x"}),
    ("DELETE", "/groups/<group_id>"): account(f"/groups/{ID}"),
    ("PUT", "/groups/<group_id>/members/<username>"): account(f"/groups/{ID}/members/x", {}),
    ("DELETE", "/groups/<group_id>/members/<username>"): account(f"/groups/{ID}/members/x"),
    # Team spaces.
    ("GET", "/spaces"): whole(LIST, "/spaces"),
    ("POST", "/spaces"): account("/spaces", {}),
    ("GET", "/spaces/<space_id>"): whole(LIST, f"/spaces/{ID}"),
    ("PATCH", "/spaces/<space_id>"): account(f"/spaces/{ID}", {"name": "x"}),
    ("DELETE", "/spaces/<space_id>"): account(f"/spaces/{ID}"),
    ("PUT", "/spaces/<space_id>/members/<name>"): whole(SHARE, f"/spaces/{ID}/members/x", {"role": "viewer"}),
    ("DELETE", "/spaces/<space_id>/members/<name>"): whole(SHARE, f"/spaces/{ID}/members/x"),
    ("POST", "/spaces/new"): account("/spaces/new", form={}),
    ("POST", "/spaces/<space_id>/change"): account(f"/spaces/{ID}/change", form={"name": "x"}),
    ("POST", "/spaces/<space_id>/members"): whole(SHARE, f"/spaces/{ID}/members", form={"username": "x", "role": "viewer"}),
    ("POST", "/spaces/<space_id>/members/remove"): whole(SHARE, f"/spaces/{ID}/members/remove", form={"username": "x"}),
    ("POST", "/spaces/<space_id>/end"): account(f"/spaces/{ID}/end", form={}),
    # What happens in shares and team spaces.
    ("GET", "/activity"): RequiredRights(LIST, "/activity"),
    # Links on pages.
    ("GET", "/share"): RequiredRights(SHARE | LIST, "/share?path=f"),
    ("POST", "/share"): RequiredRights(SHARE | LIST, "/share", form={"path": "f"}),
    ("POST", "/share/links"): RequiredRights(SHARE | LIST | READ, "/share/links", form={"path": "f", "rights": "view"}),
    ("GET", "/shared"): RequiredRights(SHARE, "/shared"),
    ("GET", "/shared/<share_id>"): RequiredRights(SHARE, f"/shared/{ID}"),
    ("POST", "/shared/<share_id>/change"): RequiredRights(SHARE, f"/shared/{ID}/change", form={"rights": "view"}),
    ("POST", "/shared/<share_id>/renew"): RequiredRights(SHARE, f"/shared/{ID}/renew"),
    ("POST", "/shared/<share_id>/revoke"): RequiredRights(SHARE, f"/shared/{ID}/revoke"),
    # Grants on pages.
    ("POST", "/share/grants"): RequiredRights(SHARE | LIST | READ, "/share/grants", form={"path": "f", "to": "x", "kind": "user", "role": "viewer"}),
    ("POST", "/shared/<share_id>/role"): RequiredRights(SHARE, f"/shared/{ID}/role", form={"role": "viewer"}),
    ("POST", "/shared/<share_id>/end"): RequiredRights(SHARE, f"/shared/{ID}/end"),
    ("POST", "/shared/<share_id>/accept"): whole(CHANGE, f"/shared/{ID}/accept"),
    ("POST", "/shared/<share_id>/leave"): whole(CHANGE, f"/shared/{ID}/leave"),
    ("POST", "/shared/block"): account("/shared/block", form={"username": "nobody"}),
    ("POST", "/shared/unblock"): account("/shared/unblock", form={"username": "nobody"}),
    # Names.
    ("GET", "/files"): RequiredRights(LIST, "/files"),
    ("GET", "/files/"): RequiredRights(LIST, "/files/"),
    ("GET", "/index"): RequiredRights(LIST, "/index"),
    ("POST", "/index/rows"): RequiredRights(LIST, "/index/rows", SHOWN),
    ("POST", "/lookup"): RequiredRights(LIST, "/lookup", {"paths": ["f"]}),
    ("GET", "/search"): RequiredRights(LIST, "/search?q=f"),
    ("POST", "/search/rows"): RequiredRights(LIST, "/search/rows?q=f", SHOWN),
    ("GET", "/index/arrange"): RequiredRights(LIST, "/index/arrange?path=f"),
    ("POST", "/index/arrange"): RequiredRights(LIST, "/index/arrange", form={"path": "f"}),
    # Bytes.
    ("GET", "/files/<path:path>"): RequiredRights(LIST | READ, "/files/f"),
    ("GET", "/download/<path:path>"): RequiredRights(LIST | READ, "/download/f"),
    ("GET", "/thumbnails/<path:path>"): RequiredRights(LIST | READ, "/thumbnails/f"),
    ("GET", "/index.php/core/preview"): RequiredRights(LIST | READ, "/index.php/core/preview?file=/f"),
    ("GET", "/index.php/core/preview.png"): RequiredRights(LIST | READ, "/index.php/core/preview.png?file=/f"),
    ("GET", PREVIEW): RequiredRights(LIST | READ, "/index.php/apps/files/api/v1/thumbnail/64/64/f"),
    ("GET", "/zip"): RequiredRights(READ, "/zip?path=f"),
    ("POST", "/zip"): RequiredRights(READ, "/zip", {"path": ["f"]}),
    # Routes that receive content.
    ("POST", "/upload"): RequiredRights(WRITE, "/upload"),
    ("PUT", "/files/<path:path>"): RequiredRights(WRITE, "/files/new"),
    ("POST", "/folders"): RequiredRights(WRITE, "/folders", {"path": "made"}),
    ("POST", "/index/folders"): RequiredRights(WRITE, "/index/folders", form={"folder": "", "name": "made by a form"}),
    ("GET", "/uploads"): RequiredRights(WRITE | LIST, "/uploads"),
    ("POST", "/uploads"): RequiredRights(WRITE, "/uploads", headers=TUS | {"Upload-Length": "3"}),
    ("PATCH", "/uploads/<path:upload_id>"): RequiredRights(
        WRITE,
        f"/uploads/{ID}",
        headers=TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
    ),
    ("POST", "/uploads/<path:upload_id>"): RequiredRights(
        WRITE, f"/uploads/{ID}", headers=TUS | {"X-HTTP-Method-Override": "DELETE"}
    ),
    ("DELETE", "/uploads/<path:upload_id>"): RequiredRights(WRITE, f"/uploads/{ID}", headers=TUS),
    ("GET", "/uploads/<path:upload_id>"): RequiredRights(WRITE, f"/uploads/{ID}"),
    # What changes things that are there.
    ("DELETE", "/files/<path:path>"): RequiredRights(CHANGE, "/files/none"),
    ("POST", "/moves"): RequiredRights(CHANGE, "/moves", {"from": ["none"], "to": "d/"}),
    ("POST", "/moves/undo"): RequiredRights(CHANGE, "/moves/undo", {"batch": ID}),
    ("POST", "/index/rename"): RequiredRights(CHANGE, "/index/rename", form={"path": "none", "name": "n"}),
    ("POST", "/index/move"): RequiredRights(CHANGE, "/index/move", form={"path": "none", "to": "d", "on_conflict": "fail"}),
    ("POST", "/index/delete"): RequiredRights(CHANGE, "/index/delete", form={"path": "none"}),
    ("POST", "/copies"): RequiredRights(READ | WRITE, "/copies", {"from": ["none"], "to": "d/"}),
    ("POST", "/index/copy"): RequiredRights(READ | WRITE, "/index/copy", form={"path": "none", "to": "d", "on_conflict": "fail"}),
    ("POST", "/trash"): RequiredRights(CHANGE, "/trash", {"paths": ["none"]}),
    ("POST", "/trash/restore"): RequiredRights(CHANGE, "/trash/restore", {"ids": [ID]}),
    ("POST", "/trash/<trash_id>/restore"): RequiredRights(CHANGE, f"/trash/{ID}/restore"),
    ("POST", "/index/trash/restore"): RequiredRights(CHANGE, "/index/trash/restore", form={"id": ID, "on_conflict": "fail"}),
    ("GET", "/versions/<path:path>"): RequiredRights(CHANGE | READ, "/versions/f"),
    ("POST", "/versions/<path:path>/<int:number>/restore"): RequiredRights(CHANGE, "/versions/f/99/restore"),
    ("POST", "/index/versions/restore"): RequiredRights(CHANGE, "/index/versions/restore", form={"path": "f", "number": "99"}),
    # The same by WebDAV.
    ("GET", "/dav"): RequiredRights(LIST, "/dav"),
    ("PROPFIND", "/dav"): RequiredRights(LIST, "/dav", headers={"Depth": "1"}),
    ("GET", DAV): RequiredRights(LIST | READ, "/dav/f"),
    ("PROPFIND", DAV): RequiredRights(LIST, "/dav/f", headers={"Depth": "0"}),
    ("PUT", DAV): RequiredRights(WRITE, "/dav/by dav"),
    ("MKCOL", DAV): RequiredRights(WRITE, "/dav/made by dav"),
    ("DELETE", DAV): RequiredRights(CHANGE, "/dav/none"),
    ("MOVE", DAV): RequiredRights(CHANGE, "/dav/none", headers={"Destination": "/dav/n"}),
    ("PROPPATCH", DAV): RequiredRights(CHANGE, "/dav/none"),
    ("LOCK", DAV): RequiredRights(WRITE, "/dav/none"),
    ("UNLOCK", DAV): RequiredRights(WRITE, "/dav/none", headers={"Lock-Token": "<none>"}),
    ("COPY", DAV): RequiredRights(READ | WRITE, "/dav/none", headers={"Destination": "/dav/n"}),
    # The same by WebDAV as Nextcloud's apps know it.
    ("GET", REMOTE): RequiredRights(LIST | READ, "/remote.php/webdav/f"),
    ("PROPFIND", REMOTE): RequiredRights(LIST, "/remote.php/webdav/f", headers={"Depth": "0"}),
    ("PROPPATCH", REMOTE): RequiredRights(CHANGE, "/remote.php/webdav/none"),
    ("LOCK", REMOTE): RequiredRights(WRITE, "/remote.php/webdav/none"),
    ("UNLOCK", REMOTE): RequiredRights(WRITE, "/remote.php/webdav/none", headers={"Lock-Token": "<none>"}),
    ("REPORT", REMOTE): RequiredRights(NONE, "/remote.php/webdav/"),
    ("PUT", REMOTE): RequiredRights(WRITE, "/remote.php/webdav/by an app"),
    ("MKCOL", REMOTE): RequiredRights(WRITE, "/remote.php/webdav/made by an app"),
    ("DELETE", REMOTE): RequiredRights(CHANGE, "/remote.php/webdav/none"),
    ("MOVE", REMOTE): RequiredRights(CHANGE, "/remote.php/webdav/none", headers={"Destination": "/remote.php/webdav/n"}),
    ("COPY", REMOTE): RequiredRights(READ | WRITE, "/remote.php/webdav/none", headers={"Destination": "/remote.php/webdav/n"}),
    # Routes reserved to the owner of a space.
    ("GET", "/trash"): whole(LIST, "/trash"),
    ("POST", "/trash/rows"): whole(LIST, "/trash/rows", SHOWN),
    ("GET", "/trash/count"): whole(LIST, "/trash/count"),
    ("DELETE", "/trash/<trash_id>"): whole(PURGE, f"/trash/{ID}"),
    ("POST", "/trash/purge"): whole(PURGE, "/trash/purge", {"ids": [ID]}),
    ("DELETE", "/trash"): whole(PURGE, "/trash"),
    ("GET", "/index/trash/empty"): whole(PURGE, "/index/trash/empty"),
    ("POST", "/index/trash/empty"): whole(PURGE, "/index/trash/empty"),
    ("POST", "/index/trash/purge"): whole(PURGE, "/index/trash/purge", form={"id": ID}),
    ("DELETE", "/versions/<path:path>/<int:number>"): whole(PURGE, "/versions/f/99"),
    ("POST", "/index/versions/discard"): whole(PURGE, "/index/versions/discard", form={"path": "f", "number": "99"}),
    # Last: each ends the token that it comes with, which every token may.
    ("DELETE", "/ocs/v1.php/core/apppassword"): RequiredRights(NONE, "/ocs/v1.php/core/apppassword", headers=OCS),
    ("DELETE", "/ocs/v2.php/core/apppassword"): RequiredRights(NONE, "/ocs/v2.php/core/apppassword", headers=OCS),
}  # fmt: skip


def made(user: Program, **wanted: Any) -> Mapping[str, str]:
    """Create a token; return its header."""
    response = user.request("POST", "/tokens", json={"name": "x", **wanted})
    assert response.status_code == 201, response.text
    return bearer(response.get_json()["token"])


def send(user: Program, method: str, asks: RequiredRights, headers: Mapping[str, str]) -> TestResponse:
    options: dict[str, Any] = {"json": asks.body} if asks.body is not None else {}
    if asks.form is not None:
        options["data"] = asks.form
    if asks.target == "/upload":
        options["data"] = {"file": (io.BytesIO(b"x"), "by a form")}
    if method in {"PUT", "PATCH"} and asks.body is None:
        options["data"] = b"x"
    return user.request(method, asks.target, {**asks.headers, **headers}, **options)
