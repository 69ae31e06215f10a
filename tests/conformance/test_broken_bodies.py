"""Truncated and malformed bodies, on both servers: nothing is stored and nothing is lost.

To the application, a disconnected client looks like one that has finished; only the number of bytes tells
them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cabinet.storage.content_hash import hash_chunks
from tests.support.backends import LocalBackend
from tests.support.contents import content_of
from tests.support.people import Person
from tests.support.raw_http import request_head
from tests.support.servers import EITHER_SERVER, Server, development_command, production_command, running
from tests.support.waiting import wait_until

OLD = content_of(50_000, seed=1)
NEW = content_of(50_000, seed=2)

# More than a server reads ahead and more than a block, so that some of it is in staging by then.
MUCH = content_of(6 << 20, seed=3)

BOUNDARY = "a-boundary-of-our-own"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
PART = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="name"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
).encode()
END = f"\r\n--{BOUNDARY}--\r\n".encode()


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


@dataclass(frozen=True)
class Broken:
    """A request to store something under the name that is there, which goes wrong."""

    method: str
    target: str
    headers: dict[str, str | int]
    body: bytes


def put(headers: dict[str, str | int], body: bytes) -> Broken:
    return Broken("PUT", "/files/name", headers, body)


def post(headers: dict[str, str | int], body: bytes) -> Broken:
    return Broken("POST", "/upload", {"Content-Type": FORM, **headers}, body)


CHUNKED: dict[str, str | int] = {"Transfer-Encoding": "chunked"}

# What ends before its announced end; the sender then goes away, politely or not.
TRUNCATED = {
    "nothing of a body": put({"Content-Length": 10}, b""),
    "less than its length": put({"Content-Length": len(NEW) + 1}, NEW),
    "much less than its length": put({"Content-Length": 2 * len(MUCH)}, MUCH),
    "chunks without an end": put(CHUNKED, chunk(NEW)),
    "many chunks without an end": put(CHUNKED, chunk(MUCH)),
    "a chunk that is not whole": put(CHUNKED, chunk(NEW)[:-100]),
    "a large chunk that is not whole": put(CHUNKED, chunk(MUCH)[:-1_500_000]),
    "a chunk of endless size": put(CHUNKED, b"f" * 50 + b"\r\n" + NEW),
    "a chunk without its line break": put(CHUNKED, chunk(NEW)[:-2]),
    "a form without its end": post({"Content-Length": 200_000}, PART + NEW),
    "a form in the middle of its end": post({"Content-Length": len(PART + NEW + END)}, PART + NEW + END[:-3]),
    "a form in the middle of a head": post({"Content-Length": 200_000}, PART[:50]),
    "a form of chunks without an end": post(CHUNKED, chunk(PART + NEW)),
}

# Malformed bodies that are complete.
WRONG = {
    "a chunk size that is no number": put(CHUNKED, b"size\r\n" + NEW + b"\r\n0\r\n\r\n"),
    "a negative chunk size": put(CHUNKED, b"-5\r\nabcde\r\n0\r\n\r\n"),
    "a chunk longer than its size": put(CHUNKED, b"5\r\nabcdefghij\r\n0\r\n\r\n"),
    "a form whose end is missing": post({"Content-Length": len(PART + NEW)}, PART + NEW),
    "chunks of a form whose end is missing": post(CHUNKED, chunk(PART + NEW) + b"0\r\n\r\n"),
    "a chunk size that never ends": put(CHUNKED, b"0" * 200_000),
    "a form without a boundary": Broken(
        "POST", "/upload", {"Content-Type": "multipart/form-data", "Content-Length": 10}, b"0123456789"
    ),
}

COMMANDS = {"gunicorn": production_command(1), "flask run": development_command()}


@dataclass(frozen=True)
class Scene:
    """A server with one file on it, and its owner."""

    server: Server
    person: Person
    place: LocalBackend

    def check_nothing_changed(self) -> None:
        """Check that the old content exists, and no other, visible or not."""
        wait_until(lambda: self.place.staged() == [], what="an empty staging folder")
        assert self.person.hashes() == {"name": hash_chunks([OLD])}
        assert self.person.get("name") == OLD
        assert [blob.name for blob in (self.place.root / "blobs").glob("*/*")] == [hash_chunks([OLD])]


@contextmanager
def one_file_on(command: list[str], folder: Path) -> Iterator[Scene]:
    """Run a server with one file on it."""
    with running(command, folder, {}) as server:
        person = Person(server)
        person.store("name", OLD)
        yield Scene(server, person, LocalBackend(folder / "instance"))


@pytest.fixture(scope="module", params=EITHER_SERVER)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Return each kind of server in turn; refusals change nothing, so the tests share it."""
    with one_file_on(COMMANDS[request.param], tmp_path_factory.mktemp("scene")) as made:
        yield made


@pytest.mark.parametrize("case", TRUNCATED)
def test_a_truncated_body_is_refused(scene: Scene, case: str) -> None:
    broken = TRUNCATED[case]
    with scene.server.raw() as connection:
        connection.send(request_head(broken.method, broken.target, heads(scene, broken)) + broken.body)
        connection.half_close()
        answer = connection.read_response(broken.method)

    assert answer is None or answer.status == 400, answer
    scene.check_nothing_changed()


@pytest.mark.parametrize("case", TRUNCATED)
def test_a_crashing_sender_leaves_nothing(scene: Scene, case: str) -> None:
    broken = TRUNCATED[case]
    with scene.server.raw() as connection:
        connection.send(request_head(broken.method, broken.target, heads(scene, broken)) + broken.body)
        connection.reset()

    scene.check_nothing_changed()


@pytest.mark.parametrize("case", WRONG)
def test_a_malformed_body_is_refused(scene: Scene, case: str) -> None:
    broken = WRONG[case]
    with scene.server.raw() as connection:
        connection.send(request_head(broken.method, broken.target, heads(scene, broken)) + broken.body)
        answer = connection.read_response(broken.method)

    assert answer is None or answer.status == 400, answer
    scene.check_nothing_changed()


@pytest.mark.parametrize("body", [b"f" * 6 + b"\r\nusername=", b"zz\r\n", b"8\r\nusername"])
def test_a_page_form_with_malformed_chunks_is_refused(scene: Scene, body: bytes) -> None:
    headers = {**CHUNKED, "Host": "localhost", "Content-Type": "application/x-www-form-urlencoded"}
    with scene.server.raw() as connection:
        connection.send(request_head("POST", "/login", headers) + body)
        connection.half_close()
        answer = connection.read_response("POST")

    assert answer is None or answer.status == 400, answer
    scene.check_nothing_changed()


def heads(scene: Scene, broken: Broken) -> dict[str, str | int]:
    return {"Host": "localhost", **scene.person.headers, **broken.headers}


@pytest.mark.parametrize("command", EITHER_SERVER)
def test_a_well_formed_body_is_stored(command: str, tmp_path: Path) -> None:
    """The other tests would pass too if nothing ever was."""
    with one_file_on(COMMANDS[command], tmp_path) as scene:
        for right in (
            put({"Content-Length": len(NEW)}, NEW),
            put(CHUNKED, chunk(NEW) + b"0\r\n\r\n"),
            post({"Content-Length": len(PART + NEW + END)}, PART + NEW + END),
            post(CHUNKED, chunk(PART + NEW + END) + b"0\r\n\r\n"),
        ):
            with scene.server.raw() as connection:
                connection.send(request_head(right.method, right.target, heads(scene, right)) + right.body)
                answer = connection.read_response(right.method)
            assert answer is not None
            assert answer.status in {200, 201}, answer.body
            assert scene.person.get("name") == NEW
            scene.person.store("name", OLD)
