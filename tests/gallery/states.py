"""THE table of what the product can look like: the gallery shows it, axe walks it.

Rule: a page or a state that users can come to has a line here.
"""

from __future__ import annotations

from tests.gallery import (
    account_states,
    list_states,
    looking_states,
    moving_states,
    place_states,
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
]
