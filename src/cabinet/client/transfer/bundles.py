"""Small files, many in one answer: a round trip and a sync of the folder for each would take most of the time.

What arrived before a line was lost is kept, and the rest asked for anew. A file that did not come as the
listing says is fetched alone, which tells what is wrong with it.

Rule: a file takes its name only when it has the content hash of the listing, and is told once it is durable.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cabinet.client.failures import ConnectionLost, Damaged, LimitInFront, Refused
from cabinet.client.local import local_errors
from cabinet.client.summary import Summary, is_fatal
from cabinet.client.transfer.sinks import PartFile, fsync_folder, open_part
from cabinet.client.wire.archive import UnexpectedFormat, UnexpectedName

if TYPE_CHECKING:
    from cabinet.client.transfer.single import Channel
    from cabinet.client.wire.entries import RemoteEntry

# Bytes of a file that goes with others; the server writes the size of no longer one in front of it.
SMALL = 1 << 20

# Files, of so many bytes, with paths of so many bytes in all: no proxy refuses such a form.
MOST_FILES = 500
MOST_BYTES = 32 << 20
MOST_FORM = 200 << 10

# Files that are made durable together; each is an open descriptor until then.
_TOGETHER = 50


@dataclass(frozen=True, slots=True)
class PendingDownload:
    """A file to download, and where it goes; `replace` allows to replace what is there.

    `label` is where people are told that it is: what replaces a folder arrives beside it first.
    """

    entry: RemoteEntry
    target: Path
    replace: bool
    label: str


class BundleBuilder:
    """Puts small files together, in their order."""

    def __init__(self) -> None:
        self._files: list[PendingDownload] = []
        self._bytes = 0
        self._form = 0

    def add(self, file: PendingDownload) -> Iterator[list[PendingDownload]]:
        """Take one more file; yields the bundle that is full with it."""
        self._files.append(file)
        self._bytes += file.entry.size
        # At worst, three characters of a form for a byte.
        self._form += 3 * len(file.entry.path.encode()) + len("&path=")
        if len(self._files) == MOST_FILES or self._bytes >= MOST_BYTES or self._form >= MOST_FORM:
            yield from self.flush()

    def flush(self) -> Iterator[list[PendingDownload]]:
        """Yield the bundle that is not full yet, if there is one."""
        if self._files:
            yield self._files
        self._files = []
        self._bytes = self._form = 0


@dataclass(slots=True)
class Bundle:
    """Fetches files together; `done` is told those that are there, and `alone` gets those that must go alone.

    `adopt` allows to overwrite a part that is not ours.
    """

    channel: Channel
    summary: Summary
    adopt: bool
    done: Callable[[Sequence[PendingDownload]], None]
    alone: Callable[[PendingDownload], None]
    # Cleared where the server does not know exact names.
    is_understood: bool = True
    _odd: list[PendingDownload] = field(default_factory=list)

    def fetch(self, files: Sequence[PendingDownload]) -> None:
        """Fetch all of `files`; what fails is counted."""
        self.channel.gauge.begin(sum(file.entry.size for file in files))
        self._fetch(files)
        self.channel.gauge.finish()
        for file in self._odd:
            self.alone(file)

    def _fetch(self, files: Sequence[PendingDownload]) -> None:
        missing = deque(files)
        failed_attempts = 0
        while missing:
            before = len(missing)
            try:
                self._take(missing)
            except UnexpectedFormat:
                self._odd.append(missing.popleft())
            except UnexpectedName:
                self.is_understood = False
                break
            except LimitInFront:
                break
            except ConnectionLost as error:
                failed_attempts = 0 if len(missing) < before else failed_attempts
                self.channel.api.retry.wait(failed_attempts, error)
                failed_attempts += 1
            except Refused as error:
                if is_fatal(error):
                    raise
                # One of them cannot be had: it stands alone in the end.
                if len(missing) > 1:
                    rest = list(missing)
                    self._fetch(rest[: len(rest) // 2])
                    self._fetch(rest[len(rest) // 2 :])
                    return
                break
        self._odd.extend(missing)

    def _take(self, missing: deque[PendingDownload]) -> None:
        """Take files off `missing` while they arrive."""
        paths = [file.entry.path for file in missing]
        group = _Group(self)
        try:
            with self.channel.api.open_small_files(paths, SMALL) as contents:
                for content in contents:
                    file = missing.popleft()
                    with self.summary.attempt(file.entry.path):
                        group.add(file, content)
        finally:
            group.settle()

    def put_aside(self, file: PendingDownload) -> None:
        """Have a file fetched alone in the end."""
        self._odd.append(file)


class _Group:
    """Files that have arrived and are made durable together."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._channel = bundle.channel
        self._held = ExitStack()
        self._parts: list[tuple[PendingDownload, PartFile]] = []

    def add(self, file: PendingDownload, content: bytes) -> None:
        """Write a file under the name of its part."""
        with ExitStack() as held:
            opened = open_part(file.target, replace=file.replace, adopt=self._bundle.adopt)
            part = held.enter_context(opened)
            part.restart(file.entry.content_hash)
            part.mtime_ns = file.entry.mtime_ns
            for piece in self._channel.rate_limiter.limit([content]):
                part.write(piece)
                self._channel.gauge.advance(len(piece))
            self._parts.append((file, part))
            self._held.push(held.pop_all())
        if len(self._parts) == _TOGETHER:
            self.settle()

    def settle(self) -> None:
        """Give all files their names, and tell of them once that is durable."""
        parts, self._parts = self._parts, []
        with self._held.pop_all():
            durable = [each for each in parts if self._is_done(each[0], each[1].make_durable)]
            named = [file for file, part in durable if self._is_done(file, part.take_the_name)]
        lasting: set[Path] = set()
        for folder in {file.target.parent for file in named}:
            with self._bundle.summary.attempt(str(folder)), local_errors(folder):
                fsync_folder(folder)
                lasting.add(folder)
        self._bundle.done([file for file in named if file.target.parent in lasting])

    def _is_done(self, file: PendingDownload, step: Callable[[], None]) -> bool:
        is_done = False
        with self._bundle.summary.attempt(file.entry.path):
            try:
                step()
                is_done = True
            except Damaged:
                self._channel.gauge.advance(-file.entry.size)
                self._bundle.put_aside(file)
        return is_done
