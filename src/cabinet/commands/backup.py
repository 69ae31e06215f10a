"""`flask backup`: create a backup while the server runs, verify it, restore it to an empty instance.

Rule: a backup is reported as done only when all its bytes are durable.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from cabinet import __version__
from cabinet.commands._support import PREPARE, OperatorGroup, json_option, print_json
from cabinet.extensions import db
from cabinet.services.backups import backups as services
from cabinet.services.backups.backup_folder import Manifest
from cabinet.services.backups.backups import Backups, OnCopied, RestoreOptions
from cabinet.serving import preparing
from cabinet.storage.copying import CopyResult
from cabinet.storage.protocols import OnDisk
from cabinet.terminal.meter import CountMeter, count_meter
from cabinet.terminal.report import note, say
from cabinet.terminal.text import to_count, to_size
from cabinet.web.pages import to_rfc3339
from cabinet.web.runtime import application, runtime, setting

group = OperatorGroup("backup", help="Create, verify and restore backups while the server runs.")

_folder = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
_quiet = click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")


@group.command("create")
@_folder
@_quiet
@json_option
def create(folder: Path, quiet: bool, as_json: bool) -> None:
    """Back the instance up to DIR while the server runs.

    DIR is created if missing. If it has a backup, only new content is added, and content that the
    instance does not have any more is removed. The previous backup stays complete until the new one is
    done. On the same disk as the instance, content takes no space, but is lost if the disk fails.

    SECRET_KEY and unfinished uploads are not included.
    """
    places = [Path(application().instance_path), _store_folder()]
    with _meter(quiet=quiet, as_json=as_json) as meter:
        manifest, copied = _backups().create(folder, __version__, places, _on_copied(meter))
    _print_result("Backed up", manifest, copied.lost, quiet=quiet, as_json=as_json, **copied.counts())
    _exit_if_lost(copied.lost, "cabinet storage verify lists the files.")


@group.command("verify", prepare=False)
@_folder
@_quiet
@json_option
def verify(folder: Path, quiet: bool, as_json: bool) -> None:
    """Read and hash the whole backup in DIR; exit with 1 if anything is missing or damaged.

    Remove damaged files from DIR, and the next create copies them again.
    """
    with _meter(quiet=quiet, as_json=as_json) as meter:
        manifest, lost = services.verify(folder, _on_copied(meter))
    _print_result("Verified", manifest, lost, quiet=quiet, as_json=as_json)
    _exit_if_lost(lost, "")


@group.command("restore", prepare=False)
@_folder
@_quiet
@json_option
def restore(folder: Path, quiet: bool, as_json: bool) -> None:
    """Restore the backup in DIR to this instance, which must have no accounts and no running server.

    The database of an older release is migrated. All users have to sign in again, because a backup has
    no sessions and no SECRET_KEY; passwords and tokens are included. Unfinished uploads start again.
    """
    with preparing.without_servers(application()):
        with _meter(quiet=quiet, as_json=as_json) as meter:
            backups = _backups()
            keep_ended = timedelta(seconds=setting("UPLOAD_KEEP_SECONDS"))
            options = RestoreOptions(preparing.knows_revision, runtime().clock(), keep_ended)
            manifest, copied = backups.restore(folder, options, _on_copied(meter))
        db.engine.dispose()
    app = application()
    app.extensions[PREPARE](app)
    _print_result("Restored", manifest, copied.lost, quiet=quiet, as_json=as_json, **copied.counts())
    if not (quiet or as_json):
        note("All users have to sign in again.")
    _exit_if_lost(copied.lost, "cabinet storage verify lists the files.")


def _backups() -> Backups:
    return Backups(db.engine, runtime().store, runtime().locker, _store_folder(), runtime().clock)


def _store_folder() -> Path:
    """Return the folder of the store, which all servers share, else that of the instance."""
    store = runtime().store
    return store.root if isinstance(store, OnDisk) else Path(application().instance_path)


def _meter(*, quiet: bool, as_json: bool) -> CountMeter:
    # Of bytes: the number of blobs is known only after the database was copied.
    return count_meter(wanted=not (as_json or quiet))


def _on_copied(meter: CountMeter) -> OnCopied:
    def on_copied(taken: CopyResult) -> None:
        meter.advance(taken.blob.size, taken.blob.content_hash[:12])

    return on_copied


def _print_result(
    verb: str, manifest: Manifest, lost: list[CopyResult], *, quiet: bool, as_json: bool, **more: int
) -> None:
    counts = manifest.counts
    if as_json:
        made = {"created_at": to_rfc3339(manifest.created_at), "cabinet": manifest.cabinet}
        found = [{"content_hash": each.blob.content_hash, "fault": each.outcome} for each in lost]
        print_json({**made, "database": manifest.kind, **counts.model_dump(), **more, "lost": found})
    elif not quiet:
        date = f"{manifest.created_at:%Y-%m-%d %H:%M} UTC"
        users, files = to_count(counts.users, "user"), to_count(counts.files, "file")
        say(f"{verb}: {date}, {users}, {files}, {to_size(counts.bytes)}.")
        if more:
            note(f"Content: {', '.join(f'{count} {what}' for what, count in more.items())}.")


def _exit_if_lost(lost: list[CopyResult], hint: str) -> None:
    """List missing or damaged content, and exit with 1 if there is any."""
    for taken in lost:
        note(f"{taken.outcome}: {taken.blob.content_hash}")
    if lost:
        found = f"{to_count(len(lost), 'blob')} missing or damaged."
        raise click.ClickException(f"{found} {hint}".rstrip())
