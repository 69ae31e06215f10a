"""The errors that users of Cabinet can meet.

    CabinetError
    ├── SignInRequired
    │   └── WrongCredentials
    │       └── WrongPassword      when a signed-in user confirms with the password
    ├── Forbidden                  a right is missing
    │   ├── CrossSiteRequest
    │   ├── OtherUser              the page belongs to another user than the signed-in one
    │   ├── AccountGuarded         sign-in only from networks that the owner has used
    │   ├── RegistrationClosed
    │   ├── SharingForbidden       the operator restricts links
    │   ├── GroupsForbidden        only administrators make groups
    │   ├── SpacesForbidden        only administrators make team spaces
    │   └── UploadIsFinal          a joined upload accepts no data
    ├── LinkPasswordRequired       a link is protected
    │   └── WrongLinkPassword
    ├── TooManyAttempts
    ├── InvalidInput
    │   ├── InvalidName            a file or folder name, or a path
    │   ├── InvalidUsername
    │   ├── WeakPassword
    │   ├── InvalidField           any other parameter, form field or JSON member
    │   ├── MalformedRequest       the request contradicts its headers
    │   ├── TooManyJoins           of one partial upload
    │   ├── CopyTooLarge           more entries than one copy may create
    │   ├── TruncatedBody
    │   ├── LengthRequired
    │   └── UnsupportedEncoding
    ├── DigestMismatch             the received bytes do not match the declared digest
    │   └── ChecksumMismatch       the same, for one part of an upload
    ├── PreconditionFailed
    ├── UnsupportedVersion         of a protocol
    ├── TooLarge
    ├── NotFound
    ├── UploadGone                 an upload that was canceled, has expired, or was lost
    ├── BlobMissing                the row exists, its bytes do not
    ├── Conflict
    │   ├── UsernameTaken
    │   ├── GroupNameTaken
    │   ├── EntryExists
    │   ├── NotAFolder
    │   ├── IsAFolder
    │   ├── IntoItself
    │   ├── MountStays             a shared folder cannot leave the root folder
    │   ├── SelectionChanged
    │   ├── CurrentVersion
    │   ├── VersionsFull           a guest's upload would remove an old version of the owner
    │   ├── TooManyTokens
    │   ├── TooManyMounts
    │   ├── TooManyLocks           of WebDAV, of one user
    │   ├── TooManyProperties      of WebDAV, of one entry
    │   ├── TooManyShares
    │   ├── TooManyMembers
    │   ├── TooManyGroups
    │   ├── TooManySpaces
    │   └── OffsetMismatch
    ├── StorageFull
    │   ├── QuotaExceeded
    │   ├── FolderFull             the same, in a shared folder
    │   ├── TooManyEntries         the limit of files and folders of one account
    │   └── TooManyUploads         the limit of unfinished uploads of one account
    ├── StorageFault               the disk reports an error
    ├── RequestTimeout             the client was too slow
    ├── TooManyRequests            concurrent requests of one address or user, or transfers of all
    ├── UploadLocked               another request is writing to the same upload
    ├── EntryLocked                another program has locked an entry by WebDAV
    └── Unavailable

Errors that an operator must fix are not part of this tree: see refusals.py.

Rule: no framework, no status codes, no exit codes. `web/problems.py` maps a class to a
status, `client/exits.py` to an exit code. Raise with data, never with prose: the text is
the class's `message`, %-formatted with its fields, so that a page can translate it.
"""

from __future__ import annotations

from cabinet.errors.access import (
    AccountGuarded,
    CrossSiteRequest,
    Forbidden,
    GroupsForbidden,
    LinkPasswordRequired,
    OtherUser,
    RegistrationClosed,
    SharingForbidden,
    SignInRequired,
    SpacesForbidden,
    TooManyAttempts,
    UploadIsFinal,
    WrongCredentials,
    WrongLinkPassword,
    WrongPassword,
)
from cabinet.errors.base import N_, SIZE_FIELDS, CabinetError, StructuredError
from cabinet.errors.requests import (
    ChecksumMismatch,
    CopyTooLarge,
    DigestMismatch,
    InvalidField,
    InvalidInput,
    InvalidName,
    InvalidUsername,
    LengthRequired,
    MalformedRequest,
    PreconditionFailed,
    TooLarge,
    TooManyJoins,
    TruncatedBody,
    UnsupportedEncoding,
    UnsupportedVersion,
    WeakPassword,
)
from cabinet.errors.state import (
    BlobMissing,
    Conflict,
    CurrentVersion,
    EntryExists,
    EntryLocked,
    FolderFull,
    GroupNameTaken,
    IntoItself,
    IsAFolder,
    MountStays,
    NotAFolder,
    NotFound,
    OffsetMismatch,
    QuotaExceeded,
    RequestTimeout,
    SelectionChanged,
    StorageFault,
    StorageFull,
    TooManyEntries,
    TooManyGroups,
    TooManyLocks,
    TooManyMembers,
    TooManyMounts,
    TooManyProperties,
    TooManyRequests,
    TooManyShares,
    TooManySpaces,
    TooManyTokens,
    TooManyUploads,
    Unavailable,
    UploadGone,
    UploadLocked,
    UsernameTaken,
    VersionsFull,
)

__all__ = [
    "N_",
    "SIZE_FIELDS",
    "AccountGuarded",
    "BlobMissing",
    "CabinetError",
    "ChecksumMismatch",
    "Conflict",
    "CopyTooLarge",
    "CrossSiteRequest",
    "CurrentVersion",
    "DigestMismatch",
    "EntryExists",
    "EntryLocked",
    "FolderFull",
    "Forbidden",
    "GroupNameTaken",
    "GroupsForbidden",
    "IntoItself",
    "InvalidField",
    "InvalidInput",
    "InvalidName",
    "InvalidUsername",
    "IsAFolder",
    "LengthRequired",
    "LinkPasswordRequired",
    "MalformedRequest",
    "MountStays",
    "NotAFolder",
    "NotFound",
    "OffsetMismatch",
    "OtherUser",
    "PreconditionFailed",
    "QuotaExceeded",
    "RegistrationClosed",
    "RequestTimeout",
    "SelectionChanged",
    "SharingForbidden",
    "SignInRequired",
    "SpacesForbidden",
    "StorageFault",
    "StorageFull",
    "StructuredError",
    "TooLarge",
    "TooManyAttempts",
    "TooManyEntries",
    "TooManyGroups",
    "TooManyJoins",
    "TooManyLocks",
    "TooManyMembers",
    "TooManyMounts",
    "TooManyProperties",
    "TooManyRequests",
    "TooManyShares",
    "TooManySpaces",
    "TooManyTokens",
    "TooManyUploads",
    "TruncatedBody",
    "Unavailable",
    "UnsupportedEncoding",
    "UnsupportedVersion",
    "UploadGone",
    "UploadIsFinal",
    "UploadLocked",
    "UsernameTaken",
    "VersionsFull",
    "WeakPassword",
    "WrongCredentials",
    "WrongLinkPassword",
    "WrongPassword",
]
