"""Show a refused form again.

Rule: only renders; the services decide what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from flask import Response, make_response
from wtforms import Form

from cabinet.errors import CabinetError
from cabinet.web.pages import show_error
from cabinet.web.problems import add_headers, status_of, wants_page


def redisplay_form(
    draw: Callable[[], str],
    form: Form,
    error: CabinetError,
    fields: Mapping[type[CabinetError], str] = MappingProxyType({}),
) -> Response:
    """Return the page of `draw()` with `error` in its form, or raise the error for a program."""
    if not wants_page():
        raise error
    show_error(form, error, fields)
    response = make_response(draw(), status_of(error))
    add_headers(response, error)
    return response
