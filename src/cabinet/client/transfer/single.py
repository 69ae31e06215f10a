"""Upload or download of one file: streamed, hashed meanwhile, resumed if possible.

Rule: a transfer is complete only when both sides have the same content hash.
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

# The requested range starts after the end: the .part file is of another content.
_RANGE_NOT_SATISFIABLE = 416


@dataclass(frozen=True, slots=True)
class Channel:
    """What a transfer of one file uses: the API, its gauge, the rate limiter and the request size."""

    api: Api
    gauge: Gauge
    rate_limiter: RateLimiter
    sizer: RequestSizer = field(default_factory=RequestSizer)


class MeteredBody:
    """A `Body` that advances the gauge; each attempt starts again."""

    def __init__(self, body: Body, channel: Channel) -> None:
        self.length = body.length
        self._body = body
        self._channel = channel
        self._counted = 0

    def chunks(self) -> Iterator[bytes]:
        self.retract()
        for chunk in self._channel.rate_limiter.limit(self._body.chunks()):
            yield chunk
            self._counted += len(chunk)
            self._channel.gauge.advance(len(chunk))

    def retract(self) -> None:
        """Subtract the counted bytes from the gauge, because they have to be sent again."""
        self._channel.gauge.advance(-self._counted)
        self._counted = 0


class HashedBody:
    """A `Body` that is hashed while it is sent; each attempt is hashed again."""

    def __init__(self, body: Body) -> None:
        self.length = body.length
        self.hasher = ContentHasher()
        self._body = body

    def chunks(self) -> Iterator[bytes]:
        self.hasher = ContentHasher()
        return iter_hashed(self._body.chunks(), self.hasher)


def upload_file(channel: Channel, detector: ChangeDetector, destination: Destination) -> RemoteEntry:
    """Store a file; after `SourceChanged`, `SizeUnknown` or `TooSlow` nothing is stored."""

    def verify() -> Iterator[None]:
        return detector.verify_whole(hashed.hasher.hexdigest())

    hashed = HashedBody(FileBody(detector.source))
    return _upload(channel, hashed, TimeLimitedBody(VerifiedBody(hashed, verify), channel.sizer), destination)


def upload(channel: Channel, body: Body, destination: Destination) -> RemoteEntry:
    """Store `body`; raises `Damaged` if the server stored other bytes."""
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
    """Raise `Damaged` unless the stored content has the hash of the sent content."""
    if entry.content_hash != content_hash:
        raise Damaged(path=entry.path, expected=content_hash, received=entry.content_hash)


def download_to_part(channel: Channel, path: str, part: PartFile, mtime_ns: int | None = None) -> int:
    """Download `path` to `part`, rename it to its target, set its time, and return its size.

    Bytes received before an error stay in the part.
    """
    part.mtime_ns = mtime_ns
    _fill(channel, path, part)
    part.finish()
    channel.gauge.finish()
    return part.offset


def _fill(channel: Channel, path: str, part: PartFile) -> None:
    was_resumed = part.offset > 0
    if part.is_whole:
        # Interrupted between the last byte and the rename: no range is left to request.
        if channel.api.content_hash(path) == part.content_hash:
            return
        part.restart("")
    Download(channel, path, part).run()
    if was_resumed and not part.is_whole:
        # The disk lost some of the earlier bytes, as after a power failure.
        part.restart("")
        Download(channel, path, part).run()


def download_to_stream(channel: Channel, path: str, sink: Sink) -> int:
    """Download `path` to a stream and return its size; verified only after everything is written."""
    Download(channel, path, sink).run()
    sink.finish()
    channel.gauge.finish()
    return sink.offset


@dataclass(slots=True)
class Download:
    """Fills a sink from its offset to the end, over any number of requests."""

    channel: Channel
    path: str
    sink: Sink

    def run(self) -> None:
        """Fetch the missing bytes; resumes after the last byte if the connection is lost."""
        failed_attempts = 0
        while True:
            before = self.sink.offset
            lost = self._fetch()
            if lost is None:
                return
            # Retries are limited for a server that sends nothing, not for a long file.
            if self.sink.offset > before:
                failed_attempts = 0
            self.channel.api.retry.wait(failed_attempts, lost)
            failed_attempts += 1

    def _fetch(self) -> ConnectionLost | None:
        """Read one response; return the error if it ended too early, else None."""
        try:
            return self._read_response()
        except Refused as error:
            if error.status != _RANGE_NOT_SATISFIABLE or not self.sink.offset:
                raise
        self.sink.restart("")
        return self._read_response()

    def _read_response(self) -> ConnectionLost | None:
        with self.channel.api.open_content(self.path, self.sink.offset, self.sink.content_hash) as content:
            try:
                self._read_content(content)
            except ConnectionLost as error:
                return error
        return None

    def _read_content(self, content: Content) -> None:
        if content.start != self.sink.offset or content.content_hash != self.sink.content_hash:
            self.sink.restart(content.content_hash)
        if self.sink.mtime_ns is None:
            self.sink.mtime_ns = content.mtime_ns
        self.channel.gauge.begin(content.size, self.sink.offset)
        for chunk in self.channel.rate_limiter.limit(content.chunks):
            self.sink.write(chunk)
            self.channel.gauge.advance(len(chunk))
