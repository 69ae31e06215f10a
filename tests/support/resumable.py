"""Resumable uploads through the service: plans, parts and statement counts.

Rule: nothing here knows HTTP.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from cabinet.models import UploadKind
from cabinet.services.accounts.account import Account
from cabinet.services.maintenance.sweep import Housekeeping, Retention
from cabinet.services.uploads.publishing import Target, UploadLimits
from cabinet.services.uploads.resumable import ResumableUploads
from cabinet.services.uploads.values import Part, Plan
from cabinet.storage.content_hash import BLOCK_SIZE
from tests.support.contents import content_of, in_chunks
from tests.support.services import VERSIONS_KEPT, Workbench

KEEP = timedelta(days=7)
MAX_SIZE = 64 << 20
WHOLE = content_of(BLOCK_SIZE + 1000)


def service_of(session: Session, bench: Workbench, account: Account) -> ResumableUploads:
    return ResumableUploads(
        session,
        bench.store,
        bench.locker,
        bench.clock,
        UploadLimits(MAX_SIZE, VERSIONS_KEPT, KEEP),
        account.scope,
    )


def part(content: bytes, offset: int = 0, **more: object) -> Part:
    return Part(offset, in_chunks(content), len(content), **more)  # type: ignore[arg-type]


def plan(length: int | None, path: str = "f", **more: object) -> Plan:
    return Plan(Target(path), length, **more)  # type: ignore[arg-type]


def partial(service: ResumableUploads, content: bytes) -> str:
    made = service.begin(plan(len(content), kind=UploadKind.PARTIAL))
    service.append(made.id, part(content))
    return made.id


def housekeeping(session: Session, bench: Workbench) -> Housekeeping:
    return Housekeeping(
        session, bench.store, bench.locker, bench.clock, Retention(KEEP, timedelta(0), timedelta(0), KEEP)
    )
