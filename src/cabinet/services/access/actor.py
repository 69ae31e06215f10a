"""Who acts.

Rule: an actor has no rights by itself; it only limits those that a scope gives.
"""

from __future__ import annotations

from dataclasses import dataclass

from cabinet.services.access.rights import ALL, Rights


@dataclass(frozen=True, slots=True)
class Actor:
    """A user, or a guest, who has no `user_id`.

    `ceiling` limits every right, wherever it comes from: that of a token, say.
    """

    user_id: int | None
    ceiling: Rights = ALL

    @property
    def is_guest(self) -> bool:
        """Tell whether nobody is signed in."""
        return self.user_id is None


# The server itself, which tidies up.
SYSTEM = Actor(None)
