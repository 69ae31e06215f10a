"""The HTTP API of a server, in terms of the domain.

Rule: every URL, header and JSON member that filecli uses is named here, in `tus.py` for resumable
uploads, in `trash.py` for the trash, in `shares.py` for links and in `teams.py` for groups and team spaces,
and nowhere else.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from cabinet.client.failures import ConnectionLost, LimitInFront, Refused
from cabinet.client.local import Body, MemoryBody
from cabinet.client.times import from_http_date, from_seconds, to_seconds
from cabinet.client.wire.archive import iter_contents
from cabinet.client.wire.connection import JSON, TAKES_LONG, Connection, Request, to_json
from cabinet.client.wire.entries import PAGE_SIZE, RemoteEntry, RemoteVersion
from cabinet.client.wire.form import FormFile, encode
from cabinet.client.wire.responses import ResponseReader
from cabinet.client.wire.shares import Shares
from cabinet.client.wire.teams import Teams
from cabinet.client.wire.tokens import StoredToken
from cabinet.client.wire.trash import Trash
from cabinet.client.wire.tus import Tus
from cabinet.errors import IsAFolder, NotAFolder, TruncatedBody
from cabinet.storage.chunks import iter_stream
from cabinet.storage.content_hash import is_content_hash

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}

_MTIME = "X-Mtime"

# The default order of a listing.
_BY_NAME: Mapping[str, str] = {}

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


@dataclass(frozen=True, slots=True)
class Content:
    """The streamed content of a file from byte `start`; `size` is that of the whole file."""

    content_hash: str
    size: int | None
    start: int
    mtime_ns: int | None
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class SmallFile:
    """A file that is uploaded together with others."""

    path: str
    content: bytes
    content_hash: str
    mtime_ns: int | None = None


class Api:
    """The operations of one server."""

    def __init__(self, connection: Connection, version: int | None = None) -> None:
        self._connection = connection
        self.retry = connection.retry
        self._version = version
        self._responses = ResponseReader(connection)
        self.tus = Tus(connection, self._responses.entry)
        self.trash = Trash(connection, self._responses)
        self.shares = Shares(connection, self._responses)
        self.groups = Teams(connection, self._responses, "groups")
        self.spaces = Teams(connection, self._responses, "spaces")

    def register(self, username: str, password: str) -> str:
        """Create an account and return its name as the server stores it."""
        form = urlencode({"username": username, "password": password}).encode()
        answer = self._connection.json(Request("POST", "/register", _FORM, form))
        return self._responses.text(answer, "username")

    def make_token(self, username: str, password: str, name: str) -> StoredToken:
        """Sign in with a password and return a new token."""
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        headers = {**JSON, "Authorization": f"Basic {credentials}"}
        answer = self._connection.json(Request("POST", "/tokens", headers, to_json({"name": name})))
        return StoredToken(
            self._responses.text(answer, "id"), self._responses.text(answer, "token"), username
        )

    def revoke_token(self, token_id: str) -> None:
        """Revoke a token of the current user."""
        target = f"/tokens/{quote(token_id, safe='')}"
        self._connection.json(Request("DELETE", target, is_repeatable=True))

    def who_am_i(self) -> dict[str, Any]:
        """Return the current user as JSON."""
        answer = self._connection.json(Request("GET", "/me", is_repeatable=True))
        self._responses.text(answer, "username")
        me: dict[str, Any] = answer
        return me

    def iter_entries(
        self, path: str, *, recursive: bool = False, order: Mapping[str, str] = _BY_NAME
    ) -> Iterator[RemoteEntry]:
        """Yield the entries of a folder; requests the first page when first advanced.

        `order` has the query parameters `sort` and `order`; empty means by name.
        """
        query = {**_folder(path), **order}
        if recursive:
            query["recursive"] = "1"
        return self._responses.iter_pages("/files", query, self._responses.entry)

    def iter_found(self, words: str, path: str = "", limit: int = PAGE_SIZE) -> Iterator[RemoteEntry]:
        """Yield the entries below a folder with all `words` in their names, in pages of `limit`."""
        query = {"q": words, **_folder(path)}
        return self._responses.iter_pages("/search", query, self._responses.entry, limit)

    def is_folder(self, path: str) -> bool:
        """Return whether the existing `path` is a folder."""
        target = f"/files?{urlencode({'path': path, 'limit': '1'})}"
        try:
            self._connection.json(Request("GET", target, is_repeatable=True))
        except Refused as error:
            if error.is_kind(NotAFolder):
                return False
            raise
        return True

    def lookup(self, paths: Sequence[str]) -> list[RemoteEntry | None]:
        """Return the entry at each of at most `PAGE_SIZE` paths, None where there is none."""
        body = to_json({"paths": list(paths)})
        try:
            answer = self._connection.json(Request("POST", "/lookup", JSON, body, is_repeatable=True))
        except LimitInFront:
            if len(paths) == 1:
                raise
            middle = len(paths) // 2
            return self.lookup(paths[:middle]) + self.lookup(paths[middle:])
        items = self._responses.items(answer)
        if len(items) != len(paths):
            raise self._connection.misunderstood("it has the wrong number of entries")
        return [None if item is None else self._responses.entry(item) for item in items]

    def put(self, path: str, body: Body, on_conflict: str, mtime_ns: int | None = None) -> RemoteEntry:
        """Store `body` at `path` and return the new entry."""
        target = f"/files/{_quoted(path)}?{urlencode({'on_conflict': on_conflict})}"
        headers = {"Content-Type": "application/octet-stream", **_mtime(mtime_ns)}
        # Replacing twice is idempotent; renaming twice leaves two files.
        request = Request("PUT", target, headers, body, is_repeatable=on_conflict == "replace")
        return self._responses.entry(self._connection.json(request))

    def store(
        self, files: Sequence[SmallFile], on_conflict: str, wrap: Callable[[Body], Body] = lambda body: body
    ) -> list[RemoteEntry]:
        """Store at most 1000 files, all or none, and return the entries in the same order.

        `wrap` is applied to the body of the request.
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
            raise self._connection.misunderstood("it has the wrong number of files")
        return [self._responses.entry(item) for item in items]

    @contextmanager
    def open_content(self, path: str, start: int = 0, if_hash: str = "") -> Iterator[Content]:
        """Open a file for reading, from byte `start` if its content hash is still `if_hash`.

        Otherwise it is read from 0; see `Content.start`. `Content.chunks` raises `ConnectionLost` if the
        bytes end too early. Raises `IsAFolder`.
        """
        headers = {"Accept": "*/*"}
        if start:
            headers.update({"Range": f"bytes={start}-", "If-Range": f'"{if_hash}"'})
        request = Request("GET", self._download(path), headers, is_repeatable=True)
        response = self._connection.open(request)
        try:
            _check_is_file(response, path)
            content = self._content(response)
            if content.start and (content.start, content.content_hash) != (start, if_hash):
                raise self._connection.misunderstood("it has another range than requested")
            yield content
        finally:
            response.close()

    @contextmanager
    def open_small_files(self, paths: Sequence[str], most: int) -> Iterator[Iterator[bytes]]:
        """Open at most `PAGE_SIZE` files of at most `most` bytes each; yields their contents in order.

        Iterating raises `ConnectionLost` and the errors of `archive.iter_contents`.
        """
        form = urlencode([("names", "exact"), *(("path", path) for path in paths)]).encode()
        headers = {**_FORM, "Accept": "*/*"}
        response = self._connection.open(Request("POST", "/zip", headers, form, is_repeatable=True))
        try:
            yield self._small_files(response, paths, most)
        finally:
            response.close()

    def _small_files(
        self, response: urllib3.BaseHTTPResponse, paths: Sequence[str], most: int
    ) -> Iterator[bytes]:
        with self._connection.reading(response):
            try:
                yield from iter_contents(response, paths, most)
            except TruncatedBody as error:
                server = str(self._connection.server)
                raise ConnectionLost(server=server, reason="the archive is incomplete") from error

    def content_hash(self, path: str) -> str:
        """Return the current content hash of the file at `path`."""
        response = self._connection.open(Request("HEAD", self._download(path), is_repeatable=True))
        with self._connection.reading(response):
            _check_is_file(response, path)
            return self._hash(response)

    def make_folder(self, path: str) -> RemoteEntry:
        """Create a folder and its missing parents."""
        return self._responses.entry(self._post("/folders", {"path": path}))

    def move(self, paths: Sequence[str], to: str, on_conflict: str) -> list[RemoteEntry]:
        """Move at most `PAGE_SIZE` items, all or none, and return the new entries in order.

        `to` is the target folder if it ends with a slash, is empty, or is an existing folder; otherwise
        it is the new path of a single item.
        """
        return self._relocate("/moves", paths, to, on_conflict)

    def copy(self, paths: Sequence[str], to: str, on_conflict: str) -> list[RemoteEntry]:
        """Copy items; the arguments are those of `move`."""
        return self._relocate("/copies", paths, to, on_conflict)

    def delete(self, path: str, *, permanent: bool = False) -> None:
        """Move a file or a folder with its contents to the trash, or delete it permanently."""
        target = f"/files/{_quoted(path)}"
        if permanent:
            self._connection.json(Request("DELETE", f"{target}?permanent=1", body=TAKES_LONG))
        else:
            self._connection.json(Request("DELETE", target))

    def list_versions(self, path: str) -> tuple[list[RemoteVersion], dict[str, Any]]:
        """Return the versions of a file, newest first, and the JSON document."""
        document = self._connection.json(Request("GET", f"/versions/{_quoted(path)}", is_repeatable=True))
        versions = list(map(self._responses.version, self._responses.items(document, "versions")))
        return versions, document

    def restore_version(self, path: str, number: int) -> RemoteEntry:
        """Restore the content of a version as a new version."""
        return self._responses.entry(self._post(f"/versions/{_quoted(path)}/{number}/restore", {}))

    def delete_version(self, path: str, number: int) -> None:
        """Delete a version permanently; it must not be the current one."""
        self._connection.json(Request("DELETE", f"/versions/{_quoted(path)}/{number}"))

    def at_version(self, number: int) -> Api:
        """Return an API whose downloads return the version `number` of a file."""
        return Api(self._connection, number)

    def _relocate(self, target: str, paths: Sequence[str], to: str, on_conflict: str) -> list[RemoteEntry]:
        answer = self._post(target, {"from": list(paths), "to": to, "on_conflict": on_conflict})
        items = self._responses.items(answer)
        if len(items) != len(paths):
            raise self._connection.misunderstood("it has the wrong number of entries")
        return [self._responses.entry(item) for item in items]

    def _post(self, target: str, document: dict[str, Any]) -> Any:
        return self._connection.json(Request("POST", target, JSON, to_json(document)))

    def _download(self, path: str) -> str:
        suffix = "" if self._version is None else f"?version={self._version}"
        return f"/download/{_quoted(path)}{suffix}"

    def _content(self, response: urllib3.BaseHTTPResponse) -> Content:
        content_hash = self._hash(response)
        mtime_ns = from_seconds(response.headers.get(_MTIME, ""))
        if mtime_ns is None:
            mtime_ns = from_http_date(response.headers.get("Last-Modified", ""))
        chunks = self._chunks(response)
        if response.status == 200:
            length = response.headers.get("Content-Length", "")
            return Content(content_hash, int(length) if length.isdecimal() else None, 0, mtime_ns, chunks)
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None:
            raise self._connection.misunderstood("it has no Content-Range")
        return Content(content_hash, int(found[2]), int(found[1]), mtime_ns, chunks)

    def _chunks(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        with self._connection.reading(response):
            yield from iter_stream(response)

    def _hash(self, response: urllib3.BaseHTTPResponse) -> str:
        # A proxy that may compress the body sends a weak tag; the hash in it is the same.
        content_hash = response.headers.get("ETag", "").removeprefix("W/").strip('"')
        if not is_content_hash(content_hash):
            raise self._connection.misunderstood("it has no content hash")
        return content_hash


def _quoted(path: str) -> str:
    return quote(path, safe="/")


def _mtime(mtime_ns: int | None) -> dict[str, str]:
    seconds = to_seconds(mtime_ns)
    return {} if seconds is None else {_MTIME: seconds}


def _to_form_file(file: SmallFile) -> FormFile:
    return FormFile(file.path, {"X-Content-Hash": file.content_hash, **_mtime(file.mtime_ns)}, file.content)


def _folder(path: str) -> dict[str, str]:
    return {"path": path} if path else {}


def _check_is_file(response: urllib3.BaseHTTPResponse, path: str) -> None:
    """Raise `IsAFolder` if the response is the zip archive of a folder."""
    is_archive = response.headers.get("Content-Type", "").startswith("application/zip")
    if is_archive and "ETag" not in response.headers:
        raise IsAFolder(path=path)
