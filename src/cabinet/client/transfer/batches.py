"""Uploads of many small files in one request, which saves a round trip and a commit per file.

Rule: a batch is held in memory, so it is small. It is stored whole or not at all; if it is refused
because of one file, or one file changes meanwhile, the others are still stored.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from cabinet.client.failures import LimitInFront, Refused
from cabinet.client.local import Body, Source, local_errors, stat_source
from cabinet.client.remote.conflicts import UploadTask
from cabinet.client.summary import Summary, is_fatal
from cabinet.client.transfer.change_detection import ChangeDetector, VerifiedBody
from cabinet.client.transfer.single import Channel, MeteredBody, check
from cabinet.client.wire.api import SmallFile
from cabinet.client.wire.entries import RemoteEntry
from cabinet.errors import CabinetError
from cabinet.storage.chunks import read_up_to
from cabinet.storage.content_hash import hash_chunks
from cabinet.terminal.meter import SilentMeter

# Files in a batch, bytes of one file, and bytes in total. Measured on loopback.
MOST_FILES = 500
SMALL = 1 << 20
MOST_BYTES = 8 << 20

# Bytes of a form per file, besides its path and its content.
_FORM = 400


def is_small(task: UploadTask) -> bool:
    """Return whether a file is sent in a batch."""
    return task.source.size <= SMALL


class BatchBuilder:
    """Groups small files into batches in order; all files of a batch have the same `on_conflict`."""

    def __init__(self) -> None:
        self._tasks: list[UploadTask] = []
        self._bytes = 0

    def add(self, task: UploadTask) -> Iterator[list[UploadTask]]:
        """Add a file; yields the batch that it does not fit into."""
        is_full = len(self._tasks) == MOST_FILES or self._bytes + task.source.size > MOST_BYTES
        if is_full or (self._tasks and task.on_conflict != self._tasks[0].on_conflict):
            yield from self.flush()
        self._tasks.append(task)
        self._bytes += task.source.size

    def flush(self) -> Iterator[list[UploadTask]]:
        """Yield the last batch, if there is one."""
        if self._tasks:
            yield self._tasks
        self._tasks = []
        self._bytes = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    """A file in memory; `detector` is None for a file whose reported size is wrong."""

    task: UploadTask
    file: SmallFile
    detector: ChangeDetector | None

    @property
    def cost(self) -> int:
        """The approximate number of its bytes in a request."""
        return len(self.file.content) + len(self.file.path.encode()) + _FORM


class _FilesChanged(Exception):
    """Files of a batch changed while it was sent."""

    def __init__(self, changed: Sequence[_Loaded]) -> None:
        super().__init__()
        self.changed = changed


class Batches:
    """Uploads batches; failures are counted by `summary`.

    `stored` gets the stored files and their entries after each request; `on_grown` gets a file of which
    only the beginning was stored, because it grew.
    """

    def __init__(
        self,
        channel: Channel,
        summary: Summary,
        stored: Callable[[Sequence[tuple[UploadTask, RemoteEntry]]], None],
        on_grown: Callable[[Source], None],
    ) -> None:
        self._channel = channel
        self._summary = summary
        self._stored = stored
        self._on_grown = on_grown
        self._left: list[UploadTask] = []
        # Progress is shown by file after a batch is stored, because its form has more bytes than the
        # files.
        self._silent_channel = replace(channel, gauge=SilentMeter())

    def send(self, tasks: Sequence[UploadTask]) -> list[UploadTask]:
        """Store `tasks`; return those to send alone, because they changed or are not small any more."""
        loaded: list[_Loaded] = []
        room = MOST_BYTES
        for task in tasks:
            with self._summary.attempt(str(task.source.path)):
                each = _load(task, min(SMALL, room))
                if each is None:
                    self._left.append(task)
                else:
                    loaded.append(each)
                    room -= len(each.file.content)
        self._channel.gauge.begin(sum(len(each.file.content) for each in loaded))
        self._store_in_requests(loaded)
        self._channel.gauge.finish()
        return self._left

    def _store_in_requests(self, loaded: Sequence[_Loaded]) -> None:
        """Store files in requests of the current request size."""
        waiting = deque(loaded)
        while waiting:
            some = [waiting.popleft()]
            room = self._channel.sizer.bytes - some[0].cost
            while waiting and waiting[0].cost <= room:
                room -= waiting[0].cost
                some.append(waiting.popleft())
            self._store(some)

    def _store(self, loaded: Sequence[_Loaded]) -> None:
        """Store files in one request; if the server refuses it, split it in halves, recursively."""
        if not loaded:
            return
        files = [each.file for each in loaded]
        began = time.monotonic()
        try:
            entries = self._channel.api.store(
                files, loaded[0].task.on_conflict, partial(self._verified_body, loaded)
            )
        except _FilesChanged as error:
            self._left.extend(each.task for each in error.changed)
            self._store([each for each in loaded if each not in error.changed])
            return
        except LimitInFront as error:
            self._store_smaller(loaded, error)
            return
        except Refused as error:
            if is_fatal(error):
                raise
            if len(loaded) == 1:
                self._summary.failed(str(loaded[0].task.source.path), error)
                return
            middle = len(loaded) // 2
            self._store(loaded[:middle])
            self._store(loaded[middle:])
            return
        self._channel.sizer.succeeded(sum(each.cost for each in loaded), time.monotonic() - began)
        self._conclude(loaded, entries)

    def _conclude(self, loaded: Sequence[_Loaded], entries: Sequence[RemoteEntry]) -> None:
        stored = []
        for each, entry in zip(loaded, entries, strict=True):
            self._channel.gauge.advance(len(each.file.content))
            with self._summary.attempt(str(each.task.source.path)):
                check(entry, each.file.content_hash)
                stored.append((each.task, entry))
                if each.detector is not None and each.detector.has_grown:
                    self._on_grown(each.detector.source)
        self._stored(stored)

    def _store_smaller(self, loaded: Sequence[_Loaded], error: LimitInFront) -> None:
        """Store files in smaller requests, because a proxy refused the size of a request."""
        with suppress(LimitInFront):
            self._channel.sizer.limit.refused(error)
        if len(loaded) == 1:
            self._left.append(loaded[0].task)
            return
        middle = len(loaded) // 2
        self._store_in_requests(loaded[:middle])
        self._store_in_requests(loaded[middle:])

    def _verified_body(self, loaded: Sequence[_Loaded], body: Body) -> Body:
        return MeteredBody(VerifiedBody(body, partial(_verify_all, loaded)), self._silent_channel)


def _verify_all(loaded: Sequence[_Loaded]) -> Iterator[None]:
    changed = []
    for each in loaded:
        if each.detector is not None:
            try:
                yield from each.detector.verify(each.file.content_hash)
            except CabinetError:  # also a deleted file, which is reported when it is sent alone
                changed.append(each)
    if changed:
        raise _FilesChanged(changed)


def _load(task: UploadTask, most: int) -> _Loaded | None:
    """Read a file in its current state; None if it changes meanwhile or has more than `most` bytes."""
    source = stat_source(task.source.path)
    detector: ChangeDetector | None = ChangeDetector(source)
    with local_errors(source.path), source.path.open("rb", buffering=0) as file:
        content = read_up_to(file, most + 1)
    if len(content) != source.size:
        if stat_source(source.path) == source:
            detector = None
        elif len(content) > source.size > 0:
            content = content[: source.size]
        else:
            return None
    if len(content) > most:
        return None
    content_hash = hash_chunks([content] if content else [])
    return _Loaded(task, SmallFile(task.path, content, content_hash, source.mtime_ns), detector)
