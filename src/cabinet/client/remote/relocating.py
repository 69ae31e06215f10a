"""What is moved or copied on the server, by one command: mv, cp.

Rule: no byte comes here. As many as one request takes are moved all or none; the next are another
request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from cabinet.client.failures import BadUsage, Refused
from cabinet.client.output import to_event
from cabinet.client.paths import to_path
from cabinet.client.remote.conflicts import ASK, FAIL, RENAME, REPLACE, SKIP, Chooser
from cabinet.client.remote.globs import look_up
from cabinet.client.remote.meaning import Meaning, Meant, outermost
from cabinet.client.session import Session
from cabinet.client.tally import Tally
from cabinet.client.wire.entries import PAGE_SIZE, Entry
from cabinet.errors import NotFound

if TYPE_CHECKING:
    from cabinet.client.wire.api import Api

Relocate = Callable[[Sequence[str], str, str], list[Entry]]


class Relocation:
    """One run; `done` is the name of what is done, for events."""

    def __init__(self, session: Session, relocate: Relocate, done: str, on_conflict: str) -> None:
        self._api: Api = session.api
        self._output = session.output
        self._tally = Tally(session.output)
        self._relocate = relocate
        self._done = done
        self._chooser = Chooser(session.output, on_conflict)

    def run(self, names: Sequence[str], target: str, *, dry_run: bool) -> None:
        """Bring what `names` mean to `target`."""
        meant = outermost(Meaning(self._api, self._tally).iter_meant(names))
        if any(not one.path for one in meant):
            raise BadUsage(reason="The folder that holds everything cannot go anywhere.")
        to = _to_target(target, is_folder=len(meant) > 1)
        # Nothing is done by halves because a name was wrong.
        if self._tally.is_flawless:
            if dry_run:
                self._tell(meant, to)
            else:
                for choice, some in self._settle(meant, to).items():
                    for batch in _iter_batches(some):
                        with self._tally.attempt(target):
                            self._send(batch, to, choice)
        self._tally.leave()

    def _settle(self, meant: Sequence[Meant], to: str) -> dict[str, list[Meant]]:
        """Return what is left to do by what the server shall do about conflicts."""
        if self._chooser.choice not in (ASK, SKIP):
            return {self._chooser.choice: list(meant)}
        targets = self._targets(meant, to)
        # Where nothing is in the way now, nothing may be lost should something come there.
        settled: dict[str, list[Meant]] = {FAIL: [], REPLACE: [], RENAME: [], SKIP: []}
        for one, path, entry in zip(meant, targets, look_up(self._api, targets), strict=True):
            choice = FAIL if entry is None else self._chooser.choose(entry)
            settled[choice].append(one)
            if choice == SKIP:
                self._tally.unchanged()
                self._output.document(to_event("skipped", **{"from": one.path}, path=path))
        del settled[SKIP]
        return settled

    def _send(self, batch: Sequence[Meant], to: str, on_conflict: str) -> None:
        paths = [one.path for one in batch]
        try:
            entries = self._relocate(paths, to, on_conflict)
        except Refused as error:
            if not (error.means(NotFound) and self._name_missing(batch)):
                raise
            return
        self._tally.done(count=len(entries))
        pairs = list(zip(paths, entries, strict=True))
        self._output.document(
            *(to_event(self._done, **{"from": path}, entry=entry.document) for path, entry in pairs)
        )
        self._output.result(*(entry.path for entry in entries))

    def _name_missing(self, batch: Sequence[Meant]) -> bool:
        """Report which of a batch are not there, for the server does not say; tell whether any is missing."""
        found = self._api.lookup([one.path for one in batch])
        missing = [one for one, entry in zip(batch, found, strict=True) if entry is None]
        for one in missing:
            self._tally.failed(one.path, NotFound())
        return bool(missing)

    def _tell(self, meant: Sequence[Meant], to: str) -> None:
        """Say what would go where."""
        for one, path in zip(meant, self._targets(meant, to), strict=True):
            self._tally.done()
            self._output.document(to_event(f"would-be-{self._done}", **{"from": one.path}, path=path))
            self._output.result(path)

    def _targets(self, meant: Sequence[Meant], to: str) -> list[str]:
        """Return where each would go, after a look at whether the target is a folder."""
        path = to.rstrip("/")
        if path and not to.endswith("/"):
            (entry,) = self._api.lookup([path])
            if entry is None or not entry.is_folder:
                return [path] * len(meant)
        above = f"{path}/" if path else ""
        return [above + one.path.rpartition("/")[2] for one in meant]


def _to_target(text: str, *, is_folder: bool) -> str:
    """Return what the server takes for a folder if `text` means one, else the path."""
    path = to_path(text)
    return f"{path}/" if path and (is_folder or text.endswith("/")) else path


def _iter_batches(meant: Sequence[Meant]) -> Iterator[Sequence[Meant]]:
    for start in range(0, len(meant), PAGE_SIZE):
        yield meant[start : start + PAGE_SIZE]
