"""Collections of the apps' WebDAV that are no folders: the trash, and the versions of a file.

    /remote.php/dav/trashbin/<user>/trash/<id>        MOVE to .../restore/<any name>, DELETE
    /remote.php/dav/versions/<user>/versions/<file id>/<number>    GET, MOVE to .../restore/<any name>

Rule: answers PROPFIND with the properties of a table; large collections are sent while they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, NoReturn, TypeVar

from flask import Response, request, stream_with_context
from werkzeug.exceptions import MethodNotAllowed

from cabinet.errors import MalformedRequest
from cabinet.web.dav.answers import XML, refuse
from cabinet.web.dav.destinations import NO_DESTINATION, path_of
from cabinet.web.dav.face import Call, Face, prefix
from cabinet.web.dav.multistatus import BEGIN, END
from cabinet.web.dav.xml_body import read_root
from cabinet.web.dav.xml_names import dav, tags_of
from cabinet.web.quoting import quote_path

_Item = TypeVar("_Item")

# Writes the XML inside of a property, None if an item does not have it.
Write = Callable[[_Item], "str | None"]

_RESTORE = "restore"
_OK = "<d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
_MISSING = "<d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>"


@dataclass(frozen=True, slots=True)
class Collection(Generic[_Item]):
    """A collection at an address; `names` are the properties that a request asks for."""

    address: str
    table: Mapping[str, Write[_Item]]
    names: Sequence[str]

    def response(self, name: str, item: _Item) -> str:
        """Return the XML of one item."""
        found, missing = [], []
        for each in self.names:
            write = self.table.get(each)
            value = None if write is None else write(item)
            tags = tags_of(each)
            if value is None:
                missing.append(tags.empty)
            else:
                found.append(f"{tags.open}{value}{tags.close}" if value else tags.empty)
        return _response(f"{self.address}{quote_path(name)}", found, missing)

    def itself(self) -> str:
        """Return the XML of the collection."""
        kind = tags_of(dav("resourcetype"))
        found = [f"{kind.open}<d:collection/>{kind.close}"]
        missing = [tags_of(each).empty for each in self.names if each != dav("resourcetype")]
        return _response(self.address, found, missing)


def _response(href: str, found: Sequence[str], missing: Sequence[str]) -> str:
    stats = ""
    if found:
        stats += f"<d:propstat><d:prop>{''.join(found)}</d:prop>{_OK}"
    if missing or not found:
        stats += f"<d:propstat><d:prop>{''.join(missing)}</d:prop>{_MISSING}"
    return f"<d:response><d:href>{href}</d:href>{stats}</d:response>"


def collection(address: str, table: Mapping[str, Write[_Item]]) -> Collection[_Item]:
    """Return the collection at an address, below the application's root, for the PROPFIND of the request."""
    root = read_root(dav("propfind"))
    asked = None if root is None else root.find(dav("prop"))
    names = list(table) if asked is None else list(dict.fromkeys(str(child.tag) for child in asked))
    return Collection(f"{prefix()}{quote_path(address)}/", table, names)


def depth() -> str:
    """Return how deep a PROPFIND looks; one of everything below is refused."""
    wanted = request.headers.get("Depth", "1").strip().lower()
    if wanted not in {"0", "1"}:
        refuse(HTTPStatus.FORBIDDEN, "<d:propfind-finite-depth/>")
    return wanted


def multistatus(responses: Iterable[str]) -> Response:
    """Return the answer with these responses, read while it is sent; the first is read before it begins."""
    written = iter(responses)
    begin = BEGIN + next(written, "")

    def body() -> Iterator[str]:
        """Yield the whole document."""
        yield begin
        yield from written
        yield END

    return Response(stream_with_context(body()), HTTPStatus.MULTI_STATUS, content_type=XML)


def check_restored(face: Face, base: str) -> None:
    """Refuse a MOVE to anywhere but the address where things are restored, below `base`."""
    destination = request.headers.get("Destination")
    if not destination:
        raise MalformedRequest(reason=NO_DESTINATION)
    path = path_of(Call(Face(lambda: (base,), face.properties), base, ""), destination)
    if path is None or path.partition("/")[0] != _RESTORE:
        refuse(HTTPStatus.FORBIDDEN)


def refuse_method(*allowed: str) -> NoReturn:
    """Refuse the method of the request."""
    raise MethodNotAllowed(allowed)
