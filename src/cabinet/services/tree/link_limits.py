"""The limits of what guests add through a link: bytes, and files and folders, counted by the statement that checks.

What a guest removes is not given back, because it stays in the trash; an unfinished upload is, when it ends, and a
change that is reverted.

Rule: runs in the caller's transaction and commits nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, or_, select, update
from sqlalchemy.orm import Session

from cabinet.models import Base
from cabinet.services.kernel.database import execute_counted

_SHARE = Base.metadata.tables["share"]
_SIZE, _FILES = (bindparam(f"its_{name}", type_=BigInteger) for name in ("size", "files"))
_IS_ITS = _SHARE.c.id == bindparam("its_id")
_NEW_SIZE, _NEW_FILES = _SHARE.c.used_size + _SIZE, _SHARE.c.files + _FILES
# Built once: each upload of a guest runs it.
_CLAIM = (
    update(_SHARE)
    .where(
        _IS_ITS,
        or_(_SIZE <= 0, _SHARE.c.max_size.is_(None), _SHARE.c.max_size >= _NEW_SIZE),
        or_(_FILES <= 0, _SHARE.c.max_files.is_(None), _SHARE.c.max_files >= _NEW_FILES),
    )
    .values(used_size=_NEW_SIZE, files=_NEW_FILES)
)
_LEFT = select(
    _SHARE.c.max_size - _SHARE.c.used_size,
    _SHARE.c.max_files - _SHARE.c.files,
).where(_IS_ITS)
_COUNT = update(_SHARE).where(_IS_ITS)
_COUNT = _COUNT.values(uploads=_SHARE.c.uploads + _FILES, last_used_at=bindparam("its_time"))


class LinkRoom(NamedTuple):
    """The bytes, and the files and folders, that a link may still take in; None for no limit."""

    size: int | None
    files: int | None


def claim(session: Session, share_id: str, size: int, files: int) -> bool:
    """Add `size` bytes and `files` to what came in through a link, both may be negative; return False if full."""
    values = {"its_id": share_id, "its_size": size, "its_files": files}
    return execute_counted(session, _CLAIM, values) > 0


def give_back(session: Session, share_id: str | None, size: int, files: int) -> None:
    """Subtract what a guest's change had added before it was reverted; without a link, or with it gone, nothing."""
    if share_id is not None:
        claim(session, share_id, -size, -files)


def room_of(session: Session, share_id: str) -> LinkRoom:
    """Return what a link may still take in; nothing once it is gone."""
    row = session.execute(_LEFT, {"its_id": share_id}).one_or_none()
    return LinkRoom(0, 0) if row is None else LinkRoom(*row)


def count_uploads(session: Session, share_id: str, files: int, now: datetime) -> None:
    """Count files that came in through a link."""
    execute_counted(session, _COUNT, {"its_id": share_id, "its_files": files, "its_time": now})
