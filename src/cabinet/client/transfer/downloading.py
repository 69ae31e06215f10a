"""The downloads of one command: planning, targets and reports.

Rule: planned on the main thread, which prompts; executed on the threads of a worker pool.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from cabinet.client.failures import BadUsage, LocalExists, SameTarget, Stopped, UnsafeName
from cabinet.client.local import check_name, local_errors
from cabinet.client.local_failures import SameName
from cabinet.client.local_names import LocalNames
from cabinet.client.output import to_event
from cabinet.client.paths import is_safe_name
from cabinet.client.remote.globs import is_pattern
from cabinet.client.remote.resolve import ResolvedPath, Resolver, without_nested
from cabinet.client.session import ClientSession
from cabinet.client.summary import Summary
from cabinet.client.transfer.bundles import SMALL, Bundle, BundleBuilder, PendingDownload
from cabinet.client.transfer.placing import iter_places
from cabinet.client.transfer.rate_limit import RateLimiter
from cabinet.client.transfer.transfer_options import STDIO, TransferOptions
from cabinet.client.transfer.trees import (
    TargetFolders,
    check_target,
    choose_target,
    has_content,
    is_folder,
    is_stream,
)
from cabinet.client.worker_pool import Job, WorkerPool
from cabinet.terminal.meter import TransferMeter
from cabinet.terminal.streams import can_prompt
from cabinet.terminal.text import escape_controls

if TYPE_CHECKING:
    from cabinet.client.wire.entries import RemoteEntry

_CONTENT_ONLY = "Standard output can only be used for the content of files."


class Downloader:
    """The downloads of one command; with `force`, local files are replaced without asking.

    With `version`, that version of each file is downloaded. `folders` are the target folders.
    """

    def __init__(
        self,
        session: ClientSession,
        summary: Summary,
        meter: TransferMeter,
        options: TransferOptions,
        *,
        force: bool,
        version: int | None = None,
    ) -> None:
        self._session = session
        self._api = session.api if version is None else session.api.at_version(version)
        self._output = session.output
        self._summary = summary
        self._meter = meter
        self._options = options
        self._force = force
        self._rate_limiter = RateLimiter(options.rate, session.cancellation)
        self.folders = TargetFolders(dry_run=options.dry_run)
        # Archives contain only current versions.
        self._can_bundle = version is None
        self._small = BundleBuilder()

    def fetch_all(self, names: Sequence[str], output: str | None, *, recursive: bool) -> None:
        """Download the files, and with `recursive` the folders, that `names` match, to `output`."""
        if output == STDIO and recursive:
            raise BadUsage(reason=_CONTENT_ONLY)
        resolver = Resolver(self._api, self._summary, folders=recursive)
        if not any(map(is_pattern, names)):
            check_output(output, len(names))
        self.fetch(without_nested(resolver.iter_resolved(names)), output, recursive=recursive)

    def fetch(self, resolved: Sequence[ResolvedPath], output: str | None, *, recursive: bool = False) -> None:
        """Download resolved paths to `output`."""
        check_output(output, len(resolved))
        if output != STDIO:
            self.run(self._plan(resolved, output, recursive=recursive))
            return
        if self._output.as_json or self._options.dry_run:
            raise BadUsage(reason=_CONTENT_ONLY)
        for one in resolved:
            with self._summary.attempt(one.text):
                self._fetch_to_stream(one.path, sys.stdout.buffer, STDIO)

    def run(self, jobs: Iterator[Job]) -> None:
        """Run the planned jobs in parallel."""
        with self._summary.interruptible():
            WorkerPool(self._options.jobs, self._session.cancellation).run(chain(jobs, self._iter_rest()))

    def fetch_entry(self, entry: RemoteEntry, target: Path, shown: Path | None = None) -> Iterator[Job]:
        """Plan the download of a file with a known entry; `shown` is the displayed path, if given."""
        self._meter.expect(entry.size)
        yield from self._plan_file(entry.path, target, entry, shown)

    def _plan(
        self, resolved: Sequence[ResolvedPath], output: str | None, *, recursive: bool
    ) -> Iterator[Job]:
        for one, target in list(self._targets(resolved, output)):
            with self._summary.attempt(one.text):
                if recursive and self._is_folder(one):
                    yield from self._plan_folder(one.path, target)
                elif one.entry is not None and not one.entry.is_folder:
                    yield from self._plan_entry(one.entry, target)
                else:
                    yield from self._plan_file(one.path, target)

    def _targets(
        self, resolved: Sequence[ResolvedPath], output: str | None
    ) -> Iterator[tuple[ResolvedPath, Path]]:
        """Yield the target of each path; reports a failure for all but the first of one target.

        If only this file system takes their names for the same, all of them fail.
        """
        folders: dict[Path, LocalNames] = {}
        alike: dict[tuple[Path, str], list[tuple[ResolvedPath, Path]]] = {}
        for one in resolved:
            with self._summary.attempt(one.text):
                last = one.local_name
                if last and not is_safe_name(last):
                    raise UnsafeName(name=last)
                target = choose_target(output, last)
                names = folders.get(target.parent) or self._session.names_in(target.parent)
                folders[target.parent] = names
                place = names.locate(target.name) if target.name else target
                alike.setdefault((target.parent, names.key(target.name)), []).append((one, place))
        for group in alike.values():
            paths = [one.path for one, _ in group]
            if len({path.rpartition("/")[2] for path in paths}) > 1:
                self._summary.failed(group[0][0].text, SameName.of(paths))
                continue
            yield group[0]
            for one, place in group[1:]:
                self._summary.failed(one.text, SameTarget(path=str(place)))

    def _is_folder(self, one: ResolvedPath) -> bool:
        if one.entry is not None:
            return one.entry.is_folder
        return not one.path or self._api.is_folder(one.path)

    def _plan_folder(self, folder: str, target: Path) -> Iterator[Job]:
        self.folders.make(target)
        entries = self._api.iter_entries(folder, recursive=True)
        names = self._session.names_in(target)
        for placed in iter_places(entries, folder, names, self._options.selection, self._summary.failed):
            with self._summary.attempt(placed.entry.path):
                if placed.entry.is_folder:
                    self.folders.make(placed.local)
                elif self.folders.make(placed.local.parent):
                    yield from self._plan_entry(placed.entry, placed.local)

    def _plan_entry(self, entry: RemoteEntry, target: Path) -> Iterator[Job]:
        """Plan the download of a file, unless the target has its content already."""
        if has_content(target, entry.size, entry.content_hash):
            self._summary.unchanged()
            self._output.document(to_event("unchanged", path=entry.path, local=str(target)))
        else:
            yield from self.fetch_entry(entry, target)

    def _plan_file(
        self, path: str, target: Path, entry: RemoteEntry | None = None, shown: Path | None = None
    ) -> Iterator[Job]:
        check_name(target)
        label = str(shown or target)
        if self._options.dry_run:
            self._summary.done(entry.size if entry else 0)
            self._output.document(to_event("would-download", path=path, local=label))
            self._output.result(label)
        elif is_stream(target):
            yield partial(self._attempt, path, partial(self._fetch_to_device, path, target))
        else:
            check_target(target)
            if not self.folders.takes_files(target.parent):
                return
            replace = self._may_replace(target)
            if entry is not None and entry.size <= SMALL and self._can_bundle:
                for bundle in self._small.add(PendingDownload(entry, target, replace, label)):
                    yield self._job(bundle)
                return
            mtime_ns = entry.mtime_ns if entry else None
            job = partial(self._fetch_file, path, target, label, replace=replace, mtime_ns=mtime_ns)
            yield partial(self._attempt, path, job)

    def _iter_rest(self) -> Iterator[Job]:
        for bundle in self._small.flush():
            yield self._job(bundle)

    def _job(self, bundle: list[PendingDownload]) -> Job:
        return (
            partial(self._fetch_bundle, bundle) if len(bundle) > 1 else partial(self._fetch_alone, bundle[0])
        )

    def _fetch_bundle(self, files: list[PendingDownload]) -> None:
        from cabinet.client.transfer.single import Channel

        if not self._can_bundle:
            for file in files:
                self._fetch_alone(file)
            return
        with self._meter.open(f"{len(files)} files") as gauge:
            channel = Channel(self._api, gauge, self._rate_limiter)
            bundle = Bundle(channel, self._summary, self._force, self._report_all, self._fetch_alone)
            bundle.fetch(files)
            if not bundle.is_understood:
                self._can_bundle = False

    def _fetch_alone(self, file: PendingDownload) -> None:
        path, mtime_ns = file.entry.path, file.entry.mtime_ns
        with self._summary.attempt(path):
            self._fetch_file(path, file.target, file.label, replace=file.replace, mtime_ns=mtime_ns)

    def _attempt(self, subject: str, job: Job) -> None:
        with self._summary.attempt(subject):
            job()

    def _fetch_file(
        self, path: str, target: Path, label: str, *, replace: bool, mtime_ns: int | None
    ) -> None:
        from cabinet.client.transfer import single, sinks

        with (
            self._meter.open(path) as gauge,
            sinks.open_part(target, replace=replace, adopt=self._force) as part,
        ):
            try:
                channel = single.Channel(self._api, gauge, self._rate_limiter)
                size = single.download_to_part(channel, path, part, mtime_ns)
            except Stopped:
                if part.size:
                    self._summary.keep_part(str(part.path), part.size)
                raise
        self._report(path, label, size)
        self._output.result(label)

    def _fetch_to_device(self, path: str, target: Path) -> None:
        with local_errors(target), target.open("wb") as stream:
            self._fetch_to_stream(path, stream, str(target))

    def _fetch_to_stream(self, path: str, stream: BinaryIO, label: str) -> None:
        from cabinet.client.transfer import single, sinks

        with self._meter.open(path) as gauge:
            channel = single.Channel(self._api, gauge, self._rate_limiter)
            size = single.download_to_stream(channel, path, sinks.StreamSink(stream, path))
        self._report(path, label, size)

    def _report(self, path: str, local: str, size: int) -> None:
        self._summary.done(size)
        self._output.document(to_event("downloaded", path=path, local=local, size=size))

    def _report_all(self, files: Sequence[PendingDownload]) -> None:
        for file in files:
            self._report(file.entry.path, file.label, file.entry.size)
        self._output.result(*(file.label for file in files))

    def _may_replace(self, target: Path) -> bool:
        """Return whether to replace `target` if it exists; raises `LocalExists` if not."""
        if self._force or not os.path.lexists(target):
            return self._force
        if can_prompt():
            with self._output.suspended():
                if click.confirm(f"“{escape_controls(str(target))}” exists. Replace it?", err=True):
                    return True
        raise LocalExists(path=str(target))


def check_output(output: str | None, count: int) -> None:
    """Raise `BadUsage` unless `output` can hold `count` files."""
    if count > 1 and not (output in (None, STDIO) or output.endswith("/") or is_folder(output)):
        raise BadUsage(reason=f"“{output}” is not a folder, and several files need one.")
