"""The guest of a request that came through a link.

Everything below `/s/` acts for a guest or for nobody: neither a session's cookie nor an `Authorization` header
makes an account act there. The views are those of the account's files, registered a second time below the
link; what they act on is the scope of the link.

Rule: knows who came through which link; the link's own face opens it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import g, has_request_context, request

from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.access.scope import Scope
from cabinet.services.shares.links import Link
from cabinet.services.tree.link_rights import to_words
from cabinet.web.peer import peer_address
from cabinet.web.services import links

# The blueprint of what a guest can reach, and the beginning of its paths.
LINK = "link"
PREFIX = "/s/"


@dataclass(frozen=True, slots=True)
class Guest:
    """Whoever came through a link, and may see and do what the link says."""

    link: Link

    @property
    def scope(self) -> Scope:
        """The tree that the request acts on and its rights there."""
        return self.link.scope

    @property
    def words(self) -> str:
        """The rights in words, for the scripts of pages."""
        return to_words(self.scope.rights)

    @property
    def may_list(self) -> bool:
        """Return whether the link shows names."""
        return self.scope.has(Rights.LIST)

    @property
    def may_read(self) -> bool:
        """Return whether the link gives contents."""
        return self.scope.has(Rights.READ)

    @property
    def may_add(self) -> bool:
        """Return whether the link takes files."""
        return self.scope.has(Rights.WRITE)

    @property
    def may_change(self) -> bool:
        """Return whether entries behind the link may be renamed, moved, replaced and deleted."""
        return self.scope.has(CHANGE)


def is_below_links() -> bool:
    """Return whether the request's path is below that of all links, an existing one or not."""
    return has_request_context() and request.path.startswith(PREFIX)


def guest() -> Guest | None:
    """Return the guest who sent the request, None for anybody else."""
    return cast(Guest | None, g.get("guest")) if has_request_context() else None


def count_download(path: str) -> None:
    """Count a download that begins, if a guest asked for it; raises `NotFound` if the link has none left."""
    visitor = guest()
    if visitor is not None:
        _count(visitor.link, _counted(visitor.link, path), path)


def count_archive(name: str) -> None:
    """Count an archive that begins, as `count_download`."""
    visitor = guest()
    if visitor is not None:
        _count(visitor.link, _counted(visitor.link, f"zip {name}"), None)


def _count(link: Link, path: str, shown: str | None) -> None:
    if request.method != "HEAD":
        resumes = "Range" in request.headers
        links().begin_download(link, peer_address(), path, resumes=resumes, shown=shown)


def may_resume_download(link: Link, path: str) -> bool:
    """Return whether this request continues a download that was counted lately."""
    is_continued = request.method == "HEAD" or "Range" in request.headers
    return is_continued and links().may_resume(link, peer_address(), _counted(link, path))


def _counted(link: Link, path: str) -> str:
    """Return the path that downloads are counted by; a link to a file has only one."""
    return "" if link.is_file else path
