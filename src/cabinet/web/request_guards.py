"""The checks before every request, and the headers of every response.

Cross-site requests are refused for every unsafe method, whatever the credential: a browser sends
`Sec-Fetch-Site`, an older one `Origin`; a client that sends neither is no browser, so no hostile page can
make it send a request. Browser forms carry a CSRF token besides.

Rule: a GET or HEAD is refused only if it comes from a page of another user.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from flask import Flask, Request, Response, g, request
from flask_wtf.csrf import validate_csrf
from werkzeug.exceptions import HTTPException
from wtforms.validators import ValidationError

from cabinet.errors import N_, CrossSiteRequest, InvalidName, MalformedRequest, TooManyRequests
from cabinet.services.audit.log import request_id
from cabinet.services.tree.names import NOT_UNICODE
from cabinet.web.admission import begin_request, begin_response
from cabinet.web.bodies import FORM_BYTES, MAX_PARTS, check_fields, limit_body, set_timeout
from cabinet.web.body_stream import body_of, guard_body
from cabinet.web.page_user import TOKEN_HEADER, check_page_user
from cabinet.web.problems import to_response
from cabinet.web.request_body import Pace
from cabinet.web.runtime import current_request, requested_view, setting

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# Endpoints with the same response for all users, so no user is looked up for them.
USER_INDEPENDENT = {"assets", "healthz", "readyz"}
FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
BAD_HOST = N_("the host name is invalid.")
TOKEN_FIELD = "csrf_token"  # noqa: S105 - the name of a field

NOT_FROM_OUR_PAGE = N_("it was not sent by a page of this server.")
OTHER_SESSION = N_("the session has changed since the page was opened.")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self'; manifest-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)

# The headers of all responses that do not set them otherwise.
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}

# Bytes per second, over any STALL_SECONDS, of a body that a view streams.
STREAM_RATE = 1 << 10
# For forms and JSON; one of up to 64 KiB is handed over by our worker only when it has arrived.
FORM_PACE = Pace(16 << 10, window=10.0, total=300.0)

_View = TypeVar("_View", bound=Callable[..., Any])


def init_app(app: Flask) -> None:
    """Register the before- and after-request hooks."""
    app.before_request(_admit)
    app.after_request(_add_headers)


def streams_body(view: _View) -> _View:
    """Mark a view that reads the body itself: with its own limit, and it must check the CSRF token."""
    view.streams_body = True  # type: ignore[attr-defined]
    return view


def is_streamed(app: Flask, method: str, path: str) -> bool:
    """Return whether the view for a request reads the body itself; `path` is still percent-encoded."""
    try:
        endpoint, _ = app.url_map.bind("").match(unquote(path), method)
    except HTTPException:  # no view, another method, or a redirect
        return False
    return getattr(app.view_functions.get(endpoint), "streams_body", False)


def takes_body_of(limit: int) -> Callable[[_View], _View]:
    """Mark a view that accepts JSON or forms of up to `limit` bytes, above the default."""

    def mark(view: _View) -> _View:
        view.body_limit = limit  # type: ignore[attr-defined]
        return view

    return mark


def check_token(token: str | None) -> None:
    """Raise `CrossSiteRequest` for a browser's form without the CSRF token of its session."""
    if not _is_browser_form():
        return
    try:
        validate_csrf(token)
    except (ValidationError, UnicodeEncodeError) as error:  # a token is ASCII
        # Our own forms always have a token, possibly one of an earlier session.
        raise CrossSiteRequest(reason=OTHER_SESSION if token else NOT_FROM_OUR_PAGE) from error


def needs_no_token() -> bool:
    """Return whether the body needs no CSRF token: it is no browser's form, or a header had one."""
    return TOKEN_HEADER in request.headers or not _is_browser_form()


def _admit() -> None:
    request = current_request()
    g.request_id = drawn = secrets.token_hex(8)
    request_id.set(drawn)
    guard_body(request)
    # Werkzeug returns an empty host for an invalid one.
    if request.headers.get("Host") and not request.host:
        raise MalformedRequest(reason=BAD_HOST)
    stall = setting("STALL_SECONDS")
    set_timeout(request, stall)
    view = requested_view()
    streams = getattr(view, "streams_body", False)
    limit = getattr(view, "body_limit", FORM_BYTES)
    body = body_of(request)
    if body is not None:
        body.keep_pace(Pace(STREAM_RATE, stall) if streams else FORM_PACE)
    begin_request(streams=streams)
    if not streams:
        request.max_content_length = request.max_form_memory_size = limit
        request.max_form_parts = MAX_PARTS
    is_safe = request.method in SAFE_METHODS
    if not is_safe:
        _check_origin()
    if request.endpoint not in USER_INDEPENDENT:
        check_page_user()
    if not is_safe:
        if not streams:
            limit_body(request, limit)
            check_fields(request)
        token = request.headers.get(TOKEN_HEADER)
        if token is not None:
            check_token(token)
        elif not streams:
            check_token(request.form.get(TOKEN_FIELD) if _is_browser_form() else None)
    _check_unicode(request)


def _check_origin() -> None:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise CrossSiteRequest(reason=NOT_FROM_OUR_PAGE)
        return
    origin = request.headers.get("Origin")
    if origin is not None and host_of(origin) not in own_hosts():
        raise CrossSiteRequest(reason=NOT_FROM_OUR_PAGE)


def own_hosts() -> set[str]:
    """Return the hosts, with their ports, that this server is reached by."""
    return {request.host, host_of(setting("PUBLIC_URL") or "") or request.host}


def host_of(address: str) -> str:
    """Return the host, with its port, of a URL that a client sent, empty if it has none."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def _is_browser_form() -> bool:
    from_browser = "Sec-Fetch-Site" in request.headers or "Origin" in request.headers
    return from_browser and request.mimetype in FORM_TYPES


def _check_unicode(request: Request) -> None:
    """Refuse bytes that are not UTF-8, which Werkzeug would silently replace by U+FFFD."""
    try:
        request.environ["PATH_INFO"].encode("latin-1").decode()
        # Flask's own server has replaced them by now, but keeps the original here, as gunicorn does.
        for quoted in ("RAW_URI", "QUERY_STRING"):
            unquote_to_bytes(request.environ.get(quoted, "").encode("latin-1")).decode()
    except UnicodeDecodeError as error:
        raise InvalidName(name=request.path[:80], reason=NOT_UNICODE) from error


def _add_headers(response: Response) -> Response:
    request = current_request()
    try:
        begin_response(response)
    except TooManyRequests as error:
        response.close()
        response = to_response(error)
    headers = response.headers
    given = {name.lower() for name, _value in headers}
    for name, value in HEADERS.items():
        if name.lower() not in given:
            headers.add(name, value)
    if request.is_secure and (seconds := setting("HSTS_SECONDS")):
        headers["Strict-Transport-Security"] = f"max-age={seconds}"
    headers["X-Request-Id"] = g.get("request_id", "-")
    body = body_of(request)
    if body is not None:
        body.leave()
    return response
