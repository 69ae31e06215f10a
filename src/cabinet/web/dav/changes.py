"""The conditions of a change: what has to hold when its transaction has the lock of the tree.

WebDAV demands more than the tree: the folder above a new resource exists, no other program has locked what changes, and
the headers `If`, `If-Match` and the like hold, for folders as well as for files. All of it is looked at before a byte of
the body is read, so that most refusals come early, and again by the transaction that makes the change.

Rule: whatever is decided here is decided by the transaction's own look; locks of what went away end after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import g, request

from cabinet.errors import CabinetError, EntryLocked, NotAFolder, NotFound, PreconditionFailed
from cabinet.services.dav.locks import Lock, Locks
from cabinet.services.dav.resources import Resource
from cabinet.services.tree.guards import guarding
from cabinet.web.dav.destinations import path_of
from cabinet.web.dav.face import Call
from cabinet.web.dav.if_header import IfList, parse_if, tokens_in
from cabinet.web.dav.lookup import find, locks
from cabinet.web.dav.properties import etag_of
from cabinet.web.identity import acting_user
from cabinet.web.ranges import precondition_of
from cabinet.web.services import database


@dataclass(frozen=True, slots=True)
class Touched:
    """A path that a request is about; `is_source` if it is that of the request, which the headers are about.

    `must_exist` refuses a path without a resource; `is_written` if locks bind it; `is_removed` if what is there goes
    away, with everything below it.
    """

    path: str
    is_source: bool = True
    must_exist: bool = False
    is_written: bool = True
    is_removed: bool = False


@dataclass(slots=True)
class Seen:
    """What was at the touched paths when the change was made, in their order, and the locks of what went away."""

    resources: list[Resource | None] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)


@contextmanager
def changing(call: Call, *touched: Touched) -> Iterator[Seen]:
    """Make a change in the body, under its conditions.

    Raises `NotFound`, `NotAFolder` without the folder above a path, `PreconditionFailed`, `EntryLocked`.
    """
    seen = Seen()
    header = request.headers.get("If")
    lists = [] if header is None else parse_if(header)

    def check() -> None:
        """Look again."""
        try:
            _Check(call, lists, seen).run(touched)
        except CabinetError:
            # Its path is the actor's already.
            g.pop("place", None)
            raise

    check()
    session = database()
    session.rollback()
    with guarding(session, check):
        yield seen
    if seen.ended:
        locks().end(seen.ended)


class _Check:
    """One look at everything."""

    def __init__(self, call: Call, lists: Sequence[IfList], seen: Seen) -> None:
        self._call = call
        self._lists = lists
        self._tokens = tokens_in(lists)
        self._seen = seen
        self._locks: Locks = locks()
        self._known: dict[int, Sequence[Lock]] = {}
        self._user_id = acting_user().id

    def run(self, touched: Sequence[Touched]) -> None:
        """Raise what stands against the change, and remember what is there."""
        self._seen.resources, self._seen.ended = [], set()
        for each in touched:
            resource = find(each.path)
            if resource is None and each.must_exist:
                raise NotFound
            above = None if resource is not None and not each.is_removed else self._above(each.path)
            if each.is_source:
                self._check_headers(resource)
            if each.is_written:
                self._check_locks(each, resource, above)
            self._seen.resources.append(resource)

    @staticmethod
    def _above(path: str) -> Resource | None:
        if not path:
            return None
        above = path.rpartition("/")[0]
        folder = find(above)
        if folder is None or not folder.is_folder:
            raise NotAFolder(path=above)
        return folder

    def _check_headers(self, resource: Resource | None) -> None:
        if self._lists and not any(self._holds(each, resource) for each in self._lists):
            raise PreconditionFailed
        if "If-Match" not in request.headers and "If-None-Match" not in request.headers:
            return
        # A tag that no header contains: the answer would tell an actor without READ what the content is.
        tag = None if resource is None else etag_of(resource) or "\n"
        if not precondition_of(request)(tag):
            raise PreconditionFailed

    def _holds(self, wanted: IfList, resource: Resource | None) -> bool:
        path: str | None = self._call.path
        if wanted.address is not None:
            path = path_of(self._call, wanted.address)
            resource = None if path is None else find(path)
        tag = None if resource is None else etag_of(resource)
        # What is not there yet is locked by a deep lock of the folder that it will be in.
        above = find(path.rpartition("/")[0]) if resource is None and path else None
        tokens = {lock.token for lock in self._holding(resource)} if resource is not None else set()
        if above is not None:
            tokens = {lock.token for lock in self._holding(above) if lock.is_deep}
        return all(
            (each.token in tokens if each.token is not None else each.tag == tag) != each.is_negated
            for each in wanted.conditions
        )

    def _check_locks(self, touched: Touched, resource: Resource | None, above: Resource | None) -> None:
        """Raise `EntryLocked` unless the client shows the tokens of all locks that bind the change."""
        binding = list(self._holding(resource, below=touched.is_removed)) if resource is not None else []
        if touched.is_removed and resource is not None:
            ways = [lock for lock in binding if resource.node.id in lock.way]
            self._seen.ended |= {lock.token for lock in ways}
        if above is not None:
            # Those of the folder above, whose members change.
            binding += self._holding(above)
        held = {lock.node_id for lock in binding if self._is_held(lock)}
        for lock in binding:
            if not self._is_held(lock) and not (lock.is_shared and lock.node_id in held):
                raise EntryLocked(path=touched.path)

    def _is_held(self, lock: Lock) -> bool:
        return lock.token in self._tokens and lock.user_id == self._user_id

    def _holding(self, resource: Resource, *, below: bool = False) -> Iterator[Lock]:
        space_id = resource.scope.space_id
        if space_id not in self._known:
            self._known[space_id] = self._locks.all_in([space_id])
        if self._known[space_id]:
            way = self._locks.way_of(resource.node.id)
            yield from (lock for lock in self._known[space_id] if lock.holds_for(way, below=below))
