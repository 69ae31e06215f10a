"""The rights that an actor can have in a tree.

Rule: an operation needs every right that it names; no right implies another.
"""

from __future__ import annotations

from enum import Flag, auto


class Rights(Flag):
    """What an actor may do in a tree; any combination of flags.

    LIST sees names, READ reads content, WRITE adds, DELETE replaces, moves and trashes, SHARE gives others
    access. PURGE deletes permanently and is granted only to the owner or a manager of a space.
    """

    NONE = 0
    LIST = auto()
    READ = auto()
    WRITE = auto()
    DELETE = auto()
    SHARE = auto()
    PURGE = auto()


ALL = ~Rights.NONE

# Needed to replace, rename, move, trash or restore.
CHANGE = Rights.WRITE | Rights.DELETE
