"""One side made like the other, in one direction: what differs is moved, what is too much may go.

Rule: only files are compared. Nothing is deleted unless all the rest succeeded, so never because
of a folder that could not be read or listed; what the selection or the walk left out stays.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cabinet.client.crew import Job
from cabinet.client.failures import NameRefused, Refused
from cabinet.client.local import Source, check_name, local_errors
from cabinet.client.output import Meter, to_event
from cabinet.client.paths import to_local, to_path
from cabinet.client.remote.conflicts import REPLACE
from cabinet.client.session import Session
from cabinet.client.sync.pruning import below, iter_surplus, relative_to, remove_empty_folders
from cabinet.client.tally import Tally
from cabinet.client.times import is_same_time
from cabinet.client.transfer.downloading import Downloads
from cabinet.client.transfer.manner import Manner
from cabinet.client.transfer.trees import holds_content, iter_files, make_folder
from cabinet.client.transfer.uploading import Uploads
from cabinet.errors import CabinetError, NotFound

if TYPE_CHECKING:
    from cabinet.client.wire.entries import Entry


class Sync:
    """One run; `by_content` compares contents in place of the times of the last change."""

    def __init__(
        self, session: Session, tally: Tally, meter: Meter, manner: Manner, *, by_content: bool, delete: bool
    ) -> None:
        self._session = session
        self._api = session.api
        self._output = session.output
        self._tally = tally
        self._meter = meter
        self._manner = manner
        self._by_content = by_content
        self._delete = delete
        self._left_out: set[Path] = set()

    def up(self, local: Path, folder: str) -> None:
        """Make the remote `folder` like the local one."""
        sources = self._sources(local, folder)
        entries = {entry.path: entry for entry in self._entries(folder)}
        wanted = [
            (source, path)
            for path, source in sources.items()
            if not self._is_unchanged(source.path, source, entries.get(path))
        ]
        Uploads(self._session, self._tally, self._meter, self._manner, REPLACE).send_files(wanted)
        if self._may_delete():
            kept = {*sources, *(self._remote(path, local, folder) for path in self._left_out)}
            kept |= self._nameless(entries.values(), local, folder)
            self._delete_remote(list(entries.values()), kept, local, folder)

    def down(self, folder: str, local: Path) -> None:
        """Make the local folder like the remote `folder`."""
        entries = list(self._api.iter_entries(folder, recursive=True))
        self._make_folder(local)
        downloads = Downloads(self._session, self._tally, self._meter, self._manner, force=True)
        downloads.run(self._plan(downloads, entries, folder, local))
        if self._may_delete() and local.is_dir():
            self._delete_local({entry.path for entry in entries}, local, folder)

    def _sources(self, local: Path, folder: str) -> dict[str, Source]:
        found = {}
        for source in iter_files(local, self._leave_out, self._manner.selection, unreadable=self._unreadable):
            with self._tally.attempt(str(source.path)):
                found[self._remote(source.path, local, folder)] = source
        return found

    def _entries(self, folder: str) -> Iterator[Entry]:
        try:
            yield from self._api.iter_entries(folder, recursive=True)
        except Refused as error:
            if not error.means(NotFound):
                raise

    def _plan(self, downloads: Downloads, entries: list[Entry], folder: str, local: Path) -> Iterator[Job]:
        selection = self._manner.selection
        for entry in entries:
            with self._tally.attempt(entry.path):
                target = to_local(local, folder, entry.path)
                relative = below(entry.path, folder)
                if entry.is_folder and selection.enters(relative):
                    self._make_folder(target)
                elif entry.is_folder or not selection.takes(relative):
                    continue
                elif not self._is_unchanged(target, _look(target), entry):
                    self._make_folder(target.parent)
                    yield from downloads.fetch_entry(entry, target)

    def _is_unchanged(self, path: Path, source: Source | None, entry: Entry | None) -> bool:
        """Tell whether both sides agree, and count it if so."""
        if source is None or entry is None or entry.is_folder or source.size != entry.size:
            return False
        if self._by_content:
            agrees = holds_content(path, entry.size, entry.content_hash)
        else:
            agrees = entry.mtime_ns is not None and is_same_time(source.mtime_ns, entry.mtime_ns)
        if agrees:
            self._tally.unchanged()
            self._output.document(to_event("unchanged", path=entry.path, local=str(path)))
        return agrees

    def _nameless(self, entries: Iterable[Entry], local: Path, folder: str) -> set[str]:
        """Return the paths of what cannot be on this disk, so that it tells nothing that they are not."""
        found = set()
        for entry in entries:
            try:
                check_name(local / below(entry.path, folder))
            except NameRefused:
                found.add(entry.path)
                self._output.warn(f"“{entry.path}” stays on the server: this disk cannot hold the name.")
        return found

    def _may_delete(self) -> bool:
        if self._delete and not self._tally.is_flawless:
            self._output.warn("Nothing was deleted, for not everything else succeeded.")
        return self._delete and self._tally.is_flawless

    def _delete_remote(self, entries: list[Entry], kept: set[str], local: Path, folder: str) -> None:
        for path in iter_surplus(entries, kept, self._manner.selection, local, folder):
            with self._tally.attempt(path):
                if not self._manner.dry_run:
                    self._api.delete(path)
                self._tell_deleted(path)

    def _delete_local(self, kept: set[str], local: Path, folder: str) -> None:
        prefix = f"{folder}/" if folder else ""
        selection = self._manner.selection
        for source in list(iter_files(local, lambda _: None, selection)):
            if prefix + relative_to(source.path, local) not in kept:
                with self._tally.attempt(str(source.path)), local_errors(source.path):
                    if not self._manner.dry_run:
                        source.path.unlink()
                    self._tell_deleted(str(source.path))
        if not self._manner.dry_run:
            remove_empty_folders(local, lambda path: prefix + path not in kept and selection.enters(path))

    def _tell_deleted(self, path: str) -> None:
        would = self._manner.dry_run
        self._output.document(to_event("would-delete" if would else "deleted", path=path))
        self._output.note(f"“{path}” {'would be' if would else 'is'} deleted.")

    def _make_folder(self, path: Path) -> None:
        if not self._manner.dry_run:
            make_folder(path)

    def _leave_out(self, path: Path) -> None:
        self._left_out.add(path)
        self._output.warn(f"“{path}” is a link or no regular file and was left out.")

    def _unreadable(self, path: Path, error: CabinetError) -> None:
        self._tally.failed(str(path), error)

    @staticmethod
    def _remote(path: Path, local: Path, folder: str) -> str:
        return to_path(f"{folder}/{relative_to(path, local)}")


def _look(path: Path) -> Source | None:
    """Return the regular file at `path`, None if there is none; a link is none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return Source(path, status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None
