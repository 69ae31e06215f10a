"""One file up, one file down: streamed, hashed while it passes, resumed where that is possible.

Rule: a transfer is done only when both sides name the same content hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cabinet.client.api import Api, Content, Entry
from cabinet.client.failures import ConnectionLost, Damaged, Interrupted, Refused
from cabinet.client.local import Body
from cabinet.client.output import Meter
from cabinet.client.sinks import PartFile, Sink
from cabinet.storage.chunks import iter_hashed
from cabinet.storage.content_hash import ContentHasher

# The requested range starts behind the end: the part does not belong to this content.
_RANGE_NOT_SATISFIABLE = 416


class MeteredBody:
    """A `Body` that counts and hashes what passes; each attempt starts both anew."""

    def __init__(self, body: Body, meter: Meter) -> None:
        self.label = body.label
        self.length = body.length
        self.hasher = ContentHasher()
        self._body = body
        self._meter = meter

    @property
    def is_spent(self) -> bool:
        return self._body.is_spent

    def chunks(self) -> Iterator[bytes]:
        self.hasher = ContentHasher()
        self._meter.begin(self.label, self.length)
        for chunk in iter_hashed(self._body.chunks(), self.hasher):
            yield chunk
            self._meter.advance(len(chunk))


def upload(api: Api, body: Body, path: str, on_conflict: str, meter: Meter) -> Entry:
    """Store `body` at `path`; raises `Damaged` when the server stored other bytes."""
    metered = MeteredBody(body, meter)
    entry = api.put(path, metered, on_conflict)
    sent = metered.hasher.hexdigest()
    if entry.content_hash != sent:
        raise Damaged(path=entry.path, expected=sent, received=entry.content_hash)
    meter.finish()
    return entry


def download_to_part(api: Api, path: str, part: PartFile, meter: Meter) -> int:
    """Fetch `path` into `part`, give it its name, and return its size.

    What came before an error stays in the part. Raises `Interrupted` on Ctrl-C.
    """
    try:
        _fill(api, path, part, meter)
        part.finish()
    except KeyboardInterrupt as error:
        if part.size:
            raise Interrupted(part=str(part.path), size=part.size) from error
        raise
    meter.finish()
    return part.offset


def _fill(api: Api, path: str, part: PartFile, meter: Meter) -> None:
    was_resumed = part.offset > 0
    if part.is_whole:
        # Stopped between the last byte and the rename: there is no range left to ask for.
        if api.content_hash(path) == part.content_hash:
            return
        part.restart("")
    Download(api, path, part, meter).run()
    if was_resumed and not part.is_whole:
        # The disk lost some of what was there before, as it may in a power cut.
        part.restart("")
        Download(api, path, part, meter).run()


def download_to_stream(api: Api, path: str, sink: Sink, meter: Meter) -> int:
    """Fetch `path` into a stream and return its size; it is verified only once all is written."""
    Download(api, path, sink, meter).run()
    sink.finish()
    meter.finish()
    return sink.offset


@dataclass(slots=True)
class Download:
    """Brings a sink from its offset to the end of the content, over as many requests as it takes."""

    api: Api
    path: str
    sink: Sink
    meter: Meter

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
            self.api.patience.wait(in_vain, lost)
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
        with self.api.open_content(self.path, self.sink.offset, self.sink.content_hash) as content:
            try:
                self._take(content)
            except ConnectionLost as error:
                return error
        return None

    def _take(self, content: Content) -> None:
        if content.start != self.sink.offset or content.content_hash != self.sink.content_hash:
            self.sink.restart(content.content_hash)
        self.meter.begin(self.path, content.size, self.sink.offset)
        for chunk in content.chunks:
            self.sink.write(chunk)
            self.meter.advance(len(chunk))
