"""What was sent, and cannot be taken as it is.

Rule: about the request alone, whatever is stored.
"""

from __future__ import annotations

from cabinet.errors.base import N_, CabinetError


class InvalidInput(CabinetError):
    """What was sent cannot be used as it is."""

    title = N_("That cannot be used")


class InvalidName(InvalidInput):
    """A name or path breaks a rule; `reason` is one of the texts in `services/tree/names.py`."""

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


class TooManyJoins(InvalidInput):
    """A partial upload comes in a joined one more often than it may; nothing was stored."""

    title = N_("That part is repeated too often")
    message = N_("One part may come at most %(allowed)s times in a joined upload; nothing was stored.")
    allowed: int


class CopyTooLarge(InvalidInput):
    """A copy would make more files and folders than one copy may; nothing was copied."""

    title = N_("Too many files and folders for one copy")
    message = N_(
        "One copy may have at most %(allowed)s files and folders; nothing was copied. Create the new folder "
        "first, then copy what is in the old one into it in several steps."
    )
    allowed: int


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
