"""The methods that change nothing: OPTIONS, GET, HEAD and PROPFIND.

A large answer of PROPFIND is sent while it is made, page by page; one that fits a page is sent whole, with its length.

Rule: no transaction is open while a page is sent, and no query is asked for a single member.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from itertools import chain
from xml.etree.ElementTree import Element

from flask import Response, request, stream_with_context

from cabinet.errors import MalformedRequest
from cabinet.services.dav.resources import FIRST_PAGE, Resource
from cabinet.services.tree.mounts import Place
from cabinet.services.tree.tree import Tree
from cabinet.web.contents import send_file
from cabinet.web.dav.answers import XML, refuse
from cabinet.web.dav.face import Call
from cabinet.web.dav.loading import load_dead, load_page
from cabinet.web.dav.lookup import get, resources
from cabinet.web.dav.multistatus import BEGIN, END, Plan
from cabinet.web.dav.properties import etag_of, to_http_date
from cabinet.web.dav.xml_body import BAD_XML, read_root
from cabinet.web.dav.xml_names import dav
from cabinet.web.places import place_at
from cabinet.web.ranges import to_etag
from cabinet.web.services import database

IS_A_FOLDER = "This is a folder. Open it by a program for WebDAV.\n"


def read(call: Call) -> Response:
    """Return the content of a file; of a folder only what it is, for programs that look whether it is there."""
    place = place_at(call.path)
    found = get(call)
    if not found.is_folder:
        entry = Tree(database(), place.scope).to_entry(found.node, _names(place))
        return send_file(place, entry, attachment=True)
    response = Response(IS_A_FOLDER, content_type="text/plain; charset=utf-8")
    tag = etag_of(found)
    if tag is not None:
        response.headers["ETag"] = to_etag(tag)
    response.headers["Last-Modified"] = to_http_date(found.node.modified_at)
    return response


def _names(place: Place) -> tuple[str, ...]:
    return tuple(place.path.split("/")) if place.path else ()


def propfind(call: Call) -> Response:
    """Return properties of a resource and, with `Depth: 1`, of its members."""
    depth = request.headers.get("Depth", "infinity").strip().lower()
    plan = _plan(call, read_root(dav("propfind")))
    found = get(call)
    if depth == "infinity":
        refuse(HTTPStatus.FORBIDDEN, "<d:propfind-finite-depth/>")
    if depth not in {"0", "1"}:
        raise MalformedRequest(reason=BAD_XML)
    pages: Iterable[Sequence[Resource]] = [[found]]
    if depth == "1" and found.is_folder:
        pages = chain(pages, resources().members(found))
    written = _write(call, plan, pages)
    if depth == "0" or found.node.child_count <= FIRST_PAGE:
        body: str | Iterator[str] = f"{BEGIN}{''.join(written)}{END}"
    else:
        # The resource itself: what prevents an answer is raised before it begins.
        begin = BEGIN + next(written)
        body = stream_with_context(chain([begin], written, [END]))
    return Response(body, HTTPStatus.MULTI_STATUS, content_type=XML)


def _write(call: Call, plan: Plan, pages: Iterable[Sequence[Resource]]) -> Iterator[str]:
    for members in pages:
        page = load_page(call, members, plan.needs)
        text = plan.write(call, members, page, load_dead(members) if plan.has_dead else {})
        database().rollback()
        yield text


def _plan(call: Call, root: Element | None) -> Plan:
    """Return what the body of a PROPFIND asks for; without a body, for all properties."""
    table = call.face.properties
    if root is None:
        return Plan(table, None)
    asked = {child.tag: child for child in root if str(child.tag).startswith("{DAV:}")}
    kinds = [kind for kind in ("prop", "allprop", "propname") if dav(kind) in asked]
    if len(kinds) != 1:
        raise MalformedRequest(reason=BAD_XML)
    if kinds == ["prop"]:
        return Plan(table, _names_in(asked[dav("prop")]))
    if kinds == ["propname"]:
        return Plan(table, None, table, only_names=True)
    included = asked.get(dav("include"))
    return Plan(table, None, () if included is None else _names_in(included))


def _names_in(element: Element) -> list[str]:
    return [str(child.tag) for child in element]
