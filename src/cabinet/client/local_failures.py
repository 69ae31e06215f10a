"""Errors of this machine: its disk, its files and its proxy.

    ClientFailure
    ├── BadUsage
    │   └── BadProxyAddress
    ├── ServerUnreachable
    │   └── ProxyFailed
    ├── LocalReadOnly
    ├── LocalTooLarge              larger than the file system or a limit allows
    ├── SameName                   two names that are the same on the other side
    └── InTheWay                   a file in the place of a folder, or the reverse
        ├── FileInTheWay
        ├── FolderInTheWay
        └── CannotMakeRoom

Rule: the same as for `failures`, which it continues.
"""

from __future__ import annotations

from collections.abc import Iterable

from cabinet.client.failures import BadUsage, ClientFailure, ServerUnreachable


class BadProxyAddress(BadUsage):
    """A proxy address is invalid; the message omits it, because it may contain a password."""

    message = "%(origin)s is not the address of a proxy: %(reason)s."
    hint = "An address looks like http://proxy.example.org:3128; --proxy '' uses no proxy."
    origin: str


class ProxyFailed(ServerUnreachable):
    """The proxy could not be reached, or did not connect to the server."""

    message = "The server %(server)s cannot be reached through the proxy %(proxy)s: %(reason)s."
    hint = "Set another proxy with --proxy URL; --proxy '' uses no proxy."
    proxy: str


class LocalReadOnly(ClientFailure):
    """The local file system is read-only."""

    message = "“%(path)s” cannot be written: the file system is read-only."
    path: str


class LocalTooLarge(ClientFailure):
    """The file is larger than the file system or a limit allows, though there is space."""

    message = "“%(path)s” is larger than the file system or a limit allows."
    path: str


class SameName(ClientFailure):
    """Names that differ on this side and are the same on the other: by Unicode form or by case."""

    message = "%(names)s have the same name on the other side; none of them was changed."
    hint = "Rename them. Names that look the same differ in the Unicode form of an accent."
    names: str

    @classmethod
    def of(cls, names: Iterable[str]) -> SameName:
        """Return the error that names all of `names`."""
        return cls(names=" and ".join(f"“{name}”" for name in sorted(names)))


class InTheWay(ClientFailure):
    """A path of a sync holds an item of the wrong kind."""

    message = "“%(path)s” is in the way."
    path: str


class FileInTheWay(InTheWay):
    """A file in the place of a folder."""

    message = "“%(path)s” is a file, not a folder."
    hint = "Use --delete to remove it, if nothing else fails."


class FolderInTheWay(InTheWay):
    """A folder in the place of a file."""

    message = "“%(path)s” is a folder, not a file."
    hint = "Use --delete to remove it, if nothing else fails."


class CannotMakeRoom(InTheWay):
    """The item in the way, or an item in it, is one that sync never removes."""

    message = "“%(path)s” is in the way and was kept: sync does not remove “%(kept)s”."
    hint = "Move it away. sync never removes excluded items, links and special files."
    kept: str
