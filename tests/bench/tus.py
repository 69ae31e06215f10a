"""A minimal tus client, so that only the server and the connection are measured.

Rule: checksums are computed before the measurement; every response is read and must be 2xx.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path

from cabinet.storage.content_hash import hash_chunks
from tests.bench.place import MIB

# What one request of the measured client brings.
PART = 64 * MIB

# The parts of a joined upload, except the last, consist of whole blocks.
_BLOCK = 4 * MIB

# Bytes in memory at a time.
_PIECE = MIB

# Seconds without a byte after which a transfer counts as stuck.
_STUCK = 300


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a file, with the headers that vouch for it, if any."""

    start: int
    size: int
    proof: Mapping[str, str] = field(default_factory=dict)


def no_proof(_content: bytes) -> dict[str, str]:
    """Vouch for nothing."""
    return {}


def by_checksum(content: bytes) -> dict[str, str]:
    """Vouch for a part as tus does: a hash that the server has no other use for."""
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return {"Upload-Checksum": f"sha256 {digest}"}


def by_content_hash(content: bytes) -> dict[str, str]:
    """Vouch for a part as filecli does: by a hash that the server computes anyway."""
    return {"X-Content-Hash": hash_chunks([content])}


def slices(file: Path, prove: Callable[[bytes], dict[str, str]], part: int = PART) -> list[Slice]:
    """Cut a file into slices of `part` bytes."""
    size = file.stat().st_size
    found = []
    with file.open("rb") as opened:
        for start in range(0, size, part):
            length = min(part, size - start)
            found.append(Slice(start, length, prove(opened.read(length))))
    return found


class Tus:
    """One connection to a server."""

    def __init__(self, host: str, port: int, headers: Mapping[str, str]) -> None:
        self._connection = HTTPConnection(host, port, timeout=_STUCK, blocksize=_PIECE)
        self._headers = {**headers, "Tus-Resumable": "1.0.0"}

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def begin(self, size: int, name: str = "") -> str:
        """Make an upload of a file called `name`, or a part to be joined; returns its address."""
        kind = {"Upload-Metadata": _described(name)} if name else {"Upload-Concat": "partial"}
        return self._ask("POST", "/uploads", {"Upload-Length": str(size), **kind})["Location"]

    def send(self, address: str, file: Path, pieces: Sequence[Slice]) -> None:
        """Send slices of a file that follow each other as all of an upload, each in one request."""
        for piece in pieces:
            headers = {
                "Upload-Offset": str(piece.start - pieces[0].start),
                "Content-Type": "application/offset+octet-stream",
                **piece.proof,
            }
            self._ask("PATCH", address, headers, (file, piece))

    def join(self, addresses: Sequence[str], name: str) -> None:
        """Make one file of finished parts."""
        joined = {"Upload-Concat": f"final;{' '.join(addresses)}", "Upload-Metadata": _described(name)}
        self._ask("POST", "/uploads", joined)

    def put(self, path: str, file: Path) -> None:
        """Send a whole file in one request, by the same means."""
        self._ask("PUT", path, {}, (file, Slice(0, file.stat().st_size)))

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str], body: tuple[Path, Slice] | None = None
    ) -> HTTPMessage:
        length = str(body[1].size) if body else "0"
        content = _read(*body) if body else None
        self._connection.request(
            method, path, content, {**self._headers, **headers, "Content-Length": length}
        )
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path} was answered {answer.status}: {said[:300]!r}")
        return answer.headers


def upload(
    host: str, port: int, headers: Mapping[str, str], file: Path, name: str, parts: list[Slice]
) -> None:
    """Upload a file over one connection."""
    with closing(Tus(host, port, headers)) as tus:
        tus.send(tus.begin(file.stat().st_size, name), file, parts)


def upload_in_parallel(
    host: str, port: int, headers: Mapping[str, str], file: Path, name: str, streams: int
) -> None:
    """Upload a file over `streams` connections at once, and join what they brought."""
    size = file.stat().st_size
    each = -(-size // streams // _BLOCK) * _BLOCK
    pieces = [Slice(start, min(each, size - start)) for start in range(0, size, each)]

    def send(piece: Slice) -> str:
        with closing(Tus(host, port, headers)) as tus:
            address = tus.begin(piece.size)
            tus.send(address, file, [piece])
            return address

    # Started here: a thread has the network of the one that starts it.
    with ThreadPoolExecutor(streams) as crew, closing(Tus(host, port, headers)) as tus:
        tus.join(list(crew.map(send, pieces)), name)


def _described(name: str) -> str:
    return f"filename {base64.b64encode(name.encode()).decode()}"


def _read(file: Path, piece: Slice) -> Iterator[bytes]:
    left = piece.size
    with file.open("rb", buffering=0) as opened:
        opened.seek(piece.start)
        while left and (chunk := opened.read(min(_PIECE, left))):
            left -= len(chunk)
            yield chunk
