"""Receive uploads: the body of a request as one file, or every file of a form.

The one routine for all protocols: it checks before it reads, receives into staging, and stores all files or
none.

Rule: the view chooses the scope, and responds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from flask import request

from cabinet.errors import N_, CrossSiteRequest, MalformedRequest
from cabinet.services.access.scope import Scope
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.mounts import Place
from cabinet.services.tree.names import join_path, split_path, to_name
from cabinet.services.uploads.publishing import Stored, Target
from cabinet.services.uploads.uploads import ExpectedContent, Incoming, Uploads
from cabinet.storage.chunks import Chunk
from cabinet.storage.content_hash import BLOCK_SIZE
from cabinet.web.bodies import MAX_FILES, TOO_MANY_PARTS, iter_body, iter_parts, length_of, read_text
from cabinet.web.digests import expected_content_of, mtime_of
from cabinet.web.parameters import choice_of
from cabinet.web.ranges import precondition_of
from cabinet.web.request_guards import NOT_FROM_OUR_PAGE, TOKEN_FIELD, check_token, needs_no_token

# The size of a form besides its content: an upper bound for the headers of all parts, with a path and a name
# for each.
FRAMING_BYTES = MAX_FILES * 4096


class Destination(NamedTuple):
    """The place of a file in a form, and the service for its scope."""

    service: Uploads
    place: Place


# Returns the destination of a path; the service is the same for all paths of one scope.
Lead: TypeAlias = Callable[[str], Destination]
# Passes chunks on unchanged.
Watch: TypeAlias = Callable[[Iterator[Chunk]], Iterator[Chunk]]
# Returns the checksums of a content that has passed, None if none is known.
Checksums: TypeAlias = Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class _Received:
    """A file of a form, completely received into staging."""

    destination: Destination
    upload: Incoming
    target: Target

    @property
    def root(self) -> Place:
        """The root of the destination's scope, with the user's path to it."""
        return replace(self.destination.place, path="")


NO_FILE = N_("it contains no file.")
NO_PARTIAL_PUT = N_("a part of a file cannot be stored; send the whole file.")


def on_conflict_of_upload() -> OnConflict | None:
    """Return what the query says about names in use, None without a word; raises `InvalidField`."""
    if "on_conflict" not in request.args:
        return None
    return choice_of(OnConflict, "on_conflict", OnConflict.FAIL)


def receive_body(service: Uploads, path: str) -> Stored:
    """Store the body of the request as the file at `path`, as its headers and its query say.

    The view must be marked by `streams_body`. Raises errors before reading if possible; keeps nothing of a
    refused upload.
    """
    refuse_parts()
    on_conflict = choice_of(OnConflict, "on_conflict", service.default_on_conflict)
    target = Target(path, on_conflict, precondition_of(request), mtime_of(request.headers))
    return receive_content(service, target, lambda chunks: chunks, lambda: None)


def receive_content(service: Uploads, target: Target, watch: Watch, checksums: Checksums) -> Stored:
    """Store the body of the request at `target`; `watch` passes the chunks on, and may refuse them at the end.

    `checksums` is asked after it. As `receive_body`.
    """
    refuse_parts()
    expected = expected_content_of(request.headers, length_of(request))
    service.check(target, expected.size)
    with ExitStack() as held:
        upload, _target = _receive(service, held, expected, target, watch(iter_body(request)))
        return service.commit([(upload, replace(target, checksums=checksums()))])[0]


def refuse_parts() -> None:
    """Raise `MalformedRequest` for a part of a file, which must not replace the whole (RFC 9110, 14.5)."""
    if "Content-Range" in request.headers:
        raise MalformedRequest(reason=NO_PARTIAL_PUT)


def receive_form(service: Uploads, folder: str) -> list[Stored]:
    """Store every file of a multipart form below `folder`, or none of them.

    A text field `path` before a file is its path, else it keeps its filename. A browser's form carries the
    CSRF token, in a header or in a field before the first file. The view must be marked by `streams_body`.
    """
    return receive_files(folder, lambda path: Destination(service, Place(service.scope, path)), is_one=True)


def receive_files(folder: str, lead: Lead, *, is_one: bool) -> list[Stored]:
    """Store every file of a multipart form below `folder`, where `lead` says, or none of them.

    As `receive_form`; entries and errors have the paths of the acting user. With `is_one` all of them go to
    one scope.
    """
    choice_of(OnConflict, "on_conflict", OnConflict.FAIL)
    split_path(folder)
    with ExitStack() as held:
        return _commit(_receive_parts(folder, lead, held, is_one=is_one))


def _commit(received: list[_Received]) -> list[Stored]:
    by_root: dict[Place, list[_Received]] = {}
    for each in received:
        by_root.setdefault(each.root, []).append(each)
    parts = [
        (*some[0].destination, [(each.upload, each.target) for each in some]) for some in by_root.values()
    ]
    stored = parts[0][0].commit_in_parts(parts)
    in_turn = {root: iter(made) for root, made in zip(by_root, stored, strict=True)}
    return [next(in_turn[each.root]) for each in received]


def _receive_parts(folder: str, lead: Lead, held: ExitStack, *, is_one: bool) -> list[_Received]:
    """Receive the files of a form into staging; `held` discards them in the end."""
    received: list[_Received] = []
    begun: set[Scope] = set()
    trusted = needs_no_token()
    path: str | None = None
    for part, content in iter_parts(request):
        if part.filename is None:
            text = read_text(content)
            if part.name == TOKEN_FIELD and not trusted:
                check_token(text)
                trusted = True
            elif part.name == "path":
                path = text
            continue
        if not trusted:
            raise CrossSiteRequest(reason=NOT_FROM_OUR_PAGE)
        if part.name != "file" or (part.filename == "" and path is None):
            continue  # a field of another name, or a form sent without a file
        if len(received) == MAX_FILES:
            raise MalformedRequest(reason=TOO_MANY_PARTS)
        names = split_path(path) if path else (to_name(part.filename),)
        whole_path = join_path((*split_path(folder), *names))
        service, place = destination = lead(whole_path)
        on_conflict = choice_of(OnConflict, "on_conflict", service.default_on_conflict)
        target = Target(place.path, on_conflict, modified_at=mtime_of(part.headers))
        with place.converting_errors():
            if place.scope not in begun:
                # With several scopes, the share of each is unknown before the form is read.
                service.check_room_for_all(length_of(request) if is_one else None, FRAMING_BYTES)
                begun.add(place.scope)
            chunks = _checked_when_large(content, service, target)
            upload, _target = _receive(service, held, expected_content_of(part.headers), target, chunks)
        received.append(_Received(destination, upload, target))
        path = None
    if not received:
        raise MalformedRequest(reason=NO_FILE)
    return received


def _receive(
    service: Uploads, held: ExitStack, expected: ExpectedContent, target: Target, chunks: Iterator[Chunk]
) -> tuple[Incoming, Target]:
    """Receive one content into staging, and verify its announced size and digests."""
    upload = held.enter_context(service.begin(expected, target))
    upload.append(chunks)
    upload.seal()
    return upload, target


def _checked_when_large(content: Iterator[Chunk], service: Uploads, target: Target) -> Iterator[Chunk]:
    """Pass `content` on; check the target once the content exceeds one block.

    A smaller content is received faster than its path is looked up, and committing checks again anyway.
    """
    size = 0
    for chunk in content:
        if size <= BLOCK_SIZE < size + len(chunk):
            service.check(target, None)
        size += len(chunk)
        yield chunk
