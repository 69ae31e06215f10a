"""The most of each thing that one user can multiply, as the operator allows it.

The caps are bound to a database session, because every way that makes rows has one: so no such way
can forget them, and none has to pass them on.

Rule: numbers alone; what counts compares them in the statement that counts, or under a lock.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

_CAPS = "cabinet_caps"


@dataclass(frozen=True, slots=True)
class Caps:
    """The caps of one user; the defaults are those of the settings.

    `entries`: files and folders, also in the trash; `uploads`: unfinished ones, and as many that have
    ended are remembered; `joins`: how often one partial upload may come in a joined one; `copied`:
    files and folders that one copy makes.
    """

    entries: int = 2_000_000
    uploads: int = 1_000
    joins: int = 10
    copied: int = 100_000


_DEFAULTS = Caps()


def bind_caps(session: Session, caps: Caps) -> None:
    """Let `caps` hold for whatever is done in a session from now on."""
    session.info[_CAPS] = caps


def caps_of(session: Session) -> Caps:
    """Return the caps that hold in a session."""
    caps = session.info.get(_CAPS, _DEFAULTS)
    assert isinstance(caps, Caps)
    return caps
