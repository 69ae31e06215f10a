"""Writes the JSON of responses.

Rule: a document has only texts, numbers, booleans, None, lists, mappings, and times in UTC, which become those of
RFC 3339. Of the others, the text is the same, to the byte, as the standard library's; only the exponent of a tiny
float is shorter (`1e-7`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask.json.provider import DefaultJSONProvider
from pydantic import TypeAdapter

from cabinet.web.pages import to_rfc3339

_ANYTHING = TypeAdapter[Any](Any)


def _to_plain(value: Any) -> Any:
    """Return a value that the standard library does not write as one that it does."""
    return to_rfc3339(value) if isinstance(value, datetime) else DefaultJSONProvider.default(value)


class JsonDocuments(DefaultJSONProvider):
    """Flask's provider, except that pydantic writes compact documents: it takes a third of the time."""

    # The order of an entry is the documented one.
    sort_keys = False
    ensure_ascii = False
    default = staticmethod(_to_plain)

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        if kwargs == {"separators": (",", ":")}:
            return _ANYTHING.dump_json(obj, fallback=self.default).decode()
        return super().dumps(obj, **kwargs)
