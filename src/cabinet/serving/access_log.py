"""The lines of gunicorn's access log, for operators who turn it on (`--access-logfile`).

What stands in them came from strangers: gunicorn passes on the user name of Basic credentials and
the decoded path as they are, line breaks and escape sequences included.

Rule: a line stays one line, whatever a client sends and whatever the format asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gunicorn.glogging import SafeAtoms

from cabinet.terminal.text import escape_controls


class PrintableAtoms(SafeAtoms):  # type: ignore[misc]  # gunicorn carries no types
    """What a format may name, with every character that could steer a terminal written out."""

    def __init__(self, atoms: Mapping[str, Any]) -> None:
        super().__init__(
            {
                name: escape_controls(value) if isinstance(value, str) else value
                for name, value in atoms.items()
            }
        )
