"""Describe links and grants for pages: addresses, states and counts in words.

Rule: values and texts; the markup is in `shares/_cards.html`, the same for every page and for the dialog.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for
from flask_babel import gettext, ngettext

from cabinet.services.access.rights import Rights
from cabinet.services.shares.received import ReceivedShare
from cabinet.services.shares.values import GrantInfo, SharedItem, ShareInfo, ShareState
from cabinet.services.tree.entries import Mounted
from cabinet.shares.forms import LABELS, word_of
from cabinet.web.formats import filesize, number, sharing
from cabinet.web.runtime import runtime
from cabinet.web.serializers import absolute_address

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LinkCard:
    """A link in words; `place` is where its entry is listed, empty if it is not there any more.

    `address` is None if the server's key has changed since it was made; `drawing` is the path of its QR code, empty if
    it does not work at present.
    """

    share: ShareInfo
    title: str
    place: str
    where: str
    address: str | None
    drawing: str
    rights: str
    state: str
    counts: Sequence[str]

    @property
    def is_live(self) -> bool:
        """Return whether the link works."""
        return self.share.state is ShareState.ACTIVE


@dataclass(frozen=True, slots=True)
class GrantCard:
    """A grant in words: for whom, and its state unless it is simply used; `is_over` is whether nobody has it."""

    grant: GrantInfo
    name: str
    title: str
    place: str
    state: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class ReceivedCard:
    """What somebody has shared with the user; `place` is where it is listed, empty while it waits."""

    share: ReceivedShare
    place: str
    whose: str


def grant_card_of(grant: GrantInfo) -> GrantCard:
    """Return a grant in words."""
    first = next(iter(grant.items), None)
    states = {
        ShareState.PENDING: gettext("not accepted yet"),
        ShareState.DECLINED: gettext("declined"),
        ShareState.SUSPENDED: gettext("in the trash"),
        ShareState.ENDED: gettext("ended: its items were permanently deleted"),
    }
    return GrantCard(
        grant=grant,
        name=grant.user or grant.group or gettext("Deleted group"),
        title=title_of([item.path for item in grant.items]),
        place="" if first is None or first.is_trashed else place_of(first.path),
        state=str(states.get(grant.state, "")),
        is_over=grant.state not in {ShareState.ACTIVE, ShareState.PENDING},
    )


def received_card_of(share: ReceivedShare) -> ReceivedCard:
    """Return what somebody has shared in words."""
    place = "" if share.path is None else place_of(share.path)
    whose = sharing(Mounted(share.owner, share.role))
    if share.group:
        whose += f" · {gettext('group “%(name)s”', name=share.group)}"
    return ReceivedCard(share, place, whose)


def card_of(share: ShareInfo) -> LinkCard:
    """Return a link in words."""
    token, first = share.token, next(iter(share.items), None)
    is_live = share.state is ShareState.ACTIVE
    return LinkCard(
        share=share,
        title=share.name or title_of([item.path for item in share.items]),
        place="" if first is None or first.is_trashed else place_of(first.path),
        where="" if first is None else _where(share.items),
        address=None if token is None else absolute_address("link.show", token=token),
        drawing=url_for("link.qr", token=token) if token and is_live else "",
        rights=str(LABELS[word_of(share.rights)]),
        state=state_in_words(share, runtime().clock()),
        counts=counts_in_words(share),
    )


def title_of(paths: Sequence[str]) -> str:
    """Return the name of the first entry, and how many there are besides."""
    if not paths:
        return str(gettext("Permanently deleted items"))
    name = paths[0].rpartition("/")[2]
    if len(paths) == 1:
        return name
    more = len(paths) - 1
    return str(
        ngettext(
            "%(name)s and %(count)s more item",
            "%(name)s and %(count)s more items",
            more,
            name=name,
            count=number(more),
        )
    )


def _where(items: Sequence[SharedItem]) -> str:
    return items[0].path.rpartition("/")[0] or str(gettext("Your files"))


def place_of(path: str) -> str:
    """Return the URL of the list that shows the entry at a path."""
    parent, _, name = path.rpartition("/")
    return url_for("files.index", path=parent or None, _anchor=f"show={name}")


def state_in_words(share: ShareInfo, now: datetime) -> str:
    """Return whether a link works and for how long, or why it does not."""
    texts = {
        ShareState.EXPIRED: gettext("expired"),
        ShareState.USED_UP: gettext("no downloads left"),
        ShareState.SUSPENDED: gettext("in the trash"),
        ShareState.ENDED: gettext("ended: its items were permanently deleted"),
    }
    return str(texts.get(share.state) or expiry_in_words(share.expires_at, now))


def expiry_in_words(expires_at: datetime | None, now: datetime) -> str:
    """Return how long a link still works."""
    if expires_at is None:
        return str(gettext("does not expire"))
    left = expires_at - now
    if left <= HOUR:
        return str(gettext("expires within an hour"))
    if left <= DAY:
        hours = -(-left // HOUR)
        return str(
            ngettext("expires in %(count)s hour", "expires in %(count)s hours", hours, count=number(hours))
        )
    days = -(-left // DAY)
    return str(ngettext("expires in %(count)s day", "expires in %(count)s days", days, count=number(days)))


def counts_in_words(share: ShareInfo) -> list[str]:
    """Return how often a link was used, for what it allows."""
    opens, uploads = share.opens, share.uploads
    said = [
        ngettext("opened %(count)s time", "opened %(count)s times", opens, count=number(opens))
        if opens
        else gettext("not opened yet")
    ]
    if Rights.READ in share.rights and (share.downloads or share.max_downloads):
        said.append(_downloads(share.downloads, share.max_downloads))
    if Rights.WRITE in share.rights:
        said.append(ngettext("%(count)s upload", "%(count)s uploads", uploads, count=number(uploads)))
        if share.max_size is not None:
            used, most = filesize(share.used_size), filesize(share.max_size)
            said.append(gettext("%(size)s of %(quota)s used", size=used, quota=most))
    return [str(each) for each in said]


def _downloads(count: int, most: int | None) -> str:
    if most is None:
        return str(ngettext("%(count)s download", "%(count)s downloads", count, count=number(count)))
    return str(
        ngettext(
            "%(count)s of %(most)s download",
            "%(count)s of %(most)s downloads",
            most,
            count=number(count),
            most=number(most),
        )
    )
