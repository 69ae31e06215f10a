"""The documents of the OCS (Open Collaboration Services): an envelope with a status, as JSON or XML by `format`.

Version 1 says 100 where version 2 says 200, and only its document tells of most errors: apps of version 1 read nothing
of an answer whose HTTP status is one. Who is not signed in, comes too often or meets a fault gets the status of HTTP in
both.

Rule: renders values; knows no service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeAlias
from xml.sax.saxutils import escape

from flask import Response, jsonify, request

Value: TypeAlias = bool | int | float | str | Sequence[Any] | Mapping[str, Any] | None

# What version 1 says instead.
_OK = 100
_SIGN_IN = 997
_REAL = {HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_CONTROLS = {code: None for code in range(32) if chr(code) not in "\t\n\r"} | {0xFFFE: None, 0xFFFF: None}


def answer(data: Value) -> Response:
    """Return the response to a request that succeeded."""
    return render(data, HTTPStatus.OK, "OK")


def render(data: Value, status: int, message: str) -> Response:
    """Return a document; the caller sets the status of the response."""
    is_error = status >= HTTPStatus.BAD_REQUEST
    meta = {"status": "failure" if is_error else "ok", "statuscode": _code_of(status), "message": message}
    envelope = {"meta": meta, "data": [] if data is None else data}
    if request.values.get("format") == "json" or _prefers_json():
        return jsonify(ocs=envelope)
    body = f'<?xml version="1.0"?>\n<ocs>{_to_xml(envelope)}</ocs>\n'
    return Response(body, content_type="application/xml; charset=utf-8")


def set_status(response: Response) -> Response:
    """Give a response of version 1 the status of HTTP that it has there."""
    status = response.status_code
    is_refusal = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if _is_version_1() and is_refusal and status not in _REAL:
        response.status_code = HTTPStatus.OK
    return response


def _is_version_1() -> bool:
    return "/v1.php/" in request.path


def _code_of(status: int) -> int:
    if not _is_version_1():
        return status
    return {HTTPStatus.OK: _OK, HTTPStatus.UNAUTHORIZED: _SIGN_IN}.get(HTTPStatus(status), status)


def _prefers_json() -> bool:
    offered = ["application/xml", "application/json"]
    return "format" not in request.values and request.accept_mimetypes.best_match(offered) == offered[1]


def _to_xml(value: Value) -> str:
    """Return a value as the OCS writes it: entries of a list are called `element`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, Mapping):
        return "".join(f"<{name}>{_to_xml(inner)}</{name}>" for name, inner in value.items())
    if isinstance(value, str | int | float):
        return escape(str(value).translate(_CONTROLS))
    return "".join(f"<element>{_to_xml(inner)}</element>" for inner in value)
