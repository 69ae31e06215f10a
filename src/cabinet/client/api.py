"""What can be asked of a server, in the words of the domain.

Rule: every URL, header and JSON member that filecli uses is named here, or for uploads that can be
continued in `tus.py`, and nowhere else.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from cabinet.client.connection import Connection, Request
from cabinet.client.entries import Entry
from cabinet.client.failures import Refused
from cabinet.client.form import FormFile, encode
from cabinet.client.local import Body, MemoryBody
from cabinet.client.times import from_http_date, to_seconds
from cabinet.client.tokens import StoredToken
from cabinet.client.tus import Tus
from cabinet.errors import NotAFolder
from cabinet.storage.chunks import iter_stream
from cabinet.storage.content_hash import is_content_hash

# The most that the server gives in one page.
PAGE_SIZE = 1000

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON = {"Content-Type": "application/json"}

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file on their way, from `start` on; `size` is that of the whole file."""

    content_hash: str
    size: int | None
    start: int
    mtime_ns: int | None
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class SmallFile:
    """A file that is sent together with others."""

    path: str
    content: bytes
    content_hash: str
    mtime_ns: int | None = None


class Api:
    """The verbs of one server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.patience = connection.patience
        self.tus = Tus(connection, self._entry)

    def register(self, username: str, password: str) -> str:
        """Make an account and return its name as the server keeps it."""
        form = urlencode({"username": username, "password": password}).encode()
        answer = self._connection.json(Request("POST", "/register", _FORM, form))
        return self._text(answer, "username")

    def make_token(self, username: str, password: str, name: str) -> StoredToken:
        """Sign in with a password and return a token in its place."""
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        headers = {**_JSON, "Authorization": f"Basic {credentials}"}
        answer = self._connection.json(Request("POST", "/tokens", headers, _to_json({"name": name})))
        return StoredToken(self._text(answer, "id"), self._text(answer, "token"), username)

    def revoke_token(self, token_id: str) -> None:
        """End a token of the acting user."""
        target = f"/tokens/{quote(token_id, safe='')}"
        self._connection.json(Request("DELETE", target, is_repeatable=True))

    def who_am_i(self) -> dict[str, Any]:
        """Return what the server says of the acting user."""
        answer = self._connection.json(Request("GET", "/me", is_repeatable=True))
        self._text(answer, "username")
        me: dict[str, Any] = answer
        return me

    def iter_entries(self, path: str, *, recursive: bool = False) -> Iterator[Entry]:
        """Yield what is in a folder, page by page; asks for the first page when first advanced."""
        query = {"limit": str(PAGE_SIZE)}
        if path:
            query["path"] = path
        if recursive:
            query["recursive"] = "1"
        while True:
            target = f"/files?{urlencode(query)}"
            page = self._connection.json(Request("GET", target, is_repeatable=True))
            yield from (self._entry(item) for item in self._items(page))
            if not page.get("next"):
                return
            query["after"] = str(page["next"])

    def is_folder(self, path: str) -> bool:
        """Tell whether `path`, which exists, is a folder."""
        target = f"/files?{urlencode({'path': path, 'limit': '1'})}"
        try:
            self._connection.json(Request("GET", target, is_repeatable=True))
        except Refused as error:
            if error.means(NotAFolder):
                return False
            raise
        return True

    def lookup(self, paths: Sequence[str]) -> list[Entry | None]:
        """Return what is at each of at most `PAGE_SIZE` paths now, None where nothing is."""
        body = json.dumps({"paths": list(paths)}).encode()
        answer = self._connection.json(Request("POST", "/lookup", _JSON, body, is_repeatable=True))
        items = self._items(answer)
        if len(items) != len(paths):
            raise self._connection.misunderstood("it names another number of entries")
        return [None if item is None else self._entry(item) for item in items]

    def put(self, path: str, body: Body, on_conflict: str, mtime_ns: int | None = None) -> Entry:
        """Store `body` at `path` and return the entry that it became."""
        target = f"/files/{_quoted(path)}?{urlencode({'on_conflict': on_conflict})}"
        headers = {"Content-Type": "application/octet-stream", **_mtime(mtime_ns)}
        # To replace twice is to replace; to rename twice leaves two files.
        request = Request("PUT", target, headers, body, is_repeatable=on_conflict == "replace")
        return self._entry(self._connection.json(request))

    def store(
        self, files: Sequence[SmallFile], on_conflict: str, wrap: Callable[[Body], Body] = lambda body: body
    ) -> list[Entry]:
        """Store all of at most 1000 files, or none, and return the entries in the same order.

        `wrap` sees the body that they are sent as.
        """
        content_type, form = encode(map(_to_form_file, files), "path", "file")
        target = f"/upload?{urlencode({'on_conflict': on_conflict})}"
        headers = {"Content-Type": content_type}
        request = Request(
            "POST", target, headers, wrap(MemoryBody(form)), is_repeatable=on_conflict == "replace"
        )
        answer = self._connection.json(request)
        items = answer.get("files") if isinstance(answer, dict) else None
        if not isinstance(items, list) or len(items) != len(files):
            raise self._connection.misunderstood("it names another number of files")
        return [self._entry(item) for item in items]

    @contextmanager
    def open_content(self, path: str, start: int = 0, if_hash: str = "") -> Iterator[Content]:
        """Open a file for reading, from byte `start` on if its content hash still is `if_hash`.

        Otherwise, and for `start` 0, it comes whole: `Content.start` tells. `Content.chunks`
        raises `ConnectionLost` when the bytes end too early.
        """
        headers = {"Accept": "*/*"}
        if start:
            headers.update({"Range": f"bytes={start}-", "If-Range": f'"{if_hash}"'})
        request = Request("GET", f"/download/{_quoted(path)}", headers, is_repeatable=True)
        response = self._connection.open(request)
        try:
            content = self._content(response)
            if content.start and (content.start, content.content_hash) != (start, if_hash):
                raise self._connection.misunderstood("another range was asked for")
            yield content
        finally:
            response.close()

    def content_hash(self, path: str) -> str:
        """Return the content hash that the file at `path` has now."""
        response = self._connection.open(Request("HEAD", f"/download/{_quoted(path)}", is_repeatable=True))
        with self._connection.reading(response):
            return self._hash(response)

    def delete(self, path: str) -> None:
        """Move a file, or a folder with all in it, to the trash."""
        self._connection.json(Request("DELETE", f"/files/{_quoted(path)}"))

    def _content(self, response: urllib3.BaseHTTPResponse) -> Content:
        content_hash = self._hash(response)
        mtime_ns = from_http_date(response.headers.get("Last-Modified", ""))
        chunks = self._chunks(response)
        if response.status == 200:
            length = response.headers.get("Content-Length", "")
            return Content(content_hash, int(length) if length.isdecimal() else None, 0, mtime_ns, chunks)
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None:
            raise self._connection.misunderstood("the range is missing")
        return Content(content_hash, int(found[2]), int(found[1]), mtime_ns, chunks)

    def _chunks(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        with self._connection.reading(response):
            yield from iter_stream(response)

    def _hash(self, response: urllib3.BaseHTTPResponse) -> str:
        # A proxy that could have coded the body weakens the tag; what it names is the same.
        content_hash = response.headers.get("ETag", "").removeprefix("W/").strip('"')
        if not is_content_hash(content_hash):
            raise self._connection.misunderstood("the content has no hash")
        return content_hash

    def _items(self, page: Any) -> list[Any]:
        if not isinstance(page, dict) or not isinstance(page.get("entries"), list):
            raise self._connection.misunderstood("it is no list of entries")
        items: list[Any] = page["entries"]
        return items

    def _entry(self, document: Any) -> Entry:
        path = self._text(document, "path")
        is_folder = document.get("kind") == "folder"
        size = document.get("size") or 0
        content_hash = document.get("content_hash") or ""
        if not isinstance(size, int) or not (is_folder or is_content_hash(str(content_hash))):
            raise self._connection.misunderstood("an entry has no size or hash")
        modified_at = str(document.get("modified_at") or "")
        return Entry(path, size, content_hash, modified_at, is_folder, document)

    def _text(self, document: Any, member: str) -> str:
        value = document.get(member) if isinstance(document, dict) else None
        if not isinstance(value, str) or not value:
            raise self._connection.misunderstood(f"it has no “{member}”")
        return value


def _quoted(path: str) -> str:
    return quote(path, safe="/")


def _mtime(mtime_ns: int | None) -> dict[str, str]:
    seconds = to_seconds(mtime_ns)
    return {} if seconds is None else {"X-Mtime": seconds}


def _to_form_file(file: SmallFile) -> FormFile:
    return FormFile(file.path, {"X-Content-Hash": file.content_hash, **_mtime(file.mtime_ns)}, file.content)


def _to_json(value: dict[str, str]) -> bytes:
    return json.dumps(value).encode()
