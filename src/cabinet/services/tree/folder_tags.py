"""Entity tags of folders: opaque values that change with anything in a folder.

They are derived from the number of the last change there. That number counts all changes of the space, so a
user who sees only a part of it could learn how active its owner is elsewhere. A keyed hash does not reveal
it.

Rule: the same key, folder, change and context give the same tag in every process; the tag cannot be reversed.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from cabinet.services.kernel.ids import derive_key
from cabinet.services.tree.entries import FolderTotals

# Part of the derived key: change the number if responses about folders change.
_PURPOSE = "folder tags 1"
_TAG_BYTES = 16


class FolderTags:
    """Computes tags with a key derived from the server's secret key."""

    def __init__(self, secret_key: str) -> None:
        self._key = derive_key(secret_key, _PURPOSE)

    def tag_of(self, totals: FolderTotals, beside: Sequence[str] = ()) -> str | None:
        """Return the tag of a folder's contents, for a response that also depends on `beside`.

        None for an actor who must not learn whether content is the same.
        """
        if totals.mark is None:
            return None
        # As unambiguous as JSON, in a third of the time: a listing has a tag for each of its folders.
        hashed = repr((*totals.mark, *beside)).encode()
        return blake2b(hashed, key=self._key, digest_size=_TAG_BYTES).hexdigest()
