"""Small files, many in one request: a round trip and a commit for each would take most of the time.

Rule: a batch is held in memory, so it is small. It is stored whole or not at all; when it is
refused because of one file, or one changes on the way, the others still go.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from cabinet.client.failures import LimitInFront, Refused
from cabinet.client.local import Body, Source, local_errors, look_at
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

# Files, of at most so many bytes each, and bytes in all. Measured on loopback.
MOST_FILES = 500
SMALL = 1 << 20
MOST_BYTES = 8 << 20

# Bytes that a form takes for a file besides its path and its content.
_FORM = 400


def is_small(task: UploadTask) -> bool:
    """Tell whether a file goes together with others."""
    return task.source.size <= SMALL


class BatchBuilder:
    """Puts small files together, in their order; all of a batch treat conflicts alike."""

    def __init__(self) -> None:
        self._tasks: list[UploadTask] = []
        self._bytes = 0

    def add(self, task: UploadTask) -> Iterator[list[UploadTask]]:
        """Take one more file; yields the batch that it does not fit into any more."""
        is_full = len(self._tasks) == MOST_FILES or self._bytes + task.source.size > MOST_BYTES
        if is_full or (self._tasks and task.on_conflict != self._tasks[0].on_conflict):
            yield from self.flush()
        self._tasks.append(task)
        self._bytes += task.source.size

    def flush(self) -> Iterator[list[UploadTask]]:
        """Yield the batch that is not full yet, if there is one."""
        if self._tasks:
            yield self._tasks
        self._tasks = []
        self._bytes = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    """A file in memory; `steady` is None for one that says of no size, which can only be read to its end."""

    task: UploadTask
    file: SmallFile
    detector: ChangeDetector | None

    @property
    def cost(self) -> int:
        """About how many bytes of a request it takes."""
        return len(self.file.content) + len(self.file.path.encode()) + _FORM


class _Unsteady(Exception):
    """These of a batch changed while it was on its way."""

    def __init__(self, changed: Sequence[_Loaded]) -> None:
        super().__init__()
        self.changed = changed


class Batches:
    """Sends batches; what fails is counted by `summary`.

    `stored` is told what each request stored, and as what; `on_grown` of which file only the beginning.
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
        # A batch is shown file by file once it is stored: what its form adds is nobody's content.
        self._unseen = replace(channel, gauge=SilentMeter())

    def send(self, tasks: Sequence[UploadTask]) -> list[UploadTask]:
        """Store `tasks`, and return what has to go alone: it changed meanwhile, or is no small file any more."""
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
        self._store_in_turn(loaded)
        self._channel.gauge.finish()
        return self._left

    def _store_in_turn(self, loaded: Sequence[_Loaded]) -> None:
        """Store files in as many requests as the line makes of them."""
        waiting = deque(loaded)
        while waiting:
            some = [waiting.popleft()]
            room = self._channel.sizer.bytes - some[0].cost
            while waiting and waiting[0].cost <= room:
                room -= waiting[0].cost
                some.append(waiting.popleft())
            self._store(some)

    def _store(self, loaded: Sequence[_Loaded]) -> None:
        """Store all at once; what the server refuses together is tried in two halves, and so on."""
        if not loaded:
            return
        files = [each.file for each in loaded]
        began = time.monotonic()
        try:
            entries = self._channel.api.store(
                files, loaded[0].task.on_conflict, partial(self._guarded, loaded)
            )
        except _Unsteady as error:
            self._left.extend(each.task for each in error.changed)
            self._store([each for each in loaded if each not in error.changed])
            return
        except LimitInFront as error:
            self._store_less(loaded, error)
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

    def _store_less(self, loaded: Sequence[_Loaded], error: LimitInFront) -> None:
        """Store files in shorter requests, for something in front of the server takes none so long."""
        with suppress(LimitInFront):
            self._channel.sizer.limit.refused(error)
        if len(loaded) == 1:
            self._left.append(loaded[0].task)
            return
        middle = len(loaded) // 2
        self._store_in_turn(loaded[:middle])
        self._store_in_turn(loaded[middle:])

    def _guarded(self, loaded: Sequence[_Loaded], body: Body) -> Body:
        return MeteredBody(VerifiedBody(body, partial(_verify_all, loaded)), self._unseen)


def _verify_all(loaded: Sequence[_Loaded]) -> Iterator[None]:
    changed = []
    for each in loaded:
        if each.detector is not None:
            try:
                yield from each.detector.verify(each.file.content_hash)
            except CabinetError:  # also one that went away: whoever sends it alone will say so
                changed.append(each)
    if changed:
        raise _Unsteady(changed)


def _load(task: UploadTask, most: int) -> _Loaded | None:
    """Read a file as it is now; None if it changes just now, or has more than `most` bytes."""
    source = look_at(task.source.path)
    detector: ChangeDetector | None = ChangeDetector(source)
    with local_errors(source.path), source.path.open("rb", buffering=0) as file:
        content = read_up_to(file, most + 1)
    if len(content) != source.size:
        if look_at(source.path) == source:
            detector = None
        elif len(content) > source.size > 0:
            content = content[: source.size]
        else:
            return None
    if len(content) > most:
        return None
    content_hash = hash_chunks([content] if content else [])
    return _Loaded(task, SmallFile(task.path, content, content_hash, source.mtime_ns), detector)
