"""Refusals of WebDAV that are no errors of the domain: methods and headers that the protocol forbids here.

Rule: a refusal is a whole response; its body is XML, with the precondition of RFC 4918, 16, if there is one.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NoReturn

from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from cabinet.web.dav.xml_names import DECLARATIONS, HEAD, to_text
from cabinet.web.problems import Problem

XML = "application/xml; charset=utf-8"


def refuse(status: HTTPStatus, condition: str = "") -> NoReturn:
    """Answer with `status`; `condition` is the XML of a precondition."""
    raise HTTPException(response=error_response(status, condition))


def error_response(status: HTTPStatus, condition: str = "", message: str = "") -> Response:
    """Return an error as WebDAV and the clients of sabre/dav read it."""
    said = f"<s:message>{to_text(message)}</s:message>" if message else ""
    body = f"{HEAD}<d:error {DECLARATIONS}>{condition}{said}</d:error>"
    return Response(body, status, content_type=XML)


def render_problem(problem: Problem) -> Response:
    """Return the response for an error of the domain."""
    call, locked = g.get("dav_call"), problem.members.get("path")
    if problem.slug == "entry-locked" and call is not None and isinstance(locked, str):
        condition = "no-conflicting-lock" if request.method == "LOCK" else "lock-token-submitted"
        inside = f"<d:href>{call.href_of(locked)}</d:href>"
        return error_response(HTTPStatus.OK, f"<d:{condition}>{inside}</d:{condition}>")
    slug = "".join(word.capitalize() for word in problem.slug.split("-"))
    name = f"<s:exception>{to_text(slug)}</s:exception>"
    return error_response(HTTPStatus.OK, name, f"{problem.title}: {problem.detail}")
