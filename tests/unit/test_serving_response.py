"""gunicorn's response as our worker sends it: the same bytes, in fewer writes."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from gunicorn.config import Config
from gunicorn.http.wsgi import FileWrapper
from gunicorn.http.wsgi import Response as GunicornResponse

from cabinet.serving.response import Response


class Recorder:
    """A socket that records what is written, and by which method."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.sent_files = 0

    def sendall(self, data: bytes) -> None:
        """Record one write."""
        self.writes.append(data)

    def sendfile(self, file: Any, offset: int, count: int) -> None:
        """Record a file sent by the kernel."""
        self.sent_files += 1
        file.seek(offset)
        self.writes.append(file.read(count))


def send(
    kind: type[GunicornResponse],
    act: Callable[[Any], object],
    headers: list[tuple[str, str]],
    *,
    method: str = "GET",
    status: str = "200 OK",
) -> Recorder:
    """Send a response as gunicorn does, and return what was written."""
    recorder = Recorder()
    request = SimpleNamespace(method=method, version=(1, 1), should_close=lambda: False)
    response = kind(request, recorder, Config())
    response.start_response(status, headers)
    act(response)
    response.close()
    return recorder


def without_date(written: list[bytes]) -> list[bytes]:
    """Return the lines of a response without the one that depends on the time."""
    lines = b"".join(written).split(b"\r\n")
    return [line for line in lines if not line.startswith(b"Date:")]


def write(*parts: bytes) -> Callable[[Any], object]:
    """Return what writes a body in parts."""
    return lambda response: [response.write(part) for part in parts]


def length(size: int) -> list[tuple[str, str]]:
    """Return the header of a known length."""
    return [("Content-Length", str(size))]


@pytest.mark.parametrize(
    ("act", "headers", "options", "writes"),
    [
        (write(b"body"), length(4), {}, 1),
        (write(b"bo", b"dy"), length(4), {}, 2),
        (write(b""), length(0), {}, 1),
        (write(b"longer than announced"), length(6), {}, 1),
        (write(), length(0), {}, 1),
        (write(b"a", b"", b"bc"), [], {}, 3),
        (write(), [], {}, 2),
        (write(), length(4), {"method": "HEAD"}, 1),
        (write(), [], {"status": "204 No Content"}, 1),
        (write(), [], {"status": "304 Not Modified"}, 1),
    ],
)
def test_a_response_is_gunicorns_in_fewer_writes(
    act: Callable[[Any], object], headers: list[tuple[str, str]], options: dict[str, str], writes: int
) -> None:
    theirs = send(GunicornResponse, act, headers, **cast(Any, options))

    ours = send(Response, act, headers, **cast(Any, options))

    assert without_date(ours.writes) == without_date(theirs.writes)
    assert len(ours.writes) == writes


def send_file(path: Path, offset: int = 0) -> Callable[[Any], object]:
    """Return what sends a file from `offset` on."""

    def act(response: Any) -> None:
        with path.open("rb", buffering=0) as file:
            file.seek(offset)
            response.write_file(FileWrapper(file, 1 << 20))

    return act


@pytest.mark.parametrize(("size", "writes", "sent_files"), [(4096, 1, 0), (65536, 1, 0), (65537, 2, 1)])
def test_a_small_file_is_sent_with_the_headers(
    tmp_path: Path, size: int, writes: int, sent_files: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before" + bytes(size) + b"behind")
    act = send_file(path, len("before"))
    theirs = send(GunicornResponse, act, length(size))

    ours = send(Response, act, length(size))

    assert without_date(ours.writes) == without_date(theirs.writes)
    assert (len(ours.writes), ours.sent_files) == (writes, sent_files)


def test_a_stream_without_a_descriptor_is_sent_as_gunicorn_does() -> None:
    def act(response: Any) -> None:
        response.write_file(FileWrapper(BytesIO(b"content")))

    assert without_date(send(Response, act, []).writes) == without_date(
        send(GunicornResponse, act, []).writes
    )
