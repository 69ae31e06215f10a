"""The table of all states of the product: the gallery shows them, axe checks them.

Rule: every page and state that users can reach has a line here.
"""

from __future__ import annotations

from tests.gallery import (
    account_states,
    link_states,
    list_states,
    looking_states,
    moving_states,
    place_states,
    sharing_states,
    team_states,
    upload_states,
)
from tests.gallery.scene import State

STATES: list[State] = [
    *account_states.STATES,
    *list_states.STATES,
    *looking_states.STATES,
    *moving_states.STATES,
    *upload_states.STATES,
    *place_states.STATES,
    *sharing_states.STATES,
    *team_states.STATES,
    *link_states.STATES,
]
