"""The actor: the user or guest that a request acts for.

Rule: an actor grants no rights; it only limits those that a scope grants.
"""

from __future__ import annotations

from dataclasses import dataclass

from cabinet.services.access.rights import ALL, Rights


@dataclass(frozen=True, slots=True)
class Actor:
    """A user, or a guest, who has no `user_id`.

    `ceiling` limits every right, wherever it was granted: to the scopes of a token, for example.
    """

    user_id: int | None
    ceiling: Rights = ALL

    @property
    def is_guest(self) -> bool:
        """Return whether the actor is not signed in."""
        return self.user_id is None


# The server itself, for maintenance.
SYSTEM = Actor(None)
