"""The states of a resumable upload, and the transitions between them.

    RECEIVING ──fill──▶ COMPLETE ──publish──▶ STORED
        │                   │                   │
        └───────end─────────┴────────end────────┴──────▶ GONE

An upload is COMPLETE while it has all of its bytes but no file has them: a partial one that waits to be
joined, or one that could not be finished and is retried. STORED uploads are kept for a while, for a client
that missed the response; so are GONE ones, which were canceled, expired, lost their bytes, became part of
another upload, or were forgotten after they were stored.

Rule: a row changes only by an event of this table; its state follows from its columns and is stored nowhere
else.
"""

from __future__ import annotations

from enum import Enum, auto

from cabinet.models import Upload


class UploadState(Enum):
    """The state of an upload."""

    RECEIVING = auto()
    COMPLETE = auto()
    STORED = auto()
    GONE = auto()


class UploadEvent(Enum):
    """A change of an upload."""

    # More of its bytes are durable, or its length is known.
    KEEP = auto()
    # All of its bytes are durable.
    FILL = auto()
    # Its content was published as a file.
    PUBLISH = auto()
    # It has ended and its bytes are released.
    END = auto()


TRANSITIONS: dict[UploadState, dict[UploadEvent, UploadState]] = {
    UploadState.RECEIVING: {
        UploadEvent.KEEP: UploadState.RECEIVING,
        UploadEvent.FILL: UploadState.COMPLETE,
        # The last bytes are recorded and published in one transaction.
        UploadEvent.PUBLISH: UploadState.STORED,
        UploadEvent.END: UploadState.GONE,
    },
    UploadState.COMPLETE: {
        # Recorded again after publishing failed: that extends its lifetime.
        UploadEvent.FILL: UploadState.COMPLETE,
        UploadEvent.PUBLISH: UploadState.STORED,
        UploadEvent.END: UploadState.GONE,
    },
    UploadState.STORED: {UploadEvent.END: UploadState.GONE},
    UploadState.GONE: {},
}


class ImpossibleTransition(RuntimeError):
    """An event that is impossible in the state of an upload: a bug."""


def advance(state: UploadState, event: UploadEvent) -> UploadState:
    """Return the state after `event`; raises `ImpossibleTransition`."""
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise ImpossibleTransition(f"{event.name} in {state.name}") from None


def state_of(row: Upload) -> UploadState:
    """Return the state of a row."""
    if row.ended_at is not None:
        return UploadState.GONE if row.content_hash is None else UploadState.STORED
    return UploadState.COMPLETE if row.offset == row.length else UploadState.RECEIVING
