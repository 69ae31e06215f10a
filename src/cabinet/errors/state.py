"""What is stored, or how it is kept, and does not go together with what was asked.

Rule: names what is in the way, and nothing that its user may not know of.
"""

from __future__ import annotations

from cabinet.errors.base import N_, CabinetError


class NotFound(CabinetError):
    """Nothing of that name, or nothing that this user may know of."""

    title = N_("Not found")
    message = N_("There is nothing here by that name.")


class UploadGone(CabinetError):
    """An upload that can neither be continued nor be looked at any more."""

    title = N_("The upload is gone")
    message = N_("This upload was cancelled, or was left alone for too long. Start it again.")


class BlobMissing(CabinetError):
    """The store has lost the bytes of a file; `flask storage verify` lists such files."""

    slug = "content-missing"
    title = N_("The content is gone")
    message = N_("The stored content of this file is missing. The operator has to be told.")
    content_hash: str


class Conflict(CabinetError):
    """The request and the present state of things do not go together."""

    title = N_("Conflict")


class UsernameTaken(Conflict):
    """Somebody has that user name, or one that looks the same."""

    title = N_("That user name is taken")
    message = N_("The user name “%(username)s” is taken.")
    username: str


class EntryExists(Conflict):
    """The caller asked not to replace, and there is something to replace."""

    title = N_("That name is in use")
    message = N_("There is already something at “%(path)s”.")
    path: str


class NotAFolder(Conflict):
    """A path goes on below a file."""

    title = N_("Not a folder")
    message = N_("“%(path)s” is a file, not a folder.")
    path: str


class IsAFolder(Conflict):
    """Bytes were meant for, or asked of, a folder."""

    title = N_("That is a folder")
    message = N_("“%(path)s” is a folder, not a file.")
    path: str


class IntoItself(Conflict):
    """A folder was to lie below itself, or to be replaced by what lies in it."""

    title = N_("A folder cannot lie in itself")
    message = N_("A folder cannot go into itself, nor replace a folder that it lies in: “%(path)s”.")
    path: str


class SelectionChanged(Conflict):
    """Everything was selected, and it is not what it was then; `count` is how many there are now."""

    title = N_("The selection has changed")
    message = N_("The number of selected items has changed: it is %(count)s now. Nothing was done.")
    members = ("count",)
    count: int


class CurrentVersion(Conflict):
    """The version that a file has now cannot be taken away from it."""

    title = N_("That is the current version")
    message = N_("“%(path)s” has that version now. Delete the file, or restore another version first.")
    path: str


class VersionsFull(Conflict):
    """The file has as many versions as are kept, and who replaces it may not make its owner lose one."""

    title = N_("No more versions of this file can be kept")
    message = N_(
        "The file has as many versions as are kept, and only its owner can remove old ones. "
        "Upload under another name."
    )


class TooManyTokens(Conflict):
    """A user has as many tokens as one may have; `unused` is the one used longest ago."""

    title = N_("Too many tokens")
    message = N_(
        "You have %(count)s tokens, as many as one account may have. Revoke “%(unused)s”, used longest ago, first."
    )
    count: int
    unused: str


class OffsetMismatch(Conflict):
    """A part does not begin where the upload ends; `expected` is where that is."""

    title = N_("The upload goes on elsewhere")
    message = N_("The next byte of this upload is number %(expected)s, not %(provided)s; nothing was stored.")
    expected: int
    provided: int


class StorageFull(CabinetError):
    """The disk has no room; nothing was stored."""

    title = N_("The server is full")
    message = N_("The server has no room for this; nothing was stored.")


class QuotaExceeded(StorageFull):
    """The user's own allowance has no room; nothing was stored."""

    title = N_("Your space is used up")
    message = N_(
        "Not enough space: this would take more than your %(quota)s. Empty the trash or delete old versions."
    )
    quota: int


class FolderFull(StorageFull):
    """The space of a shared folder has no room; how much it has is told nobody who sees only the folder."""

    title = N_("Not enough space")
    message = N_("There is not enough space for this in the folder; nothing was stored.")


class TooManyEntries(StorageFull):
    """A user would have more files and folders than one may have; nothing was stored."""

    title = N_("Too many files and folders")
    message = N_(
        "One account may have at most %(allowed)s files and folders, the trash included; nothing was stored. "
        "Empty the trash or delete some permanently."
    )
    allowed: int


class TooManyUploads(StorageFull):
    """A user has as many unfinished uploads as one may have; none was begun."""

    title = N_("Too many unfinished uploads")
    message = N_(
        "You have %(allowed)s unfinished uploads, as many as one account may have. Finish or cancel some first."
    )
    allowed: int


class StorageFault(CabinetError):
    """The disk reports an error; nothing was stored, and trying again may not help."""

    title = N_("The disk reports an error")
    message = N_("The server could not use its disk (%(reason)s); nothing was stored.")
    reason: str


class RequestTimeout(CabinetError):
    """A request did not come within its time; the same may succeed later."""

    title = N_("Too slow")
    message = N_("The request came too slowly, and the server did not wait any longer.")


class TooManyRequests(CabinetError):
    """So many requests of one client, or so many transfers of all, are running; `retry_after` is in seconds."""

    title = N_("Too many requests at a time")
    message = N_("Too many requests are running at the moment. Try again in %(retry_after)s s.")
    retry_after: int = 2


class UploadLocked(CabinetError):
    """Another request writes to the same upload and did not let go in time."""

    title = N_("The upload is in use")
    message = N_("Another request is writing to this upload. Try again in %(retry_after)s s.")
    retry_after: int = 1


class Unavailable(CabinetError):
    """The same request may well succeed in `retry_after` seconds."""

    title = N_("Busy")
    message = N_("The server is busy. Try again in %(retry_after)s s.")
    retry_after: int = 1
