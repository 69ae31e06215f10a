"""A program that speaks WebDAV, and reads the XML of its answers.

Rule: everything goes through HTTP, in process; no cookie is kept.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.auth import AuthActions, basic

D = "{DAV:}"
OC = "{http://owncloud.org/ns}"


def prop_body(*names: str) -> str:
    """Return the body of a PROPFIND for some properties."""
    asked = "".join(f'<x:{n.partition("}")[2]} xmlns:x="{n[1:].partition("}")[0]}"/>' for n in names)
    return f'<propfind xmlns="DAV:"><prop>{asked}</prop></propfind>'


class DavProgram:
    """A user's program; paths are given without the base and quoted here."""

    def __init__(self, app: Flask, headers: dict[str, str], base: str = "/dav/") -> None:
        self.client = app.test_client(use_cookies=False)
        self.headers = headers
        self.base = base

    @classmethod
    def of(cls, app: Flask, username: str) -> DavProgram:
        """Register a user and return the user's program."""
        made = AuthActions(app.test_client()).register(username)
        assert made.status_code == 201, made.text
        return cls(app, basic(username))

    def send(self, method: str, path: str = "", data: Any = None, **headers: str) -> TestResponse:
        """Send a request; underscores in the names of headers are dashes."""
        shown = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(
            self.base + quote(path, safe="/"),
            method=method,
            data=data,
            headers={**self.headers, **shown},
            buffered=True,
        )

    def put(self, path: str, content: bytes = b"content", **headers: str) -> TestResponse:
        """Store a file, which must work."""
        answer = self.send("PUT", path, content, **headers)
        assert answer.status_code in {201, 204}, answer.text
        return answer

    def mkcol(self, path: str) -> None:
        """Create a folder, which must work."""
        assert self.send("MKCOL", path).status_code == 201

    def content(self, path: str) -> bytes | None:
        """Return the content of a file, None if there is none."""
        answer = self.send("GET", path)
        return answer.data if answer.status_code == 200 else None

    def found(self, path: str = "", *names: str, depth: str = "0") -> dict[str, dict[str, Element]]:
        """Return the properties found by a PROPFIND, by the address of each resource."""
        answer = self.send("PROPFIND", path, prop_body(*names) if names else None, Depth=depth)
        assert answer.status_code == 207, answer.text
        return found_in(answer)

    def value(self, path: str, name: str) -> str | None:
        """Return the text of a property of one resource, None if it does not have it."""
        ((_href, properties),) = self.found(path, name).items()
        return properties[name].text if name in properties else None

    def lock(self, path: str, scope: str = "exclusive", **headers: str) -> TestResponse:
        """Lock a resource."""
        body = (
            f'<lockinfo xmlns="DAV:"><lockscope><{scope}/></lockscope><locktype><write/></locktype>'
            "<owner><href>http://example.org/~ejw</href></owner></lockinfo>"
        )
        return self.send("LOCK", path, body, **headers)

    def locked(self, path: str, scope: str = "exclusive", **headers: str) -> str:
        """Lock a resource, which must work; return the token."""
        answer = self.lock(path, scope, **headers)
        assert answer.status_code in {200, 201}, answer.text
        return answer.headers["Lock-Token"].strip("<>")


def found_in(answer: TestResponse) -> dict[str, dict[str, Element]]:
    """Return the properties with status 200 of a multistatus, by the address of each resource."""
    resources: dict[str, dict[str, Element]] = {}
    for response in fromstring(answer.text):
        properties: dict[str, Element] = {}
        for stat in response.findall(f"{D}propstat"):
            if " 200 " in (stat.findtext(f"{D}status") or ""):
                properties |= {each.tag: each for each in stat.find(f"{D}prop") or ()}
        resources[response.findtext(f"{D}href") or ""] = properties
    return resources
