"""What the operator's log tells of who came in, who tried, and which keys were changed.

A line is `event=... key=value ...`, with the id of the request that it came of. Whatever a stranger
typed is quoted as JSON in ASCII, so that no line break, escape sequence or letter from the right to
the left forges another line.

Rule: names, addresses and ids; never a password, a token or a cookie.
"""

from __future__ import annotations

import json
import logging
import re
from contextvars import ContextVar

# The id of the request at hand, as its answer carries it; `web` sets it.
request_id: ContextVar[str] = ContextVar("request_id", default="-")

_log = logging.getLogger("cabinet.audit")
# The lines are for every operator, not for those alone who look for a fault.
_log.setLevel(logging.INFO)

_PLAIN = re.compile(r"[A-Za-z0-9_.:@/+-]+")
# Longer ones only fill the disk.
_MAX_LENGTH = 200


def record(event: str, **facts: str | int | None) -> None:
    """Write one line about `event`; facts that are None are left out."""
    told = {"event": event, **facts, "request": request_id.get()}
    _log.info(
        "%s", " ".join(f"{key}={_quoted(str(value))}" for key, value in told.items() if value is not None)
    )


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) and len(value) <= _MAX_LENGTH else json.dumps(value[:_MAX_LENGTH])
