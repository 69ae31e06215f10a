"""What can go wrong, said once.

    CabinetError
    ├── InvalidInput
    │   ├── InvalidName            a file or folder name, or a path
    │   ├── InvalidUsername
    │   ├── WeakPassword
    │   ├── InvalidField           any other parameter, form field or JSON member
    │   ├── MalformedRequest       the request is not what it claims to be
    │   ├── TruncatedBody
    │   ├── LengthRequired
    │   └── UnsupportedEncoding
    ├── DigestMismatch             the bytes that came are not the bytes that were promised
    │   └── ChecksumMismatch       the same, of one part of an upload
    ├── SignInRequired
    │   └── WrongCredentials
    ├── Forbidden
    │   ├── CrossSiteRequest
    │   ├── AccountGuarded         only networks that its owner has used may try
    │   ├── OtherUser              a page of one user, and another one signed in
    │   ├── RegistrationClosed
    │   └── UploadIsFinal          a joined upload takes no bytes of its own
    ├── NotFound
    ├── UploadGone                 an upload that was cancelled, has expired, or was lost
    ├── BlobMissing                the row is there, its bytes are not
    ├── Conflict
    │   ├── UsernameTaken
    │   ├── EntryExists
    │   ├── NotAFolder
    │   ├── IsAFolder
    │   ├── IntoItself
    │   ├── SelectionChanged
    │   ├── CurrentVersion
    │   ├── TooManyTokens
    │   └── OffsetMismatch
    ├── PreconditionFailed
    ├── UnsupportedVersion         of a protocol
    ├── TooLarge
    ├── StorageFull
    │   └── QuotaExceeded
    ├── StorageFault               the disk reports an error
    ├── TooManyAttempts
    ├── UploadLocked               another request is writing to the same upload
    └── Unavailable

One more branch, what an operator has to mend first, is in refusals.py.

Rule: no framework, no status codes, no exit codes. `web/problems.py` turns a class into a
status, `client/exits.py` into an exit code. Raise with data, never with prose: the text is
the class's `message`, %-formatted over its fields, so that a page can translate it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar, dataclass_transform


def N_(text: str) -> str:  # noqa: N802 - the name that message catalogs look for
    """Mark a text for the message catalog and return it unchanged."""
    return text


# The fields that are numbers of bytes.
SIZE_FIELDS = frozenset({"limit", "quota"})

_BEFORE_A_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass_transform(kw_only_default=True, eq_default=False)
class CabinetError(Exception):
    """Base of every error that Cabinet raises on purpose; subclasses become dataclasses.

    The slug is what a program knows the class by; if it gives none, it is the class's name.
    """

    slug: ClassVar[str] = "error"
    # The fields that a program gets as members of the problem document, besides the sentence.
    members: ClassVar[tuple[str, ...]] = ()
    title: ClassVar[str] = N_("Something went wrong")
    message: ClassVar[str] = N_("The request could not be completed.")

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "slug" not in cls.__dict__:
            cls.slug = _BEFORE_A_WORD.sub("-", cls.__name__).lower()
        dataclass(eq=False, kw_only=True)(cls)

    @property
    def data(self) -> dict[str, Any]:
        """The fields of this error, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    def __str__(self) -> str:
        told = {name: f"{value} bytes" if name in SIZE_FIELDS else value for name, value in self.data.items()}
        return self.message % told


class InvalidInput(CabinetError):
    """What was sent cannot be used as it is."""

    title = N_("That cannot be used")


class InvalidName(InvalidInput):
    """A name or path breaks a rule; `reason` is one of the texts in `services/names.py`."""

    title = N_("That name cannot be used")
    message = N_("The name “%(name)s” cannot be used: %(reason)s")
    name: str
    reason: str


class InvalidUsername(InvalidInput):
    """A user name breaks a rule."""

    title = N_("That user name cannot be used")
    message = N_(
        "A user name has 1 to 64 letters, digits, dots, hyphens or underscores and starts "
        "with a letter or digit."
    )


class WeakPassword(InvalidInput):
    """A password that a guesser would try early, or of a length that is refused."""

    title = N_("That password cannot be used")
    message = N_("Choose another password: %(reason)s")
    reason: str


class InvalidField(InvalidInput):
    """A parameter, form field or JSON member that has no meaning here."""

    title = N_("A field cannot be used")
    message = N_("The field “%(field)s” cannot be used: %(reason)s")
    field: str
    reason: str


class MalformedRequest(InvalidInput):
    """The request is not what its headers say."""

    title = N_("The request is malformed")
    message = N_("The request could not be read: %(reason)s")
    reason: str


class TruncatedBody(InvalidInput):
    """The sender went away before everything that it announced had arrived."""

    title = N_("The upload arrived incomplete")
    message = N_("%(received)s bytes arrived of the %(expected)s announced; nothing was stored.")
    expected: int
    received: int


class LengthRequired(InvalidInput):
    """A body came with neither a length nor chunked framing."""

    title = N_("The length is missing")
    message = N_("Send a Content-Length header or a chunked body.")


class UnsupportedEncoding(InvalidInput):
    """A body came in a content coding or media type that is not understood here."""

    title = N_("The encoding is not supported")
    message = N_("“%(encoding)s” is not accepted here.")
    encoding: str


class DigestMismatch(CabinetError):
    """A digest that came with the bytes does not belong to them."""

    title = N_("The content does not match its digest")
    message = N_("Expected %(expected)s, received %(received)s; nothing was stored.")
    expected: str
    received: str


class ChecksumMismatch(DigestMismatch):
    """A part of an upload arrived damaged and was discarded; its offset is what it was."""

    title = N_("The part arrived damaged")


class SignInRequired(CabinetError):
    """Nobody is signed in, or what they showed is not valid any more."""

    title = N_("Please sign in")
    message = N_("Sign in first.")


class WrongCredentials(SignInRequired):
    """The name and the password do not belong together; which one is wrong is not said."""

    title = N_("Signing in failed")
    message = N_("The user name or the password is wrong.")


class Forbidden(CabinetError):
    """Somebody is signed in, and still may not."""

    title = N_("Not allowed")


class CrossSiteRequest(Forbidden):
    """Another site, a form without its token, or one of a session that is over, tried to change something."""

    title = N_("The request was refused")
    message = N_("Nothing was done: %(reason)s Reload the page and try again.")
    reason: str


class OtherUser(Forbidden):
    """A page that was made for one user asked for something while another one, `username`, is signed in."""

    title = N_("Another account is signed in")
    message = N_(
        "You are signed in as “%(username)s” now, and this was asked for by a page of another account. "
        "Nothing was done."
    )
    members = ("username",)
    username: str


class AccountGuarded(Forbidden):
    """An account was guessed at so often that only networks which its owner has used may try."""

    title = N_("This account is protected for now")
    message = N_(
        "There were too many wrong passwords. For the next %(hours)s h, sign in from a network where you "
        "signed in before, or ask the administrator to unlock the account."
    )
    hours: int

    @property
    def retry_after(self) -> int:
        """The wait in seconds; not one that a program sits out."""
        return self.hours * 3600


class RegistrationClosed(Forbidden):
    """The operator creates the accounts here."""

    title = N_("Registration is closed")
    message = N_("Ask the operator of this server for an account.")


class UploadIsFinal(Forbidden):
    """Bytes were sent to an upload that is made of other uploads."""

    title = N_("That upload takes no bytes")
    message = N_("This upload is joined from others and takes no bytes of its own.")


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


class PreconditionFailed(CabinetError):
    """An If-Match or If-None-Match of the request does not hold."""

    title = N_("The file has changed")
    message = N_("The condition of the request does not hold; nothing was changed.")


class UnsupportedVersion(CabinetError):
    """A request speaks another version of its protocol than the one that is spoken here."""

    title = N_("That version is not supported")
    message = N_("Only version %(supported)s is spoken here.")
    supported: str


class TooLarge(CabinetError):
    """More bytes than one thing of this kind may have."""

    title = N_("Too large")
    message = N_("More than the %(limit)s that are accepted here.")
    limit: int


class StorageFull(CabinetError):
    """The disk has no room; nothing was stored."""

    title = N_("The server is full")
    message = N_("The server has no room for this; nothing was stored.")


class QuotaExceeded(StorageFull):
    """The user's own allowance has no room; nothing was stored."""

    title = N_("Your space is used up")
    message = N_("This would take more than the %(quota)s that you have; nothing was stored.")
    quota: int


class StorageFault(CabinetError):
    """The disk reports an error; nothing was stored, and trying again may not help."""

    title = N_("The disk reports an error")
    message = N_("The server could not use its disk (%(reason)s); nothing was stored.")
    reason: str


class TooManyAttempts(CabinetError):
    """Somebody tries passwords, or registers, too fast; `retry_after` is in seconds."""

    title = N_("Too many attempts")
    message = N_("Wait %(retry_after)s s and try again.")
    retry_after: int


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
