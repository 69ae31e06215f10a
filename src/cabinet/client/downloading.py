"""The downloads of one command: what goes where, and what is said about it.

Rule: planned on the thread of the command, where questions are asked; done on the threads of a crew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from cabinet.client.crew import Crew, Job
from cabinet.client.failures import LocalExists, Stopped, UnsafeName
from cabinet.client.local import local_errors
from cabinet.client.manner import STDIO, Manner
from cabinet.client.output import Meter, neutralise, to_event
from cabinet.client.paths import is_safe_name, to_local, to_path
from cabinet.client.session import Session
from cabinet.client.tally import Tally
from cabinet.client.throttle import Throttle
from cabinet.client.trees import check_place, choose_target, holds_content, is_stream, make_folder

if TYPE_CHECKING:
    from cabinet.client.entries import Entry


class Downloads:
    """The downloads of one command; with `force` local files are replaced without asking."""

    def __init__(self, session: Session, tally: Tally, meter: Meter, manner: Manner, *, force: bool) -> None:
        self._session = session
        self._api = session.api
        self._output = session.output
        self._tally = tally
        self._meter = meter
        self._manner = manner
        self._force = force
        self._throttle = Throttle(manner.rate, session.stop)

    def fetch_all(self, names: Sequence[str], output: str | None, *, recursive: bool) -> None:
        """Download every one of `names`, a file or with `recursive` also a folder, to where `output` says."""
        if output == STDIO:
            for name in names:
                with self._tally.attempt(name):
                    self._fetch_to_stream(to_path(name), sys.stdout.buffer, STDIO)
            return
        self.run(self._plan(names, output, recursive=recursive))

    def run(self, jobs: Iterator[Job]) -> None:
        """Do what was planned, several at a time."""
        with self._tally.interruptible():
            Crew(self._manner.jobs, self._session.stop).run(jobs)

    def fetch_entry(self, entry: Entry, target: Path) -> Iterator[Job]:
        """Plan to download a file whose entry is known."""
        self._meter.expect(entry.size)
        yield from self._plan_file(entry.path, target, entry)

    def _plan(self, names: Sequence[str], output: str | None, *, recursive: bool) -> Iterator[Job]:
        for name in names:
            with self._tally.attempt(name):
                path = to_path(name)
                last = path.rpartition("/")[2]
                if last and not is_safe_name(last):
                    raise UnsafeName(name=last)
                target = choose_target(output, last)
                if recursive and self._is_folder(path):
                    yield from self._plan_folder(path, target)
                else:
                    yield from self._plan_file(path, target)

    def _is_folder(self, path: str) -> bool:
        return not path or self._api.is_folder(path)

    def _plan_folder(self, folder: str, target: Path) -> Iterator[Job]:
        selection = self._manner.selection
        self._make_folder(target)
        for entry in self._api.iter_entries(folder, recursive=True):
            with self._tally.attempt(entry.path):
                local = to_local(target, folder, entry.path)
                relative = entry.path[len(folder) :].lstrip("/")
                if entry.is_folder and selection.enters(relative):
                    self._make_folder(local)
                elif not entry.is_folder and selection.takes(relative):
                    self._make_folder(local.parent)
                    yield from self._plan_entry(entry, local)

    def _make_folder(self, path: Path) -> None:
        if not self._manner.dry_run:
            make_folder(path)

    def _plan_entry(self, entry: Entry, target: Path) -> Iterator[Job]:
        """Plan to download a file of a folder, unless it came down before the command was interrupted."""
        if holds_content(target, entry.size, entry.content_hash):
            self._tally.unchanged()
            self._output.document(to_event("unchanged", path=entry.path, local=str(target)))
        else:
            yield from self.fetch_entry(entry, target)

    def _plan_file(self, path: str, target: Path, entry: Entry | None = None) -> Iterator[Job]:
        if self._manner.dry_run:
            self._tally.done(entry.size if entry else 0)
            self._output.document(to_event("would-download", path=path, local=str(target)))
            self._output.result(str(target))
        elif is_stream(target):
            yield partial(self._attempt, path, partial(self._fetch_to_device, path, target))
        else:
            check_place(target)
            replace = self._may_replace(target)
            mtime_ns = entry.mtime_ns if entry else None
            yield partial(
                self._attempt,
                path,
                partial(self._fetch_file, path, target, replace=replace, mtime_ns=mtime_ns),
            )

    def _attempt(self, subject: str, job: Job) -> None:
        with self._tally.attempt(subject):
            job()

    def _fetch_file(self, path: str, target: Path, *, replace: bool, mtime_ns: int | None) -> None:
        from cabinet.client import sinks, transfer

        with (
            self._meter.open(path) as gauge,
            sinks.open_part(target, replace=replace, adopt=self._force) as part,
        ):
            try:
                line = transfer.Line(self._api, gauge, self._throttle)
                size = transfer.download_to_part(line, path, part, mtime_ns)
            except Stopped:
                if part.size:
                    self._tally.keep_part(str(part.path), part.size)
                raise
        self._report(path, str(target), size)
        self._output.result(str(target))

    def _fetch_to_device(self, path: str, target: Path) -> None:
        with local_errors(target), target.open("wb") as stream:
            self._fetch_to_stream(path, stream, str(target))

    def _fetch_to_stream(self, path: str, stream: BinaryIO, label: str) -> None:
        from cabinet.client import sinks, transfer

        with self._meter.open(path) as gauge:
            line = transfer.Line(self._api, gauge, self._throttle)
            size = transfer.download_to_stream(line, path, sinks.StreamSink(stream, path))
        self._report(path, label, size)

    def _report(self, path: str, local: str, size: int) -> None:
        self._tally.done(size)
        self._output.document(to_event("downloaded", path=path, local=local, size=size))

    def _may_replace(self, target: Path) -> bool:
        """Tell whether `target`, if it is there, shall be replaced; raises `LocalExists` if not."""
        if self._force or not os.path.lexists(target):
            return self._force
        if sys.stdin.isatty() and sys.stderr.isatty():
            with self._output.aside():
                if click.confirm(f"“{neutralise(str(target))}” exists. Replace it?", err=True):
                    return True
        raise LocalExists(path=str(target))
