"""Numbers of links and grants, for programs that know shares by numbers only.

A number is the beginning of the random id, 52 bits, so it needs no column and is found by the primary key.

Rule: finds ids only; whoever uses one asks the services for it, which decide who may.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import NotFound
from cabinet.models import Share

# Hexadecimal digits of the id; their number fits into the floating point of scripts exactly.
_DIGITS = 13


def number_of_share(share_id: str) -> int:
    """Return the number of a share."""
    return int(share_id[:_DIGITS], 16)


def find_share_id(session: Session, number: str) -> str:
    """Return the id of the share with a number, anybody's; raises `NotFound`."""
    if not (number.isascii() and number.isdigit() and len(number) <= 16 and int(number) < 16**_DIGITS):
        raise NotFound
    begin = f"{int(number):0{_DIGITS}x}"
    # The letter is behind all digits, so the range is that of one beginning.
    wanted = select(Share.id).where(Share.id >= begin, Share.id < f"{begin}g", Share.revoked_at.is_(None))
    ids = session.scalars(wanted.limit(2)).all()
    if len(ids) != 1:
        raise NotFound
    return ids[0]
