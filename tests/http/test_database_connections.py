"""Database connections: a request has one at most, and none while it waits.

Rule: the pool is observed; requests go through the whole application.
"""

from __future__ import annotations

import io
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import urllib3
from flask import Flask
from sqlalchemy import event

from cabinet.extensions import db
from cabinet.web.runtime import EXTENSION
from tests.support.auth import PASSWORD, basic
from tests.support.contents import content_of
from tests.support.images import picture
from tests.support.people import Person
from tests.support.servers import production_command, running
from tests.support.visitors import Program
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.database


class Watch:
    """How many connections each thread has, and the most that any had."""

    def __init__(self, engine: Any) -> None:
        self.held: Counter[int] = Counter()
        self.most = 0
        event.listen(engine, "checkout", self._out)
        event.listen(engine, "checkin", self._in)

    @property
    def own(self) -> int:
        """How many this thread has."""
        return self.held[threading.get_ident()]

    def _out(self, *_: object) -> None:
        self.held[threading.get_ident()] += 1
        self.most = max(self.most, self.own)

    def _in(self, *_: object) -> None:
        self.held[threading.get_ident()] -= 1


class Watched(io.BytesIO):
    """A body whose every read checks whether a connection is held."""

    def __init__(self, content: bytes, watch: Watch) -> None:
        super().__init__(content)
        self._watch = watch

    def read(self, size: int | None = -1, /) -> bytes:
        assert self._watch.own == 0
        return super().read(size)


class WatchedHasher:
    """Hashes no password while its thread has a connection."""

    def __init__(self, hasher: Any, watch: Watch) -> None:
        self._hasher, self._watch = hasher, watch
        self.hashed = 0

    def generate_password_hash(self, password: str) -> bytes:
        self._look()
        return bytes(self._hasher.generate_password_hash(password))

    def check_password_hash(self, pw_hash: str, password: str) -> bool:
        self._look()
        return bool(self._hasher.check_password_hash(pw_hash, password))

    def _look(self) -> None:
        assert self._watch.own == 0
        self.hashed += 1


@pytest.fixture
def watch(app: Flask) -> Watch:
    with app.app_context():
        return Watch(db.engine)


def test_a_request_uses_one_connection_and_none_during_transfers(app: Flask, watch: Watch) -> None:
    alice = Program(app, "alice")
    client, headers = app.test_client(), dict(alice.headers)
    content = content_of(5 << 20)
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="form.bin"\r\n\r\n'
        + content
        + b"\r\n--b--\r\n"
    )

    def send(method: str, target: str, body: bytes, **more: str) -> int:
        answer = client.open(
            target, method=method, input_stream=Watched(body, watch),
            headers={**headers, **more, "Content-Length": str(len(body))},
        )  # fmt: skip
        return answer.status_code

    assert send("PUT", "/files/a/put.bin", content) == 201
    assert send("PUT", "/files/a/small.png", picture()) == 201
    assert send("POST", "/upload", form, **{"Content-Type": "multipart/form-data; boundary=b"}) == 201
    tus = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    described = {"Upload-Length": str(len(content)), "Upload-Metadata": "filename dHVz"}
    assert send("POST", "/uploads", content, **tus, **described) == 201

    for target in (
        "/files/a/put.bin", "/files", "/zip?path=a&path=tus", "/download/a", "/search?q=put", "/me", "/index",
        "/thumbnails/a/small.png?size=64", "/versions/a/put.bin", "/trash", "/readyz",
    ):  # fmt: skip
        answer = client.get(target, headers=headers, buffered=False)
        # A picture may still be in the decoder process.
        assert answer.status_code in ({200, 202} if "thumbnails" in target else {200}), target
        for _ in answer.iter_encoded():
            # An archive reads the tree page by page.
            assert watch.own == 0, target
        answer.close()
    assert watch.most == 1
    assert watch.own == 0


def test_no_connection_is_held_while_a_password_is_hashed(app: Flask, watch: Watch) -> None:
    passwords = app.extensions[EXTENSION].passwords
    hasher = passwords._hasher = WatchedHasher(passwords._hasher, watch)
    client = app.test_client()
    fields = {"username": "bob", "password": PASSWORD}

    assert client.post("/register", data=fields).status_code == 201
    assert client.post("/login", data=fields).status_code == 200
    assert client.post("/login", data={**fields, "password": "another-horse"}).status_code == 401
    assert client.get("/me", headers=basic("bob")).status_code == 200
    changed = {"current_password": PASSWORD, "new_password": "a horse of another colour"}
    assert client.post("/account/password", data=changed, headers=basic("bob")).status_code == 204

    assert hasher.hashed >= 6
    assert watch.most == 1


def test_forty_concurrent_archives_need_three_connections(tmp_path: Path) -> None:
    settings = {"DATABASE_CONNECTIONS": 3}
    with running(production_command(1), tmp_path, settings) as server:
        alice = Person(server, "alice")
        for number in range(20):
            alice.store(f"folder/{number % 4}/{number}.txt", b"x" * 1000)
        with (
            urllib3.HTTPConnectionPool(
                server.host, server.port, maxsize=40, retries=False, timeout=PATIENCE
            ) as pool,
            ThreadPoolExecutor(40) as threads,
        ):

            def ask(_: int) -> int:
                return pool.request("GET", "/download/folder", headers=alice.headers).status

            assert Counter(threads.map(ask, range(40))) == {200: 40}


def test_one_connection_is_enough_to_start_and_serve(tmp_path: Path) -> None:
    with running(production_command(1), tmp_path, {"DATABASE_CONNECTIONS": 1}) as server:
        alice = Person(server, "alice")
        alice.store("a", b"content")
        assert alice.send("GET", "/zip?path=a").status == 200
