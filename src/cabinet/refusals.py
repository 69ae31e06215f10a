"""What an operator has to mend first: why a server does not start, and why there is no backup.

    OperatorError
    ├── RefusedToStart
    │   ├── BadSetting
    │   ├── UnusableStore
    │   ├── NoInstance
    │   └── DatabaseTooNew
    └── BackupRefused
        ├── UnusableBackup
        ├── NotRestored
        └── DumpFailed

Rule: raised while a server starts or by a command of `flask`, with data and no prose; no request ever
meets one, for whatever answers requests does not know this module (pyproject.toml). So these have no
status and no exit code of filecli, and their texts are in English only, as everything that `flask` prints.
"""

from __future__ import annotations

from cabinet.errors import StructuredError


class OperatorError(StructuredError):
    """Base of what an operator has to mend; nothing is done before that."""


class RefusedToStart(OperatorError):
    """The operator has something to mend before this server may run."""


class BadSetting(RefusedToStart):
    """A setting has a value that would be unsafe or has no meaning."""

    message = "The setting %(setting)s cannot be used: %(reason)s"
    setting: str
    reason: str


class UnusableStore(RefusedToStart):
    """The place for the bytes cannot give the promises that the server makes."""

    message = "The store at %(where)s cannot be used: %(reason)s"
    where: str
    reason: str


class NoInstance(RefusedToStart):
    """Nobody said where the data lives, and the working folder is no checkout."""

    message = (
        "No instance folder. Set CABINET_INSTANCE to the folder that shall hold the data, or "
        "start from a checkout."
    )


class DatabaseTooNew(RefusedToStart):
    """A later release has migrated this database."""

    message = (
        "The database is at revision %(revision)s, which this release does not know. Start the "
        "newer release, or restore the copy that was kept before the upgrade."
    )
    revision: str


class BackupRefused(OperatorError):
    """A backup is not made, or not restored, before the operator has mended something."""


class UnusableBackup(BackupRefused):
    """A folder holds no backup that could be read, or is not the place for one."""

    message = "The backup folder %(where)s cannot be used: %(reason)s"
    where: str
    reason: str


class NotRestored(BackupRefused):
    """A backup may be whole, and yet not be restored into this instance; nothing has changed."""

    message = "Nothing was restored: %(reason)s"
    reason: str


class DumpFailed(BackupRefused):
    """A program of the database's could not write or read a dump."""

    message = "%(program)s has failed: %(reason)s"
    program: str
    reason: str
