"""Map errors to responses: problem+json, a page for a browser, or the format of a protocol.

Rule: the only place where an error becomes a status. A response shows the texts of the error class and a
request id, never a traceback, a path on disk or SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, g, jsonify, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadRequest, HTTPException

from cabinet import errors
from cabinet.errors import CabinetError
from cabinet.services.audit.log import record
from cabinet.services.kernel.database import to_domain_error
from cabinet.services.tree.mounts import Place
from cabinet.web.i18n import translate_error
from cabinet.web.page_user import is_from_script
from cabinet.web.pages import address_after_sign_in, see_other, with_next
from cabinet.web.peer import peer_address
from cabinet.web.runtime import log, requested_blueprints

# From tus: the checksum of a part does not match.
CHECKSUM_MISMATCH = 460

STATUSES: dict[type[CabinetError], int] = {
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidName: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidUsername: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.WeakPassword: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidField: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.MalformedRequest: HTTPStatus.BAD_REQUEST,
    errors.TooManyJoins: HTTPStatus.BAD_REQUEST,
    errors.CopyTooLarge: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TruncatedBody: HTTPStatus.BAD_REQUEST,
    errors.LengthRequired: HTTPStatus.LENGTH_REQUIRED,
    errors.UnsupportedEncoding: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.DigestMismatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ChecksumMismatch: CHECKSUM_MISMATCH,
    errors.SignInRequired: HTTPStatus.UNAUTHORIZED,
    errors.WrongCredentials: HTTPStatus.UNAUTHORIZED,
    errors.WrongPassword: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.CrossSiteRequest: HTTPStatus.FORBIDDEN,
    errors.AccountGuarded: HTTPStatus.TOO_MANY_REQUESTS,
    errors.OtherUser: HTTPStatus.FORBIDDEN,
    errors.RegistrationClosed: HTTPStatus.FORBIDDEN,
    errors.SharingForbidden: HTTPStatus.FORBIDDEN,
    errors.GroupsForbidden: HTTPStatus.FORBIDDEN,
    errors.SpacesForbidden: HTTPStatus.FORBIDDEN,
    errors.LinkPasswordRequired: HTTPStatus.UNAUTHORIZED,
    errors.WrongLinkPassword: HTTPStatus.UNAUTHORIZED,
    errors.UploadIsFinal: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.UploadGone: HTTPStatus.GONE,
    errors.BlobMissing: HTTPStatus.GONE,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.UsernameTaken: HTTPStatus.CONFLICT,
    errors.GroupNameTaken: HTTPStatus.CONFLICT,
    errors.EntryExists: HTTPStatus.CONFLICT,
    errors.NotAFolder: HTTPStatus.CONFLICT,
    errors.IsAFolder: HTTPStatus.CONFLICT,
    errors.IntoItself: HTTPStatus.CONFLICT,
    errors.MountStays: HTTPStatus.CONFLICT,
    errors.SelectionChanged: HTTPStatus.CONFLICT,
    errors.CurrentVersion: HTTPStatus.CONFLICT,
    errors.VersionsFull: HTTPStatus.CONFLICT,
    errors.TooManyTokens: HTTPStatus.CONFLICT,
    errors.TooManyMounts: HTTPStatus.CONFLICT,
    errors.TooManyShares: HTTPStatus.CONFLICT,
    errors.TooManyLocks: HTTPStatus.CONFLICT,
    errors.TooManyProperties: HTTPStatus.CONFLICT,
    errors.TooManySpaces: HTTPStatus.CONFLICT,
    errors.TooManyMembers: HTTPStatus.CONFLICT,
    errors.TooManyGroups: HTTPStatus.CONFLICT,
    errors.OffsetMismatch: HTTPStatus.CONFLICT,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.UnsupportedVersion: HTTPStatus.PRECONDITION_FAILED,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.FolderFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.QuotaExceeded: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.TooManyEntries: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.TooManyUploads: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.StorageFault: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.RequestTimeout: HTTPStatus.REQUEST_TIMEOUT,
    errors.TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.EntryLocked: HTTPStatus.LOCKED,
    errors.UploadLocked: HTTPStatus.LOCKED,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

# Temporary errors, which have a Retry-After.
_PASSING = (
    errors.TooManyAttempts,
    errors.AccountGuarded,
    errors.TooManyRequests,
    errors.Unavailable,
    errors.UploadLocked,
)

REALM = 'realm="Cabinet"'


@dataclass(frozen=True, slots=True)
class Problem:
    """The data of an error response in any format; programs use its `members`."""

    slug: str
    status: int
    title: str
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)


Renderer = Callable[[Problem], Response]
_Renderer = TypeVar("_Renderer", bound=Renderer)


def init_app(app: Flask) -> None:
    """Register the error handlers."""
    app.register_error_handler(CabinetError, to_response)
    app.register_error_handler(DBAPIError, _on_database_error)
    app.register_error_handler(PoolTimeout, _on_pool_timeout)
    app.register_error_handler(HTTPException, _on_http_exception)
    app.register_error_handler(Exception, _on_unexpected)


def renders_problems(bp: Blueprint) -> Callable[[_Renderer], _Renderer]:
    """Mark the function that renders the errors of a blueprint in its protocol's format.

    It gets all errors, whatever raised them, and returns a body with its type; status, challenges and other
    headers are set here. Clients of the blueprint are never redirected to the sign-in page. A request without
    a view has no blueprint: an unknown route or method is answered in the common format.
    """

    def mark(render: _Renderer) -> _Renderer:
        bp.render_problem = render  # type: ignore[attr-defined]
        return render

    return mark


def status_of(error: CabinetError) -> int:
    """Return the HTTP status for an error's class."""
    return STATUSES[type(error)]


def wants_page() -> bool:
    """Return whether the client prefers a page; one that accepts anything gets JSON."""
    offered = ["application/json", "text/html"]
    return request.accept_mimetypes.best_match(offered) == "text/html"


def is_browser() -> bool:
    """Return whether a browser sent this, for a page or from a script."""
    signs = ("Sec-Fetch-Site", "Origin", "X-CSRFToken")
    return wants_page() or any(sign in request.headers for sign in signs)


def to_response(error: CabinetError) -> Response:
    """Return the response for `error`."""
    g.refusal = with_actor_paths(error)
    status = status_of(error)
    if isinstance(error, errors.CrossSiteRequest):
        _record_cross_site()
    if isinstance(error, errors.SignInRequired) and _wants_error_page() and request.endpoint != "auth.login":
        return see_other(with_next(url_for("auth.login"), address_after_sign_in()))
    # Data for programs (RFC 9457, section 3.2).
    members = {name: error.data[name] for name in error.members}
    response = _render(Problem(error.slug, status, *_texts(error), members))
    add_headers(response, error)
    return response


def with_actor_paths(error: CabinetError) -> CabinetError:
    """Convert the path in an error behind a mount to the actor's own path, once."""
    place: Place | None = g.pop("place", None)
    return error if place is None else place.to_actor_error(error)


def _record_cross_site() -> None:
    headers = request.headers
    record(
        "cross-site-refused",
        method=request.method,
        path=request.path,
        origin=headers.get("Origin"),
        site=headers.get("Sec-Fetch-Site"),
        address=peer_address(),
    )


def _texts(error: CabinetError) -> tuple[str, str]:
    # The scripts of our pages show the detail unchanged.
    return translate_error(error) if is_browser() else (error.title, str(error))


def add_headers(response: Response, error: CabinetError) -> None:
    """Add the headers that describe `error`."""
    if isinstance(error, _PASSING):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.LinkPasswordRequired) and not is_browser():
        response.headers.add("WWW-Authenticate", 'Basic realm="Cabinet link", charset="UTF-8"')
    if isinstance(error, errors.SignInRequired):
        # A Basic challenge would make a browser open a dialog of its own over our page. File managers that ask for a
        # page as browsers do are clients of a protocol without pages.
        basic = () if is_browser() and _own_renderer() is None else (f'Basic {REALM}, charset="UTF-8"',)
        for challenge in (*basic, f"Bearer {REALM}"):
            response.headers.add("WWW-Authenticate", challenge)


def _wants_error_page() -> bool:
    # A script that fetches a page can read problem documents, but no error page.
    return wants_page() and not is_from_script() and _own_renderer() is None


def _own_renderer() -> Renderer | None:
    """Return the renderer of the requested blueprint, marked by `renders_problems`."""
    marked = (getattr(bp, "render_problem", None) for bp in requested_blueprints())
    return next((render for render in marked if render is not None), None)


def _render(problem: Problem) -> Response:
    status, own = problem.status, _own_renderer()
    if own is not None:
        response = own(problem)
    # For an invalid or untrusted host no URLs can be built, so there are no pages.
    elif _wants_error_page() and not isinstance(request.routing_exception, BadRequest):
        response = Response(_to_page(problem))
    else:
        body = {
            "type": f"/problems/{problem.slug}",
            "title": problem.title,
            "status": int(status),
            "detail": problem.detail,
        }
        response = jsonify(body | dict(problem.members) | {"request_id": g.get("request_id")})
        response.content_type = "application/problem+json"
    response.status_code = status
    return response


def _to_page(problem: Problem) -> str:
    return render_template(
        "errors/error.html",
        slug=problem.slug,
        status=int(problem.status),
        title=problem.title,
        detail=problem.detail,
        request_id=g.get("request_id"),
    )


def _on_database_error(error: DBAPIError) -> Response:
    known = to_domain_error(error)
    return _on_unexpected(error) if known is None else to_response(known)


def _on_pool_timeout(_error: PoolTimeout) -> Response:
    """Respond when no database connection became free within the time that a request waits for one."""
    return to_response(errors.Unavailable())


def _on_http_exception(error: HTTPException) -> Response:
    """Respond to errors of Werkzeug and Flask in our own format."""
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]  # a redirect, as it is
    if error.code == HTTPStatus.NOT_FOUND:
        return to_response(errors.NotFound())
    if error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return to_response(errors.TooLarge(limit=request.max_content_length or 0))
    status = HTTPStatus(error.code)
    slug = status.phrase.lower().replace(" ", "-")
    title, detail = status.phrase, CabinetError.message
    if is_browser():
        title, detail = gettext(CabinetError.title), gettext(detail)
    response = _render(Problem(slug, status, title, detail))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _on_unexpected(error: Exception) -> Response:
    log().error("request %s failed", g.get("request_id"), exc_info=error)
    title, message = CabinetError.title, CabinetError.message
    if is_browser():
        title, message = gettext(title), gettext(message)
    return _render(Problem(CabinetError.slug, HTTPStatus.INTERNAL_SERVER_ERROR, title, message))
