"""Upload of one file: in one request, in parts, or as a stream.

Rule: a file that changes while it is sent is retried once in its new state, and refused if it changes again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from cabinet.client.failures import LimitInFront, SourceChanged, Stopped
from cabinet.client.local import SizeUnknown, Source, local_errors, stat_source
from cabinet.client.remote.conflicts import UploadTask
from cabinet.client.session import ClientSession
from cabinet.client.summary import Summary
from cabinet.client.transfer.change_detection import ChangeDetector
from cabinet.client.transfer.request_size import TooSlow
from cabinet.client.transfer.resumable import Resumable
from cabinet.client.transfer.single import Channel, upload_file
from cabinet.client.transfer.stream_upload import StreamUpload
from cabinet.client.transfer.upload_journal import JournalKey, default_folder, open_journal
from cabinet.client.wire.entries import RemoteEntry
from cabinet.client.wire.tus import Destination

# Bytes. From this size a file is always sent in parts; below it, sending a file again costs no more than
# keeping a journal, unless the connection is slow.
LARGE = 16 << 20


@dataclass(frozen=True, slots=True)
class FileUpload:
    """Uploads single files; a large one in at most `streams` parallel pieces if the latency is high."""

    session: ClientSession
    summary: Summary
    channel: Channel
    streams: int
    on_grown: Callable[[Source], None]

    def send(self, task: UploadTask) -> RemoteEntry:
        """Store a file and return the new entry; raises `SourceChanged` if it changes twice."""
        try:
            return self.send_once(task)
        except SourceChanged:
            return self.send_once(task)

    def send_once(self, task: UploadTask) -> RemoteEntry:
        """Store a file in its current state; raises `SourceChanged` if it changes meanwhile."""
        detector = ChangeDetector(stat_source(task.source.path))
        task = replace(task, source=detector.source)
        try:
            entry = self._send_sized(task, detector) if detector.source.size else self._send_unsized(task)
        except SizeUnknown:
            entry = self._send_unsized(task)
        if detector.has_grown:
            self.on_grown(detector.source)
        return entry

    def _send_sized(self, task: UploadTask, detector: ChangeDetector) -> RemoteEntry:
        size, sizer = detector.source.size, self.channel.sizer
        is_too_much = not sizer.limit.allows(size) or sizer.takes_too_long(size)
        if not (size >= LARGE or is_too_much or self._may_have_parts(task)):
            try:
                return upload_file(self.channel, detector, to_destination(task))
            except TooSlow:
                pass
            except LimitInFront as error:
                sizer.limit.refused(error)
        return self._send_in_parts(task, detector)

    def _send_unsized(self, task: UploadTask) -> RemoteEntry:
        """Read a file to its end, because its reported size is zero or wrong."""
        path, size = task.source.path, task.source.size

        def verify() -> None:
            if stat_source(path).size != size:
                raise SourceChanged(path=str(path))

        with local_errors(path), path.open("rb", buffering=0) as file:
            return StreamUpload(self.channel, file, path, verify).run(to_destination(task))

    def _send_in_parts(self, task: UploadTask, detector: ChangeDetector) -> RemoteEntry:
        key = self._journal_key(task)
        with open_journal(default_folder(), key, self.session.output.warn_once) as journal:
            resumable = Resumable(self.channel, journal, key, task, detector, self.streams)
            try:
                return resumable.run()
            except Stopped:
                self.summary.keep_upload(resumable.offset)
                raise

    def _may_have_parts(self, task: UploadTask) -> bool:
        """Return whether an earlier run may have sent parts of the file."""
        folder = default_folder()
        with suppress(OSError):
            # The key of a journal needs the user name, which costs a request if no token is stored.
            is_any = folder.is_absolute() and any(folder.iterdir())
            return is_any and (folder / self._journal_key(task).file_name).exists()
        return False

    def _journal_key(self, task: UploadTask) -> JournalKey:
        with local_errors(Path()):  # the working folder may be deleted
            local = str(task.source.path.absolute())
        return JournalKey(str(self.session.server), self.session.username, local, task.path)


def to_destination(task: UploadTask) -> Destination:
    """Return the destination of a file."""
    return Destination(task.path, task.on_conflict, task.source.mtime_ns)
