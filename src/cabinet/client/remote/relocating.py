"""Moving and copying on the server: mv, cp.

Rule: no content is transferred. Each request is atomic; a command with more items than fit sends several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from cabinet.client.failures import BadUsage, Refused
from cabinet.client.output import to_event
from cabinet.client.paths import to_path
from cabinet.client.remote.conflicts import ASK, FAIL, RENAME, REPLACE, SKIP, ConflictPrompt
from cabinet.client.remote.globs import look_up
from cabinet.client.remote.resolve import ResolvedPath, Resolver, without_nested
from cabinet.client.session import ClientSession
from cabinet.client.summary import Summary
from cabinet.client.wire.entries import PAGE_SIZE, RemoteEntry
from cabinet.errors import NotFound

if TYPE_CHECKING:
    from cabinet.client.wire.api import Api

Relocate = Callable[[Sequence[str], str, str], list[RemoteEntry]]


class Relocation:
    """One run of mv or cp; `done` is the name of the action in events."""

    def __init__(self, session: ClientSession, relocate: Relocate, done: str, on_conflict: str) -> None:
        self._api: Api = session.api
        self._output = session.output
        self._summary = Summary(session.output)
        self._relocate = relocate
        self._done = done
        self._chooser = ConflictPrompt(session.output, on_conflict)

    def run(self, names: Sequence[str], target: str, *, dry_run: bool) -> None:
        """Move or copy what `names` match to `target`."""
        resolved = without_nested(Resolver(self._api, self._summary).iter_resolved(names))
        if any(not one.path for one in resolved):
            raise BadUsage(reason="The root folder cannot be moved or copied.")
        to = _to_target(target, is_folder=len(resolved) > 1)
        # Nothing is moved if a name could not be resolved.
        if self._summary.is_clean:
            if dry_run:
                self._print_targets(resolved, to)
            else:
                for choice, some in self._settle(resolved, to).items():
                    for batch in _iter_batches(some):
                        with self._summary.attempt(target):
                            self._send(batch, to, choice)
        self._summary.exit_if_failed()

    def _settle(self, resolved: Sequence[ResolvedPath], to: str) -> dict[str, list[ResolvedPath]]:
        """Return the paths to move by their `on_conflict` value."""
        if self._chooser.choice not in (ASK, SKIP):
            return {self._chooser.choice: list(resolved)}
        targets = self._targets(resolved, to)
        # If the target is free now, an entry that appears there later must not be lost.
        settled: dict[str, list[ResolvedPath]] = {FAIL: [], REPLACE: [], RENAME: [], SKIP: []}
        for one, path, entry in zip(resolved, targets, look_up(self._api, targets), strict=True):
            choice = FAIL if entry is None else self._chooser.choose(entry)
            settled[choice].append(one)
            if choice == SKIP:
                self._summary.unchanged()
                self._output.document(to_event("skipped", **{"from": one.path}, path=path))
        del settled[SKIP]
        return settled

    def _send(self, batch: Sequence[ResolvedPath], to: str, on_conflict: str) -> None:
        paths = [one.path for one in batch]
        try:
            entries = self._relocate(paths, to, on_conflict)
        except Refused as error:
            if not (error.is_kind(NotFound) and self._report_missing(batch)):
                raise
            return
        self._summary.done(count=len(entries))
        pairs = list(zip(paths, entries, strict=True))
        self._output.document(
            *(to_event(self._done, **{"from": path}, entry=entry.document) for path, entry in pairs)
        )
        self._output.result(*(entry.path for entry in entries))

    def _report_missing(self, batch: Sequence[ResolvedPath]) -> bool:
        """Report the missing paths of a batch; return whether any is missing. The server names none."""
        found = self._api.lookup([one.path for one in batch])
        missing = [one for one, entry in zip(batch, found, strict=True) if entry is None]
        for one in missing:
            self._summary.failed(one.path, NotFound())
        return bool(missing)

    def _print_targets(self, resolved: Sequence[ResolvedPath], to: str) -> None:
        """Print the targets."""
        for one, path in zip(resolved, self._targets(resolved, to), strict=True):
            self._summary.done()
            self._output.document(to_event(f"would-be-{self._done}", **{"from": one.path}, path=path))
            self._output.result(path)

    def _targets(self, resolved: Sequence[ResolvedPath], to: str) -> list[str]:
        """Return the new path of each; looks up whether the target is a folder."""
        path = to.rstrip("/")
        if path and not to.endswith("/"):
            (entry,) = self._api.lookup([path])
            if entry is None or not entry.is_folder:
                return [path] * len(resolved)
        above = f"{path}/" if path else ""
        return [above + one.path.rpartition("/")[2] for one in resolved]


def _to_target(text: str, *, is_folder: bool) -> str:
    """Return the target path, with a trailing slash if it must be a folder."""
    path = to_path(text)
    return f"{path}/" if path and (is_folder or text.endswith("/")) else path


def _iter_batches(resolved: Sequence[ResolvedPath]) -> Iterator[Sequence[ResolvedPath]]:
    for start in range(0, len(resolved), PAGE_SIZE):
        yield resolved[start : start + PAGE_SIZE]
