"""The errors that only filecli raises.

    CabinetError
    └── ClientFailure
        ├── Refused                the server answered with an error
        ├── LimitInFront           a proxy or CDN refused the size of a request
        ├── ServerUnreachable      nothing was sent
        ├── ConnectionLost         a request was sent; its effect is unknown
        ├── TlsFailed
        ├── Redirected
        ├── Misunderstood          the response is not one of a Cabinet server
        ├── BadUsage
        │   ├── BadServerAddress
        │   └── NotConfirmed
        ├── Declined
        ├── NoMatch
        ├── PathTaken
        ├── NotSignedIn
        ├── ...                    token errors, in token_failures.py, and those about sharing, in link_failures.py
        ├── LocalMissing
        ├── LocalIsFolder
        ├── NameRefused            the local file system cannot hold the name
        ├── LocalExists
        ├── ForeignPart            a .part file that filecli did not create
        ├── PartInUse
        ├── LocalDiskFull
        ├── LocalFault             any other error of a local disk
        ├── SourceChanged
        ├── Damaged                the bytes do not match the content hash
        ├── ChangedMeanwhile
        ├── UnsafeName             a name from the server that must not become a local path
        ├── UploadInUse
        ├── SameTarget
        ├── ...                    errors of this machine, in local_failures.py
        ├── Stopped                Ctrl-C, or an error on another thread
        └── Interrupted
            ├── DownloadInterrupted
            ├── DownloadsInterrupted
            └── UploadsInterrupted

Rule: the same as for `cabinet.errors`: errors are raised with data, not with prose, and know no exit codes.
"""

from __future__ import annotations

from typing import ClassVar

from cabinet.errors import CabinetError


class ClientFailure(CabinetError):
    """Base of filecli's own errors; `hint` says what to do next, %-formatted like `message`."""

    hint: ClassVar[str] = ""


class Refused(ClientFailure):
    """The server answered with an error of class `kind`; `detail` is its message.

    `retry_after` is in seconds, None if the server sent none.
    """

    message = "%(detail)s"
    kind: type[CabinetError]
    detail: str
    status: int
    retry_after: float | None = None

    def is_kind(self, kind: type[CabinetError]) -> bool:
        """Return whether the error is of class `kind` or of a subclass."""
        return issubclass(self.kind, kind)


class LimitInFront(ClientFailure):
    """A 413 that Cabinet did not send: a proxy in front of it refused a request of `size` bytes."""

    message = "A proxy in front of %(server)s refused a request of %(size)s bytes."
    hint = "Ask the administrator to raise the limit; in nginx it is client_max_body_size."
    server: str
    size: int


class ServerUnreachable(ClientFailure):
    """The connection failed before anything was sent."""

    message = "The server %(server)s cannot be reached: %(reason)s."
    hint = "Is it running? Set another server with --server or FILECLI_SERVER."
    server: str
    reason: str


class ConnectionLost(ClientFailure):
    """The connection ended before the response was complete."""

    message = "The connection to %(server)s was lost: %(reason)s."
    hint = "Try again."
    server: str
    reason: str


class TlsFailed(ClientFailure):
    """The TLS handshake failed, or the certificate is not trusted."""

    message = "No trusted connection to %(server)s: %(reason)s."
    hint = "Set the certificate authority to trust with --ca-cert FILE."
    server: str
    reason: str


class Redirected(ClientFailure):
    """The server redirects, and the token is sent to its own origin only."""

    message = "The server %(server)s redirects to “%(location)s”, which filecli does not follow."
    hint = "Give the right address with --server."
    server: str
    location: str


class Misunderstood(ClientFailure):
    """The response is invalid: it may come from a server that is not Cabinet."""

    message = "The response of %(server)s is not one of a Cabinet server: %(reason)s."
    hint = "Check the address given by --server or FILECLI_SERVER."
    server: str
    reason: str


class BadUsage(ClientFailure):
    """Invalid options or arguments."""

    message = "%(reason)s"
    hint = "See filecli COMMAND --help."
    reason: str


class BadServerAddress(BadUsage):
    """The value of --server or FILECLI_SERVER is not the address of a server."""

    message = "“%(server)s” is not the address of a server: %(reason)s."
    hint = "An address looks like http://127.0.0.1:5000."
    server: str


class NotConfirmed(BadUsage):
    """A permanent removal needs a confirmation, and there is no terminal to ask on."""

    message = "This can't be undone and was not confirmed; nothing was removed."
    hint = "Use --force to remove without asking."
    reason: str = ""


class Declined(ClientFailure):
    """The user answered no."""

    message = "Canceled; nothing was removed."


class NoMatch(ClientFailure):
    """Nothing on the server has the name or matches it as a pattern."""

    message = "Nothing matches “%(pattern)s”."
    hint = "filecli ls lists the files."
    pattern: str


class PathTaken(ClientFailure):
    """The path of a new folder is in use."""

    message = "“%(path)s” already exists."
    hint = "Use -p to accept an existing folder."
    path: str


class NotSignedIn(ClientFailure):
    """No token for this server is stored on this machine."""

    message = "You are not signed in to %(server)s."
    hint = "Run filecli login first, or set FILECLI_TOKEN."
    server: str


class LocalMissing(ClientFailure):
    """A local file or folder does not exist."""

    message = "There is no “%(path)s” on this machine."
    path: str


class LocalIsFolder(ClientFailure):
    """A local path is a folder, not a file."""

    message = "“%(path)s” is a folder."
    hint = "Use -r for a folder with its contents."
    path: str


class NameRefused(ClientFailure):
    """The local file system cannot hold the name; other names work."""

    message = "The local file system cannot hold the name “%(path)s”: %(reason)s."
    hint = "Use “filecli download NAME -o OTHER” to store it under another name."
    path: str
    reason: str


class LocalExists(ClientFailure):
    """The local target of a download exists."""

    message = "“%(path)s” already exists and was kept."
    hint = "Use --force to replace it, or -o to choose another name."
    path: str


class ForeignPart(ClientFailure):
    """A file that filecli did not create has the name of the part."""

    message = "“%(path)s” is not an unfinished download of filecli and was kept."
    hint = "Move it away, or use --force to replace it."
    path: str


class PartInUse(ClientFailure):
    """Another filecli process is downloading to the same file."""

    message = "“%(path)s” is being written by another filecli process."
    path: str


class LocalDiskFull(ClientFailure):
    """The local disk is full, or a quota on it is used up."""

    message = "Not enough space for “%(path)s” on this machine."
    hint = "Free space and run the same command again; a download resumes where it stopped."
    path: str


class LocalFault(ClientFailure):
    """A local file cannot be read or written."""

    message = "“%(path)s” cannot be used: %(reason)s."
    path: str
    reason: str


class SourceChanged(ClientFailure):
    """A local file changed while it was read, on the second attempt as well."""

    message = "“%(path)s” changed while it was read; nothing of it was stored."
    hint = "Upload it when no program writes to it."
    path: str


class Damaged(ClientFailure):
    """The bytes do not match the expected content hash."""

    message = "The content of “%(path)s” is damaged: its hash is %(received)s, not %(expected)s."
    hint = "Run the same command again."
    path: str
    expected: str
    received: str


class ChangedMeanwhile(ClientFailure):
    """A file was replaced on the server while it was written to a stream, which cannot rewind."""

    message = "“%(path)s” changed on the server during the download; the output is incomplete."
    hint = "Run the same command again."
    path: str


class UnsafeName(ClientFailure):
    """A name from the server leads out of the target folder."""

    message = "The server sent the name “%(name)s”, which leads out of the target folder."
    name: str


class UploadInUse(ClientFailure):
    """Another filecli process is uploading the same file to the same path."""

    message = "“%(path)s” is being uploaded by another filecli process."
    path: str


class SameTarget(ClientFailure):
    """Two files of one command would get the same path."""

    message = "Another file of this command has the same target “%(path)s”."
    hint = "Move them one after the other, or into different folders."
    path: str


class Stopped(ClientFailure):
    """The command was canceled; the thread that canceled it reports why."""

    message = "Interrupted."


class Interrupted(ClientFailure):
    """Ctrl-C during a resumable transfer; `size` bytes of it are kept."""

    message = "Interrupted; %(size)s bytes are kept."
    hint = "Run the same command again to resume."
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
    hint = "Run the same command again to resume; filecli uploads lists them."
    count: int
