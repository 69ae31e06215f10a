"""Uploads that continue over several requests, and over restarts of the server.

The row records how many bytes are durable, staging holds them, and no process keeps any state. A request
takes the lock of its upload, continues at the row's offset, and updates it when bytes are durable: at the
end, and from time to time before. Durable bytes count in the usage of the space; when the content becomes a
file, the file counts instead.

Rule: the row never claims a byte that staging could lose, and no transaction is open while bytes move.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy.orm import Session

from cabinet.errors import (
    N_,
    CabinetError,
    MalformedRequest,
    NotFound,
    OffsetMismatch,
    StorageFault,
    StorageFull,
    TooLarge,
    TooManyJoins,
    UploadGone,
    UploadIsFinal,
    UploadLocked,
)
from cabinet.models import Upload, UploadKind
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope, SpaceUsage
from cabinet.services.kernel.caps import caps_of
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import publishing, writing
from cabinet.services.kernel.ids import new_id
from cabinet.services.tree.space_lock import lock_space, lock_spaces
from cabinet.services.tree.usage import quota_exceeded, usage_of
from cabinet.services.uploads.checksums import Proof, check_hash, check_joined
from cabinet.services.uploads.publishing import Finished, Publisher, UploadLimits
from cabinet.services.uploads.states import UploadState, state_of
from cabinet.services.uploads.upload_caps import find_oldest_ended, forget_ended
from cabinet.services.uploads.upload_rows import Owned, UploadRows
from cabinet.services.uploads.values import (
    Part,
    Plan,
    ReleaseRequest,
    UploadInfo,
    lock_name,
    target_of,
    to_info,
)
from cabinet.storage.chunks import iter_limited
from cabinet.storage.content_hash import hash_chunks
from cabinet.storage.file_locks import LockTaken
from cabinet.storage.protocols import Locker, ResumableStore, ResumedStaging, Sealed, StagedPart
from cabinet.storage.reserve import check_room

LENGTH_MISMATCH = N_("the upload has a different length.")
BAD_PART = N_("one of the parts is not a complete partial upload.")

# Seconds to wait for the previous request, which was asked to release the upload.
RELEASE_TIMEOUT = 5.0


class _Limit(NamedTuple):
    """The number of bytes that a part may have, and the free bytes if the quota is the reason."""

    size: int
    free: int | None = None


class ResumableUploads:
    """The resumable uploads of one actor to one scope."""

    def __init__(
        self,
        session: Session,
        store: ResumableStore,
        locker: Locker,
        clock: Clock,
        limits: UploadLimits,
        scope: Scope,
    ) -> None:
        self._session = session
        self._store = store
        self._locker = locker
        self._clock = clock
        self._upload_limits = limits
        self._scope = scope
        self._rows = UploadRows(session, clock, limits.keep, scope)
        self._publisher = Publisher(session, store, clock, limits, scope)

    def begin(self, plan: Plan) -> UploadInfo:
        """Create an upload; one of length 0 is finished at once.

        Raises `TooLarge`, `QuotaExceeded`, `StorageFull`, `TooManyUploads`, `ChecksumMismatch`, and what
        prevents publishing to the target.
        """
        self._scope.require(Rights.WRITE)
        if plan.length == 0:
            check_hash(hash_chunks([]), plan.upload_hash)
        usage = self._scope.usage or usage_of(self._session, self._scope)
        if plan.kind is UploadKind.WHOLE:
            self._publisher.check(plan.target)
        self._check_room_for_new(usage, plan, plan.length or 0)
        forgotten = find_oldest_ended(self._session, self._scope.space_id)
        self._session.rollback()
        row = self._rows.new(self._store.create(plan.length), plan)
        try:
            self._rows.add(row, forgotten)
        except BaseException:
            self._store.discard(row.id)
            raise
        return self.get(row.id) if state_of(row) is UploadState.COMPLETE else to_info(row)

    def get(self, upload_id: str) -> UploadInfo:
        """Return the state of an upload, after asking a request that writes to it to release it.

        A complete one that could not be finished is finished now. Raises `NotFound`, `UploadGone`,
        `UploadLocked`, or what prevents finishing it.
        """
        self._scope.require(Rights.WRITE)
        row = self._rows.read(upload_id)
        if row.ended_at is not None:
            return to_info(row)
        with self._held(row) as owned:
            row = owned.row
            if row.kind == UploadKind.WHOLE and state_of(row) is UploadState.COMPLETE:
                self._session.rollback()
                with self._store.resume(upload_id, row.offset, tentative=True) as staging:
                    self._finish(row, staging, staging.finish())
            return to_info(row)

    def append(self, upload_id: str, part: Part) -> UploadInfo:
        """Receive a part and return the state of the upload; the last part finishes it.

        Without a checksum, the bytes before an error are kept; with one, a part counts whole or not at all.
        Raises `OffsetMismatch`, `TooLarge`, `QuotaExceeded`, `ChecksumMismatch`, `UploadIsFinal`, what
        `part.chunks` raise, and as `get` does.
        """
        self._scope.require(Rights.WRITE)
        request_release = ReleaseRequest(part.request_release)
        row = self._rows.read(upload_id)
        if row.kind == UploadKind.JOINED:
            raise UploadIsFinal
        if row.ended_at is not None:
            return self._append_empty(row, part)
        with self._held(row, request_release) as owned:
            if owned.row.ended_at is not None:
                return self._append_empty(owned.row, part)
            self._check_part(owned, part)
            limit = self._limit(owned, part)
            if owned.row.length is None and part.length is not None:
                self._rows.record(owned.row, owned.row.offset, part.length)
            self._receive(owned.row, part, limit, request_release)
            return to_info(owned.row)

    def _append_empty(self, row: Upload, part: Part) -> UploadInfo:
        """Accept an empty part at the end of an ended upload, as a retry of the last one."""
        self._check_part(Owned(row, 0, None), part)
        self._session.rollback()
        proof = Proof(part, row.offset)
        if any(proof.watch(iter(part.chunks))):
            raise TooLarge(limit=row.offset)
        proof.check(hash_chunks([]))
        return to_info(row)

    def join(self, plan: Plan, upload_ids: Sequence[str], other_scopes: Iterable[Scope] = ()) -> UploadInfo:
        """Join complete partial uploads into one file, which ends them; one may occur several times.

        They were created by the same actor in this scope or one of `other_scopes`: a partial upload has no
        destination yet. Raises `MalformedRequest` for a part that is not a complete partial upload,
        `TooManyJoins`, `ChecksumMismatch`, and as `begin` does.
        """
        self._scope.require(Rights.WRITE)
        most = caps_of(self._session).joins
        if any(count > most for count in Counter(upload_ids).values()):
            raise TooManyJoins(allowed=most)
        self._publisher.check(plan.target)
        try:
            return to_info(self._join(plan, upload_ids, other_scopes))
        except UploadGone as error:
            raise MalformedRequest(reason=BAD_PART) from error

    def _join(self, plan: Plan, upload_ids: Sequence[str], other_scopes: Iterable[Scope]) -> Upload:
        places = [self._rows, *(self._rows.of(scope) for scope in other_scopes if scope.has(Rights.WRITE))]
        with ExitStack() as held:
            parts: dict[str, Upload] = {}
            begun_in: dict[str, UploadRows] = {}
            # One order everywhere, to prevent deadlocks between requests.
            for upload_id in sorted(set(upload_ids)):
                rows, found = _find_partial(places, upload_id)
                owned = held.enter_context(self._held(found, rows=rows))
                parts[upload_id], begun_in[upload_id] = _complete_partial(owned.row), rows
            length = sum(parts[upload_id].offset for upload_id in upload_ids)
            plan = replace(plan, length=length)
            here = self._scope.space_id
            given_back = sum(row.offset for row in parts.values() if row.space_id == here)
            usage = usage_of(self._session, self._scope)
            self._check_room_for_new(usage, plan, length, given_back=given_back)
            forgotten = find_oldest_ended(self._session, self._scope.space_id)
            self._session.rollback()
            staged = [StagedPart(upload_id, parts[upload_id].offset) for upload_id in upload_ids]
            with self._store.join(staged) as staging:
                finished = Finished(staging, staging.finish(), plan.target)
                check_hash(finished.sealed.content_hash, plan.upload_hash)
                check_joined(staging, plan.checksum)
                row = self._rows.new(new_id(), plan)
                with publishing(self._session):
                    lock_spaces(self._session, {here, *(joined.space_id for joined in parts.values())})
                    lock_space(self._session, here)
                    forget_ended(self._session, forgotten)
                    for upload_id, joined in parts.items():
                        begun_in[upload_id].end(joined)
                    self._rows.insert(row)
                    note = self._publish(row, finished)
                note()
            for upload_id in parts:
                self._store.discard(upload_id)
        return row

    def cancel(self, upload_id: str) -> None:
        """End an upload and delete its bytes; a file that it has become is not affected.

        Raises `NotFound`, `UploadGone` or `UploadLocked`.
        """
        self._scope.require(Rights.WRITE)
        row = self._rows.read(upload_id)
        if row.ended_at is not None:
            self._end(row)
            return
        with self._held(row) as owned:
            self._end(owned.row)

    def list_unfinished(self) -> list[UploadInfo]:
        """Return the unfinished uploads, newest first; does not interrupt a request."""
        self._scope.require(Rights.WRITE | Rights.LIST)
        return [to_info(row) for row in self._rows.unfinished()]

    def unfinished_roots(self) -> set[int | None]:
        """Return the root ids of all scopes in which the actor has unfinished uploads."""
        return self._rows.unfinished_roots()

    @contextmanager
    def _held(
        self, row: Upload, request_release: Callable[[], None] | None = None, rows: UploadRows | None = None
    ) -> Iterator[Owned]:
        """Lock an upload that has not ended, and yield its current state.

        The transaction that read it is open. An upload that has expired or lost its bytes is ended here,
        which raises `UploadGone`.
        """
        self._session.rollback()
        with ExitStack() as held:
            try:
                held.enter_context(
                    self._locker.hold(
                        lock_name(row.id), timeout=RELEASE_TIMEOUT, request_release=request_release
                    )
                )
            except LockTaken as error:
                raise UploadLocked from error
            rows = rows or self._rows
            owned = rows.read_owned(row.id)
            if owned.row.ended_at is None:
                is_lost = (self._store.staged_size(row.id) or 0) < owned.row.offset
                if is_lost or owned.row.expires_at <= self._clock():
                    self._end(owned.row, rows)
                    raise UploadGone
            yield owned

    def _check_room_for_new(self, usage: SpaceUsage, plan: Plan, size: int, *, given_back: int = 0) -> None:
        used = usage.used - given_back
        self._check_room(used, usage.quota, size, lambda: self._rows.overdraft(self._rows.new("", plan)))

    def _check_room(self, used: int, quota: int | None, size: int, overdraft: Callable[[], int]) -> None:
        if size > self._upload_limits.max_size:
            raise TooLarge(limit=self._upload_limits.max_size)
        if quota is not None:
            beyond = used + size - quota
            if beyond > 0 and beyond > overdraft():
                raise quota_exceeded(self._scope, needed=size, free=quota - used)
        check_room(self._store.free_bytes(), size)

    def _check_part(self, owned: Owned, part: Part) -> None:
        row = owned.row
        if part.offset != row.offset:
            raise OffsetMismatch(expected=row.offset, provided=part.offset)
        length = row.length
        if part.length is not None:
            if part.length > self._upload_limits.max_size:
                raise TooLarge(limit=self._upload_limits.max_size)
            if (length is not None and part.length != length) or part.length < row.offset:
                raise MalformedRequest(reason=LENGTH_MISMATCH)
            length = part.length
        limit = self._upload_limits.max_size if length is None else length
        if part.size is not None and part.offset + part.size > limit:
            raise TooLarge(limit=limit)
        if part.size != 0:
            self._check_room(owned.usage, owned.quota, part.size or 0, lambda: self._rows.overdraft(row))

    def _limit(self, owned: Owned, part: Part) -> _Limit:
        """Return the number of bytes that a part may have."""
        length = part.length if owned.row.length is None else owned.row.length
        left = (self._upload_limits.max_size if length is None else length) - owned.row.offset
        if owned.quota is None or owned.quota - owned.usage >= left:
            return _Limit(left)
        room = owned.quota + self._rows.overdraft(owned.row) - owned.usage
        return _Limit(min(left, max(0, room)), None if room >= left else owned.quota - owned.usage)

    def _receive(self, row: Upload, part: Part, limit: _Limit, request_release: ReleaseRequest) -> None:
        self._session.rollback()
        proof = Proof(part, row.offset)
        chunks = proof.watch(iter_limited(part.chunks, limit.size))
        with self._store.resume(row.id, row.offset, tentative=proof.is_required) as staging:
            try:
                for chunk in chunks:
                    staging.append([chunk])
                    if staging.kept > row.offset:
                        self._rows.record(row, staging.kept)
            except CabinetError as error:
                if not proof.is_required:
                    self._keep_received(row, staging)
                if request_release.was_called:
                    raise UploadLocked from error
                if isinstance(error, TooLarge) and limit.free is not None:
                    raise quota_exceeded(self._scope, needed=None, free=limit.free) from error
                raise
            proof.check(staging.content_hash())
            staging.keep()
            if staging.kept == row.length:
                self._complete(row, staging, part.upload_hash)
            else:
                self._rows.record(row, staging.kept)

    def _keep_received(self, row: Upload, staging: ResumedStaging) -> None:
        # The error that ended the part is the one to report.
        with suppress(StorageFull, StorageFault):
            staging.keep()
        self._rows.record(row, staging.kept)

    def _complete(self, row: Upload, staging: ResumedStaging, upload_hash: str | None) -> None:
        """Verify the whole upload, then finish it, or record that a partial one is complete."""
        sealed = staging.finish()
        # Before the row has the new offset: a last part of another content counts as never received.
        check_hash(sealed.content_hash, upload_hash)
        if row.kind != UploadKind.WHOLE:
            self._rows.record(row, staging.kept)
            return
        try:
            self._finish(row, staging, sealed)
        except BaseException:
            # The bytes are durable, and finishing is retried when the client asks for the upload.
            self._rows.record(row, staging.kept)
            raise

    def _finish(self, row: Upload, staging: ResumedStaging, sealed: Sealed) -> None:
        """Publish a complete upload as a file, and end it."""
        finished = Finished(staging, sealed, target_of(row))
        with publishing(self._session):
            note = self._publish(row, finished)
        note()
        self._store.discard(row.id)

    def _publish(self, row: Upload, finished: Finished) -> Callable[[], None]:
        # The file counts instead of the bytes of the upload.
        (stored,) = self._publisher.publish([finished], released=row.offset)
        return self._rows.store(row, stored.entry.path, stored.entry.content_hash, finished.sealed.size)

    def _end(self, row: Upload, rows: UploadRows | None = None) -> None:
        with writing(self._session):
            (rows or self._rows).end(row)
        self._store.discard(row.id)


def _find_partial(places: Iterable[UploadRows], upload_id: str) -> tuple[UploadRows, Upload]:
    """Return a complete partial upload, and the rows that it belongs to; raises `MalformedRequest`."""
    for rows in places:
        with suppress(NotFound):
            return rows, _complete_partial(rows.read(upload_id))
    raise MalformedRequest(reason=BAD_PART)


def _complete_partial(row: Upload) -> Upload:
    """Return the row if it is a complete partial upload; raises `MalformedRequest`."""
    if row.kind != UploadKind.PARTIAL or state_of(row) is not UploadState.COMPLETE:
        raise MalformedRequest(reason=BAD_PART)
    return row
