"""What can go wrong while somebody uses Cabinet, said once.

    CabinetError
    ├── SignInRequired
    │   └── WrongCredentials
    │       └── WrongPassword      of somebody who is signed in
    ├── Forbidden                  a right is missing
    │   ├── CrossSiteRequest
    │   ├── OtherUser              a page of one user, and another one signed in
    │   ├── AccountGuarded         only networks that its owner has used may try
    │   ├── RegistrationClosed
    │   └── UploadIsFinal          a joined upload takes no bytes of its own
    ├── TooManyAttempts
    ├── InvalidInput
    │   ├── InvalidName            a file or folder name, or a path
    │   ├── InvalidUsername
    │   ├── WeakPassword
    │   ├── InvalidField           any other parameter, form field or JSON member
    │   ├── MalformedRequest       the request is not what it claims to be
    │   ├── TooManyJoins           of one partial upload
    │   ├── CopyTooLarge           more entries than one copy may make
    │   ├── TruncatedBody
    │   ├── LengthRequired
    │   └── UnsupportedEncoding
    ├── DigestMismatch             the bytes that came are not the bytes that were promised
    │   └── ChecksumMismatch       the same, of one part of an upload
    ├── PreconditionFailed
    ├── UnsupportedVersion         of a protocol
    ├── TooLarge
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
    │   ├── VersionsFull           a guest would take an old version from the owner
    │   ├── TooManyTokens
    │   └── OffsetMismatch
    ├── StorageFull
    │   ├── QuotaExceeded
    │   ├── FolderFull             the same, where only a folder is shared
    │   ├── TooManyEntries         as many files and folders as one account may have
    │   └── TooManyUploads         likewise, unfinished ones
    ├── StorageFault               the disk reports an error
    ├── RequestTimeout             the sender was too slow
    ├── TooManyRequests            of one address or user, or transfers of all, at the same time
    ├── UploadLocked               another request is writing to the same upload
    └── Unavailable

What an operator has to mend first is no part of this tree: see refusals.py.

Rule: no framework, no status codes, no exit codes. `web/problems.py` turns a class into a
status, `client/exits.py` into an exit code. Raise with data, never with prose: the text is
the class's `message`, %-formatted over its fields, so that a page can translate it.
"""

from __future__ import annotations

from cabinet.errors.access import (
    AccountGuarded,
    CrossSiteRequest,
    Forbidden,
    OtherUser,
    RegistrationClosed,
    SignInRequired,
    TooManyAttempts,
    UploadIsFinal,
    WrongCredentials,
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
    FolderFull,
    IntoItself,
    IsAFolder,
    NotAFolder,
    NotFound,
    OffsetMismatch,
    QuotaExceeded,
    RequestTimeout,
    SelectionChanged,
    StorageFault,
    StorageFull,
    TooManyEntries,
    TooManyRequests,
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
    "FolderFull",
    "Forbidden",
    "IntoItself",
    "InvalidField",
    "InvalidInput",
    "InvalidName",
    "InvalidUsername",
    "IsAFolder",
    "LengthRequired",
    "MalformedRequest",
    "NotAFolder",
    "NotFound",
    "OffsetMismatch",
    "OtherUser",
    "PreconditionFailed",
    "QuotaExceeded",
    "RegistrationClosed",
    "RequestTimeout",
    "SelectionChanged",
    "SignInRequired",
    "StorageFault",
    "StorageFull",
    "StructuredError",
    "TooLarge",
    "TooManyAttempts",
    "TooManyEntries",
    "TooManyJoins",
    "TooManyRequests",
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
    "WrongPassword",
]
