"""Remove URLs from npm's lock file: `python -m tests.support.npm_lock package-lock.json`.

.npmrc keeps the URLs of the registry out already. The rest are funding pages.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def without_addresses(locked: str) -> str:
    """Return the text of a lock file without the addresses that npm writes into it."""
    document = json.loads(locked)
    for package in document["packages"].values():
        package.pop("funding", None)
        package.pop("resolved", None)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(without_addresses(path.read_text(encoding="utf-8")), encoding="utf-8")
