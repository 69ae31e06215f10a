"""Small files, many in one request: a round trip and a commit for each would take most of the time.

Rule: a batch is held in memory, so it is small. It is stored whole or not at all; when it is
refused because of one file, the others still go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cabinet.client.failures import Refused, SourceChanged
from cabinet.client.local import Body, local_errors
from cabinet.client.output import SilentMeter
from cabinet.client.remote.conflicts import Task
from cabinet.client.tally import Tally, is_fatal
from cabinet.client.transfer.single import Line, MeteredBody, check
from cabinet.client.wire.api import SmallFile
from cabinet.client.wire.entries import Entry
from cabinet.storage.content_hash import hash_chunks

# Files, of at most so many bytes each, and bytes in all. Measured on loopback.
MOST_FILES = 500
SMALL = 1 << 20
MOST_BYTES = 8 << 20


def is_small(task: Task) -> bool:
    """Tell whether a file goes together with others."""
    return task.source.size <= SMALL


class Collector:
    """Puts small files together, in their order; all of a batch treat conflicts alike."""

    def __init__(self) -> None:
        self._tasks: list[Task] = []
        self._bytes = 0

    def add(self, task: Task) -> Iterator[list[Task]]:
        """Take one more file; yields the batch that it does not fit into any more."""
        is_full = len(self._tasks) == MOST_FILES or self._bytes + task.source.size > MOST_BYTES
        if is_full or (self._tasks and task.on_conflict != self._tasks[0].on_conflict):
            yield from self.flush()
        self._tasks.append(task)
        self._bytes += task.source.size

    def flush(self) -> Iterator[list[Task]]:
        """Yield the batch that is not full yet, if there is one."""
        if self._tasks:
            yield self._tasks
        self._tasks = []
        self._bytes = 0


@dataclass(frozen=True, slots=True)
class _Loaded:
    task: Task
    file: SmallFile


class Batches:
    """Sends batches; what fails is counted by `tally`."""

    def __init__(self, line: Line, tally: Tally) -> None:
        self._line = line
        self._tally = tally
        # A batch is shown file by file once it is stored: what its form adds is nobody's content.
        self._unseen = replace(line, gauge=SilentMeter())

    def send(self, tasks: Sequence[Task]) -> list[tuple[Task, Entry]]:
        """Store `tasks`, and return those that are stored with what they became."""
        loaded = []
        for task in tasks:
            with self._tally.attempt(str(task.source.path)):
                loaded.append(_Loaded(task, _load(task)))
        self._line.gauge.begin(sum(each.task.source.size for each in loaded))
        stored = list(self._store(loaded))
        self._line.gauge.finish()
        return stored

    def _store(self, loaded: Sequence[_Loaded]) -> Iterator[tuple[Task, Entry]]:
        """Store all at once; what the server refuses together is tried in two halves, and so on."""
        if not loaded:
            return
        files = [each.file for each in loaded]
        try:
            entries = self._line.api.store(files, loaded[0].task.on_conflict, self._paced)
        except Refused as error:
            if is_fatal(error):
                raise
            if len(loaded) == 1:
                self._tally.failed(str(loaded[0].task.source.path), error)
                return
            middle = len(loaded) // 2
            yield from self._store(loaded[:middle])
            yield from self._store(loaded[middle:])
            return
        for each, entry in zip(loaded, entries, strict=True):
            self._line.gauge.advance(each.task.source.size)
            if entry.content_hash == each.file.content_hash:
                yield each.task, entry
            else:
                with self._tally.attempt(str(each.task.source.path)):
                    check(entry, each.file.content_hash)

    def _paced(self, body: Body) -> Body:
        return MeteredBody(body, self._unseen)


def _load(task: Task) -> SmallFile:
    source = task.source
    with local_errors(source.path), open(source.path, "rb") as file:
        content = file.read(source.size + 1)
    if len(content) != source.size:
        raise SourceChanged(path=str(source.path))
    return SmallFile(task.path, content, hash_chunks([content] if content else []), source.mtime_ns)
