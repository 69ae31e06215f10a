"""Clients of the application in process: programs with credentials, browsers with cookies.

Rule: everything goes through HTTP.
"""

from __future__ import annotations

import io
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cabinet.errors import CabinetError
from tests.support.auth import PASSWORD, USERNAME, AuthActions, basic

# The headers of a browser that follows a link or posts a form of one of our pages.
NAVIGATION = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Site": "same-origin"}

_CSRF_META = re.compile(r'<meta name="csrf-token" content="([^"]+)"')

# What version 1 of the OCS says instead of statuses of HTTP.
_OF_VERSION_1 = {100: 200, 997: 401}
_OCS_CODE = re.compile(r'(?:<statuscode>|"statuscode": ?)(\d+)')


# What a form with one file begins with, cut by "cut".
FORM_HEAD = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nthe beginning of it'


class Unread:
    """A body whose beginning can be read; reading more fails."""

    def __init__(self, beginning: bytes = b"") -> None:
        self._beginning = beginning

    def read(self, size: int = -1) -> bytes:
        beginning, self._beginning = self._beginning, b""
        assert beginning, "the body was read"
        return beginning


class Sender(ABC):
    """Whoever sends requests to an application, in process."""

    @abstractmethod
    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> TestResponse:
        """Send a request with the options of Werkzeug's client."""

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> TestResponse:
        return self.request("GET", path, headers)

    def put(
        self, path: str, content: bytes = b"content", headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        # Werkzeug's client would say nothing of the length of nothing.
        length = {"CONTENT_LENGTH": str(len(content))}
        return self.request("PUT", path, headers, data=content, environ_overrides=length)


class Program(Sender):
    """A program with a user; it sends the credentials with every request."""

    def __init__(self, app: Flask, username: str = USERNAME, password: str = PASSWORD) -> None:
        self.client = app.test_client(use_cookies=False)
        registered = AuthActions(self.client).register(username, password)
        assert registered.status_code == 201, registered.text
        self.headers: Mapping[str, str] = basic(username, password)

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> TestResponse:
        # Buffered, so that the file of a response is closed before the test continues.
        sent = {"buffered": True, **options, "headers": {**self.headers, **(headers or {})}}
        return self.client.open(path, method=method, **sent)

    def delete(self, path: str, headers: Mapping[str, str] | None = None) -> TestResponse:
        return self.request("DELETE", path, headers)

    def upload(
        self, files: Sequence[tuple[str, bytes]], query: str = "", headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        """Post a form with `files`, as pairs of a filename and a content."""
        parts = [(io.BytesIO(content), name) for name, content in files]
        return self.request("POST", f"/upload{query}", headers, data={"file": parts})

    def paths(self) -> list[str]:
        """Return the path of everything that the user has."""
        listed = self.get("/files?recursive=1&limit=1000")
        assert listed.status_code == 200, listed.text
        return [entry["path"] for entry in listed.get_json()["entries"]]


class Browser:
    """A browser that sends what browsers send, and the token of the page before with every form."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> TestResponse:
        return self.client.get(path, headers={**NAVIGATION, **(headers or {})}, buffered=True)

    def token(self, path: str = "/login") -> str:
        """Return the token that the page at `path` carries."""
        found = _CSRF_META.search(self.get(path).text)
        assert found, f"no token on {path}"
        return found[1]

    def post(self, path: str, fields: Mapping[str, Any], page: str = "/login") -> TestResponse:
        """Post a form of the page `page`."""
        form = {**fields, "csrf_token": self.token(page)}
        return self.client.post(path, data=form, headers=NAVIGATION)

    def sign_in(self, username: str = USERNAME, password: str = PASSWORD, **fields: str) -> TestResponse:
        return self.post("/login", {"username": username, "password": password, **fields})


def is_problem(response: TestResponse, status: int, slug: str) -> bool:
    """Check that an answer is the problem `slug`, in the form that programs are promised."""
    body = response.get_json()
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    assert body["status"] == status
    assert body["type"] == f"/problems/{slug}", body
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == response.headers["X-Request-Id"]
    return True


def status_of(response: TestResponse) -> int:
    """Return the status of an answer: version 1 of the OCS tells it only in its document."""
    if "/ocs/v1.php/" not in response.request.path or response.status_code != 200:
        return response.status_code
    found = _OCS_CODE.search(response.text)
    assert found, response.text
    return _OF_VERSION_1.get(int(found[1]), int(found[1]))


def is_refused(response: TestResponse, status: int, error: type[CabinetError]) -> bool:
    """Check that an answer is the error, as a problem or in the form of faces for other programs."""
    if response.content_type.startswith("text/plain"):
        return response.status_code == status and response.text.startswith(f"{error.title}: ")
    if not response.content_type.startswith("application/xml"):
        return is_problem(response, status, error.slug)
    shown = (f"<s:exception>{error.__name__}</s:exception>", f"<message>{error.title}: ")
    return status_of(response) == status and any(each in response.text for each in shown)


def is_me(client: FlaskClient, username: str, headers: dict[str, str] | None = None) -> bool:
    """Return whether `client` is signed in as that user."""
    response = client.get("/me", headers=headers)
    return response.status_code == 200 and response.get_json()["username"] == username
