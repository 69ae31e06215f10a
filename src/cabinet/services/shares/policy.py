"""The operator's policy on links: who may make them, and within which limits.

On an instance whose accounts are older than links, and where anyone can register, only administrators may
make links until the operator decides: otherwise strangers could publish from the operator's domain right
after an upgrade.

Rule: decides about making and changing links; a link that exists works until it ends, unless links are off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import N_, InvalidField, SharingForbidden
from cabinet.models import Milestone

# Written by the migration that added links, if there were accounts.
OLDER = "older than links"

TOO_LATE = N_("it is later than the setting SHARE_MAX_DAYS allows.")
NEEDS_EXPIRY = N_("links must expire on this server, by the setting SHARE_MAX_DAYS.")
ALREADY_PAST = N_("it is in the past.")
NEEDS_PASSWORD = N_("links need a password on this server, by the setting SHARE_PASSWORD.")
TOO_LARGE = N_("it is more than the setting REQUEST_MAX_SIZE allows.")

# The clocks of a client and of this server differ a little.
_TOLERANCE = timedelta(minutes=5)


class Sharing(StrEnum):
    """Who may make links."""

    EVERYONE = "everyone"
    ADMINS = "admins"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class SharePolicy:
    """The settings about links; `sharing` is None if the operator has not decided."""

    sharing: Sharing | None = Sharing.EVERYONE
    is_registration_open: bool = True
    needs_password: bool = False
    default_days: int = 7
    max_days: int | None = None
    request_max_size: int = 10 * 1000**3

    def sharing_now(self, session: Session) -> Sharing:
        """Return who may make links, by the setting or by the age of the instance."""
        if self.sharing is not None:
            return self.sharing
        is_older = session.scalar(select(Milestone.name).where(Milestone.name == OLDER)) is not None
        return Sharing.ADMINS if is_older and self.is_registration_open else Sharing.EVERYONE

    def require(self, session: Session, *, is_admin: bool) -> None:
        """Raise `SharingForbidden` unless this user may make links."""
        sharing = self.sharing_now(session)
        if sharing is Sharing.OFF or (sharing is Sharing.ADMINS and not is_admin):
            raise SharingForbidden(value=sharing.value)

    def default_expiry(self, now: datetime) -> datetime | None:
        """Return when a link expires whose owner has not said; None for never."""
        days = self.default_days or self.max_days
        if self.max_days is not None:
            days = min(days or self.max_days, self.max_days)
        return now + timedelta(days=days) if days else None

    def check_expiry(self, expires_at: datetime | None, now: datetime) -> None:
        """Raise `InvalidField` for an expiry in the past or beyond the maximum."""
        if expires_at is None:
            if self.max_days is not None:
                raise InvalidField(field="expires_at", reason=NEEDS_EXPIRY)
            return
        if expires_at <= now:
            raise InvalidField(field="expires_at", reason=ALREADY_PAST)
        if self.max_days is not None and expires_at > now + timedelta(days=self.max_days) + _TOLERANCE:
            raise InvalidField(field="expires_at", reason=TOO_LATE)

    def check_password(self, *, has_password: bool) -> None:
        """Raise `InvalidField` for a link without a password where it needs one."""
        if self.needs_password and not has_password:
            raise InvalidField(field="password", reason=NEEDS_PASSWORD)

    def check_size(self, max_size: int) -> None:
        """Raise `InvalidField` for a link that would take in more than allowed."""
        if max_size > self.request_max_size:
            raise InvalidField(field="max_size", reason=TOO_LARGE)
