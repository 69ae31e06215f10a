"""What pages with a list share: breadcrumbs, the way back, and refused forms.

Rule: URLs are paths of this server; what the request means is never guessed.
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
from cabinet.web.problems import status_of, wants_page, with_actor_paths

# The suffix of a list page's URL that updates its rows.
ROWS = "/rows"

# Errors that a user can correct in the form; all others have a page of their own.
REFUSALS = (Conflict, InvalidInput, NotFound, StorageFull)


def refuse(form: Form, error: CabinetError, fields: Mapping[type[CabinetError], str]) -> int:
    """Add `error` to the form that caused it and return its status; raise it for a program."""
    if not wants_page():
        raise error
    show_error(form, with_actor_paths(error), fields)
    return status_of(error)


def crumbs_of(path: str) -> list[tuple[str, str]]:
    """Return the name and the path of each folder on the way to `path`, and of its last entry."""
    names = split_path(path)
    return [(name, join_path(names[: depth + 1])) for depth, name in enumerate(names)]


def is_list_page() -> bool:
    """Return whether the request is for a page with a list, or an update of one."""
    return request.method == "GET" or request.path.endswith(ROWS)


def current_list_page(*, is_first: bool = False) -> str:
    """Return the URL of the current page; empty if it has no parameters besides `path`.

    With `is_first` the URL of its first page. A posted form belongs to the page in its `next` field.
    """
    if not is_list_page():
        return local_path(request.values.get("next"), "")
    asked = {name: value for name, value in arguments().items() if not (is_first and name == "after")}
    is_special = any(name != "path" for name in asked)
    path = request.script_root + request.path.removesuffix(ROWS)
    return f"{quote(path)}?{urlencode(asked)}" if is_special else ""


def return_url(links: Links, path: str) -> str:
    """Return the page that the request came from, else that of the folder that contains `path`."""
    return return_url_to(links, join_path(split_path(path)[:-1]))


def return_url_to(links: Links, folder: str) -> str:
    """Return the page that the request came from, else that of `folder`."""
    return local_path(request.values.get("next"), links.page_of(folder))


def nothing_selected(links: Links) -> ResponseReturnValue:
    """Redirect to the page that the request came from, with a message that nothing was selected."""
    flash(gettext("Select at least one item first."), "error")
    return see_other(return_url_to(links, ""))
