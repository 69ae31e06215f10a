"""How a long task learns that its process is about to end.

Whoever runs one binds an event to its session; `writing` looks at it before it begins a transaction. A
session of a request has none, and its task goes on to its end.

Rule: raised only where every transaction is over and whoever comes next goes on from there.
"""

from __future__ import annotations

from threading import Event

from sqlalchemy.orm import Session

_STOP = "cabinet_stop"


class Interrupted(Exception):
    """The task was ended between two of its transactions; no domain error, so that none of its loops goes on."""


def bind_stop(session: Session, stop: Event) -> None:
    """Have the tasks of `session` end soon after `stop` is set."""
    session.info[_STOP] = stop


def check_interrupted(session: Session) -> None:
    """Raise `Interrupted` when the process is about to end."""
    stop: Event | None = session.info.get(_STOP)
    if stop is not None and stop.is_set():
        raise Interrupted
