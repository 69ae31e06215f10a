"""What an operator has to mend first: why a server does not start, and why there is no backup.

    Refusal
    ├── RefusedToStart
    │   ├── BadSetting
    │   ├── UnusableStore
    │   ├── NoInstance
    │   └── DatabaseTooNew
    └── BackupRefused
        ├── UnusableBackup
        ├── NotRestored
        └── DumpFailed

Rule: a branch of the tree in errors/, under the same rules; no request ever meets one.
"""

from __future__ import annotations

from cabinet.errors import N_, CabinetError


class Refusal(CabinetError):
    """The operator has something to mend, and nothing is done before that."""

    title = N_("Not as things are")


class RefusedToStart(Refusal):
    """The operator has something to mend before this server may run."""

    title = N_("The server refuses to start")


class BadSetting(RefusedToStart):
    """A setting has a value that would be unsafe or has no meaning."""

    message = N_("The setting %(setting)s cannot be used: %(reason)s")
    setting: str
    reason: str


class UnusableStore(RefusedToStart):
    """The place for the bytes cannot give the promises that the server makes."""

    message = N_("The store at %(where)s cannot be used: %(reason)s")
    where: str
    reason: str


class NoInstance(RefusedToStart):
    """Nobody said where the data lives, and the working folder is no checkout."""

    message = N_(
        "No instance folder. Set CABINET_INSTANCE to the folder that shall hold the data, or "
        "start from a checkout."
    )


class DatabaseTooNew(RefusedToStart):
    """A later release has migrated this database."""

    message = N_(
        "The database is at revision %(revision)s, which this release does not know. Start the "
        "newer release, or restore the copy that was kept before the upgrade."
    )
    revision: str


class BackupRefused(Refusal):
    """A backup is not made, or not restored, before the operator has mended something."""

    title = N_("There is no backup")


class UnusableBackup(BackupRefused):
    """A folder holds no backup that could be read, or is not the place for one."""

    message = N_("The backup folder %(where)s cannot be used: %(reason)s")
    where: str
    reason: str


class NotRestored(BackupRefused):
    """A backup may be whole, and yet not be restored into this instance; nothing has changed."""

    message = N_("Nothing was restored: %(reason)s")
    reason: str


class DumpFailed(BackupRefused):
    """A program of the database's could not write or read a dump."""

    message = N_("%(program)s has failed: %(reason)s")
    program: str
    reason: str
