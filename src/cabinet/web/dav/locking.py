"""LOCK and UNLOCK, and the XML of locks.

Rule: the token of a lock is shown to its user only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from xml.etree.ElementTree import Element, tostring

from flask import Response, request

from cabinet.errors import EntryExists, MalformedRequest, NotFound, PreconditionFailed
from cabinet.services.access.rights import Rights
from cabinet.services.dav.locks import MAX_LOCKED_FOR, Lock, WantedLock
from cabinet.services.dav.resources import Resource
from cabinet.services.tree.entries import OnConflict
from cabinet.services.uploads.publishing import Target
from cabinet.services.uploads.uploads import ExpectedContent
from cabinet.web.dav.answers import XML, refuse
from cabinet.web.dav.changes import Touched, changing
from cabinet.web.dav.face import Call
from cabinet.web.dav.headers import BAD_HEADER
from cabinet.web.dav.if_header import BAD_IF, parse_if, tokens_in
from cabinet.web.dav.lookup import find, locks
from cabinet.web.dav.system_files import refuse_system_file
from cabinet.web.dav.xml_body import BAD_XML, read_root
from cabinet.web.dav.xml_names import DECLARATIONS, HEAD, dav
from cabinet.web.identity import acting_user
from cabinet.web.places import place_at, place_of_file
from cabinet.web.runtime import runtime
from cabinet.web.services import database, uploads

OWNER_BYTES = 4096

_SECONDS = re.compile(r"Second-(\d{1,10})", re.IGNORECASE)


def lock(call: Call) -> Response:
    """Lock a resource; one that is not there becomes an empty file. Without a body, refresh a lock."""
    place = place_of_file(call.path, OnConflict.REPLACE)
    place.scope.require(Rights.WRITE)
    root = read_root(dav("lockinfo"))
    if root is None:
        return _refresh(call)
    wanted = _wanted(root)
    is_new = False
    if find(call.path) is None:
        refuse_system_file(call.path)
        is_new = _make_empty(call, place.path)
    with changing(call, Touched(call.path, is_written=False)):
        made = locks().create(place.scope, place.path, call.path, wanted)
    found = _get(call)
    response = _answer(call, found, [made], HTTPStatus.CREATED if is_new else HTTPStatus.OK)
    response.headers["Lock-Token"] = f"<{made.token}>"
    return response


def _make_empty(call: Call, path: str) -> bool:
    """Create an empty file; return whether it was not there yet."""
    place = place_of_file(call.path, OnConflict.REPLACE)
    service = uploads(place.scope)
    with (
        suppress(EntryExists),
        changing(call, Touched(call.path)),
        service.begin(ExpectedContent(0)) as upload,
    ):
        upload.append(())
        service.commit([(upload, Target(path, OnConflict.FAIL))])
        return True
    return False


def _refresh(call: Call) -> Response:
    header = request.headers.get("If")
    if header is None:
        raise MalformedRequest(reason=BAD_XML)
    shown, user_id = tokens_in(parse_if(header)), acting_user().id
    found = _get(call)
    mine = [each for each in holding(found) if each.token in shown and each.user_id == user_id]
    database().rollback()
    if not mine:
        raise PreconditionFailed
    try:
        locks().refresh(mine[0].token, _lasts())
    except NotFound as error:
        raise PreconditionFailed from error
    now = [each for each in holding(found) if each.token == mine[0].token]
    return _answer(call, found, now, HTTPStatus.OK)


def unlock(call: Call) -> Response:
    """End a lock of the acting user."""
    place_at(call.path).scope.require(Rights.WRITE)
    token = request.headers.get("Lock-Token", "").strip().removeprefix("<").removesuffix(">")
    if not token:
        raise MalformedRequest(reason=BAD_IF)
    found = _get(call)
    named = [each for each in holding(found) if each.token == token]
    if not named:
        refuse(HTTPStatus.CONFLICT, "<d:lock-token-matches-request-uri/>")
    if named[0].user_id != acting_user().id:
        refuse(HTTPStatus.FORBIDDEN)
    locks().end([token])
    return Response(status=HTTPStatus.NO_CONTENT)


def _get(call: Call) -> Resource:
    """Return the resource of a request that may write, which need not list; raises `NotFound`."""
    found = find(call.path)
    if found is None:
        raise NotFound
    return found


def holding(resource: Resource) -> Sequence[Lock]:
    """Return the locks that hold for a resource."""
    known = locks().all_in([resource.scope.space_id])
    if not known:
        return []
    way = locks().way_of(resource.node.id)
    return [each for each in known if each.holds_for(way)]


def activelocks(call: Call, resource: Resource, held: Sequence[Lock]) -> str:
    """Return the XML of the locks that hold for a resource."""
    user_id, now = acting_user().id, runtime().clock()
    return "".join(_activelock(call, resource, each, user_id, now) for each in held)


def _activelock(call: Call, resource: Resource, held: Lock, user_id: int, now: datetime) -> str:
    scope = "shared" if held.is_shared else "exclusive"
    depth = "infinity" if held.is_deep else "0"
    until = held.expires_at if held.expires_at.tzinfo else held.expires_at.replace(tzinfo=UTC)
    left = max(0, int((until - now).total_seconds()))
    token = f"<d:locktoken><d:href>{held.token}</d:href></d:locktoken>" if held.user_id == user_id else ""
    return (
        f"<d:activelock><d:locktype><d:write/></d:locktype><d:lockscope><d:{scope}/></d:lockscope>"
        f"<d:depth>{depth}</d:depth>{held.owner}<d:timeout>Second-{left}</d:timeout>{token}"
        f"<d:lockroot><d:href>{_root_of(call, resource, held)}</d:href></d:lockroot></d:activelock>"
    )


def _root_of(call: Call, resource: Resource, held: Lock) -> str:
    """Return the address of a lock's root; one above a mount, which has none for the actor, is not named."""
    if held.node_id == resource.node.id:
        return call.href(resource)
    names = resource.path.split("/") if resource.path else []
    above = locks().way_of(resource.node.id)
    levels = above.index(held.node_id) if held.node_id in above else 0
    if not 0 < levels <= len(names):
        return call.href(resource)
    return call.href_of("/".join(names[: len(names) - levels]), is_folder=True)


def _answer(call: Call, resource: Resource, held: Sequence[Lock], status: HTTPStatus) -> Response:
    shown = activelocks(call, resource, held)
    database().rollback()
    discovery = f"<d:lockdiscovery>{shown}</d:lockdiscovery>"
    return Response(f"{HEAD}<d:prop {DECLARATIONS}>{discovery}</d:prop>", status, content_type=XML)


def _wanted(root: Element) -> WantedLock:
    scope = root.find(dav("lockscope"))
    kinds = [] if scope is None else [each.tag for each in scope]
    if (
        kinds not in ([dav("exclusive")], [dav("shared")])
        or root.find(f"{dav('locktype')}/{dav('write')}") is None
    ):
        raise MalformedRequest(reason=BAD_XML)
    depth = request.headers.get("Depth", "infinity").strip().lower()
    if depth not in {"0", "infinity"}:
        raise MalformedRequest(reason=BAD_HEADER)
    owner = root.find(dav("owner"))
    text = ""
    if owner is not None:
        owner.tail = None
        text = tostring(owner, encoding="unicode")
        if len(text) > OWNER_BYTES:
            raise MalformedRequest(reason=BAD_XML)
    return WantedLock(depth == "infinity", kinds == [dav("shared")], text, _lasts())


def _lasts() -> timedelta:
    """Return how long the client wants the lock, the longest time without a word."""
    match = _SECONDS.search(request.headers.get("Timeout", ""))
    return timedelta(seconds=int(match[1])) if match else MAX_LOCKED_FOR
