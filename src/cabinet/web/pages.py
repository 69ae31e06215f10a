"""What the views of pages share: redirects, and errors of form fields.

Rule: a redirect goes to a path of this server, whatever the request asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from flask import Flask, Response, redirect, request
from wtforms import Field, Form

from cabinet.errors import N_, CabinetError, InvalidField
from cabinet.web.i18n import translate_error
from cabinet.web.runtime import requested_view

_View = TypeVar("_View", bound=Callable[..., Any])

FORM_INCOMPLETE = N_("it is missing or not valid.")

# One slash, then neither a slash nor a backslash, which browsers treat alike; no control characters.
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


# Characters that Werkzeug does not escape in a query.
_PLAIN = "!$'()*,/:;?@"


def local_path(text: str | None, default: str) -> str:
    """Return `text` if it is a path of this server, else `default`."""
    return text if text and _LOCAL_PATH.fullmatch(text) else default


# The longest URL that fits into a request line, in bytes; see serving.py.
LONGEST_ADDRESS = 8000


def init_app(app: Flask) -> None:
    """Give templates `here()` and `with_next()`."""
    app.add_template_global(here)
    app.add_template_global(with_next)


def here() -> str:
    """Return the URL of the current request, as a path of this server."""
    path = quote(request.script_root + request.path)
    query = request.query_string.decode("latin-1")
    return f"{path}?{query}" if query else path


def with_next(address: str, back: str | None) -> str:
    """Return `address` with a `next` parameter for `back`, or without it if the URL would be too long.

    A Cyrillic letter takes ten bytes in a URL inside another URL.
    """
    if not back:
        return address
    mark = "&" if "?" in address else "?"
    longer = f"{address}{mark}{urlencode({'next': back}, safe=_PLAIN)}"
    return longer if len(longer) <= LONGEST_ADDRESS else address


def continues_at(address: Callable[[], str | None]) -> Callable[[_View], _View]:
    """Mark a view: after a required sign-in, go on at `address()`, None for the page of all files."""

    def mark(view: _View) -> _View:
        view.continues_at = address  # type: ignore[attr-defined]
        return view

    return mark


def address_after_sign_in() -> str | None:
    """Return where to go after a required sign-in: to the request's own URL, unless its view is marked."""
    address = getattr(requested_view(), "continues_at", None)
    if address is not None:
        found: str | None = address()
        return found
    return here() if request.method == "GET" else None


def see_other(location: str) -> Response:
    """Return a 303 redirect, after a form was posted."""
    response = redirect(location, HTTPStatus.SEE_OTHER)
    if not isinstance(response, Response):
        raise TypeError("an application with a response class of its own")
    return response


def text_of(field: Field) -> str:
    """Return the text of a field exactly as typed, empty if there is none."""
    return field.data or ""


def check_form(form: Form) -> None:
    """Raise `InvalidField` for the first invalid field of a posted form."""
    if not form.validate():
        raise InvalidField(field=next(iter(form.errors)) or "form", reason=FORM_INCOMPLETE)


def show_error(form: Form, error: CabinetError, fields: Mapping[type[CabinetError], str]) -> None:
    """Add `error` to the field that `fields` names for its class, else to the form as a whole.

    Errors found by the form's own validation are there already.
    """
    if isinstance(error, InvalidField) and form.errors:
        return
    _, text = translate_error(error)
    name = error.field if isinstance(error, InvalidField) else fields.get(type(error), "")
    if name in form:
        form[name].errors = (*form[name].errors, text)
    else:
        form.form_errors.append(text)


def to_rfc3339(moment: datetime | None) -> str | None:
    """Return a time in the format of JSON responses."""
    if moment is None:
        return None
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{utc.isoformat()[:-6]}Z"
