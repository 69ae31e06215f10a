"""Guards: conditions of one request that its writing transaction checks again, under the lock of the space.

A protocol may refuse a change for reasons that the tree does not know, such as a lock of WebDAV. Such a check is only
true while nobody else can write, so each transaction of the request repeats it after it has the lock of a space.

Rule: a guard only reads; once it has refused, what follows is the cleaning up of the change, and it is not asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from sqlalchemy.orm import Session

_GUARD = "cabinet_guard"

# Raises an error to refuse the change.
Guard: TypeAlias = Callable[[], None]


@contextmanager
def guarding(session: Session, guard: Guard) -> Iterator[None]:
    """Check `guard` in every transaction of the body that takes the lock of a tree."""
    session.info[_GUARD] = guard
    try:
        yield
    finally:
        session.info.pop(_GUARD, None)


def check_guard(session: Session) -> None:
    """Raise what the guard of the request raises, if there is one."""
    guard: Guard | None = session.info.pop(_GUARD, None)
    if guard is not None:
        guard()
        session.info[_GUARD] = guard
