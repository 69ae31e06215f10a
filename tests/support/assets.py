"""Assets of the checkout, read and packed once for all applications of a test run.

Rule: a folder that a test has created is read every time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from cabinet.web import assets

STATIC = Path(assets.__file__).parents[1] / "static"


def read_assets_once() -> None:
    """Share the assets between the applications of all tests.

    Reading all of them for the fingerprint takes longer than a page.
    """
    read = assets.Assets
    shared: list[assets.Assets] = []

    def share(folder: Path, *generated: Mapping[str, Callable[[], bytes]]) -> assets.Assets:
        if folder != STATIC:
            return read(folder, *generated)
        if not shared:
            shared.append(read(folder, *generated))
        return shared[0]

    assets.Assets = share  # type: ignore[assignment, misc]
