"""Entity tags of folders: words that change with anything in a folder, and tell nothing of it.

They follow from the number of the last change there, which counts all changes of the space, so that it
would tell whoever sees a part of it how busy its owner is elsewhere. A keyed hash does not.

Rule: the same key, folder, change and place give the same tag, in every process; nothing leads back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b

from cabinet.services.kernel.ids import derive_key
from cabinet.services.tree.entries import Insides

# What follows counts for the key: a change of what answers about folders say is a new number.
_PURPOSE = "folder tags 1"
_TAG_BYTES = 16


class FolderTags:
    """Makes tags under a key of its own that follows from the server's secret key."""

    def __init__(self, secret_key: str) -> None:
        self._key = derive_key(secret_key, _PURPOSE)

    def tag_of(self, insides: Insides, beside: Sequence[str] = ()) -> str | None:
        """Return the tag of what a folder holds, as an answer shows it that depends on `beside`, too.

        None for an actor who must not know whether contents are the same.
        """
        if insides.mark is None:
            return None
        told = json.dumps([*insides.mark, *beside]).encode()
        return blake2b(told, key=self._key, digest_size=_TAG_BYTES).hexdigest()
