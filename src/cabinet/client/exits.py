"""Maps errors to exit codes and messages; `EXIT_MEANINGS` lists the codes.

Rule: every error class is in `EXIT_CODES`; no other module of filecli chooses an exit code.
"""

from __future__ import annotations

from cabinet import errors
from cabinet.client import failures, link_failures, local_failures, token_failures
from cabinet.errors import CabinetError

UNEXPECTED = 1
USAGE = 2
INTERRUPTED = 130

EXIT_MEANINGS = {
    0: "Done.",
    UNEXPECTED: "Unexpected error, or some of several items failed.",
    USAGE: "Wrong usage, or a name or value that can't be used.",
    3: "Not signed in, or not allowed.",
    4: "Not found.",
    5: "Conflict with an existing item.",
    6: "Too large, or not enough space.",
    7: "Damaged: the content does not match its hash.",
    8: "Unavailable; try again later.",
    INTERRUPTED: "Interrupted by Ctrl-C.",
}

EXIT_CODES: dict[type[CabinetError], int] = {
    errors.CabinetError: 1,
    errors.InvalidInput: 2,
    errors.InvalidName: 2,
    errors.InvalidUsername: 2,
    errors.WeakPassword: 2,
    errors.InvalidField: 2,
    errors.MalformedRequest: 1,
    errors.TooManyJoins: 2,
    errors.CopyTooLarge: 6,
    errors.TruncatedBody: 7,
    errors.LengthRequired: 1,
    errors.UnsupportedEncoding: 1,
    errors.DigestMismatch: 7,
    errors.ChecksumMismatch: 7,
    errors.SignInRequired: 3,
    errors.WrongCredentials: 3,
    errors.WrongPassword: 3,
    errors.Forbidden: 3,
    errors.CrossSiteRequest: 3,
    errors.AccountGuarded: 3,
    errors.OtherUser: 3,
    errors.RegistrationClosed: 3,
    errors.SharingForbidden: 3,
    errors.GroupsForbidden: 3,
    errors.SpacesForbidden: 3,
    errors.LinkPasswordRequired: 3,
    errors.WrongLinkPassword: 3,
    errors.UploadIsFinal: 3,
    errors.NotFound: 4,
    errors.UploadGone: 4,
    errors.BlobMissing: 7,
    errors.Conflict: 5,
    errors.UsernameTaken: 5,
    errors.GroupNameTaken: 5,
    errors.EntryExists: 5,
    errors.NotAFolder: 5,
    errors.IsAFolder: 5,
    errors.IntoItself: 5,
    errors.MountStays: 5,
    errors.SelectionChanged: 5,
    errors.CurrentVersion: 5,
    errors.VersionsFull: 5,
    errors.TooManyTokens: 5,
    errors.TooManyMounts: 5,
    errors.TooManyShares: 5,
    errors.TooManyLocks: 5,
    errors.TooManyProperties: 5,
    errors.TooManySpaces: 5,
    errors.TooManyMembers: 5,
    errors.TooManyGroups: 5,
    errors.OffsetMismatch: 5,
    errors.PreconditionFailed: 5,
    errors.UnsupportedVersion: 1,
    errors.TooLarge: 6,
    errors.StorageFull: 6,
    errors.FolderFull: 6,
    errors.QuotaExceeded: 6,
    errors.TooManyEntries: 6,
    errors.TooManyUploads: 6,
    errors.StorageFault: 1,
    errors.RequestTimeout: 8,
    errors.TooManyAttempts: 8,
    errors.TooManyRequests: 8,
    errors.EntryLocked: 8,
    errors.UploadLocked: 8,
    errors.Unavailable: 8,
    failures.ClientFailure: 1,
    failures.Refused: 1,
    failures.LimitInFront: 6,
    failures.ServerUnreachable: 8,
    failures.ConnectionLost: 8,
    failures.TlsFailed: 8,
    failures.Redirected: 1,
    failures.Misunderstood: 1,
    failures.BadUsage: 2,
    failures.BadServerAddress: 2,
    failures.NotConfirmed: 2,
    failures.Declined: 1,
    failures.NoMatch: 4,
    failures.PathTaken: 5,
    failures.NotSignedIn: 3,
    link_failures.BadLink: 2,
    link_failures.LinkGone: 4,
    link_failures.LinkRedirected: 1,
    link_failures.LinkForbids: 3,
    link_failures.NotShared: 4,
    link_failures.NothingToAccept: 4,
    link_failures.TeamMissing: 4,
    token_failures.TokenRefused: 3,
    token_failures.EnvironmentTokenRefused: 3,
    token_failures.TokenFileExposed: 3,
    token_failures.TokenFileForeign: 3,
    token_failures.TokenFileBroken: 3,
    token_failures.TokenFileUnusable: 3,
    failures.LocalMissing: 4,
    failures.LocalIsFolder: 2,
    failures.LocalExists: 5,
    failures.ForeignPart: 5,
    failures.PartInUse: 5,
    failures.LocalDiskFull: 6,
    failures.LocalFault: 1,
    failures.NameRefused: 1,
    failures.SourceChanged: 7,
    failures.Damaged: 7,
    failures.ChangedMeanwhile: 7,
    failures.UnsafeName: 7,
    failures.UploadInUse: 5,
    failures.SameTarget: 5,
    local_failures.BadProxyAddress: 2,
    local_failures.ProxyFailed: 8,
    local_failures.LocalReadOnly: 1,
    local_failures.LocalTooLarge: 6,
    local_failures.SameName: 5,
    local_failures.InTheWay: 5,
    local_failures.FileInTheWay: 5,
    local_failures.FolderInTheWay: 5,
    local_failures.CannotMakeRoom: 5,
    failures.Stopped: INTERRUPTED,
    failures.Interrupted: INTERRUPTED,
    failures.DownloadInterrupted: INTERRUPTED,
    failures.DownloadsInterrupted: INTERRUPTED,
    failures.UploadsInterrupted: INTERRUPTED,
}

# The hint for each server error; a class that is not listed uses the hint of its base class.
HINTS: dict[type[CabinetError], str] = {
    errors.SignInRequired: "Run filecli login.",
    errors.WrongCredentials: "Check the name and the password; filecli register creates an account where registration is open.",
    errors.Forbidden: "",
    errors.LinkPasswordRequired: "Use --password-stdin.",
    errors.WrongLinkPassword: "Ask whoever sent the link for its password.",
    errors.NotFound: "filecli ls lists the files.",
    errors.GroupNameTaken: "Choose another name.",
    errors.UsernameTaken: "Choose another name, or run filecli login if it is yours.",
    errors.EntryExists: "Use --on-conflict replace or --on-conflict rename.",
    errors.IsAFolder: "Use -r for a folder with its contents.",
    errors.TooManyEntries: "Use filecli trash empty or filecli rm --permanent.",
    errors.TooManyUploads: "filecli uploads lists them; filecli uploads cancel removes them.",
    errors.StorageFull: "Empty the trash (filecli trash empty), or ask the administrator.",
    errors.FolderFull: "Ask the owner of the folder to free space.",
    errors.QuotaExceeded: "Use filecli trash empty or filecli versions rm.",
    errors.TooManyAttempts: "Wait before the next attempt.",
    errors.RequestTimeout: "Try again later.",
    errors.Unavailable: "Try again later.",
}

# For responses without a problem document: from a proxy, or from a server that is not Cabinet.
_KIND_OF_STATUS: dict[int, type[CabinetError]] = {
    401: errors.SignInRequired,
    403: errors.Forbidden,
    404: errors.NotFound,
    408: errors.RequestTimeout,
    409: errors.Conflict,
    410: errors.UploadGone,
    411: errors.LengthRequired,
    412: errors.PreconditionFailed,
    413: errors.TooLarge,
    415: errors.UnsupportedEncoding,
    422: errors.InvalidInput,
    423: errors.UploadLocked,
    429: errors.TooManyAttempts,
    460: errors.ChecksumMismatch,
    502: errors.Unavailable,
    503: errors.Unavailable,
    504: errors.Unavailable,
    507: errors.StorageFull,
}

_KIND_OF_SLUG = {kind.slug: kind for kind in EXIT_CODES if kind.__module__.startswith(f"{errors.__name__}.")}


def kind_of(slug: str, status: int) -> type[CabinetError]:
    """Return the error class for the slug of a problem type, else for the status."""
    return _KIND_OF_SLUG.get(slug) or _KIND_OF_STATUS.get(status, CabinetError)


def exit_code(error: CabinetError) -> int:
    """Return the exit code for `error`."""
    return EXIT_CODES[_kind(error)]


def describe(error: CabinetError) -> str:
    """Return the message and the hint, if there is one; control characters are not escaped yet."""
    text = str(error).strip()
    sentence = text if text.endswith((".", "!", "?")) else f"{text}."
    hint = _hint(error)
    return f"{sentence} Hint: {hint}" if hint else sentence


def _kind(error: CabinetError) -> type[CabinetError]:
    return error.kind if isinstance(error, failures.Refused) else type(error)


# Errors whose hint is about an option of filecli: it does not apply when the server refused.
_OPTION_HINTS = {errors.IsAFolder}


def _hint(error: CabinetError) -> str:
    if isinstance(error, failures.Refused) and error.kind in _OPTION_HINTS:
        return ""
    if isinstance(error, failures.ClientFailure) and error.hint:
        return error.hint % error.data
    bases = (base for base in _kind(error).__mro__ if issubclass(base, CabinetError))
    return next((HINTS[base] for base in bases if base in HINTS), "")
