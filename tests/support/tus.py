"""A minimal tus client that can make every mistake: each request by hand, over its own connection.

Rule: exactly what a test wrote is sent, plus credentials and version; a header given as None is left out. Nothing
is retried, and a response is never judged here.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import Update, create_engine, select, update
from sqlalchemy.orm import Session

from cabinet import models
from cabinet.services.kernel.database import configure, execute_counted, writing
from cabinet.storage.content_hash import hash_chunks
from tests.support.people import Person
from tests.support.raw_http import RawConnection, RawResponse, raw_connection, request_head
from tests.support.servers import Server
from tests.support.waiting import wait_until

VERSION = "1.0.0"
CONTENT_TYPE = "application/offset+octet-stream"

# The status of an upload that another request writes to and has not released within some seconds.
LOCKED = 423

# The status of an expired upload.
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

Headers = Mapping[str, str | int | None]

_USERS = itertools.count()


class Tus:
    """A user who uploads to `server`."""

    def __init__(self, person: Person, server: Server | None = None) -> None:
        self.person = person
        self.server = server or person.server

    def at(self, server: Server) -> Tus:
        """Return the same user at another server of the same instance."""
        return Tus(self.person, server)

    def head(self, method: str, target: str, headers: Headers) -> bytes:
        """Return the head of a request."""
        chosen = {"Host": "localhost", **self.person.headers, "Tus-Resumable": VERSION, **headers}
        return request_head(
            method, path_of(target), {name: value for name, value in chosen.items() if value is not None}
        )

    def send(
        self, method: str, target: str, headers: Headers | None = None, body: bytes | None = None
    ) -> RawResponse:
        """Send one request with all its body, and return the answer."""
        length = {} if body is None else {"Content-Length": len(body)}
        head = self.head(method, target, {**length, **(headers or {})})
        with raw_connection(self.server.host, self.server.port) as connection:
            connection.send(head + (body or b""))
            answer = connection.read_response(method)
        assert answer is not None, f"{method} {target} was not answered"
        return answer

    def send_chunked(self, method: str, target: str, headers: Headers, content: bytes) -> RawResponse:
        """Send one request with a chunked body, and return the response."""
        with self.sending(
            method, target, {"Transfer-Encoding": "chunked", **headers}, chunked(content)
        ) as connection:
            answer = connection.read_response(method)
        assert answer is not None, f"{method} {target} was not answered"
        return answer

    @contextmanager
    def sending(
        self, method: str, target: str, headers: Headers, beginning: bytes = b""
    ) -> Iterator[RawConnection]:
        """Begin a request, and hand over its connection."""
        with raw_connection(self.server.host, self.server.port) as connection:
            connection.send(self.head(method, target, headers) + beginning)
            yield connection

    def post(self, headers: Headers, body: bytes | None = b"") -> RawResponse:
        """Request a new upload; return any response."""
        return self.send("POST", "/uploads", headers, body)

    def create(
        self, length: int | None, *, headers: Headers | None = None, **values: str | bytes | None
    ) -> Upload:
        """Create an upload of `length` bytes, or with a deferred length; `values` are its metadata."""
        announced: dict[str, str | int | None] = (
            {"Upload-Defer-Length": 1} if length is None else {"Upload-Length": length}
        )
        values = values or {"filename": "file.bin"}
        answer = self.post({**announced, "Upload-Metadata": metadata(**values), **(headers or {})})
        assert answer.status == 201, (answer.status, answer.body)
        return Upload(self, answer.headers["Location"])

    def partial(self, content: bytes) -> Upload:
        """Upload `content` as a partial upload."""
        upload = self.create(len(content), headers={"Upload-Concat": "partial", "Upload-Metadata": None})
        if content:
            upload.append(0, content)
        return upload

    def join(
        self, *partials: Upload | str, headers: Headers | None = None, name: str = "joined"
    ) -> RawResponse:
        """Request the upload that joins `partials`."""
        named = " ".join(each if isinstance(each, str) else each.target for each in partials)
        asked: Headers = {"Upload-Concat": f"final;{named}", "Upload-Metadata": metadata(filename=name)}
        return self.post({**asked, **(headers or {})})

    def unfinished(self) -> list[dict[str, Any]]:
        """Return the user's unfinished uploads, as they are listed."""
        answer = self.send("GET", "/uploads")
        assert answer.status == 200, answer.body
        listed: list[dict[str, Any]] = parsed(answer)["uploads"]
        return listed

    def usage(self) -> int:
        """Return how many bytes count as the user's."""
        answer = self.person.send("GET", "/me")
        assert answer.status == 200, answer.data
        usage: int = answer.json()["usage"]
        return usage

    def set_quota(self, quota: int | None) -> None:
        """Change how many bytes the user may have, as an operator would."""
        username = self.person.send("GET", "/me").json()["username"]
        owner = select(models.User.id).where(models.User.username == username).scalar_subquery()
        change(self.server, update(models.Space).where(models.Space.owner_id == owner).values(quota=quota))


class Upload:
    """An upload of a user, by its URL."""

    def __init__(self, tus: Tus, target: str) -> None:
        self.tus = tus
        self.target = path_of(target)

    @property
    def id(self) -> str:
        return self.target.rpartition("/")[2]

    def at(self, server: Server) -> Upload:
        """Return the same upload at another server of the same instance."""
        return Upload(self.tus.at(server), self.target)

    def send(self, method: str, headers: Headers | None = None, body: bytes | None = None) -> RawResponse:
        return self.tus.send(method, self.target, headers, body)

    def get_status(self) -> RawResponse:
        """Request its status; return any response."""
        return self.send("HEAD")

    def offset(self) -> int:
        """Return how far it is; asks again while it is held, as a server on a busy machine may say."""
        answer = once_free(self.get_status)
        assert answer.status in {200, 204}, answer.status
        return int(answer.headers["Upload-Offset"])

    def patch(self, offset: int | str | None, content: bytes, headers: Headers | None = None) -> RawResponse:
        """Send a part; return any response."""
        return self.send("PATCH", {**part(offset), **(headers or {})}, content)

    def append(self, offset: int, content: bytes, headers: Headers | None = None) -> RawResponse:
        """Send a part that is accepted; once more while the upload is held, as `offset` does."""
        answer = once_free(lambda: self.patch(offset, content, headers))
        assert answer.status == 204, (answer.status, answer.body)
        assert int(answer.headers["Upload-Offset"]) == offset + len(content)
        return answer

    @contextmanager
    def sending(
        self, offset: int, length: int, beginning: bytes, headers: Headers | None = None
    ) -> Iterator[RawConnection]:
        """Begin a part of `length` bytes, and hand over the connection once the server has read `beginning`."""
        announced = {**part(offset), "Content-Length": length, **(headers or {})}
        with self.tus.sending("PATCH", self.target, announced, beginning) as connection:
            wait_until_read(connection)
            yield connection

    def finish(self, content: bytes) -> RawResponse:
        """Send the missing bytes of `content`, and check that the server has all of it."""
        offset = self.offset()
        answer = self.append(offset, content[offset:])
        check_finished(self.tus, answer, content)
        return answer

    def expire(self) -> None:
        """Set its expiry to the past."""
        self.expires_at(LONG_AGO)

    def expires_at(self, moment: datetime) -> None:
        """Set its expiry."""
        row = update(models.Upload).where(models.Upload.id == self.id)
        assert change(self.tus.server, row.values(expires_at=moment)) == 1


def once_free(send: Callable[[], RawResponse]) -> RawResponse:
    """Return the answer to a request, which is sent again while its upload is held by another one."""
    return wait_until(
        lambda: None if (answer := send()).status == LOCKED else answer, what="an upload that is free"
    )


def new_account(server: Server) -> Tus:
    """Return a new user of `server`."""
    return Tus(Person(server, f"tus{next(_USERS)}"))


def path_of(address: str) -> str:
    """Return the path of a URL, absolute or relative."""
    return address if address.startswith("/") else urlsplit(address).path


def part(offset: int | str | None) -> dict[str, str | int | None]:
    """Return the headers of a PATCH."""
    return {"Content-Type": CONTENT_TYPE, "Upload-Offset": offset}


def metadata(**values: str | bytes | None) -> str:
    """Return the value of Upload-Metadata; None is a key without a value."""
    return ",".join(key if value is None else f"{key} {encoded(value)}" for key, value in values.items())


def encoded(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def checksum(content: bytes, algorithm: str = "sha1") -> dict[str, str]:
    """Return the header with the checksum of a part."""
    return {"Upload-Checksum": f"{algorithm} {encoded(hashlib.new(algorithm, content).digest())}"}


def chunked(content: bytes, size: int = 1 << 20) -> bytes:
    """Return `content` as a chunked body."""
    pieces = (content[start : start + size] for start in range(0, len(content), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def parsed(answer: RawResponse) -> Any:
    """Return the JSON of an answer."""
    return json.loads(answer.body)


def check_finished(tus: Tus, answer: RawResponse, content: bytes) -> str:
    """Check that `answer` reports a finished upload, and that its file has this content; return the path."""
    expected = hash_chunks([content])
    assert answer.headers["X-Content-Hash"] == expected
    location = answer.headers["Content-Location"]
    assert location.startswith("/files/")
    found = tus.person.send("GET", location)
    assert found.status == 200, found.data
    assert hash_chunks([found.data]) == expected
    path = unquote(location.removeprefix("/files/"))
    assert tus.person.hashes()[path] == expected
    return path


def staged(server: Server) -> set[Path]:
    """Return every file in staging.

    On a shared server, files of an earlier test may still be removed: the files after a test are a subset
    of those before it.
    """
    return {path for path in (server.folder / "instance" / "staging").rglob("*") if not path.is_dir()}


def change(server: Server, statement: Update) -> int:
    """Change rows directly in the database; return their number."""
    engine = create_engine(server.database_url)
    configure(engine)
    try:
        with Session(engine) as session, writing(session):
            return execute_counted(session, statement)
    finally:
        engine.dispose()


def wait_until_read(connection: RawConnection) -> None:
    """Wait until the server's process has read everything sent, according to the kernel."""
    own = connection.socket.getsockname()[1]
    wait_until(lambda: _unread(own) == 0, what="a server that has read everything")


def _unread(port: int) -> int:
    """Return the bytes in transit from this port: not arrived, or arrived and not read."""
    waiting = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        local, remote = (int(fields[index].rpartition(":")[2], 16) for index in (1, 2))
        to_send, to_read = (int(number, 16) for number in fields[4].split(":"))
        waiting += to_send if local == port else to_read if remote == port else 0
    return waiting


def told(answer: RawResponse, target: str) -> dict[str, Any]:
    """Return a refusal without the parts that differ between requests and uploads."""
    if not answer.body:
        return {}
    details: dict[str, Any] = json.loads(answer.body.replace(target.rpartition("/")[2].encode(), b"ID"))
    assert details.pop("request_id")
    return details


def check_refused(answer: RawResponse, *statuses: int) -> None:
    """Check that a request was refused as everything is refused, and in the words of the protocol."""
    assert answer.status in statuses, (answer.status, answer.body)
    assert answer.headers["Tus-Resumable"] == VERSION
    assert answer.headers.get_content_type() == "application/problem+json"
    if answer.body:
        assert parsed(answer)["status"] == answer.status
