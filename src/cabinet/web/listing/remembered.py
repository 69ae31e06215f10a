"""How somebody likes lists: the view and the order, which their browser keeps in a cookie.

The cookie is of one user, by the public id, for several may use one browser. What is in it was written by
this or by static/js/list/remembered.js, or by anybody.

Rule: a wish that makes no sense is none.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from flask import Response, request

from cabinet.services.tree.paging import Order, Sort
from cabinet.web.identity import ActingUser, visitor
from cabinet.web.page_user import is_from_script
from cabinet.web.parameters import order_of

VIEWS = ("list", "grid")
DIRECTIONS = ("asc", "desc")

# What is kept, and which values each may have.
_CHOICES = {"view": VIEWS, "sort": tuple(Sort), "order": DIRECTIONS}
_YEAR_SECONDS = 31_536_000


def view_of_request() -> str:
    """Return how the list is looked at, "list" or "grid": as the address says, else as it was last."""
    wishes = (request.args.get("view"), _kept().get("view"))
    return next((wish for wish in wishes if wish in VIEWS), "list")


def order_of_page() -> Order:
    """Return how the page is ordered: as the address says, else as it was last; raises `InvalidField`.

    What goes on with a list goes on in its order.
    """
    kept = _kept()
    if "sort" not in kept or any(name in request.args for name in ("sort", "order", "after")):
        return order_of()
    return Order(Sort(kept["sort"]), kept.get("order") == "desc")


def remember(response: Response, endpoint_of_order: str) -> Response:
    """Keep what the address of a page asks for, as scripts do by themselves."""
    asked = {name: value for name in _CHOICES if (value := request.args.get(name, "")) in _CHOICES[name]}
    if request.endpoint != endpoint_of_order or "after" in request.args:
        asked = {name: value for name, value in asked.items() if name == "view"}
    user = visitor() if asked and response.status_code == HTTPStatus.OK and not is_from_script() else None
    if isinstance(user, ActingUser):
        response.set_cookie(
            _name_for(user),
            urlencode(_kept() | asked),
            max_age=_YEAR_SECONDS,
            path=request.script_root + "/",
            samesite="Lax",
        )
    return response


def _name_for(user: ActingUser) -> str:
    return f"lists-{user.public_id}"


def _kept() -> dict[str, str]:
    user = visitor()
    if not isinstance(user, ActingUser):
        return {}
    pairs = parse_qsl(request.cookies.get(_name_for(user), ""))
    return {name: value for name, value in pairs if value in _CHOICES.get(name, ())}
