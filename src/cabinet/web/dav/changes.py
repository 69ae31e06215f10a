"""The conditions of a change: what has to hold when its transaction has the lock of the tree.

WebDAV demands more than the tree: the folder above a new resource exists, `If-Match` and the like hold for folders as
well as for files. They are looked at before a byte of the body is read, so that most refusals come early, and again
by the transaction that makes the change.

Rule: reads only; whatever is decided here is decided by the transaction's own look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import request

from cabinet.errors import NotAFolder, NotFound, PreconditionFailed
from cabinet.services.dav.resources import Resource
from cabinet.services.tree.guards import guarding
from cabinet.web.dav.lookup import find
from cabinet.web.dav.properties import etag_of
from cabinet.web.ranges import precondition_of
from cabinet.web.services import database


@dataclass(frozen=True, slots=True)
class Touched:
    """A path that a request changes; `is_source` if the precondition headers are about it.

    `must_exist` refuses a path without a resource; `is_removed` if everything below it changes as well.
    """

    path: str
    is_source: bool = True
    must_exist: bool = False
    is_removed: bool = False


@dataclass(slots=True)
class Seen:
    """What was at the touched paths when the change was made, in their order."""

    resources: list[Resource | None] = field(default_factory=list)


@contextmanager
def changing(*touched: Touched) -> Iterator[Seen]:
    """Make a change in the body, under its conditions.

    Raises `NotFound`, `NotAFolder` without the folder above a path, `PreconditionFailed`.
    """
    seen = Seen()

    def check() -> None:
        """Look again."""
        seen.resources = _check(touched)

    check()
    session = database()
    session.rollback()
    with guarding(session, check):
        yield seen


def _check(touched: Sequence[Touched]) -> list[Resource | None]:
    found: list[Resource | None] = []
    for each in touched:
        resource = find(each.path)
        if resource is None and each.must_exist:
            raise NotFound
        if resource is None:
            _check_above(each.path)
        if each.is_source:
            _check_headers(resource)
        found.append(resource)
    return found


def _check_above(path: str) -> None:
    above = path.rpartition("/")[0]
    folder = find(above)
    if folder is None or not folder.is_folder:
        raise NotAFolder(path=above)


def _check_headers(resource: Resource | None) -> None:
    if "If-Match" not in request.headers and "If-None-Match" not in request.headers:
        return
    # A tag that no header contains: the answer would tell an actor without READ what the content is.
    tag = None if resource is None else etag_of(resource) or "\n"
    if not precondition_of(request)(tag):
        raise PreconditionFailed
