"""What a face gives to the engine, and what the engine knows of one request.

Rule: plain values; the engine reads them and asks for nothing else of a face.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import TypeAlias
from urllib.parse import urlsplit

from flask import request

from cabinet.services.dav.resources import Resource
from cabinet.services.dav.share_types import ShareTypes
from cabinet.web.quoting import quote_path
from cabinet.web.request_guards import host_of
from cabinet.web.runtime import setting


class Needs(Flag):
    """What a property needs besides the rows of the resources; each costs one query per page."""

    NOTHING = 0
    LOCKS = auto()
    CHECKSUMS = auto()
    USAGE = auto()
    SHARES = auto()


@dataclass(slots=True)
class Page:
    """What the properties of a page of resources need; each only if one of the wanted ones asks for it.

    `checksums` are by node, as `SHA1:... MD5:...`; `usage` is the bytes used and free by space, the latter None for no
    limit; `shares` are how nodes are shared that the actor may share; `lockdiscovery` returns the XML of the locks of a resource; `permissions` are those found so far, by scope and
    kind.
    """

    checksums: Mapping[int, str] = field(default_factory=dict)
    usage: Mapping[int, tuple[int, int | None]] = field(default_factory=dict)
    shares: Mapping[int, ShareTypes] = field(default_factory=dict)
    lockdiscovery: Callable[[Resource], str] = lambda _resource: ""
    permissions: dict[tuple[int, bool, bool], str] = field(default_factory=dict)


# Returns the XML inside the element of a property, None if the resource does not have it.
Write: TypeAlias = Callable[[Resource, Page], str | None]


@dataclass(frozen=True, slots=True)
class Property:
    """A live property; one that is not `in_allprop` is answered only by its name."""

    write: Write
    in_allprop: bool = True
    needs: Needs = Needs.NOTHING


# By the name of the element, `{namespace}local`.
PropertyTable: TypeAlias = Mapping[str, Property]


def _no_headers(_resource: Resource) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Face:
    """A face of WebDAV.

    `bases` returns the paths, below the application's own root and without a slash at the end, that the acting user
    reaches the root folder by; a `Destination` may be below any of them. `headers` are added to answers about a
    resource that was written.
    """

    bases: Callable[[], Sequence[str]]
    properties: PropertyTable
    headers: Callable[[Resource], Mapping[str, str]] = _no_headers


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its face, the base that it came by, and the path of the actor, without slashes at its ends.

    `has_slash` tells whether the URL ended with one, as that of a folder.
    """

    face: Face
    base: str
    path: str
    has_slash: bool = False

    def href(self, resource: Resource) -> str:
        """Return the address of a resource, a path with its host left out; that of a folder ends with a slash."""
        return self.href_of(resource.path, is_folder=resource.is_folder)

    def href_of(self, path: str, *, is_folder: bool = False) -> str:
        """Return the address of a path."""
        if not path:
            return f"{prefix()}{quote_path(self.base)}/"
        end = "/" if is_folder else ""
        return f"{prefix()}{quote_path(self.base)}/{quote_path(path)}{end}"


def prefix() -> str:
    """Return the path that a proxy serves the application below, as clients see it; empty without one."""
    if request.script_root:
        return request.script_root
    public = setting("PUBLIC_URL")
    return urlsplit(public).path.rstrip("/") if public and host_of(public) == request.host else ""


def normal(path: str) -> str:
    """Return a path without empty segments: clients send double slashes."""
    return "/".join(name for name in path.split("/") if name)
