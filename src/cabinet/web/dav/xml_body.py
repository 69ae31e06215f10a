"""Read the XML bodies of requests: bounded in size and depth, without DTD, entities or references to elsewhere.

Rule: what is not well-formed, too large or too deep is refused as a whole, before anything acts on it.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from flask import request

from cabinet.errors import N_, LengthRequired, MalformedRequest
from cabinet.storage.chunks import Chunk, iter_limited
from cabinet.web.bodies import iter_body, length_of

# The body of a PROPPATCH with long values; a PROPFIND has some hundred bytes.
XML_BYTES = 256 << 10
XML_DEPTH = 32

BAD_XML = N_("the body is not the XML that this method expects.")


class _Bounded(TreeBuilder):
    """Builds the tree of a document of limited depth."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self._depth += 1
        if self._depth > XML_DEPTH:
            raise ValueError("too deep")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def read_xml() -> Element | None:
    """Return the root of the body, None for an empty one; raises `MalformedRequest` or `TooLarge`."""
    body = read_body()
    if not body.strip():
        return None
    parser = DefusedXMLParser(target=_Bounded(), forbid_dtd=True)
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise MalformedRequest(reason=BAD_XML) from error
    return root


def read_body() -> bytes:
    """Return the whole body, empty without one; raises `TooLarge`."""
    try:
        length_of(request)
    except LengthRequired:
        return b""
    return b"".join(_to_bytes(chunk) for chunk in iter_limited(iter_body(request, 64 << 10), XML_BYTES))


def read_root(name: str) -> Element | None:
    """Return the root of the body, which must be the element `name`; raises as `read_xml`."""
    root = read_xml()
    if root is not None and root.tag != name:
        raise MalformedRequest(reason=BAD_XML)
    return root


def _to_bytes(chunk: Chunk) -> bytes:
    return bytes(chunk)
