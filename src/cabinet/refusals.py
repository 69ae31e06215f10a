"""Errors that an operator must fix: a server that refuses to start, a backup that is not made.

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

Rule: raised while a server starts or by a command of `flask`, with data and no prose; never by a
request, because modules that handle requests do not import this one (pyproject.toml). So these errors
have no status and no exit code of filecli, and their texts are in English only, like all output of `flask`.
"""

from __future__ import annotations

from cabinet.errors import StructuredError


class OperatorError(StructuredError):
    """Base of the errors that an operator must fix; nothing was changed."""


class RefusedToStart(OperatorError):
    """The server does not start until the operator fixes something."""


class BadSetting(RefusedToStart):
    """A setting has an unsafe or invalid value."""

    message = "The setting %(setting)s cannot be used: %(reason)s"
    setting: str
    reason: str


class UnusableStore(RefusedToStart):
    """The store's location does not meet the requirements."""

    message = "The store at %(where)s cannot be used: %(reason)s"
    where: str
    reason: str


class NoInstance(RefusedToStart):
    """No instance folder is set, and the working folder is not a checkout."""

    message = "No instance folder. Set CABINET_INSTANCE to the folder for the data, or start in a checkout."


class DatabaseTooNew(RefusedToStart):
    """A later release has migrated this database."""

    message = (
        "The database is at revision %(revision)s, which this release does not know. Start the "
        "newer release, or restore the copy that was kept before the upgrade."
    )
    revision: str


class BackupRefused(OperatorError):
    """A backup is not made or restored until the operator fixes something."""


class UnusableBackup(BackupRefused):
    """A folder has no readable backup, or is not suitable for one."""

    message = "The backup folder %(where)s cannot be used: %(reason)s"
    where: str
    reason: str


class NotRestored(BackupRefused):
    """The backup cannot be restored into this instance; nothing was changed."""

    message = "Nothing was restored: %(reason)s"
    reason: str


class DumpFailed(BackupRefused):
    """A program of the database could not write or read a dump."""

    message = "%(program)s failed: %(reason)s"
    program: str
    reason: str
