"""The audit log: sign-ins, failed attempts, and changes of passwords and tokens.

A line is `event=... key=value ...`, with the id of the request. User input is quoted as ASCII JSON,
so that line breaks, escape sequences or right-to-left characters cannot forge another line.

Rule: names, addresses and ids; never a password, a token or a cookie.
"""

from __future__ import annotations

import json
import logging
import re
from contextvars import ContextVar

# The id of the current request, as in its response; set by `web`.
request_id: ContextVar[str] = ContextVar("request_id", default="-")

_log = logging.getLogger("cabinet.audit")
# Logged at INFO also when the application's level is higher.
_log.setLevel(logging.INFO)

_PLAIN = re.compile(r"[A-Za-z0-9_.:@/+-]+")
_LINK_TOKEN = re.compile(r"(/s/)[A-Za-z0-9_-]+")
# Longer values are truncated; they would only fill the disk.
_MAX_LENGTH = 200


def mask_links(text: str) -> str:
    """Return a text without the tokens of links in paths: whoever has one has the link."""
    return _LINK_TOKEN.sub(r"\1-", text)


def record(event: str, **facts: str | int | None) -> None:
    """Write one line about `event`; facts that are None are omitted."""
    fields = {"event": event, **facts, "request": request_id.get()}
    _log.info(
        "%s",
        " ".join(
            f"{key}={_quoted(mask_links(str(value)))}" for key, value in fields.items() if value is not None
        ),
    )


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) and len(value) <= _MAX_LENGTH else json.dumps(value[:_MAX_LENGTH])
