"""One file in one request, up or down: streamed, hashed while it passes, resumed where that is possible.

Rule: a transfer is done only when both sides name the same content hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cabinet.client.failures import ConnectionLost, Damaged, Refused
from cabinet.client.local import Body, FileBody
from cabinet.client.transfer.change_detection import ChangeDetector, VerifiedBody
from cabinet.client.transfer.rate_limit import RateLimiter
from cabinet.client.transfer.request_size import RequestSizer, TimeLimitedBody
from cabinet.client.transfer.sinks import PartFile, Sink
from cabinet.client.wire.api import Api, Content
from cabinet.client.wire.entries import RemoteEntry
from cabinet.client.wire.tus import Destination
from cabinet.storage.chunks import iter_hashed
from cabinet.storage.content_hash import ContentHasher
from cabinet.terminal.meter import Gauge

# The requested range starts behind the end: the part does not belong to this content.
_RANGE_NOT_SATISFIABLE = 416


@dataclass(frozen=True, slots=True)
class Channel:
    """The way of the bytes of one file: the server, what shows them, what holds them back, and their sizer."""

    api: Api
    gauge: Gauge
    rate_limiter: RateLimiter
    sizer: RequestSizer = field(default_factory=RequestSizer)


class MeteredBody:
    """A `Body` that is counted while it passes; each attempt counts anew."""

    def __init__(self, body: Body, channel: Channel) -> None:
        self.length = body.length
        self._body = body
        self._channel = channel
        self._counted = 0

    def chunks(self) -> Iterator[bytes]:
        self.take_back()
        for chunk in self._channel.rate_limiter.limit(self._body.chunks()):
            yield chunk
            self._counted += len(chunk)
            self._channel.gauge.advance(len(chunk))

    def take_back(self) -> None:
        """Count what passed as not moved: it has to be sent once more."""
        self._channel.gauge.advance(-self._counted)
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


def upload_file(channel: Channel, detector: ChangeDetector, destination: Destination) -> RemoteEntry:
    """Store a whole file; raises `SourceChanged`, `SizeUnknown` or `TooSlow`, and then nothing is stored."""

    def verify() -> Iterator[None]:
        return detector.verify_whole(hashed.hasher.hexdigest())

    hashed = HashedBody(FileBody(detector.source))
    return _upload(channel, hashed, TimeLimitedBody(VerifiedBody(hashed, verify), channel.sizer), destination)


def upload(channel: Channel, body: Body, destination: Destination) -> RemoteEntry:
    """Store `body`; raises `Damaged` when the server stored other bytes."""
    hashed = HashedBody(body)
    return _upload(channel, hashed, hashed, destination)


def _upload(channel: Channel, hashed: HashedBody, body: Body, destination: Destination) -> RemoteEntry:
    channel.gauge.begin(body.length)
    entry = channel.api.put(
        destination.path, MeteredBody(body, channel), destination.on_conflict, destination.mtime_ns
    )
    check(entry, hashed.hasher.hexdigest())
    channel.gauge.finish()
    return entry


def check(entry: RemoteEntry, content_hash: str) -> None:
    """Raise `Damaged` unless the content that the server stored has the hash of what was sent."""
    if entry.content_hash != content_hash:
        raise Damaged(path=entry.path, expected=content_hash, received=entry.content_hash)


def download_to_part(channel: Channel, path: str, part: PartFile, mtime_ns: int | None = None) -> int:
    """Fetch `path` into `part`, give it its name and time, and return its size.

    What came before an error stays in the part.
    """
    part.mtime_ns = mtime_ns
    _fill(channel, path, part)
    part.finish()
    channel.gauge.finish()
    return part.offset


def _fill(channel: Channel, path: str, part: PartFile) -> None:
    was_resumed = part.offset > 0
    if part.is_whole:
        # Stopped between the last byte and the rename: there is no range left to ask for.
        if channel.api.content_hash(path) == part.content_hash:
            return
        part.restart("")
    Download(channel, path, part).run()
    if was_resumed and not part.is_whole:
        # The disk lost some of what was there before, as it may in a power cut.
        part.restart("")
        Download(channel, path, part).run()


def download_to_stream(channel: Channel, path: str, sink: Sink) -> int:
    """Fetch `path` into a stream and return its size; it is verified only once all is written."""
    Download(channel, path, sink).run()
    sink.finish()
    channel.gauge.finish()
    return sink.offset


@dataclass(slots=True)
class Download:
    """Brings a sink from its offset to the end of the content, over as many requests as it takes."""

    channel: Channel
    path: str
    sink: Sink

    def run(self) -> None:
        """Fetch what is missing; a lost connection is taken up again behind the last byte."""
        failed_attempts = 0
        while True:
            before = self.sink.offset
            lost = self._fetch()
            if lost is None:
                return
            # Retry is for a server that gives nothing, not for a long file.
            if self.sink.offset > before:
                failed_attempts = 0
            self.channel.api.retry.wait(failed_attempts, lost)
            failed_attempts += 1

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
        with self.channel.api.open_content(self.path, self.sink.offset, self.sink.content_hash) as content:
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
        self.channel.gauge.begin(content.size, self.sink.offset)
        for chunk in self.channel.rate_limiter.limit(content.chunks):
            self.sink.write(chunk)
            self.channel.gauge.advance(len(chunk))
