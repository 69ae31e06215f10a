"""The entry point of filecli: handles Ctrl-C while the other modules are still imported.

Rule: every slow import happens inside `run`.
"""

from __future__ import annotations

import sys
from typing import NoReturn


def run() -> NoReturn:
    """Run filecli and exit the process."""
    try:
        from cabinet.client.main import main

        sys.exit(main(prog_name="filecli"))
    except KeyboardInterrupt:
        sys.stderr.write("filecli: error: Interrupted.\n")
        sys.exit(130)
