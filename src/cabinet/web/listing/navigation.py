"""What pages with a list share: where they are, the way back to one, and how a refusal shows on its forms.

Rule: a path of this server, and words; never a guess at what was meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import Form

from cabinet.errors import CabinetError, Conflict, InvalidInput, NotFound, StorageFull
from cabinet.services.tree.names import join_path, split_path
from cabinet.web.listing.links import Links
from cabinet.web.page_user import arguments
from cabinet.web.pages import local_path, see_other, show_error
from cabinet.web.problems import as_the_actor_has_it, status_of, wants_page

# Behind the address of a page with a list, where what that shows is brought up to date.
ROWS = "/rows"

# What a person can do something about; all else has a page of its own.
REFUSALS = (Conflict, InvalidInput, NotFound, StorageFull)


def refuse(form: Form, error: CabinetError, fields: Mapping[type[CabinetError], str]) -> int:
    """Put `error` on the form that caused it and return its status; raise it for a program."""
    if not wants_page():
        raise error
    show_error(form, as_the_actor_has_it(error), fields)
    return status_of(error)


def crumbs_of(path: str) -> list[tuple[str, str]]:
    """Return the name and the path of each folder down to `path`, and of what is there."""
    names = split_path(path)
    return [(name, join_path(names[: depth + 1])) for depth, name in enumerate(names)]


def is_of_a_page() -> bool:
    """Tell whether the request asks for a page with a list, be it once more."""
    return request.method == "GET" or request.path.endswith(ROWS)


def page_at_hand(*, is_first: bool = False) -> str:
    """Return the address of the page that is asked for; empty for one that is simply that of its place.

    With `is_first` that of its first page. A form that comes back is of the page that it says it came from.
    """
    if not is_of_a_page():
        return local_path(request.values.get("next"), "")
    asked = {name: value for name, value in arguments().items() if not (is_first and name == "after")}
    is_special = any(name != "path" for name in asked)
    path = request.script_root + request.path.removesuffix(ROWS)
    return f"{quote(path)}?{urlencode(asked)}" if is_special else ""


def way_back(links: Links, path: str) -> str:
    """Return the page that the request says it came from, else that of the folder which holds `path`."""
    return way_back_to(links, join_path(split_path(path)[:-1]))


def way_back_to(links: Links, folder: str) -> str:
    """Return the page that the request says it came from, else that of `folder`."""
    return local_path(request.values.get("next"), links.page_of(folder))


def nothing_chosen(links: Links) -> ResponseReturnValue:
    """Lead back to the page that was asked from, with a word on what was missing."""
    flash(gettext("Choose something first."), "error")
    return see_other(way_back_to(links, ""))
