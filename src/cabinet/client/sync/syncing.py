"""One-way synchronization: transfers files that differ, and optionally deletes surplus ones.

Rule: only files are compared. Nothing is deleted unless everything else succeeded, so never because a
folder could not be read or listed; excluded and skipped items stay. A path that is reported and left
unchanged on both sides does not prevent deletions.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cabinet.client.failures import NameRefused, Refused
from cabinet.client.local import Source, check_name, local_errors, to_source, to_stored_time
from cabinet.client.local_failures import CannotMakeRoom, InTheWay, SameName
from cabinet.client.local_names import LocalNames, never_ignores_case
from cabinet.client.output import to_event
from cabinet.client.paths import below, iter_parents, to_nfc, to_path
from cabinet.client.remote.conflicts import REPLACE
from cabinet.client.session import ClientSession
from cabinet.client.summary import Summary
from cabinet.client.sync.clashes import find_remote_clashes
from cabinet.client.sync.pruning import find_left_out, iter_surplus, relative_to, remove_empty_folders
from cabinet.client.sync.swapping import Swaps
from cabinet.client.times import is_same_time
from cabinet.client.transfer.downloading import Downloader
from cabinet.client.transfer.placing import Placed, iter_places
from cabinet.client.transfer.transfer_options import TransferOptions
from cabinet.client.transfer.trees import has_content, iter_files
from cabinet.client.transfer.uploading import Uploader
from cabinet.client.worker_pool import Job
from cabinet.errors import CabinetError, NotFound
from cabinet.terminal.meter import TransferMeter

if TYPE_CHECKING:
    from cabinet.client.wire.entries import RemoteEntry


class Sync:
    """One run of sync; `by_content` compares contents in place of sizes and times."""

    def __init__(
        self,
        session: ClientSession,
        summary: Summary,
        meter: TransferMeter,
        options: TransferOptions,
        *,
        by_content: bool,
        delete: bool,
    ) -> None:
        self._session = session
        self._api = session.api
        self._output = session.output
        self._summary = summary
        self._meter = meter
        self._options = options
        self._by_content = by_content
        self._delete = delete
        # The paths on the other side of items that were not compared.
        self._left_out: set[str] = set()

    def up(self, local: Path, folder: str) -> None:
        """Upload: make the remote `folder` like the local one."""
        sources = self._sources(local, folder)
        entries = {entry.path: entry for entry in self._entries(folder)}
        sendable = self._make_room(sources, entries, folder)
        wanted = [
            (source, path)
            for path, source in sendable.items()
            if not self._is_unchanged(source.path, source, entries.get(path))
        ]
        Uploader(self._session, self._summary, self._meter, self._options, REPLACE).send_files(wanted)
        if self._may_delete():
            kept = {*sources, *self._left_out, *self._unholdable(entries.values(), local, folder)}
            self._delete_remote(entries, kept, local, folder)

    def down(self, folder: str, local: Path) -> None:
        """Download: make the local folder like the remote `folder`."""
        entries = list(self._api.iter_entries(folder, recursive=True))
        names = self._session.names_in(local)
        swaps = Swaps(names, self._options.selection, dry_run=self._options.dry_run)
        downloader = Downloader(self._session, self._summary, self._meter, self._options, force=True)
        downloader.folders.make(local)
        downloader.run(self._plan(downloader, entries, folder, names, swaps))
        if self._may_delete() and local.is_dir():
            self._finish(swaps)
            if self._summary.is_clean:
                kept = {names.key(below(entry.path, folder) or "") for entry in entries}
                self._delete_local(kept, names, swaps)

    def _sources(self, local: Path, folder: str) -> dict[str, Source]:
        def failed(path: Path, error: CabinetError) -> None:
            self._left_out.add(to_nfc(f"{folder}/{relative_to(path, local)}").lstrip("/"))
            self._summary.failed(str(path), error)

        def left_out(path: Path) -> None:
            self._left_out.add(to_nfc(f"{folder}/{relative_to(path, local)}").lstrip("/"))
            self._output.warn(f"“{path}” is a link or a special file and was skipped.")

        found = {}
        for source in iter_files(local, left_out, self._options.selection, failed=failed):
            with self._summary.attempt(str(source.path)):
                found[to_path(f"{folder}/{relative_to(source.path, local)}")] = source
        return found

    def _entries(self, folder: str) -> Iterator[RemoteEntry]:
        try:
            yield from self._api.iter_entries(folder, recursive=True)
        except Refused as error:
            if not error.is_kind(NotFound):
                raise

    def _make_room(
        self, sources: Mapping[str, Source], entries: dict[str, RemoteEntry], folder: str
    ) -> dict[str, Source]:
        """Return the `sources` without an item of the wrong kind in the way.

        If deleting is allowed, an item in the way is moved to the trash and removed from `entries`.
        """
        clashes = find_remote_clashes(sources, entries)
        left_out = find_left_out(entries.values(), self._options.selection, folder) if clashes else {}
        may_delete = self._delete and self._summary.is_clean
        gone, barred = set(), set(clashes)
        for path, clash in clashes.items():
            # A shared folder of another user would not be in the trash.
            if not may_delete or entries[path].is_shared:
                self._summary.failed(path, clash)
            elif path in left_out:
                self._summary.failed(path, CannotMakeRoom(path=path, kept=left_out[path]))
            elif self._delete_from_server(path):
                gone.add(path)
                barred.remove(path)
        for path in [path for path in entries if _is_at_or_below(path, gone)]:
            del entries[path]
        return {path: source for path, source in sources.items() if not _is_at_or_below(path, barred)}

    def _plan(
        self, downloader: Downloader, entries: list[RemoteEntry], folder: str, names: LocalNames, swaps: Swaps
    ) -> Iterator[Job]:
        def failed(path: str, error: CabinetError) -> None:
            # Not for entries below a link that is in the way, which was reported.
            if not swaps.is_barred(below(path, folder) or ""):
                self._left_out.add(below(path, folder) or "")
                self._summary.failed(path, error)

        for placed in iter_places(entries, folder, names, self._options.selection, failed):
            if not swaps.is_barred(placed.relative):
                with self._summary.attempt(placed.entry.path):
                    yield from self._plan_entry(downloader, placed, swaps)

    def _plan_entry(self, downloader: Downloader, placed: Placed, swaps: Swaps) -> Iterator[Job]:
        try:
            target = swaps.find_place(placed, delete=self._delete)
        except InTheWay as error:
            self._summary.failed(str(placed.local), error)
            return
        if placed.entry.is_folder:
            downloader.folders.make(target)
        elif not self._is_unchanged(
            target, _stat_file(target), placed.entry, is_local=True
        ) and downloader.folders.make(target.parent):
            yield from downloader.fetch_entry(placed.entry, target, placed.local)

    def _is_unchanged(
        self, path: Path, source: Source | None, entry: RemoteEntry | None, *, is_local: bool = False
    ) -> bool:
        """Return whether both sides are equal, and count it; `is_local` if the local one is the target."""
        if source is None or entry is None or entry.is_folder or source.size != entry.size:
            return False
        if self._by_content:
            agrees = has_content(path, entry.size, entry.content_hash)
        else:
            agrees = entry.mtime_ns is not None and _has_time(source, entry.mtime_ns, is_local=is_local)
        if agrees:
            self._summary.unchanged()
            self._output.document(to_event("unchanged", path=entry.path, local=str(path)))
        return agrees

    def _unholdable(self, entries: Iterable[RemoteEntry], local: Path, folder: str) -> set[str]:
        """Return the paths that this file system cannot hold: that they are missing here means nothing."""
        found = set()
        for entry in entries:
            try:
                check_name(local / (below(entry.path, folder) or ""))
            except NameRefused:
                found.add(entry.path)
                self._output.warn(
                    f"“{entry.path}” stays on the server: the local file system cannot hold the name."
                )
        return found

    def _may_delete(self) -> bool:
        if self._delete and not self._summary.is_clean:
            self._output.warn("Nothing was deleted, because something else failed.")
        return self._delete and self._summary.is_clean

    def _finish(self, swaps: Swaps) -> None:
        """Move the replacements to their places."""
        for swap in swaps:
            if any(_is_at_or_below(path, {swap.relative}) for path in self._left_out):
                continue  # incomplete; its failure was reported
            try:
                if not self._options.dry_run:
                    swaps.finish(swap)
            except CabinetError as error:
                self._summary.failed(str(swap.place), error)
            else:
                self._report_deleted(str(swap.place))

    def _delete_remote(
        self, entries: Mapping[str, RemoteEntry], kept: set[str], local: Path, folder: str
    ) -> None:
        names = LocalNames(local, never_ignores_case)

        def is_local_folder(relative: str) -> bool:
            try:
                return names.locate(relative).is_dir()
            except (SameName, OSError):  # the path exists in some form
                return True

        for path in iter_surplus(entries.values(), kept, self._options.selection, folder, is_local_folder):
            self._delete_from_server(path)

    def _delete_from_server(self, path: str) -> bool:
        """Move `path` to the trash, or report it in a dry run; returns False if that failed."""
        failures = self._summary.failures
        with self._summary.attempt(path):
            if not self._options.dry_run:
                self._api.delete(path)
            self._report_deleted(path)
        return self._summary.failures == failures

    def _delete_local(self, kept: set[str], names: LocalNames, swaps: Swaps) -> None:
        selection = self._options.selection
        unclear: set[str] = set()

        def failed(path: Path, error: CabinetError) -> None:
            key = names.key(relative_to(path, names.root))
            unclear.add(key)
            if key not in kept:  # else its failure was reported by the download
                self._summary.failed(str(path), error)

        def is_surplus(relative: str) -> bool:
            key = names.key(relative)
            return not (key in kept or _is_at_or_below(key, unclear) or swaps.holds(relative))

        for source in list(iter_files(names.root, lambda _: None, selection, failed=failed)):
            if is_surplus(relative_to(source.path, names.root)):
                with self._summary.attempt(str(source.path)), local_errors(source.path):
                    if not self._options.dry_run:
                        source.path.unlink()
                    self._report_deleted(str(source.path))
        if not self._options.dry_run:
            remove_empty_folders(names.root, lambda path: is_surplus(path) and selection.enters(to_nfc(path)))

    def _report_deleted(self, path: str) -> None:
        would = self._options.dry_run
        self._output.document(to_event("would-delete" if would else "deleted", path=path))
        self._output.note(f"“{path}” {'would be' if would else 'was'} deleted.")


def _is_at_or_below(path: str, paths: set[str]) -> bool:
    """Return whether `path` is one of `paths` or below one."""
    return not paths.isdisjoint((path, *iter_parents(path)))


def _stat_file(path: Path) -> Source | None:
    """Return the regular file at `path`; None for a link or anything else."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return to_source(path, status) if stat.S_ISREG(status.st_mode) else None


def _has_time(source: Source, mtime_ns: int, *, is_local: bool) -> bool:
    """Return whether a file has this time, or with `is_local` the time as its file system stores it."""
    if is_same_time(source.mtime_ns, mtime_ns):
        return True
    return is_local and to_stored_time(source.path.parent, mtime_ns) == source.mtime_ns
