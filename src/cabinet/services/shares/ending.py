"""Removes the rows of links that have ended, and of downloads that began long ago.

A link that has ended is revoked first, so that it is listed no longer, and deleted when its last event is too old.

Rule: a row of a link is deleted only when no unfinished upload through it is left: those still count in the usage
of the space, and would be deleted with it uncounted.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from cabinet.models import Event, Share, ShareDownload, ShareItem, ShareKind, Upload
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute_counted, writing
from cabinet.services.kernel.expiry import BATCH, delete_in_steps
from cabinet.services.shares.links import OPENED_FOR


def delete_ended(session: Session, clock: Clock) -> int:
    """Delete ended links and old downloads in small transactions; return the number of links."""
    delete_in_steps(session, ShareDownload.share_id, ShareDownload.begun_at <= clock() - OPENED_FOR)
    _revoke_ended(session, clock)
    return delete_in_steps(session, Share.id, _is_useless())


def _revoke_ended(session: Session, clock: Clock) -> None:
    """Revoke links without an entry or an owner, in small transactions."""
    has_items = select(ShareItem.share_id).where(ShareItem.share_id == Share.id).exists()
    # A grant stays when the account of the manager who gave it is deleted.
    is_orphan = Share.user_id.is_(None) & (Share.kind != ShareKind.GRANT)
    has_ended = Share.revoked_at.is_(None) & or_(is_orphan, ~has_items)
    while True:
        session.rollback()
        ids = session.scalars(select(Share.id).where(has_ended).limit(BATCH)).all()
        if not ids:
            return
        with writing(session):
            ended = update(Share).where(Share.id.in_(ids), has_ended)
            execute_counted(session, ended.values(revoked_at=clock()))


def _is_useless() -> ColumnElement[bool]:
    unfinished = select(Upload.id).where(Upload.share_id == Share.id, Upload.ended_at.is_(None)).exists()
    has_events = select(Event.id).where(Event.share_id == Share.id).exists()
    return Share.revoked_at.is_not(None) & ~unfinished & ~has_events
