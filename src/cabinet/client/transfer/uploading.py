"""The uploads of one command: planning, kinds of requests and reports.

Rule: planned on the main thread, executed on the threads of a worker pool. Small files are sent in
batches, all others alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cabinet.client.failures import BadUsage, LocalIsFolder, SameTarget
from cabinet.client.local import Source, local_errors, stat_source
from cabinet.client.local_failures import SameName
from cabinet.client.output import to_event
from cabinet.client.paths import to_nfc, to_path, to_remote
from cabinet.client.remote.conflicts import ConflictResolver, UploadTask
from cabinet.client.session import ClientSession
from cabinet.client.summary import Summary
from cabinet.client.transfer.rate_limit import RateLimiter
from cabinet.client.transfer.request_limit import RequestLimit, default_folder
from cabinet.client.transfer.request_size import RequestSizer
from cabinet.client.transfer.transfer_options import STDIO, TransferOptions
from cabinet.client.transfer.trees import iter_files
from cabinet.client.worker_pool import Job, WorkerPool
from cabinet.errors import CabinetError
from cabinet.terminal.meter import TransferMeter

if TYPE_CHECKING:
    from cabinet.client.transfer.single import Channel
    from cabinet.client.wire.entries import RemoteEntry


class Uploader:
    """The uploads of one command.

    Without `may_look_up`, the server tells nothing about names: then a file is not sent in pieces, because
    whether these were joined could not be found out after a lost response.
    """

    def __init__(
        self,
        session: ClientSession,
        summary: Summary,
        meter: TransferMeter,
        options: TransferOptions,
        on_conflict: str,
        *,
        may_look_up: bool = True,
    ) -> None:
        self._session = session
        self._api = session.api
        self._output = session.output
        self._summary = summary
        self._meter = meter
        self._options = options
        self._streams = 1
        self._may_look_up = may_look_up
        self._rate_limiter = RateLimiter(options.rate, session.cancellation)
        limit = RequestLimit(str(session.server), default_folder(), session.output.note)
        self._sizer = RequestSizer(limit)
        self._conflicts = ConflictResolver(self._api, self._output, summary, on_conflict)

    def send_paths(self, paths: Sequence[str], folder: str, *, recursive: bool) -> None:
        """Upload `paths` into `folder`."""
        self.send_files(list(self._plan(paths, folder, recursive=recursive)))

    def send_files(self, files: Sequence[tuple[Source, str]]) -> None:
        """Upload files, each to its server path."""
        self._meter.expect(sum(source.size for source, _ in files), len(files))
        # Jobs that the files leave free may send pieces of one file.
        if self._may_look_up:
            self._streams = max(1, self._options.jobs // max(1, len(files)))
        with self._summary.interruptible():
            WorkerPool(self._options.jobs, self._session.cancellation).run(
                self._iter_jobs(self._conflicts.resolve(files))
            )

    def send_stdin(self, paths: Sequence[str], to: str) -> None:
        """Upload standard input as the file `to`."""
        if len(paths) > 1:
            raise BadUsage(reason="Standard input cannot be uploaded together with files.")
        if not to_path(to) or to.endswith("/"):
            raise BadUsage(reason="Standard input has no name; set the path of the file with --to.")
        for task in self._conflicts.resolve([(Source(Path(STDIO), 0, 0), to_path(to))]):
            if self._options.dry_run:
                self._announce(task)
            else:  # on this thread, so that Ctrl-C ends a wait for the pipe, too
                self._run([task], self._send_stream)

    def _plan(self, paths: Sequence[str], folder: str, *, recursive: bool) -> Iterator[tuple[Source, str]]:
        taken: set[str] = set()
        for text in self._without_same_names(paths):
            with self._summary.attempt(text):
                root = Path(text)
                for source in self._files(root, recursive=recursive):
                    with self._summary.attempt(str(source.path)):
                        path = to_remote(folder, source.path, root)
                        if path in taken:
                            raise SameTarget(path=path)
                        taken.add(path)
                        yield source, path

    def _without_same_names(self, paths: Sequence[str]) -> Iterator[str]:
        """Yield `paths` except those whose different names are the same on the server."""
        alike: dict[str, dict[str, list[str]]] = {}
        for text in paths:
            name = Path(text).name
            alike.setdefault(to_nfc(name), {}).setdefault(name, []).append(text)
        same_names = [spellings for spellings in alike.values() if len(spellings) > 1]
        for spellings in same_names:
            texts = [text for group in spellings.values() for text in group]
            self._summary.failed(texts[0], SameName.of(texts))
        left_out = {text for spellings in same_names for group in spellings.values() for text in group}
        yield from (text for text in paths if text not in left_out)

    def _files(self, path: Path, *, recursive: bool) -> list[Source]:
        """Return the file at `path`, or the files below it."""
        with local_errors(path):
            is_folder = path.is_dir()
        if not is_folder:
            return [stat_source(path)] if self._options.selection.takes(to_nfc(path.name)) else []
        if not recursive:
            raise LocalIsFolder(path=str(path))
        return list(iter_files(path, self._skip, self._options.selection, failed=self._failed))

    def _failed(self, path: Path, error: CabinetError) -> None:
        self._summary.failed(str(path), error)

    def _skip(self, path: Path) -> None:
        self._output.warn(f"“{path}” is a link or a special file and was skipped.")

    def _iter_jobs(self, tasks: Iterable[UploadTask]) -> Iterator[Job]:
        if self._options.dry_run:
            for task in tasks:
                self._announce(task)
            return
        from cabinet.client.transfer.batches import BatchBuilder, is_small

        small = BatchBuilder()
        for task in tasks:
            if is_small(task):
                for batch in small.add(task):
                    yield self._job(batch)
            else:
                yield self._job([task])
        for batch in small.flush():
            yield self._job(batch)

    def _job(self, tasks: list[UploadTask]) -> Job:
        return partial(self._run, tasks, self._send_batch if len(tasks) > 1 else self._send_alone)

    def _announce(self, task: UploadTask) -> None:
        self._summary.done(task.source.size)
        self._output.document(to_event("would-upload", local=str(task.source.path), path=task.path))
        self._output.result(task.path)

    def _run(self, tasks: list[UploadTask], send: Callable[[Channel, list[UploadTask]], None]) -> None:
        from cabinet.client.transfer.single import Channel

        subject = str(tasks[0].source.path)
        label = subject if len(tasks) == 1 else f"{len(tasks)} files"
        with self._summary.attempt(subject), self._meter.open(label) as gauge:
            send(Channel(self._api, gauge, self._rate_limiter, self._sizer), tasks)

    def _send_batch(self, channel: Channel, tasks: list[UploadTask]) -> None:
        from cabinet.client.transfer.batches import Batches

        for task in Batches(channel, self._summary, self._report, self._warn_grown).send(tasks):
            # One attempt was made already, in the batch.
            self._run([task], partial(self._send_alone, again=True))

    def _send_alone(self, channel: Channel, tasks: list[UploadTask], *, again: bool = False) -> None:
        from cabinet.client.transfer.file_upload import FileUpload

        upload = FileUpload(self._session, self._summary, channel, self._streams, self._warn_grown)
        send = upload.send_once if again else upload.send
        self._report([(tasks[0], send(tasks[0]))])

    def _send_stream(self, channel: Channel, tasks: list[UploadTask]) -> None:
        from cabinet.client.transfer.stream_upload import StreamUpload
        from cabinet.client.wire.tus import Destination

        task = tasks[0]
        stream = StreamUpload(channel, sys.stdin.buffer, task.source.path)
        self._report([(task, stream.run(Destination(task.path, task.on_conflict)))])

    def _warn_grown(self, source: Source) -> None:
        self._output.warn(
            f"“{source.path}” grew while it was read; its first {source.size} bytes were stored."
        )

    def _report(self, stored: Sequence[tuple[UploadTask, RemoteEntry]]) -> None:
        self._summary.done(sum(entry.size for _, entry in stored), len(stored))
        self._output.document(
            *(
                to_event("uploaded", local=str(task.source.path), entry=entry.document)
                for task, entry in stored
            )
        )
        self._output.result(*(entry.path for _, entry in stored))
