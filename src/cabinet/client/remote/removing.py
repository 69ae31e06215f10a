"""Removing on the server: to the trash, or permanently.

Rule: all names are resolved, and the removal is confirmed, before anything is removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cabinet.client.confirm import Confirmation
from cabinet.client.failures import BadUsage
from cabinet.client.output import to_event
from cabinet.client.remote.resolve import ResolvedPath, Resolver, without_nested
from cabinet.client.session import ClientSession
from cabinet.client.summary import Summary
from cabinet.client.wire.entries import PAGE_SIZE
from cabinet.client.worker_pool import DEFAULT_JOBS, WorkerPool
from cabinet.errors import IsAFolder


class Removal:
    """One run of rm; with `confirmation` items are deleted permanently, else moved to the trash."""

    def __init__(
        self, session: ClientSession, confirmation: Confirmation | None, *, recursive: bool, dry_run: bool
    ) -> None:
        self._session = session
        self._api = session.api
        self._output = session.output
        self._summary = Summary(session.output)
        self._confirmation = confirmation
        self._recursive = recursive
        self._dry_run = dry_run

    def run(self, names: Sequence[str]) -> None:
        """Remove what `names` match."""
        # With --recursive, the kind of a name without a pattern does not matter.
        check_existence = self._dry_run or not self._recursive
        resolver = Resolver(
            self._api, self._summary, folders=self._recursive, check_existence=check_existence
        )
        resolved = without_nested(resolver.iter_resolved(names))
        if any(not one.path for one in resolved):
            raise BadUsage(reason="The root folder cannot be removed.")
        if resolved and self._confirmation is not None and not self._dry_run:
            self._confirmation.ask(f"Permanently delete {_describe(resolved)}? This can't be undone.")
        shared = set() if self._dry_run else self._find_shared(resolved)
        # Each item is a request, which mostly waits for the network.
        jobs = 1 if self._dry_run else DEFAULT_JOBS
        WorkerPool(jobs, self._session.cancellation).run(
            partial(self._attempt, one, is_shared=one.path in shared) for one in resolved
        )
        self._summary.exit_if_failed()

    def _find_shared(self, resolved: Sequence[ResolvedPath]) -> set[str]:
        """Return the paths of shared folders of other users, which lie only in the root folder."""
        found = {one.path for one in resolved if one.entry is not None and one.entry.is_shared}
        unknown = [one.path for one in resolved if one.entry is None and "/" not in one.path]
        topmost = unknown if self._recursive else []
        for start in range(0, len(topmost), PAGE_SIZE):
            entries = self._api.lookup(topmost[start : start + PAGE_SIZE])
            found |= {entry.path for entry in entries if entry is not None and entry.is_shared}
        return found

    def _attempt(self, one: ResolvedPath, *, is_shared: bool) -> None:
        with self._summary.attempt(one.path):
            self._remove(one, is_shared=is_shared)

    def _remove(self, one: ResolvedPath, *, is_shared: bool) -> None:
        if not self._recursive and one.entry is not None and one.entry.is_folder:
            raise IsAFolder(path=one.path)
        if not self._dry_run:
            self._api.delete(one.path, permanent=self._confirmation is not None)
        self._summary.done()
        if self._dry_run:
            self._output.document(to_event("would-remove", path=one.path))
            self._output.result(one.path)
        else:
            self._output.document(to_event("removed", path=one.path))
            if is_shared:
                self._output.note(f"Removed “{one.path}” from your files; it stays with its owner.")
                return
            where = "was moved to the trash" if self._confirmation is None else "was permanently deleted"
            self._output.note(f"“{one.path}” {where}.")


def _describe(resolved: Sequence[ResolvedPath]) -> str:
    return f"“{resolved[0].path}”" if len(resolved) == 1 else f"{len(resolved)} files and folders"
