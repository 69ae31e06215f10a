"""Stop long tasks when their process is about to end.

The runner of a job binds an event to the job's session; `writing` checks it before each transaction.
The session of a request has no event, so its task runs to the end.

Rule: raised only between transactions, where a later run can continue.
"""

from __future__ import annotations

from threading import Event

from sqlalchemy.orm import Session

_STOP = "cabinet_stop"


class Interrupted(Exception):
    """The task was stopped between two transactions; not a domain error, so that no loop ignores it."""


def bind_stop(session: Session, stop: Event) -> None:
    """Stop the tasks of `session` soon after `stop` is set."""
    session.info[_STOP] = stop


def check_interrupted(session: Session) -> None:
    """Raise `Interrupted` when the stop event of the session is set."""
    stop: Event | None = session.info.get(_STOP)
    if stop is not None and stop.is_set():
        raise Interrupted
