"""Downloads of many small files in one response: saves a round trip and a folder sync per file.

After a lost connection, complete files are kept and the rest is requested again. A file that does not
match the listing is fetched alone, which reports what is wrong.

Rule: a file gets its name only if it has the content hash of the listing, and is reported once it is durable.
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

# Bytes of a file in a bundle; the server writes no size in front of a larger one.
SMALL = 1 << 20

# Files of a bundle, their bytes in total, and the bytes of the form with their paths: below the limits
# of proxies.
MOST_FILES = 500
MOST_BYTES = 32 << 20
MOST_FORM = 200 << 10

# Files that are synced together; each is an open descriptor until then.
_SYNC_GROUP = 50


@dataclass(frozen=True, slots=True)
class PendingDownload:
    """A file to download and its target; `replace` allows replacing an existing file.

    `label` is the path that is displayed: a file that replaces a folder is first written beside it.
    """

    entry: RemoteEntry
    target: Path
    replace: bool
    label: str


class BundleBuilder:
    """Groups small files into bundles in order."""

    def __init__(self) -> None:
        self._files: list[PendingDownload] = []
        self._bytes = 0
        self._form = 0

    def add(self, file: PendingDownload) -> Iterator[list[PendingDownload]]:
        """Add a file; yields the bundle if it is full."""
        self._files.append(file)
        self._bytes += file.entry.size
        # Percent-encoding takes up to three characters per byte.
        self._form += 3 * len(file.entry.path.encode()) + len("&path=")
        if len(self._files) == MOST_FILES or self._bytes >= MOST_BYTES or self._form >= MOST_FORM:
            yield from self.flush()

    def flush(self) -> Iterator[list[PendingDownload]]:
        """Yield the last bundle, if there is one."""
        if self._files:
            yield self._files
        self._files = []
        self._bytes = self._form = 0


@dataclass(slots=True)
class Bundle:
    """Downloads files together; `done` gets the complete ones, `alone` those to fetch alone.

    `adopt` allows overwriting a .part file that filecli did not create.
    """

    channel: Channel
    summary: Summary
    adopt: bool
    done: Callable[[Sequence[PendingDownload]], None]
    alone: Callable[[PendingDownload], None]
    # False once the server turns out not to support exact names.
    is_understood: bool = True
    _leftovers: list[PendingDownload] = field(default_factory=list)

    def fetch(self, files: Sequence[PendingDownload]) -> None:
        """Fetch `files`; failures are counted."""
        self.channel.gauge.begin(sum(file.entry.size for file in files))
        self._fetch(files)
        self.channel.gauge.finish()
        for file in self._leftovers:
            self.alone(file)

    def _fetch(self, files: Sequence[PendingDownload]) -> None:
        missing = deque(files)
        failed_attempts = 0
        while missing:
            before = len(missing)
            try:
                self._take(missing)
            except UnexpectedFormat:
                self._leftovers.append(missing.popleft())
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
                # One file cannot be read: find it by splitting the request.
                if len(missing) > 1:
                    rest = list(missing)
                    self._fetch(rest[: len(rest) // 2])
                    self._fetch(rest[len(rest) // 2 :])
                    return
                break
        self._leftovers.extend(missing)

    def _take(self, missing: deque[PendingDownload]) -> None:
        """Remove files from `missing` as they arrive."""
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

    def retry_alone(self, file: PendingDownload) -> None:
        """Mark a file to be fetched alone later."""
        self._leftovers.append(file)


class _Group:
    """Received files that are synced together."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._channel = bundle.channel
        self._held = ExitStack()
        self._parts: list[tuple[PendingDownload, PartFile]] = []

    def add(self, file: PendingDownload, content: bytes) -> None:
        """Write a file to its .part file."""
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
        if len(self._parts) == _SYNC_GROUP:
            self.settle()

    def settle(self) -> None:
        """Rename all files to their names, and report them once that is durable."""
        parts, self._parts = self._parts, []
        with self._held.pop_all():
            durable = [each for each in parts if self._is_done(each[0], each[1].make_durable)]
            named = [file for file, part in durable if self._is_done(file, part.rename_to_target)]
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
                self._bundle.retry_alone(file)
        return is_done
