"""What can go wrong on this side of the wire.

    CabinetError
    └── ClientFailure
        ├── Refused                the server said no, and which of its errors it meant
        ├── LimitInFront           a proxy or CDN takes no request that long
        ├── ServerUnreachable      nothing was sent
        ├── ConnectionLost         something was sent; what the server made of it is not known
        ├── TlsFailed
        ├── Redirected
        ├── Misunderstood          the answer is not one of a Cabinet server
        ├── BadUsage
        │   ├── BadServerAddress
        │   └── NotConfirmed
        ├── Declined
        ├── NoMatch
        ├── PathTaken
        ├── NotSignedIn
        ├── ...                    what is wrong with a token: in token_failures.py
        ├── LocalMissing
        ├── LocalIsFolder
        ├── NameRefused            a name that no file of this disk can have
        ├── LocalExists
        ├── ForeignPart            a .part file that filecli did not leave there
        ├── PartInUse
        ├── LocalDiskFull
        ├── LocalFault             any other error of a local disk
        ├── SourceChanged
        ├── Damaged                the bytes are not those of the content hash
        ├── ChangedMeanwhile
        ├── UnsafeName             a name of the server that must not become a local path
        ├── UploadInUse
        ├── SameTarget
        ├── ...                    what this machine is to blame for: in local_failures.py
        ├── Stopped                somebody pressed Ctrl-C, or another thread failed
        └── Interrupted
            ├── DownloadInterrupted
            ├── DownloadsInterrupted
            └── UploadsInterrupted

Rule: the same as for `cabinet.errors`: data and no prose at the raise site, no exit codes.
"""

from __future__ import annotations

from typing import ClassVar

from cabinet.errors import CabinetError


class ClientFailure(CabinetError):
    """Base of what only filecli raises; `hint` says what to do next, %-formatted like `message`."""

    hint: ClassVar[str] = ""


class Refused(ClientFailure):
    """The server answered with an error; `kind` is the class that it meant, `detail` its words.

    `retry_after` is in seconds, or None when the server named no time.
    """

    message = "%(detail)s"
    kind: type[CabinetError]
    detail: str
    status: int
    retry_after: float | None = None

    def means(self, kind: type[CabinetError]) -> bool:
        """Tell whether the server meant `kind` or a special case of it."""
        return issubclass(self.kind, kind)


class LimitInFront(ClientFailure):
    """A 413 that is not of a Cabinet server: what stands in front of it refused `size` bytes."""

    message = "Something in front of %(server)s takes no request of %(size)s bytes."
    hint = "The limit is the operator's to raise; in nginx it is client_max_body_size."
    server: str
    size: int


class ServerUnreachable(ClientFailure):
    """No connection could be made, so nothing was sent."""

    message = "The server %(server)s cannot be reached: %(reason)s."
    hint = "Is it running? --server or FILECLI_SERVER names another one."
    server: str
    reason: str


class ConnectionLost(ClientFailure):
    """The connection ended before the answer was whole."""

    message = "The connection to %(server)s was lost: %(reason)s."
    hint = "Try again."
    server: str
    reason: str


class TlsFailed(ClientFailure):
    """The two sides could not agree on an encrypted connection that can be trusted."""

    message = "No trusted connection to %(server)s: %(reason)s."
    hint = "--ca-cert FILE names the authority to trust."
    server: str
    reason: str


class Redirected(ClientFailure):
    """The server points elsewhere, and the token goes to its own origin only."""

    message = "The server %(server)s points to “%(location)s”, which filecli does not follow."
    hint = "Give the right address with --server."
    server: str
    location: str


class Misunderstood(ClientFailure):
    """The answer makes no sense here: it may come from something that is not Cabinet."""

    message = "The answer of %(server)s is not one of a Cabinet server: %(reason)s."
    hint = "Check the address given by --server or FILECLI_SERVER."
    server: str
    reason: str


class BadUsage(ClientFailure):
    """Options or arguments that do not go together."""

    message = "%(reason)s"
    hint = "filecli COMMAND --help says more."
    reason: str


class BadServerAddress(BadUsage):
    """What --server or FILECLI_SERVER holds is not the address of a server."""

    message = "“%(server)s” is not the address of a server: %(reason)s."
    hint = "An address looks like http://127.0.0.1:5000."
    server: str


class NotConfirmed(BadUsage):
    """What cannot be taken back was asked for where there is nobody to ask."""

    message = "What is removed for ever cannot be restored; nothing was done."
    hint = "--force removes it without asking."
    reason: str = ""


class Declined(ClientFailure):
    """Somebody was asked and said no."""

    message = "Nothing was done."


class NoMatch(ClientFailure):
    """Nothing on the server has the name, nor fits it as a pattern."""

    message = "Nothing matches “%(pattern)s”."
    hint = "filecli ls shows what is there."
    pattern: str


class PathTaken(ClientFailure):
    """A folder shall be made where something is."""

    message = "There is already something at “%(path)s”."
    hint = "-p is content with a folder that is there already."
    path: str


class NotSignedIn(ClientFailure):
    """There is no token for this server on this machine."""

    message = "You are not signed in to %(server)s."
    hint = "Run filecli login first, or set FILECLI_TOKEN."
    server: str


class LocalMissing(ClientFailure):
    """A local file or folder that was named is not there."""

    message = "There is no “%(path)s” on this machine."
    path: str


class LocalIsFolder(ClientFailure):
    """A local folder was named where a file was expected."""

    message = "“%(path)s” is a folder."
    hint = "-r takes a folder with all that is in it."
    path: str


class NameRefused(ClientFailure):
    """The local disk can hold no such name, whatever is done; nothing else is wrong with it."""

    message = "This disk cannot hold the name “%(path)s”: %(reason)s."
    hint = "“filecli download NAME -o OTHER” stores a file under another name."
    path: str
    reason: str


class LocalExists(ClientFailure):
    """A local file has the name that a download would take."""

    message = "“%(path)s” exists and was kept."
    hint = "--force replaces it, -o gives the download another name."
    path: str


class ForeignPart(ClientFailure):
    """The name of the part is taken by a file that filecli did not leave there."""

    message = "“%(path)s” is not an unfinished download of filecli and was kept."
    hint = "Move it away, or let --force replace it."
    path: str


class PartInUse(ClientFailure):
    """Another filecli is downloading to the same name."""

    message = "“%(path)s” is being written by another filecli."
    path: str


class LocalDiskFull(ClientFailure):
    """The local disk, or a limit on it, has no room."""

    message = "There is no room for “%(path)s” on this machine."
    hint = "Make room and run the same command again: a download goes on where it stopped."
    path: str


class LocalFault(ClientFailure):
    """A local file cannot be read or written."""

    message = "“%(path)s” cannot be used: %(reason)s."
    path: str
    reason: str


class SourceChanged(ClientFailure):
    """A local file was written to while it was read, at the second attempt as well."""

    message = "“%(path)s” changed while it was read; nothing of it was stored."
    hint = "Upload it once nothing writes to it."
    path: str


class Damaged(ClientFailure):
    """The content hash of the bytes is another one than it has to be."""

    message = "The content of “%(path)s” arrived damaged: its hash is %(received)s, not %(expected)s."
    hint = "Run the same command again."
    path: str
    expected: str
    received: str


class ChangedMeanwhile(ClientFailure):
    """A file was replaced on the server while it went to a stream that cannot go back."""

    message = "“%(path)s” changed on the server during the download; what was written is not whole."
    hint = "Run the same command again."
    path: str


class UnsafeName(ClientFailure):
    """A name that the server gave would not stay inside the target folder."""

    message = "The server gave the name “%(name)s”, which leads out of the target folder."
    name: str


class UploadInUse(ClientFailure):
    """Another filecli is uploading the same file to the same place."""

    message = "“%(path)s” is being uploaded by another filecli."
    path: str


class SameTarget(ClientFailure):
    """Two files of one command would get the same path."""

    message = "“%(path)s” is where another file of this command goes."
    hint = "Move them one after the other, or into different folders."
    path: str


class Stopped(ClientFailure):
    """This thread was told to end; whoever told it says why."""

    message = "Interrupted."


class Interrupted(ClientFailure):
    """Ctrl-C during a transfer that can go on later; `size` bytes of it are kept."""

    message = "Interrupted; %(size)s bytes are kept."
    hint = "Run the same command again to go on from there."
    size: int


class DownloadInterrupted(Interrupted):
    """The bytes are in the local file `part`."""

    message = "Interrupted; %(size)s bytes are kept in “%(part)s”."
    part: str


class DownloadsInterrupted(Interrupted):
    """The bytes are in the parts of `count` files."""

    message = "Interrupted; %(size)s bytes are kept in the parts of %(count)s files."
    count: int


class UploadsInterrupted(Interrupted):
    """The server keeps the bytes of `count` unfinished uploads."""

    message = "Interrupted; the server keeps %(size)s bytes of unfinished uploads (%(count)s)."
    hint = "Run the same command again to go on from there; filecli uploads lists them."
    count: int
