"""What somebody may do in a tree.

Rule: a verb needs all the rights that it names; no right implies another.
"""

from __future__ import annotations

from enum import Flag, auto


class Rights(Flag):
    """What may be done in a tree; any of them together.

    LIST sees names, READ gets bytes, WRITE adds, DELETE replaces, moves and trashes, SHARE lets others
    in. PURGE removes for good, which is for the owner or manager of a space alone.
    """

    NONE = 0
    LIST = auto()
    READ = auto()
    WRITE = auto()
    DELETE = auto()
    SHARE = auto()
    PURGE = auto()


ALL = ~Rights.NONE

# Of whoever replaces, renames, moves, trashes or brings back.
CHANGE = Rights.WRITE | Rights.DELETE
