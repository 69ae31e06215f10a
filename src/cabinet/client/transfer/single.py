"""One file in one request, up or down: streamed, hashed while it passes, resumed where that is possible.

Rule: a transfer is done only when both sides name the same content hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cabinet.client.failures import ConnectionLost, Damaged, Refused
from cabinet.client.local import Body, FileBody
from cabinet.client.transfer.pace import HurriedBody, Pace
from cabinet.client.transfer.sinks import PartFile, Sink
from cabinet.client.transfer.steady import ConfirmedBody, Steady
from cabinet.client.transfer.throttle import Throttle
from cabinet.client.wire.api import Api, Content
from cabinet.client.wire.entries import Entry
from cabinet.client.wire.tus import Place
from cabinet.storage.chunks import iter_hashed
from cabinet.storage.content_hash import ContentHasher
from cabinet.terminal.meter import Gauge

# The requested range starts behind the end: the part does not belong to this content.
_RANGE_NOT_SATISFIABLE = 416


@dataclass(frozen=True, slots=True)
class Line:
    """The way of the bytes of one file: the server, what shows them, what holds them back, and their pace."""

    api: Api
    gauge: Gauge
    throttle: Throttle
    pace: Pace = field(default_factory=Pace)


class MeteredBody:
    """A `Body` that is counted while it passes; each attempt counts anew."""

    def __init__(self, body: Body, line: Line) -> None:
        self.length = body.length
        self._body = body
        self._line = line
        self._counted = 0

    def chunks(self) -> Iterator[bytes]:
        self.take_back()
        for chunk in self._line.throttle.pace(self._body.chunks()):
            yield chunk
            self._counted += len(chunk)
            self._line.gauge.advance(len(chunk))

    def take_back(self) -> None:
        """Count what passed as not moved: it has to be sent once more."""
        self._line.gauge.advance(-self._counted)
        self._counted = 0


class HashedBody:
    """A `Body` that is hashed while it passes; each attempt is hashed anew."""

    def __init__(self, body: Body) -> None:
        self.length = body.length
        self.hasher = ContentHasher()
        self._body = body

    def chunks(self) -> Iterator[bytes]:
        self.hasher = ContentHasher()
        return iter_hashed(self._body.chunks(), self.hasher)


def upload_file(line: Line, steady: Steady, place: Place) -> Entry:
    """Store a whole file; raises `SourceChanged`, `SizeUnknown` or `TooSlow`, and then nothing is stored."""

    def confirm() -> Iterator[None]:
        return steady.confirm_whole(hashed.hasher.hexdigest())

    hashed = HashedBody(FileBody(steady.source))
    return _upload(line, hashed, HurriedBody(ConfirmedBody(hashed, confirm), line.pace), place)


def upload(line: Line, body: Body, place: Place) -> Entry:
    """Store `body`; raises `Damaged` when the server stored other bytes."""
    hashed = HashedBody(body)
    return _upload(line, hashed, hashed, place)


def _upload(line: Line, hashed: HashedBody, body: Body, place: Place) -> Entry:
    line.gauge.begin(body.length)
    entry = line.api.put(place.path, MeteredBody(body, line), place.on_conflict, place.mtime_ns)
    check(entry, hashed.hasher.hexdigest())
    line.gauge.finish()
    return entry


def check(entry: Entry, content_hash: str) -> None:
    """Raise `Damaged` unless the content that the server stored has the hash of what was sent."""
    if entry.content_hash != content_hash:
        raise Damaged(path=entry.path, expected=content_hash, received=entry.content_hash)


def download_to_part(line: Line, path: str, part: PartFile, mtime_ns: int | None = None) -> int:
    """Fetch `path` into `part`, give it its name and time, and return its size.

    What came before an error stays in the part.
    """
    part.mtime_ns = mtime_ns
    _fill(line, path, part)
    part.finish()
    line.gauge.finish()
    return part.offset


def _fill(line: Line, path: str, part: PartFile) -> None:
    was_resumed = part.offset > 0
    if part.is_whole:
        # Stopped between the last byte and the rename: there is no range left to ask for.
        if line.api.content_hash(path) == part.content_hash:
            return
        part.restart("")
    Download(line, path, part).run()
    if was_resumed and not part.is_whole:
        # The disk lost some of what was there before, as it may in a power cut.
        part.restart("")
        Download(line, path, part).run()


def download_to_stream(line: Line, path: str, sink: Sink) -> int:
    """Fetch `path` into a stream and return its size; it is verified only once all is written."""
    Download(line, path, sink).run()
    sink.finish()
    line.gauge.finish()
    return sink.offset


@dataclass(slots=True)
class Download:
    """Brings a sink from its offset to the end of the content, over as many requests as it takes."""

    line: Line
    path: str
    sink: Sink

    def run(self) -> None:
        """Fetch what is missing; a lost connection is taken up again behind the last byte."""
        in_vain = 0
        while True:
            before = self.sink.offset
            lost = self._fetch()
            if lost is None:
                return
            # Patience is for a server that gives nothing, not for a long file.
            if self.sink.offset > before:
                in_vain = 0
            self.line.api.patience.wait(in_vain, lost)
            in_vain += 1

    def _fetch(self) -> ConnectionLost | None:
        """Take what one answer brings, and return the error that ended it too early."""
        try:
            return self._take_answer()
        except Refused as error:
            if error.status != _RANGE_NOT_SATISFIABLE or not self.sink.offset:
                raise
        self.sink.restart("")
        return self._take_answer()

    def _take_answer(self) -> ConnectionLost | None:
        with self.line.api.open_content(self.path, self.sink.offset, self.sink.content_hash) as content:
            try:
                self._take(content)
            except ConnectionLost as error:
                return error
        return None

    def _take(self, content: Content) -> None:
        if content.start != self.sink.offset or content.content_hash != self.sink.content_hash:
            self.sink.restart(content.content_hash)
        if self.sink.mtime_ns is None:
            self.sink.mtime_ns = content.mtime_ns
        self.line.gauge.begin(content.size, self.sink.offset)
        for chunk in self.line.throttle.pace(content.chunks):
            self.sink.write(chunk)
            self.line.gauge.advance(len(chunk))
