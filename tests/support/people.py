"""A user of a running server: uploads, downloads and lists.

Rule: real requests only; an unexpected response is shown, never ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from urllib3 import BaseHTTPResponse

from tests.support.auth import PASSWORD, USERNAME, basic, bearer
from tests.support.servers import Server


class Person:
    """A user on `server` with a token, so that no request computes a password hash."""

    def __init__(self, server: Server, username: str = USERNAME, program: str = "tests") -> None:
        self.server = server
        self.username = username
        registered = server.request("POST", "/register", fields={"username": username, "password": PASSWORD})
        assert registered.status == 201, registered.data
        made = server.request("POST", "/tokens", json={"name": program}, headers=basic(username))
        assert made.status == 201, made.data
        self.headers: Mapping[str, str] = bearer(made.json()["token"])

    def send(self, method: str, target: str, **options: Any) -> BaseHTTPResponse:
        """Send a request as this user, by `Server.request`."""
        headers = {**self.headers, **options.pop("headers", {})}
        return self.server.request(method, target, headers=headers, **options)

    def put(self, path: str, content: bytes, **query: str) -> BaseHTTPResponse:
        """Upload `content`; return the response, also of a refusal."""
        return self.send("PUT", f"{target_of(path)}?{urlencode(query)}", body=content)

    def post(self, name: str, content: bytes) -> BaseHTTPResponse:
        """Upload `content` in a form; return the response, also of a refusal."""
        return self.send("POST", "/upload", fields={"file": (name, content)})

    def store(self, path: str, content: bytes) -> dict[str, Any]:
        """Upload `content`, and return the entry that it became."""
        answer = self.put(path, content)
        assert answer.status in {200, 201}, answer.data
        entry: dict[str, Any] = answer.json()
        return entry

    def get(self, path: str) -> bytes:
        """Download a file that is there."""
        answer = self.send("GET", target_of(path))
        assert answer.status == 200, answer.data
        return answer.data

    def delete(self, path: str) -> None:
        """Put a file into the trash."""
        answer = self.send("DELETE", target_of(path))
        assert answer.status == 204, answer.data

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield everything that this user has, folder by folder."""
        after = ""
        while True:
            query = {"recursive": "1", "limit": "1000", "after": after}
            listed = self.send("GET", f"/files?{urlencode(query)}")
            assert listed.status == 200, listed.data
            page = json.loads(listed.data)
            yield from page["entries"]
            after = page["next"]
            if after is None:
                return

    def hashes(self) -> dict[str, str]:
        """Return the content hash of every file by its path."""
        return {entry["path"]: entry["content_hash"] for entry in self.entries() if entry["kind"] == "file"}


def target_of(path: str) -> str:
    """Return the URL's path of a file."""
    return f"/files/{quote(path)}"
