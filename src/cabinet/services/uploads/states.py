"""In which state an upload of several requests is, and what leads from one to another.

    RECEIVING ──fill──▶ COMPLETE ──publish──▶ STORED
        │                   │                   │
        └───────end─────────┴────────end────────┴──────▶ GONE

An upload is COMPLETE while all of its bytes are there and no file has them: a partial one that waits
to be joined, or one that could not be finished and is tried again. STORED it stays for a while, for
a client that missed the answer; GONE as well, which was cancelled, has expired, lost its bytes,
became a part of another, or was forgotten after it was stored.

Rule: a row is changed by an event of this table, or not at all; a state is read off the row's columns
and kept nowhere else.
"""

from __future__ import annotations

from enum import Enum, auto

from cabinet.models import Upload


class UploadState(Enum):
    """Where an upload is on its way."""

    RECEIVING = auto()
    COMPLETE = auto()
    STORED = auto()
    GONE = auto()


class Event(Enum):
    """What happens to an upload."""

    # Some of its bytes are durable, or its length is known.
    KEEP = auto()
    # The last of its bytes is.
    FILL = auto()
    # Its content is a file.
    PUBLISH = auto()
    # It is over, and what it held is given back.
    END = auto()


TRANSITIONS: dict[UploadState, dict[Event, UploadState]] = {
    UploadState.RECEIVING: {
        Event.KEEP: UploadState.RECEIVING,
        Event.FILL: UploadState.COMPLETE,
        # The last bytes are noted and published in one transaction.
        Event.PUBLISH: UploadState.STORED,
        Event.END: UploadState.GONE,
    },
    UploadState.COMPLETE: {
        # Noted once more, after a file could not be made of it: that puts off the end.
        Event.FILL: UploadState.COMPLETE,
        Event.PUBLISH: UploadState.STORED,
        Event.END: UploadState.GONE,
    },
    UploadState.STORED: {Event.END: UploadState.GONE},
    UploadState.GONE: {},
}


class ImpossibleTransition(RuntimeError):
    """Somebody was about to do to an upload what cannot happen in its state: an error of ours."""


def advance(state: UploadState, event: Event) -> UploadState:
    """Return the state that `event` leads to; raises `ImpossibleTransition`."""
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise ImpossibleTransition(f"{event.name} in {state.name}") from None


def state_of(row: Upload) -> UploadState:
    """Return the state that the columns of a row tell."""
    if row.ended_at is not None:
        return UploadState.GONE if row.content_hash is None else UploadState.STORED
    return UploadState.COMPLETE if row.offset == row.length else UploadState.RECEIVING
