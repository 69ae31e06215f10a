"""Local files that are written to while they are sent.

Before the last bytes of an upload leave, each of its files is looked at again. What has changed is broken
off there, so the server stores nothing of it. A file that only grew, as a log does, is read again: if
what was sent of it still is its beginning, that beginning is stored. So is a file that had changed
within a tick of the disk's clock before it was read: its next change in that tick would not show.

Rule: what the server stores was the content of the file at one moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from cabinet.client.failures import LocalMissing, SourceChanged
from cabinet.client.local import Body, SizeUnknown, Source, local_errors, look_at, read_span
from cabinet.storage.content_hash import ContentHasher

# Seconds between two signs of life while a long file is read again: half of what makes servers and
# proxies give up a connection, or less.
_SIGN_OF_LIFE = 5.0

# Nanoseconds in which the clock of a disk may stand still: a timer's tick of the kernel (at most 10 ms),
# and the two seconds of FAT.
_TICK, _COARSE_TICK = 20_000_000, 2_000_000_000
_SECOND = 1_000_000_000


class ChangeDetector:
    """One file from its first look, which was just now, to the end of one attempt to send it."""

    def __init__(self, source: Source, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.source = source
        self.has_grown = False
        tick = _TICK if source.ctime_ns % _SECOND else _COARSE_TICK
        self._may_hide_a_change = now_ns() - source.ctime_ns < tick

    def check(self) -> None:
        """Raise `SourceChanged` unless the file is as it was, but for what may have come to its end."""
        self._look()

    def verify(self, content_hash: str) -> Iterator[None]:
        """Hold the file against the hash of what was read of it, yielding now and then.

        Raises `SourceChanged`.
        """
        if self._look() == self.source and not self._may_hide_a_change:
            return
        hasher = ContentHasher()
        for chunk in read_span(self.source, 0, self.source.size):
            hasher.update(chunk)
            yield
        now = self._look()
        if hasher.hexdigest() != content_hash:
            raise SourceChanged(path=str(self.source.path))
        self.has_grown = now != self.source

    def verify_whole(self, content_hash: str) -> Iterator[None]:
        """Do the same; raises `SizeUnknown`, too, where there is more in the file than it says."""
        yield from self.verify(content_hash)
        path = self.source.path
        with local_errors(path), path.open("rb", buffering=0) as file:
            file.seek(self.source.size)
            is_longer = file.read(1) != b""
        if is_longer and look_at(path) == self.source:
            raise SizeUnknown

    def _look(self) -> Source:
        try:
            now = look_at(self.source.path)
        except LocalMissing as error:
            raise SourceChanged(path=str(self.source.path)) from error
        if now != self.source and not self.source.has_grown_to(now):
            raise SourceChanged(path=str(self.source.path))
        return now


class VerifiedBody:
    """A `Body` whose last bytes leave only once `verify` has run to its end; what it raises breaks it off."""

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
        """Yield the body, its last chunk only once `verify` has not objected."""
        held = b""
        for chunk in self._body.chunks():
            if held:
                yield held
            held = chunk
        last_sign = self._clock()
        for _ in self._verify():
            if len(held) > 1 and self._clock() - last_sign >= _SIGN_OF_LIFE:
                yield held[:1]
                held = held[1:]
                last_sign = self._clock()
        if held:
            yield held
