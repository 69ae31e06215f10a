"""Errors that depend on what is stored, or on the state of the server.

Rule: name the conflicting entry, and nothing that the actor may not know.
"""

from __future__ import annotations

from cabinet.errors.base import N_, CabinetError

_NOT_ENOUGH_SPACE = N_("Not enough space. Empty the trash or delete old versions.")


class NotFound(CabinetError):
    """Nothing has that name, or the actor may not know of it."""

    title = N_("Not found")
    message = N_("This item does not exist.")


class UploadGone(CabinetError):
    """The upload was canceled, has expired, or was lost."""

    title = N_("The upload no longer exists")
    message = N_("This upload was canceled or has expired. Start it again.")


class BlobMissing(CabinetError):
    """The store has lost the bytes of a file; `flask storage verify` lists such files."""

    slug = "content-missing"
    title = N_("The content is missing")
    message = N_("The stored content of this file is missing. Please contact the administrator.")
    content_hash: str


class Conflict(CabinetError):
    """The request conflicts with the current state."""

    title = N_("Conflict")


class UsernameTaken(Conflict):
    """An account has that user name, or one that looks the same."""

    title = N_("That user name is taken")
    message = N_("The user name “%(username)s” is taken.")
    username: str


class GroupNameTaken(Conflict):
    """A group has that name, or one that looks the same."""

    title = N_("That name is taken")
    message = N_("A group called “%(name)s” already exists.")
    name: str


class EntryExists(Conflict):
    """The name exists, and the caller asked not to replace it."""

    title = N_("That name is in use")
    message = N_("“%(path)s” already exists.")
    path: str


class NotAFolder(Conflict):
    """A path continues below a file."""

    title = N_("Not a folder")
    message = N_("“%(path)s” is a file, not a folder.")
    path: str


class IsAFolder(Conflict):
    """The operation needs a file, but the path is a folder."""

    title = N_("Not a file")
    message = N_("“%(path)s” is a folder, not a file.")
    path: str


class IntoItself(Conflict):
    """A folder would be placed inside itself, or replace a folder that contains it."""

    title = N_("A folder cannot contain itself")
    message = N_("A folder cannot be placed inside itself or replace a folder that contains it: “%(path)s”.")
    path: str


class MountStays(Conflict):
    """A shared folder of another user cannot be moved out of the root folder."""

    title = N_("A shared folder cannot be moved")
    message = N_(
        "“%(path)s” is shared with you and stays at the top of your files. You can rename it, copy what is in it, "
        "or remove it from your files."
    )
    path: str


class SelectionChanged(Conflict):
    """All items were selected, and their number has changed since; `count` is the current number."""

    title = N_("The selection has changed")
    message = N_("The number of selected items has changed to %(count)s. Nothing was changed.")
    members = ("count",)
    count: int


class CurrentVersion(Conflict):
    """The current version of a file cannot be deleted."""

    title = N_("This is the current version")
    message = N_(
        "This is the current version of “%(path)s”. Delete the file, or restore another version first."
    )
    path: str


class VersionsFull(Conflict):
    """The file has the maximum number of versions, and the actor may not remove one of its owner's."""

    title = N_("No more versions of this file can be kept")
    message = N_(
        "The file has the maximum number of versions, and only its owner can delete old ones. "
        "Upload under another name."
    )


class TooManyTokens(Conflict):
    """A user has the maximum number of tokens; `unused` is the least recently used one."""

    title = N_("Too many tokens")
    message = N_(
        "You have %(count)s tokens, the maximum for one account. Revoke one first, such as the least "
        "recently used, “%(unused)s”."
    )
    count: int
    unused: str


class TooManyMounts(Conflict):
    """The root folder has the maximum number of shared folders of other users."""

    title = N_("Too many shared folders")
    message = N_(
        "These files have %(allowed)s shared folders, the maximum for one account. Remove one first."
    )
    allowed: int


class TooManyLocks(Conflict):
    """A user has the maximum number of locks of WebDAV."""

    title = N_("Too many locks")
    message = N_("At most %(allowed)s locks are allowed. Close some programs or wait an hour.")
    allowed: int


class TooManyProperties(Conflict):
    """An entry has the maximum number of properties of WebDAV."""

    title = N_("Too many properties")
    message = N_("At most %(allowed)s properties are stored with an item.")
    allowed: int


class TooManyShares(Conflict):
    """A user has the maximum number of entries in links."""

    title = N_("Too many links")
    message = N_(
        "Your links lead to %(allowed)s files and folders, the maximum for one account. Revoke some links first."
    )
    allowed: int


class TooManyMembers(Conflict):
    """A group or a team space has the maximum number of members."""

    title = N_("Too many members")
    message = N_("There are %(allowed)s members already, the maximum.")
    allowed: int


class TooManyGroups(Conflict):
    """A user is in the maximum number of groups."""

    title = N_("Too many groups")
    message = N_("A user can be in at most %(allowed)s groups.")
    allowed: int


class TooManySpaces(Conflict):
    """A user has created the maximum number of team spaces."""

    title = N_("Too many team spaces")
    message = N_("You have created %(allowed)s team spaces, the maximum for one account. Delete one first.")
    allowed: int


class OffsetMismatch(Conflict):
    """A part does not begin at the current offset of the upload, which is `expected`."""

    title = N_("Upload offset mismatch")
    message = N_("Expected offset %(expected)s, got %(provided)s; nothing was stored.")
    expected: int
    provided: int


class StorageFull(CabinetError):
    """The disk has no space; nothing was stored."""

    title = N_("No space left on the server")
    message = N_("There is no space left on the server; nothing was stored.")


class QuotaExceeded(StorageFull):
    """The space has too few free bytes; nothing was stored.

    The number of bytes is None if it is unknown, or if the actor must not see the usage.
    """

    title = N_("Not enough space")
    message = N_("Not enough space: needs %(needed)s, %(free)s free. Empty the trash or delete old versions.")
    needed: int | None = None
    free: int | None = None

    @property
    def template(self) -> str:
        """The message without numbers, unless both are known."""
        is_known = self.needed is not None and self.free is not None
        return self.message if is_known else _NOT_ENOUGH_SPACE


class FolderFull(StorageFull):
    """The space of a shared folder is full; its quota is hidden from guests of the folder."""

    title = N_("Not enough space")
    message = N_("There is not enough space for this in the folder; nothing was stored.")


class TooManyEntries(StorageFull):
    """A user would have more files and folders than allowed; nothing was stored."""

    title = N_("Too many files and folders")
    message = N_(
        "One account may have at most %(allowed)s files and folders, the trash included; nothing was stored. "
        "Empty the trash or delete some permanently."
    )
    allowed: int


class TooManyUploads(StorageFull):
    """A user has the maximum number of unfinished uploads; no upload was started."""

    title = N_("Too many unfinished uploads")
    message = N_(
        "You have %(allowed)s unfinished uploads, the maximum for one account. Finish or cancel some first."
    )
    allowed: int


class StorageFault(CabinetError):
    """The disk reports an error; nothing was stored, and a retry may not help."""

    title = N_("Disk error")
    message = N_("The server could not use its disk (%(reason)s); nothing was stored.")
    reason: str


class RequestTimeout(CabinetError):
    """A request was not received in time; a retry may succeed."""

    title = N_("Request timeout")
    message = N_("The request arrived too slowly.")


class TooManyRequests(CabinetError):
    """Too many concurrent requests of one client, or transfers of all; `retry_after` is in seconds."""

    title = N_("Too many concurrent requests")
    message = N_("Too many requests are running at the moment. Try again in %(retry_after)s s.")
    retry_after: int = 2


class UploadLocked(CabinetError):
    """Another request is writing to the same upload and did not release it in time."""

    title = N_("The upload is in use")
    message = N_("Another request is writing to this upload. Try again in %(retry_after)s s.")
    retry_after: int = 1


class EntryLocked(CabinetError):
    """Another program, or another user, has locked the entry by WebDAV."""

    members = ("path",)
    title = N_("The item is locked")
    message = N_("“%(path)s” is locked by another program.")
    path: str


class Unavailable(CabinetError):
    """The server is busy; a retry after `retry_after` seconds may succeed."""

    title = N_("Busy")
    message = N_("The server is busy. Try again in %(retry_after)s s.")
    retry_after: int = 1
