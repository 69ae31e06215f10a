"""The 256 folders for blobs of a store, most of which stay empty in a test.

Rule: a folder with a blob is left to pytest.
"""

from __future__ import annotations

import os
from pathlib import Path

from cabinet.storage.content_hash import PREFIXES


def remove_empty_shards(store: Path) -> None:
    """Remove the empty folders for blobs below `store`, which need not be there.

    pytest opens and lists each folder before it removes it, which takes longer than many tests.
    """
    for prefix in PREFIXES:
        try:
            os.rmdir(f"{store}/blobs/{prefix}")  # noqa: PTH106 - thousands of tests do this 256 times
        except FileNotFoundError:
            return
        except OSError:
            continue
