"""The rights that a link can give to its guests, and their words in the API and in rows.

Rule: plain values; a guest never has SHARE or PURGE.
"""

from __future__ import annotations

from collections.abc import Iterable

from cabinet.services.access.rights import Rights

_WORDS = {"read": Rights.READ, "list": Rights.LIST, "write": Rights.WRITE, "delete": Rights.DELETE}

VIEW = Rights.READ | Rights.LIST
# What a request for files gives.
DROP = Rights.WRITE
# Every other combination either shows nothing or shows what it seems to hide.
OF_LINKS = (VIEW, Rights.LIST, VIEW | Rights.WRITE, VIEW | Rights.WRITE | Rights.DELETE, DROP)


def to_rights(words: Iterable[str]) -> Rights | None:
    """Return the rights that `words` name, in any order; None for unknown words or a forbidden combination."""
    rights = Rights.NONE
    for word in words:
        if word not in _WORDS:
            return None
        rights |= _WORDS[word]
    return rights if rights in OF_LINKS else None


def words_of(rights: Rights) -> list[str]:
    """Return the words of rights, in their fixed order."""
    return [word for word, right in _WORDS.items() if right in rights]


def to_words(rights: Rights) -> str:
    """Return the database value of rights."""
    return " ".join(words_of(rights))


def from_words(words: str) -> Rights:
    """Parse the database value of rights; unknown words are ignored."""
    rights = Rights.NONE
    for word in words.split():
        rights |= _WORDS.get(word, Rights.NONE)
    return rights
