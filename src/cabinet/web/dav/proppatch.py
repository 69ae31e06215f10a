"""PROPPATCH: store and remove properties, and set the time of the last change.

Rule: all changes of a request or none, in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from xml.etree.ElementTree import Element, tostring

from flask import Response

from cabinet.errors import MalformedRequest
from cabinet.services.access.rights import CHANGE
from cabinet.services.dav.dead_properties import DeadProperties, PropertyChange
from cabinet.web.dav.answers import XML
from cabinet.web.dav.changes import Touched, changing
from cabinet.web.dav.face import Call
from cabinet.web.dav.multistatus import BEGIN, END
from cabinet.web.dav.xml_body import BAD_XML, read_root
from cabinet.web.dav.xml_names import dav, tags_of
from cabinet.web.places import place_at
from cabinet.web.services import database

LAST_MODIFIED = dav("getlastmodified")
# What Windows sends after it has stored a file.
WINDOWS_MODIFIED = "{urn:schemas-microsoft-com:}Win32LastModifiedTime"
# As long as the names of any client's properties, with their namespaces.
NAME_LENGTH = 512


@dataclass(slots=True)
class _Asked:
    """One property of the request, and the status of changing it."""

    name: str
    change: PropertyChange | None
    modified_at: datetime | None = None
    status: HTTPStatus = HTTPStatus.OK


def proppatch(call: Call) -> Response:
    """Change properties of a resource; the answer tells of each."""
    place = place_at(call.path)
    place.scope.require(CHANGE)
    root = read_root(dav("propertyupdate"))
    if root is None:
        raise MalformedRequest(reason=BAD_XML)
    asked = [_asked(call, operation, element) for operation, element in _operations(root)]
    is_refused = any(each.status is not HTTPStatus.OK for each in asked)
    with changing(call, Touched(call.path, must_exist=True)) as seen:
        if not is_refused:
            changes = [each.change for each in asked if each.change is not None]
            times = [each.modified_at for each in asked if each.modified_at is not None]
            DeadProperties(database()).change(place.scope, place.path, changes, times[-1] if times else None)
    if is_refused:
        for each in asked:
            if each.status is HTTPStatus.OK:
                each.status = HTTPStatus.FAILED_DEPENDENCY
    (resource,) = seen.resources
    href = call.href(resource) if resource is not None else call.href_of(call.path)
    return Response(_multistatus(href, asked), HTTPStatus.MULTI_STATUS, content_type=XML)


def _operations(root: Element) -> Sequence[tuple[str, Element]]:
    """Return the properties to set and to remove, in the order of the document."""
    found = [
        (str(operation.tag), element)
        for operation in root
        if operation.tag in {dav("set"), dav("remove")}
        for prop in operation.findall(dav("prop"))
        for element in prop
    ]
    if not found or any(len(str(element.tag)) > NAME_LENGTH for _operation, element in found):
        raise MalformedRequest(reason=BAD_XML)
    return found


def _asked(call: Call, operation: str, element: Element) -> _Asked:
    name = str(element.tag)
    is_set = operation == dav("set")
    if name == LAST_MODIFIED and is_set:
        return _with_time(_Asked(name, None), element.text)
    if name in call.face.properties:
        return _Asked(name, None, status=HTTPStatus.FORBIDDEN)
    if not is_set:
        return _Asked(name, PropertyChange(name, None))
    element.tail = None
    asked = _Asked(name, PropertyChange(name, tostring(element, encoding="unicode")))
    return _with_time(asked, element.text) if name == WINDOWS_MODIFIED else asked


def _with_time(asked: _Asked, text: str | None) -> _Asked:
    try:
        moment = parsedate_to_datetime((text or "").strip())
        asked.modified_at = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        asked.status = HTTPStatus.CONFLICT
    return asked


def _multistatus(href: str, asked: Sequence[_Asked]) -> str:
    parts = [
        f"<d:propstat><d:prop>{tags_of(each.name).empty}</d:prop>"
        f"<d:status>HTTP/1.1 {each.status.value} {each.status.phrase}</d:status></d:propstat>"
        for each in asked
    ]
    return f"{BEGIN}<d:response><d:href>{href}</d:href>{''.join(parts)}</d:response>{END}"
