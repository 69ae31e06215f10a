"""A server with scripted responses, for misbehavior that the real one never shows.

Rule: one response per request, in the given order, for all targets or for one; requests are recorded.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cabinet.storage.content_hash import hash_chunks


@dataclass(frozen=True, slots=True)
class Seen:
    """A received request."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; `cut` closes the connection after that many bytes of the body.

    `is_deaf` closes the connection without reading the request's body or responding, `is_hasty` responds
    and closes without reading the body. `until` keeps the connection open after the last byte until it
    is set; `meanwhile` is called before the first byte.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    is_deaf: bool = False
    is_hasty: bool = False
    until: threading.Event | None = None
    meanwhile: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Script:
    """The pending responses and the received requests."""

    url: str
    answers: deque[Answer] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    routes: dict[str, deque[Answer]] = field(default_factory=dict)

    def will(self, *answers: Answer) -> None:
        """Add the next responses."""
        self.answers.extend(answers)

    def will_at(self, target: str, *answers: Answer) -> None:
        """Add the next responses to requests for `target`."""
        self.routes.setdefault(target, deque()).extend(answers)

    def next_for(self, target: str) -> Answer:
        """Take the next response for `target`."""
        answers = self.routes.get(target) or self.answers
        return answers.popleft() if answers else problem("error", 500, "Nothing is scripted.")


DEAF_ANSWER = Answer(is_deaf=True)


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    """Return a JSON response."""
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


def problem(slug: str, status: int, detail: str = "It is so.", **headers: str) -> Answer:
    """Return a problem document like those of the server."""
    return json_answer({"type": f"/problems/{slug}", "status": status, "detail": detail}, status, **headers)


def entry_of(path: str, content: bytes) -> dict[str, Any]:
    """Return the JSON of a file."""
    return {
        "kind": "file",
        "name": path.rpartition("/")[2],
        "path": path,
        "size": len(content),
        "content_hash": hash_chunks([content]),
        "modified_at": "2026-01-02T03:04:05Z",
    }


def folder_of(path: str) -> dict[str, Any]:
    """Return the JSON of a folder."""
    return {"kind": "folder", "name": path.rpartition("/")[2], "path": path, "size": None}


def page_of(*entries: dict[str, Any], following: str | None = None) -> Answer:
    """Return a page of a listing."""
    return json_answer({"path": "", "entries": list(entries), "next": following})


def content_answer(
    content: bytes, start: int = 0, *, cut: int | None = None, until: threading.Event | None = None
) -> Answer:
    """Return the response with the content of a file from `start`."""
    headers = {"ETag": f'"{hash_chunks([content])}"'}
    if start:
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    return Answer(206 if start else 200, content[start:], headers, cut, until=until)


@contextmanager
def scripted_server() -> Iterator[Script]:
    """Serve a script on a free port of 127.0.0.1 inside the context."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.script = script = Script(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        script: Script = self.server.script  # type: ignore[attr-defined]
        answer = script.next_for(self.path)
        body = b"" if answer.is_deaf or answer.is_hasty else self._read_body()
        script.seen.append(Seen(self.command, self.path, dict(self.headers), body))
        if answer.is_deaf:
            self.close_connection = True
            return
        self._send(answer)

    def handle(self) -> None:
        with suppress(ConnectionError):  # a client may close the connection early
            super().handle()

    def log_message(self, *_: object) -> None:
        """Log nothing: tests use `Script.seen`."""

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        content = b""
        while size := int(self.rfile.readline() or b"0", 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _send(self, answer: Answer) -> None:
        answer.meanwhile()
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: answer.cut])
        if answer.until is not None:
            answer.until.wait(120)
        self.close_connection = self.close_connection or answer.cut is not None or answer.is_hasty
