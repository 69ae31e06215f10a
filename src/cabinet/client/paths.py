"""Paths of the server as people type them, and what becomes of them on this side.

Rule: a name that the server gave becomes part of a local path only in `to_local`, which refuses
whatever would leave the target.
"""

from __future__ import annotations

from pathlib import Path

from cabinet.client.failures import UnsafeName
from cabinet.errors import InvalidName


def to_path(text: str) -> str:
    """Turn what somebody typed into a path of the server; "" is the folder that holds all.

    Slashes at either end, doubled ones and `.` mean nothing, as in a shell. Raises `InvalidName`
    for `..`, which a proxy on the way might resolve, and for what cannot be sent as UTF-8.
    """
    names = [name for name in text.split("/") if name not in ("", ".")]
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


def to_local(target: Path, folder: str, path: str) -> Path:
    """Return where the entry `path`, which lies below `folder` on the server, goes below `target`.

    Raises `UnsafeName` for a path that is not below `folder`, for a name that means something to
    a file system, and where a link that is there already leads out of `target`.
    """
    prefix = f"{folder}/" if folder else ""
    names = path[len(prefix) :].split("/")
    if not path.startswith(prefix) or not all(map(is_safe_name, names)):
        raise UnsafeName(name=path)
    local = target.joinpath(*names)
    if not local.parent.resolve().is_relative_to(target.resolve()):
        raise UnsafeName(name=path)
    return local


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
