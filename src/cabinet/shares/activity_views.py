"""Tell users what happens to what they share, and to what others share with them.

Rule: parse, call the service, render; paths are those of the acting user.
"""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from cabinet.errors import InvalidField
from cabinet.services.activity.feed import ActivityPage, Happening
from cabinet.shares.activity_page import show_activity
from cabinet.shares.blueprint import bp
from cabinet.web.identity import acting_user
from cabinet.web.pages import to_rfc3339
from cabinet.web.parameters import NOT_EXACTLY_ONE_FORM, after_of, limit_of
from cabinet.web.places import place_at
from cabinet.web.problems import wants_page
from cabinet.web.services import activity

# Events per page.
PAGE_LIMIT = 50


@bp.get("/activity")
def list_activity() -> ResponseReturnValue:
    """List events, newest first: all, those of the entry at `path` and below it, or those of the link `share`."""
    if wants_page():
        return show_activity(_requested(limit_of(PAGE_LIMIT)))
    page = _requested(limit_of())
    return {"events": [_event_json(event) for event in page.events], "next": page.next}


def _requested(limit: int) -> ActivityPage:
    """Return the page of events that the query asks for; raises `InvalidField` and what the services raise."""
    path, share_id = request.args.get("path"), request.args.get("share")
    service, after = activity(acting_user().scope), after_of()
    if path is not None and share_id is not None:
        raise InvalidField(field="share", reason=NOT_EXACTLY_ONE_FORM)
    if share_id is not None:
        return service.list_of_share(share_id, limit, after)
    if path is not None:
        return service.list_of_entry(place_at(path), limit, after)
    return service.list_page(limit, after)


def _event_json(event: Happening) -> dict[str, Any]:
    return {
        "verb": event.verb.value,
        "actor": event.actor,
        "guest": event.is_guest,
        "path": event.path,
        "from": event.from_path,
        "share": event.share_id,
        "share_name": event.share_name,
        "count": event.count,
        "at": to_rfc3339(event.created_at),
    }
