"""The forms with the options of a link: fill them in, and read what they ask for.

Rule: values only; the service knows what is allowed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from flask import request

from cabinet.services.access.rights import Rights
from cabinet.services.shares.values import ShareInfo
from cabinet.services.tree.entries import Entry
from cabinet.shares.forms import FOR_FOLDERS, RIGHTS, ChangeLinkForm, LinkForm, NewLinkForm, word_of
from cabinet.web.pages import text_of
from cabinet.web.runtime import runtime
from cabinet.web.services import share_policy

GIGABYTE = 1000**3
# The offsets of time zones, in minutes.
_ZONES = range(-24 * 60, 24 * 60)


def new_link_form(entry: Entry | None) -> NewLinkForm:
    """Return the form for a new link, None for a selection; the query may name its rights."""
    form = NewLinkForm(formdata=None, rights=request.args.get("rights"))
    if form.rights.data not in words_for(entry, is_known=True):
        form.rights.data = "view"
    _show_expiry(form, share_policy().default_expiry(runtime().clock()))
    return form


def form_of_link(held: ShareInfo) -> ChangeLinkForm:
    """Return the form with the options of a link."""
    size = held.max_size
    form = ChangeLinkForm(
        formdata=None,
        rights=word_of(held.rights),
        max_downloads=held.max_downloads,
        max_size=None if size is None else (Decimal(size) / GIGABYTE).normalize(),
        max_files=held.max_files,
        name=held.name,
        note=held.note,
        notify=held.notify,
    )
    _show_expiry(form, held.expires_at)
    return form


def words_for(entry: Entry | None, *, is_known: bool) -> list[str]:
    """Return what guests may do with an entry; None that is known is a selection."""
    if entry is not None and not entry.is_folder:
        return ["view"]
    is_selection = entry is None and is_known
    return [word for word in RIGHTS if not (is_selection and word in FOR_FOLDERS)]


def _show_expiry(form: LinkForm, moment: datetime | None) -> None:
    """Fill in the day; a script turns it into that of the browser's time zone."""
    form.expires_at.data = None if moment is None else moment.date()
    shown = {} if moment is None else {"data-moment": f"{moment.replace(tzinfo=None).isoformat()}Z"}
    form.expires_at.render_kw = shown


def values_of(form: LinkForm, held: datetime | None) -> dict[str, Any]:
    """Return the options that a valid form asks for; `held` is the expiry that it showed."""
    rights = RIGHTS[form.rights.data]
    size = form.max_size.data
    return {
        "rights": rights,
        "expires_at": _moment_of(form, held),
        "name": text_of(form.name),
        "note": text_of(form.note),
        "notify": form.notify.data,
        # A form without scripts also shows the limits that these rights do not have.
        "max_downloads": form.max_downloads.data if Rights.READ in rights else None,
        "max_size": int(size * GIGABYTE) if size is not None and Rights.WRITE in rights else None,
        "max_files": form.max_files.data if Rights.WRITE in rights else None,
    }


def _moment_of(form: LinkForm, held: datetime | None) -> datetime | None:
    """Return the end of the selected day, or `held` if it is that day; never later than the policy allows."""
    day: date | None = form.expires_at.data
    if day is None:
        return None
    zone = _zone_of(form)
    if held is not None and _day_of(held, zone) == day:
        return held
    try:
        end = datetime.combine(day, time(23, 59, 59), UTC) - zone
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
    max_days = share_policy().max_days
    latest = None if max_days is None else runtime().clock() + timedelta(days=max_days)
    return latest if latest is not None and _day_of(latest, zone) == day else end


def _zone_of(form: LinkForm) -> timedelta:
    """Return the offset of the browser's time zone, that of UTC if it is missing or invalid."""
    text = text_of(form.zone)
    digits = text.removeprefix("-")
    minutes = int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 4 else 0
    return timedelta(minutes=minutes if minutes in _ZONES else 0)


def _day_of(moment: datetime, zone: timedelta) -> date:
    return (moment + zone).date()
