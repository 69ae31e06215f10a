"""What can go wrong because of this machine: its disk, what is on it, and its way to the network.

    ClientFailure
    ├── BadUsage
    │   └── BadProxyAddress
    ├── ServerUnreachable
    │   └── ProxyFailed
    ├── LocalReadOnly
    ├── LocalTooLarge              more than the disk, or a limit, has room for in one file
    ├── SameName                   two names that are one on the other side
    └── InTheWay                   a file where a folder has to be, or the reverse
        ├── FileInTheWay
        ├── FolderInTheWay
        └── CannotMakeRoom

Rule: the same as for `failures`, which it continues.
"""

from __future__ import annotations

from collections.abc import Iterable

from cabinet.client.failures import BadUsage, ClientFailure, ServerUnreachable


class BadProxyAddress(BadUsage):
    """What --proxy or a variable holds is no address of a proxy; it may hold a password, and is not repeated."""

    message = "%(origin)s does not hold the address of a proxy: %(reason)s."
    hint = "An address looks like http://proxy.example.org:3128; --proxy '' goes without."
    origin: str


class ProxyFailed(ServerUnreachable):
    """The proxy could not be reached, or did not connect to the server."""

    message = "The server %(server)s cannot be reached by the proxy %(proxy)s: %(reason)s."
    hint = "--proxy URL names another proxy, --proxy '' goes without."
    proxy: str


class LocalReadOnly(ClientFailure):
    """The local disk takes nothing at all."""

    message = "“%(path)s” cannot be written: the disk is read-only."
    path: str


class LocalTooLarge(ClientFailure):
    """The disk has room, but not for a file of this size."""

    message = "“%(path)s” is larger than a file may be there."
    path: str


class SameName(ClientFailure):
    """Names that differ here and would be one there: by the form of an accent, or by case."""

    message = "%(names)s would be one name on the other side; none of them was touched."
    hint = "Rename them. Names that look alike differ in the form of their accents."
    names: str

    @classmethod
    def of(cls, names: Iterable[str]) -> SameName:
        """Return the error that names all of `names`."""
        return cls(names=" and ".join(f"“{name}”" for name in sorted(names)))


class InTheWay(ClientFailure):
    """What sync finds at a path is of another kind than what belongs there."""

    message = "“%(path)s” is in the way."
    path: str


class FileInTheWay(InTheWay):
    """A file where a folder has to be."""

    message = "“%(path)s” is a file where a folder has to be."
    hint = "--delete makes room, if nothing else fails."


class FolderInTheWay(InTheWay):
    """A folder where a file has to be."""

    message = "“%(path)s” is a folder where a file has to be."
    hint = "--delete makes room, if nothing else fails."


class CannotMakeRoom(InTheWay):
    """It is not for sync to remove what is in the way, or something in it."""

    message = "“%(path)s” is in the way and was kept, for sync does not remove “%(kept)s”."
    hint = "Move it away. sync leaves alone what is excluded, and what is no regular file or folder."
    kept: str
