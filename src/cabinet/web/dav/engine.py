"""Answer the requests of a face by their methods.

    bp = Blueprint("dav", __name__, url_prefix="/dav")
    prepare(bp)
    answer(face, "/dav", path)

Rule: the methods are in modules of their own; here is only which one answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import MethodNotAllowed

from cabinet.web.dav import locking, proppatch, reading, relocating, writing
from cabinet.web.dav.answers import render_problem
from cabinet.web.dav.face import Call, Face, normal
from cabinet.web.identity import acting_user, takes_header_only
from cabinet.web.problems import renders_problems


def options(_call: Call) -> Response:
    """Return what a client may do; Windows opens a folder only if `MS-Author-Via` is there."""
    response = Response(status=HTTPStatus.OK)
    response.headers["DAV"] = "1, 2"
    response.headers["MS-Author-Via"] = "DAV"
    response.headers["Allow"] = ", ".join(METHODS)
    return response


_BY_METHOD: Mapping[str, Callable[[Call], Response]] = {
    "OPTIONS": options,
    "GET": reading.read,
    "HEAD": reading.read,
    "PROPFIND": reading.propfind,
    "PUT": writing.put,
    "MKCOL": writing.mkcol,
    "DELETE": writing.delete,
    "COPY": relocating.copy,
    "MOVE": relocating.move,
    "PROPPATCH": proppatch.proppatch,
    "LOCK": locking.lock,
    "UNLOCK": locking.unlock,
}
METHODS = tuple(_BY_METHOD)


def prepare(bp: Blueprint) -> None:
    """Make the views of a blueprint those of a face: errors as XML, and actors by `Authorization` only."""
    takes_header_only(bp)
    renders_problems(bp)(render_problem)


def answer(face: Face, base: str, path: str) -> Response:
    """Return the answer to the request for a path, as it is in the URL, below `base`, one of the face's bases.

    The view must be marked by `streams_body`. Raises `SignInRequired` for everything but OPTIONS.
    """
    method = _BY_METHOD.get(request.method)
    if method is None:
        raise MethodNotAllowed(METHODS)
    if request.method != "OPTIONS":
        acting_user()
    g.dav_call = call = Call(face, base, normal(path), has_slash=path.endswith("/"))
    return method(call)
