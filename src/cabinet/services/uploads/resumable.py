"""Uploads that go on over several requests, and over restarts of the server.

The row says how many bytes are durable, staging holds them, and no process remembers anything. A
request takes the lock of its upload, goes on at the row's offset, and writes the new one when its
bytes are kept: in the end, and now and then on the way. What is durable counts in the owner's
usage from then on; when the content becomes a file, the file counts in its place.

Rule: the row never claims a byte that staging could lose, and no transaction is open while bytes move.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import (
    N_,
    CabinetError,
    MalformedRequest,
    NotFound,
    OffsetMismatch,
    QuotaExceeded,
    StorageFault,
    StorageFull,
    TooLarge,
    TooManyJoins,
    UploadGone,
    UploadIsFinal,
    UploadLocked,
)
from cabinet.models import Upload, UploadKind, User
from cabinet.services.kernel.caps import caps_of
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import publishing, writing
from cabinet.services.kernel.ids import new_id
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import lock_user, use
from cabinet.services.uploads.checksums import Proof
from cabinet.services.uploads.publishing import Finished, Publisher, Terms
from cabinet.services.uploads.room import overdraft
from cabinet.services.uploads.states import LetGo, Part, Plan, State, lock_name, target_of, to_state
from cabinet.services.uploads.upload_caps import check_unfinished, find_oldest_ended, forget_ended
from cabinet.storage.chunks import iter_limited
from cabinet.storage.content_hash import hash_chunks
from cabinet.storage.file_locks import LockTaken
from cabinet.storage.protocols import Locker, ResumableStore, ResumedStaging, StagedPart
from cabinet.storage.reserve import check_room

OTHER_LENGTH = N_("the length of the upload is another one.")
BAD_PART = N_("it names a part that is no complete partial upload.")

# Seconds that a request waits for the one before it, which was asked to let go of the upload.
PATIENCE = 5.0


class ResumableUploads:
    """The uploads of one user that outlive their requests."""

    def __init__(
        self,
        session: Session,
        store: ResumableStore,
        locker: Locker,
        clock: Clock,
        terms: Terms,
        owner_id: int,
    ) -> None:
        self._session = session
        self._store = store
        self._locker = locker
        self._clock = clock
        self._terms = terms
        self._owner_id = owner_id
        self._tree = Tree(session, owner_id)
        self._publisher = Publisher(session, store, clock, terms, owner_id)

    def begin(self, plan: Plan) -> State:
        """Make an upload; one of length 0 is finished at once.

        Raises `TooLarge`, `QuotaExceeded`, `StorageFull`, `TooManyUploads`, and what stands in the way
        of the target.
        """
        if plan.kind is UploadKind.WHOLE:
            self._publisher.check(plan.target)
        self._check_room(plan.length or 0, self._new_row("", plan))
        check_unfinished(self._session, self._owner_id, self._clock())
        forgotten = find_oldest_ended(self._session, self._owner_id)
        self._session.rollback()
        upload_id = self._store.create(plan.length)
        try:
            with writing(self._session):
                # One at a time, or several would see the same last place free.
                lock_user(self._session, self._owner_id)
                check_unfinished(self._session, self._owner_id, self._clock())
                forget_ended(self._session, forgotten)
                self._session.add(self._new_row(upload_id, plan))
        except BaseException:
            self._store.discard(upload_id)
            raise
        return self.get(upload_id)

    def get(self, upload_id: str) -> State:
        """Return how far an upload is, once whoever is writing to it has let go.

        One that is complete and could not be finished is finished now. Raises `NotFound`,
        `UploadGone`, `UploadLocked`, or what keeps it from being finished.
        """
        row = self._row(upload_id)
        if row.ended_at is not None:
            return to_state(row)
        with self._held(upload_id):
            row = self._row(upload_id)
            if row.ended_at is None and row.kind == UploadKind.WHOLE and row.offset == row.length:
                with self._store.resume(upload_id, row.offset, tentative=True) as staging:
                    self._finish(upload_id, staging)
            return to_state(self._row(upload_id))

    def append(self, upload_id: str, part: Part) -> State:
        """Take a part and return how far the upload is; the last one finishes it.

        Without a checksum, what came before an error is kept; with one, a part counts whole or not
        at all. Raises `OffsetMismatch`, `TooLarge`, `QuotaExceeded`, `ChecksumMismatch`,
        `UploadIsFinal`, what `part.chunks` raise, and as `get` does.
        """
        let_go = LetGo(part.let_go)
        if self._row(upload_id).kind == UploadKind.JOINED:
            raise UploadIsFinal
        with ExitStack() as held:
            if self._row(upload_id).ended_at is None:
                held.enter_context(self._held(upload_id, let_go))
            row = self._row(upload_id)
            self._check_part(row, part)
            if row.ended_at is not None:
                proof = Proof(part, row.offset)
                if any(proof.watch(iter(part.chunks))):
                    raise TooLarge(limit=row.offset)
                proof.check(hash_chunks([]))
                return to_state(row)
            if row.length is None and part.length is not None:
                self._record(upload_id, row.offset, part.length)
            self._receive(upload_id, part, let_go)
            return to_state(self._row(upload_id))

    def join(self, plan: Plan, upload_ids: Sequence[str]) -> State:
        """Make one file of complete partial uploads, which end with it; one may come several times.

        Raises `MalformedRequest` for a part that is none, `TooManyJoins`, and as `begin` does.
        """
        most = caps_of(self._session).joins
        if any(count > most for count in Counter(upload_ids).values()):
            raise TooManyJoins(allowed=most)
        self._publisher.check(plan.target)
        try:
            return self.get(self._join(plan, upload_ids))
        except UploadGone as error:
            raise MalformedRequest(reason=BAD_PART) from error

    def _join(self, plan: Plan, upload_ids: Sequence[str]) -> str:
        with ExitStack() as held:
            # In one order for everybody, for two requests could wait for each other.
            for upload_id in sorted(set(upload_ids)):
                self._partial(upload_id)
                held.enter_context(self._held(upload_id))
            sizes = {upload_id: self._partial(upload_id).offset for upload_id in upload_ids}
            length = sum(sizes[upload_id] for upload_id in upload_ids)
            row = self._new_row("", plan)
            row.length = length
            self._check_room(length, row, given_back=sum(sizes.values()))
            forgotten = find_oldest_ended(self._session, self._owner_id)
            self._session.rollback()
            parts = [StagedPart(upload_id, sizes[upload_id]) for upload_id in upload_ids]
            with self._store.join(parts) as staging:
                finished = Finished(staging, staging.finish(), plan.target)
                joined_id = new_id()
                with publishing(self._session):
                    self._tree.root(lock=True)
                    forget_ended(self._session, forgotten)
                    for upload_id in sizes:
                        self._give_back(self._row(upload_id))
                    row = self._new_row(joined_id, plan)
                    row.offset = row.length = length
                    self._session.add(row)
                    self._publish(row, finished)
            for upload_id in sizes:
                self._store.discard(upload_id)
        return joined_id

    def cancel(self, upload_id: str) -> None:
        """End an upload and forget its bytes; the file that it has become stays.

        Raises `NotFound`, `UploadGone` or `UploadLocked`.
        """
        if self._row(upload_id).ended_at is None:
            with self._held(upload_id):
                self._end(upload_id)
            return
        with writing(self._session):
            row = self._row(upload_id)
            row.content_hash = None

    def list_unfinished(self) -> list[State]:
        """Return the unfinished uploads, the newest first; asks nobody to let go."""
        open_ones = select(Upload).where(
            Upload.owner_id == self._owner_id,
            Upload.ended_at.is_(None),
            Upload.expires_at > self._clock(),
        )
        return [to_state(row) for row in self._session.scalars(open_ones.order_by(Upload.created_at.desc()))]

    def _row(self, upload_id: str) -> Upload:
        """Return the row as it is now; raises `NotFound`, or `UploadGone` for one that is no more."""
        row = self._session.get(Upload, upload_id, populate_existing=True)
        if row is None or row.owner_id != self._owner_id:
            raise NotFound
        if row.ended_at is not None and row.content_hash is None:
            raise UploadGone
        return row

    def _partial(self, upload_id: str) -> Upload:
        try:
            row = self._row(upload_id)
        except (NotFound, UploadGone) as error:
            raise MalformedRequest(reason=BAD_PART) from error
        if row.kind != UploadKind.PARTIAL or row.offset != row.length:
            raise MalformedRequest(reason=BAD_PART)
        return row

    def _new_row(self, upload_id: str, plan: Plan) -> Upload:
        now = self._clock()
        return Upload(
            id=upload_id,
            owner_id=self._owner_id,
            kind=plan.kind,
            length=plan.length,
            offset=0,
            path=plan.target.path,
            on_conflict=plan.target.on_conflict.value,
            modified_at=plan.target.modified_at,
            media_type=plan.target.media_type,
            description=plan.description,
            parts=plan.parts,
            created_at=now,
            expires_at=now + self._terms.keep,
        )

    @contextmanager
    def _held(self, upload_id: str, let_go: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold the lock of an upload that has not ended, with no transaction open.

        One that has expired ends here, and one whose bytes are lost. Raises `UploadGone` then.
        """
        self._session.rollback()
        with ExitStack() as held:
            try:
                lock = self._locker.hold(lock_name(upload_id), patience=PATIENCE, let_go=let_go)
                held.enter_context(lock)
            except LockTaken as error:
                raise UploadLocked from error
            row = self._row(upload_id)
            if row.ended_at is None:
                is_lost = (self._store.staged_size(upload_id) or 0) < row.offset
                if is_lost or row.expires_at <= self._clock():
                    self._end(upload_id)
                    raise UploadGone
            self._session.rollback()
            yield

    def _check_room(self, size: int, row: Upload, *, given_back: int = 0) -> None:
        if size > self._terms.max_size:
            raise TooLarge(limit=self._terms.max_size)
        user = self._session.get_one(User, self._owner_id)
        if user.quota is not None:
            beyond = user.usage - given_back + size - user.quota
            if beyond > 0 and beyond > self._overdraft(row):
                raise QuotaExceeded(quota=user.quota)
        check_room(self._store.free_bytes(), size)

    def _overdraft(self, row: Upload) -> int:
        """Return how many bytes beyond the quota may come for an upload."""
        is_partial = row.kind == UploadKind.PARTIAL
        return overdraft(self._tree, target_of(row), row.length, is_partial=is_partial)

    def _check_part(self, row: Upload, part: Part) -> None:
        if part.offset != row.offset:
            raise OffsetMismatch(expected=row.offset, provided=part.offset)
        length = row.length
        if part.length is not None:
            if part.length > self._terms.max_size:
                raise TooLarge(limit=self._terms.max_size)
            if (length is not None and part.length != length) or part.length < row.offset:
                raise MalformedRequest(reason=OTHER_LENGTH)
            length = part.length
        limit = self._terms.max_size if length is None else length
        if part.size is not None and part.offset + part.size > limit:
            raise TooLarge(limit=limit)
        if part.size != 0:
            self._check_room(part.size or 0, row)

    def _receive(self, upload_id: str, part: Part, let_go: LetGo) -> None:
        row = self._row(upload_id)
        limit, quota = self._limit(row)
        offset, recorded = row.offset, row.offset
        self._session.rollback()
        proof = Proof(part, offset)
        chunks = proof.watch(iter_limited(part.chunks, limit))
        with self._store.resume(upload_id, offset, tentative=proof.is_asked_for) as staging:
            try:
                for chunk in chunks:
                    staging.append([chunk])
                    if staging.kept > recorded:
                        recorded = staging.kept
                        self._record(upload_id, recorded)
            except CabinetError as error:
                if not proof.is_asked_for:
                    self._keep_what_came(upload_id, staging)
                if let_go.was_called:
                    raise UploadLocked from error
                if isinstance(error, TooLarge) and quota is not None:
                    raise QuotaExceeded(quota=quota) from error
                raise
            proof.check(staging.content_hash())
            staging.keep()
            self._record_or_finish(upload_id, staging)

    def _keep_what_came(self, upload_id: str, staging: ResumedStaging) -> None:
        # The error that ended the part is the one to be told.
        with suppress(StorageFull, StorageFault):
            staging.keep()
        self._record(upload_id, staging.kept)

    def _limit(self, row: Upload) -> tuple[int, int | None]:
        """Return how many bytes a part may bring, and the quota where that is the reason."""
        left = (self._terms.max_size if row.length is None else row.length) - row.offset
        user = self._session.get_one(User, self._owner_id)
        if user.quota is None or user.quota - user.usage >= left:
            return left, None
        room = user.quota + self._overdraft(row) - user.usage
        return min(left, max(0, room)), None if room >= left else user.quota

    def _record_or_finish(self, upload_id: str, staging: ResumedStaging) -> None:
        row = self._row(upload_id)
        if row.kind != UploadKind.WHOLE or staging.kept != row.length:
            self._record(upload_id, staging.kept)
            return
        try:
            self._finish(upload_id, staging)
        except BaseException:
            # The bytes are safe, and it is tried again when the client asks for the upload.
            self._record(upload_id, staging.kept)
            raise

    def _record(self, upload_id: str, offset: int, length: int | None = None) -> None:
        """Write how many bytes are durable, and that the user has so many more.

        Raises `QuotaExceeded` where others of the user's have taken the room meanwhile; then the
        bytes count as never sent.
        """
        with writing(self._session):
            row = self._row(upload_id)
            try:
                use(self._session, self._owner_id, offset - row.offset)
            except QuotaExceeded:
                allowed = self._overdraft(row)
                if not allowed:
                    raise
                use(self._session, self._owner_id, offset - row.offset, overdraft=allowed)
            row.offset = offset
            row.length = row.length if length is None else length
            row.expires_at = self._clock() + self._terms.keep

    def _finish(self, upload_id: str, staging: ResumedStaging) -> None:
        """Make a file of a complete upload, and end it."""
        self._session.rollback()
        measured = staging.finish()
        with publishing(self._session):
            # Before the user's row, as everybody does who writes into the tree.
            self._tree.root(lock=True)
            row = self._row(upload_id)
            target = target_of(row)
            use(self._session, self._owner_id, -row.offset)
            row.offset = measured.size
            self._publish(row, Finished(staging, measured, target))
        self._store.discard(upload_id)

    def _publish(self, row: Upload, finished: Finished) -> None:
        (stored,) = self._publisher.publish([finished])
        now = self._clock()
        row.path, row.content_hash = stored.entry.path, stored.entry.content_hash
        row.ended_at, row.expires_at = now, now + self._terms.keep

    def _end(self, upload_id: str) -> None:
        with writing(self._session):
            self._give_back(self._row(upload_id))
        self._store.discard(upload_id)

    def _give_back(self, row: Upload) -> None:
        use(self._session, self._owner_id, -row.offset)
        row.ended_at = self._clock()
        row.expires_at = row.ended_at + self._terms.keep
