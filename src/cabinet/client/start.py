"""Where the program begins: nothing but Ctrl-C while all the rest is still being loaded.

Rule: imports nothing that takes time before it can be interrupted.
"""

from __future__ import annotations

import sys
from typing import NoReturn


def run() -> NoReturn:
    """Run filecli, and leave the process."""
    try:
        from cabinet.client.main import main

        sys.exit(main(prog_name="filecli"))
    except KeyboardInterrupt:
        sys.stderr.write("filecli: error: Interrupted.\n")
        sys.exit(130)
