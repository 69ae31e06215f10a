"""Detection of changes to local files while they are sent.

Before the last bytes of an upload are sent, each of its files is checked again. If one changed, the
upload is aborted there, so that the server stores nothing of it. A file that only grew, like a log, is
read again: if it still begins with what was sent, that is stored. A file that had changed within a tick
of the disk's clock before it was read is read again too, because another change in that tick would not
show.

Rule: the server stores a content that the file had at one moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from cabinet.client.failures import LocalMissing, SourceChanged
from cabinet.client.local import Body, SizeUnknown, Source, local_errors, read_span, stat_source
from cabinet.storage.content_hash import ContentHasher

# Seconds between two bytes sent while a long file is read again: at most half of the usual timeouts of
# servers and proxies.
_KEEPALIVE = 5.0

# Nanoseconds: the resolution of file times, by the timer tick of the kernel (at most 10 ms), and the two
# seconds of FAT.
_TICK, _COARSE_TICK = 20_000_000, 2_000_000_000
_SECOND = 1_000_000_000


class ChangeDetector:
    """One file during one attempt to send it; `source` must be its current state."""

    def __init__(self, source: Source, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.source = source
        self.has_grown = False
        tick = _TICK if source.ctime_ns % _SECOND else _COARSE_TICK
        self._may_miss_change = now_ns() - source.ctime_ns < tick

    def check(self) -> None:
        """Raise `SourceChanged` unless the file is unchanged or has only grown."""
        self._stat()

    def verify(self, content_hash: str) -> Iterator[None]:
        """Compare the file with the hash of the bytes that were read, yielding now and then.

        Raises `SourceChanged`.
        """
        if self._stat() == self.source and not self._may_miss_change:
            return
        hasher = ContentHasher()
        for chunk in read_span(self.source, 0, self.source.size):
            hasher.update(chunk)
            yield
        now = self._stat()
        if hasher.hexdigest() != content_hash:
            raise SourceChanged(path=str(self.source.path))
        self.has_grown = now != self.source

    def verify_whole(self, content_hash: str) -> Iterator[None]:
        """Do the same; raises `SizeUnknown` if the file has more bytes than its reported size."""
        yield from self.verify(content_hash)
        path = self.source.path
        with local_errors(path), path.open("rb", buffering=0) as file:
            file.seek(self.source.size)
            is_longer = file.read(1) != b""
        if is_longer and stat_source(path) == self.source:
            raise SizeUnknown

    def _stat(self) -> Source:
        try:
            now = stat_source(self.source.path)
        except LocalMissing as error:
            raise SourceChanged(path=str(self.source.path)) from error
        if now != self.source and not self.source.has_grown_to(now):
            raise SourceChanged(path=str(self.source.path))
        return now


class VerifiedBody:
    """A `Body` whose last bytes are sent only after `verify` returned; an error in it aborts the body."""

    def __init__(
        self,
        body: Body,
        verify: Callable[[], Iterator[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.length = body.length
        self._body = body
        self._verify = verify
        self._clock = clock

    def chunks(self) -> Iterator[bytes]:
        """Yield the body, and its last chunk only after `verify` succeeded."""
        held = b""
        for chunk in self._body.chunks():
            if held:
                yield held
            held = chunk
        last_sent_at = self._clock()
        for _ in self._verify():
            if len(held) > 1 and self._clock() - last_sent_at >= _KEEPALIVE:
                yield held[:1]
                held = held[1:]
                last_sent_at = self._clock()
        if held:
            yield held
