"""Removes incomplete coverage data of killed processes.

Rule: complete files are left alone.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def remove_partial_files(folder: Path) -> list[Path]:
    """Remove the data files in `folder` that coverage could not read, and return them.

    Some tests kill servers at any moment, also while one that was asked to end writes down which
    lines it ran. What it wrote then is no database yet.
    """
    partial = [file for file in folder.glob(".coverage.*") if not _is_whole(file)]
    for file in partial:
        file.unlink()
    return partial


def _is_whole(file: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT version FROM coverage_schema").fetchone()
            return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False
