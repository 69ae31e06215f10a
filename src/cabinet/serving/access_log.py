"""Escape gunicorn's access log, for operators who turn it on (`--access-logfile`).

Its values are untrusted: gunicorn logs the user name of Basic credentials and the decoded path
unescaped, including line breaks and escape sequences. A path below `/s/` has the secret of a link.

Rule: an entry is always one line, whatever a client sends and the format includes; the token of a link is in
none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gunicorn.glogging import SafeAtoms

from cabinet.services.audit.log import mask_links
from cabinet.terminal.text import escape_controls


class PrintableAtoms(SafeAtoms):  # type: ignore[misc]  # gunicorn carries no types
    """The values of a log entry, with terminal control characters escaped."""

    def __init__(self, atoms: Mapping[str, Any]) -> None:
        super().__init__(
            {
                name: mask_links(escape_controls(value)) if isinstance(value, str) else value
                for name, value in atoms.items()
            }
        )
