"""Conversion of command-line arguments and local names to server paths and back.

Rule: every server path is normalized here, once, as the server does; local files keep their names.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from cabinet.client.failures import UnsafeName
from cabinet.errors import InvalidName


def to_nfc(text: str) -> str:
    """Return `text` in Unicode NFC, the form in which the server stores names."""
    return unicodedata.normalize("NFC", text)


def to_path(text: str) -> str:
    """Turn an argument into a server path; "" is the root folder.

    Leading, trailing and repeated slashes and `.` are ignored, as in a shell; names are normalized.
    Raises `InvalidName` for `..`, which a proxy might resolve, and for text that is not valid UTF-8.
    """
    names = [to_nfc(name) for name in text.split("/") if name not in ("", ".")]
    if ".." in names:
        raise InvalidName(name=text, reason="“..” leads out of the folder.")
    if not _is_unicode(text):
        raise InvalidName(name=text, reason="it is not UTF-8.")
    return "/".join(names)


def to_remote(folder: str, path: Path, root: Path) -> str:
    """Return the server path in `folder` of the local `path`, which is `root` or below it.

    Keeps the last name of `root`, as `cp -r` does; `.` and `..` have no such name.
    """
    name = root.name if root.name != ".." else ""
    return to_path("/".join([folder, name, *path.relative_to(root).parts]))


def to_relative(folder: str, path: str) -> str:
    """Return the path of the entry `path` relative to `folder`.

    Raises `UnsafeName` for a path that is not below `folder`, and for a name that is special to a file
    system.
    """
    relative = below(path, folder)
    if relative is None or not all(map(is_safe_name, relative.split("/"))):
        raise UnsafeName(name=path)
    return relative


def below(path: str, folder: str) -> str | None:
    """Return `path` relative to `folder`; None if it is not below it."""
    prefix = f"{folder}/" if folder else ""
    return path[len(prefix) :] if path.startswith(prefix) else None


def iter_parents(path: str) -> Iterator[str]:
    """Yield the parents of `path`, the nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def is_safe_name(name: str) -> bool:
    """Return whether `name` is a plain name: no separator, not `.` or `..`, valid Unicode."""
    has_separator = any(character in "/\\\0" for character in name)
    return name not in ("", ".", "..") and not has_separator and _is_unicode(name)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes that are not UTF-8, or a lone surrogate from JSON
        return False
    return True
