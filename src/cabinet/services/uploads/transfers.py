"""Uploads in chunks that a client names: each chunk is a partial upload, and the last request joins them.

A transfer is nothing but its chunks, so it has no row of its own. Chunks are ordered by their names as numbers, however
clients write them: as ordinals, as offsets, or as ranges of equal length.

Rule: the client names a transfer and its chunks; the names are data and never a path on disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from cabinet.errors import N_, CabinetError, InvalidName, MalformedRequest, NotFound, UploadGone
from cabinet.models import UploadKind
from cabinet.services.access.scope import Scope
from cabinet.services.uploads.publishing import Target
from cabinet.services.uploads.resumable import ResumableUploads
from cabinet.services.uploads.values import Checksum, Part, Plan, UploadInfo

INCOMPLETE = N_("the chunks do not have the announced length together.")
BAD_CHUNK_NAME = N_("it is not the name of a chunk.")

# Where chunks claim to go to; nothing is ever stored there.
_BEGIN = "uploads in chunks"
_TRANSFER = re.compile(r"[A-Za-z0-9._-]{1,120}")
_CHUNK = re.compile(r"[0-9]{1,20}(-[0-9]{1,20})?")
_WIDEST = 41


class Transfers:
    """The uploads in chunks of one user."""

    def __init__(self, uploads: ResumableUploads) -> None:
        """Take the uploads to the user's own scope."""
        self._uploads = uploads

    def put(self, transfer: str, chunk: str, part: Part) -> None:
        """Receive a chunk, again if it was received before; raises as `ResumableUploads.append`."""
        path = f"{_folder(transfer)}/{_checked(_CHUNK, chunk)}"
        before = [info for info in self._infos(transfer) if info.path == path]
        begun = self._uploads.begin(Plan(Target(path), length=part.size, kind=UploadKind.PARTIAL))
        try:
            if part.size != 0:
                self._uploads.append(begun.id, part)
        except CabinetError:
            # The next attempt sends it whole.
            self._uploads.cancel(begun.id)
            raise
        self._cancel(before)

    def chunks(self, transfer: str) -> list[tuple[str, int]]:
        """Return the names of the complete chunks in order, with their sizes; raises `NotFound` without any."""
        found = [(info.path.rpartition("/")[2], info.offset) for info in self._complete(transfer)]
        if not found:
            raise NotFound
        return found

    def join(
        self,
        transfer: str,
        target: Target,
        length: int | None,
        into: ResumableUploads,
        other_scopes: Iterable[Scope] = (),
        checksum: Checksum | None = None,
    ) -> None:
        """Make the file at `target` of all chunks; `length` and `checksum` are what the client announced.

        `into` are the uploads to the scope of the target. Raises `MalformedRequest`, `NotFound` without a chunk, and as
        `ResumableUploads.join`.
        """
        found = self._complete(transfer)
        if not found:
            raise NotFound
        if length is not None and sum(info.offset for info in found) != length:
            raise MalformedRequest(reason=INCOMPLETE)
        into.join(
            Plan(target, kind=UploadKind.JOINED, checksum=checksum), [info.id for info in found], other_scopes
        )

    def cancel(self, transfer: str) -> None:
        """Delete all chunks; there may be none yet."""
        self._cancel(self._infos(transfer))

    def _cancel(self, infos: Sequence[UploadInfo]) -> None:
        for info in infos:
            with suppress(NotFound, UploadGone):
                self._uploads.cancel(info.id)

    def _complete(self, transfer: str) -> list[UploadInfo]:
        found = [info for info in self._infos(transfer) if info.is_finished]
        return sorted(found, key=lambda info: _order(info.path.rpartition("/")[2]))

    def _infos(self, transfer: str) -> list[UploadInfo]:
        begin = f"{_folder(transfer)}/"
        return [info for info in self._uploads.list_unfinished() if info.path.startswith(begin)]


def _order(chunk: str) -> str:
    return chunk.zfill(_WIDEST)


def _folder(transfer: str) -> str:
    return f"{_BEGIN}/{_checked(_TRANSFER, transfer)}"


def _checked(pattern: re.Pattern[str], name: str) -> str:
    if not pattern.fullmatch(name):
        raise InvalidName(name=name[:80], reason=BAD_CHUNK_NAME)
    return name
