"""The limits on numbers of entries, uploads and copies of one user, as configured by the operator.

The caps are bound to a database session, because all code that creates rows has one: it cannot
forget them and need not pass them on.

Rule: values only; code that counts compares them in the counting statement, or under a lock.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

_CAPS = "cabinet_caps"


@dataclass(frozen=True, slots=True)
class Caps:
    """The caps of one user; the defaults are those of the settings.

    `entries`: files and folders, including the trash; `uploads`: unfinished uploads, and as many
    remembered ended ones; `joins`: how often a joined upload may contain the same partial upload;
    `copied`: files and folders in one copy.
    """

    entries: int = 2_000_000
    uploads: int = 1_000
    joins: int = 10
    copied: int = 100_000


_DEFAULTS = Caps()


def has_caps(session: Session) -> bool:
    """Return whether caps were bound to a session."""
    return _CAPS in session.info


def bind_caps(session: Session, caps: Caps) -> None:
    """Apply `caps` to a session from now on."""
    session.info[_CAPS] = caps


def caps_of(session: Session) -> Caps:
    """Return the caps of a session."""
    caps = session.info.get(_CAPS, _DEFAULTS)
    assert isinstance(caps, Caps)
    return caps
