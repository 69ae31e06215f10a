"""Guests of a request for files learn nothing of what is there, by any verb, answer or limit."""

from __future__ import annotations

import base64
import io
import itertools
import re
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from cabinet.services.tree.names import PATH_BYTES
from tests.http.links.conftest import RIGHTS, Share, Visitor
from tests.http.test_statements import counted
from tests.support.link_routes import SHARED, request_for
from tests.support.visitors import Program

TUS = {"Tus-Resumable": "1.0.0"}
# Different in each answer.
_CSRF_TOKEN = re.compile(r"I[\w-]{40,}\.[\w-]+\.[\w-]+")
PART = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}

# In the folder of the link, by names that no answer contains otherwise: a file, a folder with a file, and numbers of both in use.
THERE = {
    "qfile": b"1",
    "qfolder/qinside": b"2",
    "qtwice": b"3",
    "qtwice (2)": b"4",
    "qunder/qfile": b"5",
    "qunder (2)": b"6",
}
# What a guest may ask for, each as long as the others: the first of each is free.
NAMES = ("qnone", "qfile", "qtwice")
PATHS = (
    "qnothing/qnew",
    "qfile/qinside",
    "qfolder/qinside",
    "qfolder/qnew",
    "qtwice/qnew",
    "qunder/qfile/qnew",
    "qunder/qfile",
)


@pytest.fixture
def room(owner: Program) -> str:
    """Return a folder of the owner with `THERE`."""
    for path, content in THERE.items():
        assert owner.put(f"/files/room/{path}", content).status_code == 201
    return "room"


def told(response: TestResponse, path: str) -> Any:
    """Return everything in an answer but what depends on the time, the link and the path that was asked for."""
    token = response.request.path.split("/")[2]
    hidden = {token: "TOKEN", path: "PATH", path.rpartition("/")[2]: "NAME", path.partition("/")[0]: "FIRST"}

    def without(text: str) -> str:
        for secret, word in hidden.items():
            text = text.replace(secret, word)
        return text

    body = response.get_json(silent=True)
    if isinstance(body, dict):
        for entry in body.get("files", [body]):
            for member in ("created_at", "modified_at", "request_id", "instance"):
                entry.pop(member, None)
    headers = {
        name: without(value)
        for name, value in response.headers.items()
        if name
        not in {
            "Date",
            "Last-Modified",
            "Content-Length",
            "X-Request-Id",
            "Upload-Expires",
            "Upload-Metadata",
        }
    }
    if "/uploads/" in headers.get("Location", ""):
        headers["Location"] = headers["Location"].rpartition("/")[0]
    return response.status_code, headers, without(repr(body))


def put(visitor: Visitor, link: str, path: str, **headers: str) -> TestResponse:
    return visitor.request("PUT", f"{link}/files/{path}", headers, data=b"mine")


def by_form(visitor: Visitor, link: str, path: str) -> TestResponse:
    fields = {"path": path, "file": (io.BytesIO(b"mine"), "x")}
    return visitor.request("POST", f"{link}/upload", data=fields)


def into_folder(visitor: Visitor, link: str, path: str) -> TestResponse:
    folder, _, name = path.rpartition("/")
    fields = {"file": (io.BytesIO(b"mine"), name)}
    return visitor.request("POST", f"{link}/upload?folder={folder}", data=fields)


def metadata(path: str, on_conflict: str = "") -> dict[str, str]:
    folder, _, name = path.rpartition("/")
    members = {"filename": name, "folder": folder, "on_conflict": on_conflict}
    pairs = [f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in members.items() if value]
    return {"Upload-Metadata": ",".join(pairs)}


def begun(visitor: Visitor, link: str, path: str, length: int = 4, on_conflict: str = "") -> TestResponse:
    headers = {**TUS, "Upload-Length": str(length), **metadata(path, on_conflict)}
    return visitor.request("POST", f"{link}/uploads", headers)


def resumed(visitor: Visitor, link: str, path: str) -> TestResponse:
    address = begun(visitor, link, path).headers["Location"]
    return visitor.request("PATCH", address, PART, data=b"mine")


def asked_again(visitor: Visitor, link: str, path: str) -> TestResponse:
    address = begun(visitor, link, path).headers["Location"]
    visitor.request("PATCH", address, PART, data=b"mine")
    return visitor.request("HEAD", address, TUS)


WAYS = {
    "put": put,
    "replacing": lambda visitor, link, path: put(visitor, link, f"{path}?on_conflict=replace"),
    "failing": lambda visitor, link, path: put(visitor, link, f"{path}?on_conflict=fail"),
    "if there": lambda visitor, link, path: put(visitor, link, path, **{"If-Match": "*"}),
    "if new": lambda visitor, link, path: put(visitor, link, path, **{"If-None-Match": "*"}),
    "form": by_form,
    "folder": into_folder,
    "tus": begun,
    "tus failing": lambda visitor, link, path: begun(visitor, link, path, on_conflict="fail"),
    "tus of nothing": lambda visitor, link, path: begun(visitor, link, path, length=0),
    "tus resumed": resumed,
    "tus asked": asked_again,
}


@pytest.mark.parametrize("way", WAYS)
def test_no_upload_tells_what_is_there(app: Flask, share: Share, room: str, way: str) -> None:
    addresses = (f"192.0.2.{number}" for number in itertools.count())
    for paths in (NAMES, PATHS):
        answers = {
            path: told(
                WAYS[way](Visitor(app, next(addresses)), share(room, rights=RIGHTS["drop"]), path), path
            )
            for path in paths
        }

        assert answers[paths[0]][0] in {200, 201, 204}
        for path, answer in answers.items():
            assert answer == answers[paths[0]], path


def test_everything_arrives_beside_what_is_there(
    share: Share, visitor: Visitor, owner: Program, room: str
) -> None:
    link = share(room, rights=RIGHTS["drop"])
    for path in ("qfile", "qtwice", "qfile/qnew", "qfile/qnewer", "qunder/qfile/qnew", "qfolder/qnew"):
        assert put(visitor, link, path).get_json()["path"] == path

    listed = owner.get("/files?path=room&recursive=1").get_json()["entries"]
    arrived = {each["path"].removeprefix("room/") for each in listed if each["kind"] == "file"} - THERE.keys()
    assert arrived == {
        "qfile (2)", "qtwice (3)", "qfile (3)/qnew", "qfile (3)/qnewer", "qunder/qfile (2)/qnew", "qfolder/qnew"
    }  # fmt: skip
    for path, content in THERE.items():
        assert owner.get(f"/files/room/{path}").data == content


@pytest.mark.parametrize("limit", ["max_files", "max_size"])
def test_no_limit_tells_which_folders_are_there(app: Flask, share: Share, room: str, limit: str) -> None:
    taken = {}
    for number, path in enumerate(("qfolder/qnew", "qnothing/qnew", "qfile/qnew", "qnew")):
        visitor = Visitor(app, f"192.0.2.{number}")
        link = share(room, rights=RIGHTS["drop"], **{limit: 12})
        put(visitor, link, path)
        more = (put(visitor, link, f"more{turn}").status_code for turn in itertools.count())
        taken[path] = len(list(itertools.takewhile(lambda status: status == 201, more)))

    assert len(set(taken.values())) == 1, taken


def test_a_path_is_too_long_whatever_is_there(app: Flask, share: Share, owner: Program) -> None:
    folder = "/".join(["n" * 200] * 9)
    owner.request("POST", "/folders", json={"path": "long"})
    link, visitor = share("long", rights=RIGHTS["drop"]), Visitor(app)
    statuses = set()
    # Up to where there is room for a number, and up to where there is none for the path itself.
    for length in (1, *range(130, 150), 200):
        path = f"{folder}/{'x' * length}"
        assert len(path) < PATH_BYTES
        first, second = (put(visitor, link, path).status_code for _ in range(2))
        assert first == second, length
        statuses.add(first)
    assert statuses == {201, 422}


def test_what_a_link_says_of_itself_is_the_same_for_every_path(
    share: Share, room: str, visitor: Visitor
) -> None:
    link = share(room, rights=RIGHTS["drop"])
    for accept in ("application/json", "text/html"):
        answers = set()
        for name in ("qnone", "qfile", "qfolder", "qfolder/qinside"):
            response = visitor.get(f"{link}?path={name}", {"Accept": accept})
            text = _CSRF_TOKEN.sub("", response.text)
            answers.add((response.status_code, text.replace(name, "PATH").replace(quote(name, ""), "PATH")))
        assert len(answers) == 1


def test_every_other_request_is_refused_alike(app: Flask, share: Share, room: str, visitor: Visitor) -> None:
    link = share(room, rights=RIGHTS["drop"])
    for route in SHARED:
        if route[1] in {"/upload", "/uploads", "/uploads/<path:upload_id>"} or route[0] == "PUT":
            continue
        asks = request_for(route)
        answers = []
        for name in ("qnone", "qfile", "qfolder", "qfile/x", "qfolder/qinside"):
            target = route[1].replace("<path:path>", name) if "<path" in route[1] else asks.target
            named = {"paths": [name], "path": [name], "from": [name], "to": f"{name}/"}
            body = {**asks.body, **named} if asks.body else None
            if route[1] == "/folders":
                body = {"path": name}
            target = target.replace("path=f", f"path={name}").replace("q=f", f"q={name}")
            form = {field: name if value == "f" else value for field, value in (asks.form or {}).items()}
            options = {"json": body} if body else {"data": form}
            response = visitor.request(route[0], link + target, dict(asks.headers), **options)
            problem = response.get_json()
            answers.append([problem[member] for member in ("type", "title", "status", "detail")])
            assert response.status_code == 403, (route, name)
        assert all(answer == answers[0] for answer in answers), route


def test_a_used_name_takes_no_more_statements(app: Flask, share: Share, room: str, visitor: Visitor) -> None:
    link = share(room, rights=RIGHTS["drop"])
    counts = {}
    put(visitor, link, "warm")
    for name in NAMES:
        with counted(app) as sent:
            assert put(visitor, link, name).status_code == 201
        counts[name] = len(sent)

    assert len(set(counts.values())) == 1, counts
