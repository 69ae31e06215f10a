"""One file up by itself: whole, in parts, or read to its end, whichever fits it.

Rule: a file that changes while it is sent is tried once more, as it is then, and refused if it changes again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from cabinet.client.failures import LimitInFront, SourceChanged, Stopped
from cabinet.client.local import SizeUnknown, Source, local_errors, look_at
from cabinet.client.remote.conflicts import Task
from cabinet.client.session import Session
from cabinet.client.tally import Tally
from cabinet.client.transfer.notes import Subject, default_folder, open_notes
from cabinet.client.transfer.pace import TooSlow
from cabinet.client.transfer.resumable import Resumable
from cabinet.client.transfer.single import Line, upload_file
from cabinet.client.transfer.steady import Steady
from cabinet.client.transfer.streams import StreamUpload
from cabinet.client.wire.entries import Entry
from cabinet.client.wire.tus import Place

# Bytes. From here on a file goes in parts in any case; below, sending it again costs no more than keeping
# notes, unless the line is slow.
LARGE = 16 << 20


@dataclass(frozen=True, slots=True)
class Alone:
    """Sends files one by one; a large one in at most `streams` pieces, if it is long on its way."""

    session: Session
    tally: Tally
    line: Line
    streams: int
    grown: Callable[[Source], None]

    def send(self, task: Task) -> Entry:
        """Store a file and return what it became; raises `SourceChanged` when it will not hold still."""
        try:
            return self.send_once(task)
        except SourceChanged:
            return self.send_once(task)

    def send_once(self, task: Task) -> Entry:
        """Store a file as it is now, unless it changes on the way."""
        steady = Steady(look_at(task.source.path))
        task = replace(task, source=steady.source)
        try:
            entry = self._send_sized(task, steady) if steady.source.size else self._send_unsized(task)
        except SizeUnknown:
            entry = self._send_unsized(task)
        if steady.has_grown:
            self.grown(steady.source)
        return entry

    def _send_sized(self, task: Task, steady: Steady) -> Entry:
        size, pace = steady.source.size, self.line.pace
        is_too_much = not pace.ceiling.allows(size) or pace.takes_too_long(size)
        if not (size >= LARGE or is_too_much or self._was_begun(task)):
            try:
                return upload_file(self.line, steady, to_place(task))
            except TooSlow:
                pass
            except LimitInFront as error:
                pace.ceiling.meet(error)
        return self._send_in_parts(task, steady)

    def _send_unsized(self, task: Task) -> Entry:
        """Read a file to its end, for what it says of its size is nothing, or not true."""
        path, size = task.source.path, task.source.size

        def confirm() -> None:
            if look_at(path).size != size:
                raise SourceChanged(path=str(path))

        with local_errors(path), path.open("rb", buffering=0) as file:
            return StreamUpload(self.line, file, path, confirm).run(to_place(task))

    def _send_in_parts(self, task: Task, steady: Steady) -> Entry:
        subject = self._subject(task)
        with open_notes(default_folder(), subject, self.session.output.warn_once) as notes:
            resumable = Resumable(self.line, notes, subject, task, steady, self.streams)
            try:
                return resumable.run()
            except Stopped:
                self.tally.keep_upload(resumable.offset)
                raise

    def _was_begun(self, task: Task) -> bool:
        """Tell whether an earlier run sent some of it in parts."""
        folder = default_folder()
        with suppress(OSError):
            # Whose notes they would be costs a request where no token is stored.
            is_any = folder.is_absolute() and any(folder.iterdir())
            return is_any and (folder / self._subject(task).file_name).exists()
        return False

    def _subject(self, task: Task) -> Subject:
        with local_errors(Path()):  # the working folder may be gone
            local = str(task.source.path.absolute())
        return Subject(str(self.session.server), self.session.username, local, task.path)


def to_place(task: Task) -> Place:
    """Return where a file goes."""
    return Place(task.path, task.on_conflict, task.source.mtime_ns)
