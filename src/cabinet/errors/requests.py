"""Errors of invalid requests.

Rule: they depend on the request alone, not on what is stored.
"""

from __future__ import annotations

from cabinet.errors.base import N_, CabinetError


class InvalidInput(CabinetError):
    """A value of the request is invalid."""

    title = N_("Invalid value")


class InvalidName(InvalidInput):
    """A name or path breaks a rule; `reason` is one of the texts in `services/tree/names.py`."""

    title = N_("Invalid name")
    message = N_("The name “%(name)s” cannot be used: %(reason)s")
    name: str
    reason: str


class InvalidUsername(InvalidInput):
    """A user name breaks a rule."""

    title = N_("Invalid user name")
    message = N_(
        "A user name has 1 to 64 letters, digits, dots, hyphens or underscores and starts "
        "with a letter or digit."
    )


class WeakPassword(InvalidInput):
    """A password that is easy to guess, too short or too long."""

    title = N_("Password not accepted")
    message = N_("Choose another password: %(reason)s")
    reason: str


class InvalidField(InvalidInput):
    """An invalid parameter, form field or JSON member."""

    title = N_("Invalid field")
    message = N_("The field “%(field)s” cannot be used: %(reason)s")
    field: str
    reason: str


class MalformedRequest(InvalidInput):
    """The request contradicts its headers, or cannot be parsed."""

    title = N_("The request is malformed")
    message = N_("The request could not be read: %(reason)s")
    reason: str


class TooManyJoins(InvalidInput):
    """A joined upload contains a partial upload more often than allowed; nothing was stored."""

    title = N_("A part is repeated too often")
    message = N_("A joined upload may contain one part at most %(allowed)s times; nothing was stored.")
    allowed: int


class CopyTooLarge(InvalidInput):
    """A copy would create more files and folders than allowed at once; nothing was copied."""

    title = N_("Too many files and folders for one copy")
    message = N_(
        "One copy may have at most %(allowed)s files and folders; nothing was copied. Create the new folder "
        "first, then copy what is in the old one into it in several steps."
    )
    allowed: int


class TruncatedBody(InvalidInput):
    """The client disconnected before it had sent the declared number of bytes."""

    title = N_("The upload arrived incomplete")
    message = N_("%(received)s bytes arrived of the %(expected)s announced; nothing was stored.")
    expected: int
    received: int


class LengthRequired(InvalidInput):
    """A body has neither a Content-Length nor chunked transfer coding."""

    title = N_("The length is missing")
    message = N_("Send a Content-Length header or a chunked body.")


class UnsupportedEncoding(InvalidInput):
    """A body has an unsupported content coding or media type."""

    title = N_("Content encoding not supported")
    message = N_("“%(encoding)s” is not supported.")
    encoding: str


class DigestMismatch(CabinetError):
    """The received bytes do not match the declared digest."""

    title = N_("The content does not match its digest")
    message = N_("Expected %(expected)s, received %(received)s; nothing was stored.")
    expected: str
    received: str


class ChecksumMismatch(DigestMismatch):
    """A part of an upload arrived damaged and was discarded; the offset of the upload is unchanged."""

    title = N_("Checksum mismatch")


class PreconditionFailed(CabinetError):
    """The If-Match or If-None-Match condition of the request is false."""

    title = N_("The file has changed")
    message = N_("The condition of the request is not met; nothing was changed.")


class UnsupportedVersion(CabinetError):
    """The request uses an unsupported version of its protocol."""

    title = N_("Version not supported")
    message = N_("This server supports only version %(supported)s.")
    supported: str


class TooLarge(CabinetError):
    """The data exceeds a size limit; `limit` is in bytes."""

    title = N_("Too large")
    message = N_("Too large: the limit is %(limit)s.")
    limit: int
