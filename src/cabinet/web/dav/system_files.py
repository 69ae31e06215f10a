"""Files that systems leave beside those of users: of Finder, Explorer and office programs.

They are taken like any others, unless the operator refuses them.

Rule: decides by the last name of a path only.
"""

from __future__ import annotations

from cabinet.errors import Forbidden
from cabinet.web.runtime import setting

_NAMES = {".ds_store", "thumbs.db"}
_BEGINNINGS = ("._", "~$")


def refuse_system_file(path: str) -> None:
    """Raise `Forbidden` for a path that ends in the name of such a file, if the operator refuses them."""
    if setting("DAV_SYSTEM_FILES") == "refuse" and is_system_file(path.rpartition("/")[2]):
        raise Forbidden


def is_system_file(name: str) -> bool:
    """Return whether a system or program leaves files of this name by itself."""
    return name.lower() in _NAMES or name.startswith(_BEGINNINGS)
