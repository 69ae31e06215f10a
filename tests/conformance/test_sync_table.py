"""What the apps of Nextcloud and ownCloud send, and what they must get: a row each.

Most of these apps cannot run here, phones above all. Each row is what one of them was seen to need, in its source or on the
wire, so that a change that breaks it is seen. What an answer means is tested in `tests/http/nextcloud/`.

Rule: a row is a request and what its answer must show; nothing here looks into the database.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask

from tests.support.dav import DavProgram, prop_body
from tests.support.ocs import OCS
from tests.support.visitors import Program

pytestmark = pytest.mark.database

FILES = "/remote.php/dav/files/alice/"
UPLOADS = "/remote.php/dav/uploads/alice/"
SHARES = "/ocs/v2.php/apps/files_sharing/api/v1/shares"
OWNCLOUD, NEXTCLOUD = "{http://owncloud.org/ns}", "{http://nextcloud.org/ns}"
SHA256 = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"


@dataclass(frozen=True)
class Row:
    """A request, and what its answer must show: a status, headers and texts as patterns."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    answered: Mapping[str, str] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def asking(path: str, *names: str, depth: str = "0", **expected: Any) -> Row:
    """Return the row of a PROPFIND."""
    answered = {"Content-Type": r"application/xml; charset=utf-8"}
    body = prop_body(*names)
    return Row("PROPFIND", path, 207, {"Depth": depth}, body, answered, expected.get("shown", ()))


def ocs(path: str, status: int = 200, **expected: Any) -> Row:
    """Return the row of a document of the OCS as JSON."""
    return Row("GET", f"{path}?format=json", status, OCS, **expected)


# Alice has the folder `d` with the file `d/f`, whose content is `content`.
TABLE: dict[str, Row] = {
    "all: the status is that of a server from 7 on": Row(
        "GET", "/status.php", 200, shown=('"installed": ?true', '"maintenance": ?false', '"needsDbUpgrade": ?false',
        r'"version": ?"(?:[7-9]|\d\d)\.\d+\.\d+\.\d+"', '"versionstring"', '"edition"', '"productname"', '"extendedSupport"'),
    ),
    "phones: the check of the network": Row("GET", "/index.php/204", 204, {"Accept": "text/html"}),
    "all: capabilities of version 1": ocs(
        "/ocs/v1.php/cloud/capabilities", shown=('"statuscode": ?100', '"chunking": ?"1.0"', '"SHA256"', '"SHA1"')
    ),
    "all: capabilities of version 2": ocs("/ocs/v2.php/cloud/capabilities", shown=('"statuscode": ?200',)),
    "all: nothing is announced that is not there": ocs(
        "/ocs/v2.php/cloud/capabilities", hidden=("bulkupload", "tus_support", "notifications", "end-to-end", "activity")
    ),
    "all: the user": ocs("/ocs/v1.php/cloud/user", shown=('"id": ?"alice"', '"display-name": ?"alice"', '"email"')),
    "desktop: the user as XML": Row(
        "GET", "/ocs/v1.php/cloud/user", 200, OCS, shown=("<statuscode>100</statuscode>", "<id>alice</id>")
    ),
    "all: the OCS wants its header": Row("GET", "/ocs/v2.php/cloud/user?format=json", 400),
    "all: no cookie and no name is 401": Row(
        "GET", "/ocs/v2.php/cloud/user?format=json", 401, {**OCS, "Authorization": ""}, answered={"WWW-Authenticate": "Basic .*"}
    ),
    "desktop: the tag and the id of the root": asking(
        FILES, "{DAV:}getetag", f"{OWNCLOUD}id", shown=(r"<d:getetag>&quot;[^<]+&quot;</d:getetag>", r"<oc:id>\d{8,}oc\w{10}</oc:id>")
    ),
    "desktop: the permissions of the root": asking(
        FILES, f"{OWNCLOUD}permissions", shown=("<oc:permissions>RGDNVCK</oc:permissions>",)
    ),
    "desktop: the permissions of a file": asking(
        f"{FILES}d/f", f"{OWNCLOUD}permissions", shown=("<oc:permissions>RGDNVW</oc:permissions>",)
    ),
    "desktop: time and length of a file": asking(
        f"{FILES}d/f", "{DAV:}getlastmodified", "{DAV:}getcontentlength",
        shown=(r"<d:getlastmodified>\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT<", "<d:getcontentlength>7<"),
    ),
    "phones: the length of a folder": asking(f"{FILES}d", "{DAV:}getcontentlength", shown=("<d:getcontentlength>7<",)),
    "phones: the number, the size and previews": asking(
        f"{FILES}d/f", f"{OWNCLOUD}fileid", f"{OWNCLOUD}size", f"{NEXTCLOUD}has-preview", f"{OWNCLOUD}favorite",
        shown=(r"<oc:fileid>\d+<", "<oc:size>7<", "<nc:has-preview>false<", "<oc:favorite>0<"),
    ),
    "desktop: a folder with what is in it": asking(
        f"{FILES}d/", "{DAV:}resourcetype", depth="1", shown=(f"<d:href>{FILES}d/</d:href>", f"<d:href>{FILES}d/f</d:href>", "<d:collection/>")
    ),
    "all: the old address": asking("/remote.php/webdav/d", "{DAV:}getetag", shown=("<d:href>/remote.php/webdav/d/</d:href>",)),
    "all: double slashes": asking("/remote.php/dav//files/alice//d//f", "{DAV:}getetag", shown=("<d:getetag>",)),
    "desktop: how entries are shared": asking(FILES, f"{OWNCLOUD}share-types", depth="1", shown=("<oc:share-types/>",)),
    "desktop: which permissions can be given": asking(
        f"{FILES}d", "{http://open-collaboration-services.org/ns}share-permissions", shown=(">31<",)
    ),
    "desktop: an upload with its time and checksum": Row(
        "PUT", f"{FILES}new", 201, {"OC-Checksum": f"SHA256:{SHA256}", "X-OC-Mtime": "1500000000"}, b"content",
        {"ETag": '"[0-9a-f]{64}"', "OC-FileId": r"\d{8,}oc\w{10}", "X-OC-MTime": "accepted"},
    ),
    "desktop: an upload with a wrong checksum": Row(
        "PUT", f"{FILES}new", 400, {"OC-Checksum": f"SHA256:{'0' * 64}"}, b"content", shown=("http://sabredav.org/ns", "<s:message>")
    ),
    "desktop: an upload over what has changed": Row("PUT", f"{FILES}d/f", 412, {"If-Match": '"other"'}, b"mine"),
    "desktop: chunks of version 0 are refused": Row("PUT", f"{FILES}f-chunking-1-2-0", 400, {"OC-Chunked": "1"}, b"x"),
    "desktop: a rename answers with the tag": Row(
        "MOVE", f"{FILES}d/f", 201, {"Destination": f"http://localhost{FILES}d/g"}, answered={"ETag": '"[0-9a-f]{64}"'}
    ),
    "all: a folder": Row("MKCOL", f"{FILES}made", 201, answered={"OC-FileId": r"\d{8,}oc\w{10}"}),
    "all: a folder that is there": Row("MKCOL", f"{FILES}d", 405),
    "all: a deletion": Row("DELETE", f"{FILES}d/f", 204),
    "desktop: chunks begin": Row("MKCOL", f"{UPLOADS}1234567890", 201),
    "Nextcloud: a chunk by its ordinal": Row("PUT", f"{UPLOADS}1/0000000000000001", 201, body=b"x"),
    "ownCloud: a chunk by its offset": Row("PUT", f"{UPLOADS}1/0000000000000005", 201, {"OC-Chunk-Offset": "5"}, b"x"),
    "rclone: a chunk by its range": Row("PUT", f"{UPLOADS}1/000000000000000-000000000000001", 201, body=b"x"),
    "phones: a chunk of version 2": Row("PUT", f"{UPLOADS}1/10000", 201, {"Destination": f"http://localhost{FILES}f"}, b"x"),
    "all: no chunk, no file": Row("MOVE", f"{UPLOADS}1/.file", 404, {"Destination": f"http://localhost{FILES}f"}),
    "phones: a report of favorites": Row(
        "REPORT", FILES, 207, body="<oc:filter-files xmlns:oc='http://owncloud.org/ns'/>", hidden=("<d:response>",)
    ),
    "phones: the trash": asking(
        "/remote.php/dav/trashbin/alice/trash/", f"{NEXTCLOUD}trashbin-filename", depth="1", shown=("/trashbin/alice/trash/</d:href>",)
    ),
    "phones: no picture of a user": Row("GET", "/index.php/avatar/alice/64", 404),
    "desktop: no picture of a user": Row("GET", "/remote.php/dav/avatars/alice/64.png", 404),
    "phones: no preview of a text": Row("GET", "/index.php/core/preview.png?file=/d/f&x=256&y=256", 404),
    "all: a link": Row(
        "POST", f"{SHARES}?format=json", 200, OCS, {"path": "/d", "shareType": "3"}, shown=('"share_type": ?3', '"url": ?"http://localhost/s/', '"permissions": ?1')
    ),
    "all: a file drop": Row(
        "POST", f"{SHARES}?format=json", 200, OCS, {"path": "/d", "shareType": "3", "permissions": "4"}, shown=('"permissions": ?4',)
    ),
    "all: shares of an entry": ocs(SHARES, shown=('"data": ?\\[\\]',)),
    "ownCloud: an error is in the document of version 1": Row(
        "POST", "/ocs/v1.php/apps/files_sharing/api/v1/shares", 200, OCS, {"path": "/none", "shareType": "3"}, shown=("<statuscode>404</statuscode>",)
    ),
    "all: whom to share with": ocs(
        "/ocs/v2.php/apps/files_sharing/api/v1/sharees", shown=('"exact"', '"users"', '"groups"', '"remotes"')
    ),
    "desktop: the sign-in begins": Row(
        "POST", "/index.php/login/v2", 200, shown=('"poll"', '"token"', '"endpoint": ?"http://localhost/index.php/login/v2/poll"', '"login"')
    ),
    "desktop: nothing is granted yet": Row("POST", "/index.php/login/v2/poll", 404, body={"token": "x"}),
    "phones: the sign-in page": Row("GET", "/index.php/login/flow", 200, {**OCS, "Accept": "text/html"}, shown=("<form",)),
}  # fmt: skip


@pytest.fixture
def alice(app: Flask) -> Program:
    """Return a user's app."""
    return Program(app, "alice")


@pytest.mark.parametrize("name", TABLE)
def test_an_app_gets_what_it_needs(app: Flask, alice: Program, name: str) -> None:
    row = TABLE[name]
    alice.put("/files/d/f", b"content")

    answer = alice.request(row.method, row.path, row.headers, data=row.body)

    assert answer.status_code == row.status, answer.text
    for header, pattern in row.answered.items():
        assert re.fullmatch(pattern, answer.headers.get(header, "")), (header, answer.headers)
    text = json.dumps(answer.get_json()) if answer.is_json else answer.text
    assert [pattern for pattern in row.shown if not re.search(pattern, text)] == [], text
    assert [pattern for pattern in row.hidden if re.search(pattern, text)] == [], text


def test_the_tags_of_all_folders_above_follow_a_change_far_below(app: Flask, alice: Program) -> None:
    alice.put("/files/a/b/c/f", b"content")
    files = DavProgram(app, dict(alice.headers), FILES)
    ways = ("", "a", "a/b", "a/b/c")
    before = [files.value(path, "{DAV:}getetag") for path in ways]

    alice.put("/files/a/b/c/f", b"changed")

    after = [files.value(path, "{DAV:}getetag") for path in ways]
    assert [was == now for was, now in zip(before, after, strict=True)] == [False] * len(ways)
