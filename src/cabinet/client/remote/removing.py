"""What is removed on the server, by one command: into the trash, or for ever.

Rule: all names are understood, and leave is given, before anything is removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cabinet.client.crew import DEFAULT_JOBS, Crew
from cabinet.client.failures import BadUsage
from cabinet.client.leave import Leave
from cabinet.client.output import to_event
from cabinet.client.remote.meaning import Meaning, Meant, outermost
from cabinet.client.session import Session
from cabinet.client.tally import Tally
from cabinet.errors import IsAFolder


class Removal:
    """One run; with `leave` what is removed is gone for ever, without it in the trash."""

    def __init__(self, session: Session, leave: Leave | None, *, recursive: bool, dry_run: bool) -> None:
        self._session = session
        self._api = session.api
        self._output = session.output
        self._tally = Tally(session.output)
        self._leave = leave
        self._recursive = recursive
        self._dry_run = dry_run

    def run(self, names: Sequence[str]) -> None:
        """Remove what `names` mean."""
        # With leave to take folders it does not matter what a name without a pattern is.
        is_certain = self._dry_run or not self._recursive
        meaning = Meaning(self._api, self._tally, folders=self._recursive, is_certain=is_certain)
        meant = outermost(meaning.iter_meant(names))
        if any(not one.path for one in meant):
            raise BadUsage(reason="The folder that holds everything cannot be removed.")
        if meant and self._leave is not None and not self._dry_run:
            self._leave.ask(f"Remove {_name(meant)} for ever?")
        # Each is a request of its own, which over a long line mostly waits.
        jobs = 1 if self._dry_run else DEFAULT_JOBS
        Crew(jobs, self._session.stop).run(partial(self._attempt, one) for one in meant)
        self._tally.leave()

    def _attempt(self, one: Meant) -> None:
        with self._tally.attempt(one.path):
            self._remove(one)

    def _remove(self, one: Meant) -> None:
        if not self._recursive and one.entry is not None and one.entry.is_folder:
            raise IsAFolder(path=one.path)
        if not self._dry_run:
            self._api.delete(one.path, permanent=self._leave is not None)
        self._tally.done()
        if self._dry_run:
            self._output.document(to_event("would-remove", path=one.path))
            self._output.result(one.path)
        else:
            self._output.document(to_event("removed", path=one.path))
            where = "is in the trash" if self._leave is None else "is gone for ever"
            self._output.note(f"“{one.path}” {where}.")


def _name(meant: Sequence[Meant]) -> str:
    return f"“{meant[0].path}”" if len(meant) == 1 else f"{len(meant)} files and folders"
