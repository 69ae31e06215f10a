"""Remember the view and the order of lists, in a cookie of the browser.

The cookie's name has the user's public id, because several users may share one browser; a guest of links has
one for all of them. Its content was written here or by static/js/list/preferences.js, but may be anything.

Rule: an invalid value is ignored.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from flask import Response, request

from cabinet.services.tree.paging import Order, Sort
from cabinet.web.guest import guest
from cabinet.web.identity import ActingUser, visitor
from cabinet.web.page_user import is_from_script
from cabinet.web.parameters import order_of

VIEWS = ("list", "grid")
DIRECTIONS = ("asc", "desc")

# The names and valid values of the cookie.
_CHOICES = {"view": VIEWS, "sort": tuple(Sort), "order": DIRECTIONS}
_YEAR_SECONDS = 31_536_000


def view_of_request() -> str:
    """Return the view, "list" or "grid": from the query, else the remembered one."""
    wishes = (request.args.get("view"), _kept().get("view"))
    return next((wish for wish in wishes if wish in VIEWS), "list")


def order_of_page() -> Order:
    """Return the order of the page: from the query, else the remembered one; raises `InvalidField`.

    A request with a cursor keeps the order of the cursor's list.
    """
    kept = _kept()
    if "sort" not in kept or any(name in request.args for name in ("sort", "order", "after")):
        return order_of()
    return Order(Sort(kept["sort"]), kept.get("order") == "desc")


def remember(response: Response, endpoint_of_order: str) -> Response:
    """Set the cookie to what the query of a page asks for; scripts do that by themselves."""
    if not request.args:
        return response
    asked = {name: value for name in _CHOICES if (value := request.args.get(name, "")) in _CHOICES[name]}
    if request.endpoint != endpoint_of_order or "after" in request.args:
        asked = {name: value for name, value in asked.items() if name == "view"}
    name = (
        _cookie_name() if asked and response.status_code == HTTPStatus.OK and not is_from_script() else None
    )
    if name:
        response.set_cookie(
            name,
            urlencode(_kept() | asked),
            max_age=_YEAR_SECONDS,
            path=request.script_root + "/",
            samesite="Lax",
        )
    return response


def _cookie_name() -> str | None:
    """Return the name of the cookie of whoever asks, None for nobody."""
    if guest() is not None:
        return "lists-guest"
    user = visitor()
    return f"lists-{user.public_id}" if isinstance(user, ActingUser) else None


def _kept() -> dict[str, str]:
    name = _cookie_name()
    if name is None:
        return {}
    pairs = parse_qsl(request.cookies.get(name, ""))
    return {name: value for name, value in pairs if value in _CHOICES.get(name, ())}
