"""The page of what happens in shares and team spaces, with the user's notices, which it marks as seen.

Rule: renders only; the page works without scripts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext

from cabinet.models import Verb
from cabinet.services.activity.feed import ActivityPage, Happening
from cabinet.services.activity.notices import News
from cabinet.services.tree.names import join_path, split_path
from cabinet.web.identity import acting_user
from cabinet.web.places import look_up_all
from cabinet.web.services import notices
from cabinet.web.texts import VERBS

ICONS = {
    Verb.OPENED: "eye",
    Verb.DOWNLOADED: "download",
    Verb.UPLOADED: "upload",
    Verb.CREATED: "folder-plus",
    Verb.CHANGED: "history",
    Verb.COPIED: "copy",
    Verb.RENAMED: "pencil",
    Verb.MOVED: "folder-input",
    Verb.TRASHED: "trash-2",
    Verb.DELETED: "trash-2",
    Verb.RESTORED: "undo-2",
    Verb.SHARED: "link",
    Verb.UNSHARED: "link",
    Verb.JOINED: "user-plus",
    Verb.LEFT: "log-out",
}


@dataclass(frozen=True, slots=True)
class Line:
    """An event or a notice as a page shows it; `address` leads to the entry, if it is still there."""

    icon: str
    name: str
    what: str
    who: str
    at: datetime
    address: str = ""
    where: str = ""
    count: int = 1
    is_new: bool = False


def show_activity(page: ActivityPage) -> str:
    """Return a page of events: of everything, of an entry or of a link, as the query says."""
    path, share_id = request.args.get("path"), request.args.get("share")
    is_whole = path is None and share_id is None and not request.args.get("after")
    news = notices(acting_user().id).show() if is_whole else []
    query: dict[str, Any] = {name: value for name, value in request.args.items() if name != "after"}
    return render_template(
        "shares/activity.html",
        events=_lines(page.events),
        news=[_line_of_news(each) for each in news],
        of_entry=None
        if path is None
        else split_path(path)[-1]
        if split_path(path)
        else gettext("Your files"),
        of_share=share_id is not None,
        is_first=not request.args.get("after"),
        more=url_for("shares.list_activity", **query, after=page.next) if page.next else "",
    )


def _lines(events: Iterable[Happening]) -> list[Line]:
    """Return the lines of events; entries that are still at their place are linked, found by a query a folder."""
    events = list(events)
    shown = {event.path for event in events if event.path}
    entries = {entry.path: entry for entry in look_up_all(sorted(shown)) if entry is not None}
    lines: list[Line] = []
    for event in events:
        names = split_path(event.path or event.from_path or "")
        folder = join_path(names[:-1])
        entry = entries.get(event.path or "")
        target = None if entry is None else entry.path if entry.is_folder else folder
        lines.append(
            Line(
                ICONS[event.verb],
                names[-1] if names else event.share_name or gettext("Your files"),
                _what(event),
                _who(event),
                event.created_at,
                "" if target is None else url_for("files.index", path=target or None),
                folder,
                event.count,
            )
        )
    return lines


def _what(event: Happening) -> str:
    text: str = gettext(VERBS[event.verb])
    if event.verb is Verb.MOVED and event.path is None:
        text = gettext("Moved out of the folder")
    elif event.verb is Verb.RENAMED and event.from_path:
        text = gettext("Renamed from “%(name)s”", name=event.from_path.rpartition("/")[2])
    return text


def _who(event: Happening) -> str:
    name: str = event.actor or (gettext("Guest") if event.is_guest else gettext("Former user"))
    if event.actor == acting_user().username:
        name = gettext("You")
    return name


def _line_of_news(news: News) -> Line:
    what: str = gettext(VERBS[news.verb])
    who: str = news.actor or gettext("Guest")
    # The link is the reader's own, unless it is told of by who gave it.
    address = url_for("shares.list_activity", share=news.share_id) if news.share_id else ""
    if news.verb is Verb.SHARED:
        what, address = gettext("Shared with you"), ""
    elif news.verb is Verb.JOINED:
        what, who = gettext("You are a member of this team space now"), gettext("You")
    name = news.name or gettext("Link")
    return Line(ICONS[news.verb], name, what, who, news.created_at, address, is_new=news.is_new)
