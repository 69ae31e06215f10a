"""Paths of the server, made from what people type and from local names, and taken apart again.

Rule: whatever becomes a path of the server is normalized here, once, as the server does it; local
files keep the names that they have.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from cabinet.client.failures import UnsafeName
from cabinet.errors import InvalidName


def to_nfc(text: str) -> str:
    """Return `text` as the server keeps names: a letter and its accent are one character."""
    return unicodedata.normalize("NFC", text)


def to_path(text: str) -> str:
    """Turn what somebody typed into a path of the server; "" is the folder that holds all.

    Slashes at either end, doubled ones and `.` mean nothing, as in a shell; names are normalized.
    Raises `InvalidName` for `..`, which a proxy on the way might resolve, and for what cannot be
    sent as UTF-8.
    """
    names = [to_nfc(name) for name in text.split("/") if name not in ("", ".")]
    if ".." in names:
        raise InvalidName(name=text, reason="“..” leads out of the folder.")
    if not _is_unicode(text):
        raise InvalidName(name=text, reason="it is not UTF-8.")
    return "/".join(names)


def to_remote(folder: str, path: Path, root: Path) -> str:
    """Return where the local `path`, below or equal to the named `root`, goes inside `folder`.

    The last name of `root` is kept, as by `cp -r`; `.` and `..` have no name that could be.
    """
    name = root.name if root.name != ".." else ""
    return to_path("/".join([folder, name, *path.relative_to(root).parts]))


def to_relative(folder: str, path: str) -> str:
    """Return the path below `folder` of the entry `path`, as the server gave it.

    Raises `UnsafeName` for a path that is not below `folder`, and for a name that means something
    to a file system.
    """
    relative = below(path, folder)
    if relative is None or not all(map(is_safe_name, relative.split("/"))):
        raise UnsafeName(name=path)
    return relative


def below(path: str, folder: str) -> str | None:
    """Return the path of `path` below `folder`; None if it does not lie there."""
    prefix = f"{folder}/" if folder else ""
    return path[len(prefix) :] if path.startswith(prefix) else None


def iter_above(path: str) -> Iterator[str]:
    """Yield the folders that `path` lies in, from the nearest on."""
    while path := path.rpartition("/")[0]:
        yield path


def is_safe_name(name: str) -> bool:
    """Tell whether `name` can be nothing but the name of one thing in one folder."""
    has_separator = any(character in "/\\\0" for character in name)
    return name not in ("", ".", "..") and not has_separator and _is_unicode(name)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes that are not UTF-8, or half a surrogate pair from JSON
        return False
    return True
