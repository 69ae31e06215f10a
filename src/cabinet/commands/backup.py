"""`flask backup`: make one while the server runs, verify it, restore it where nothing is yet.

Rule: a backup is done when its last byte is durable, and only then it is said.
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
from cabinet.services.backups.backups import Backups, RestoreTerms, Watch
from cabinet.serving import preparing
from cabinet.storage.copying import Taken
from cabinet.storage.protocols import OnDisk
from cabinet.terminal.meter import CountMeter, count_meter
from cabinet.terminal.report import note, say
from cabinet.terminal.text import to_count, to_size
from cabinet.web.pages import to_rfc3339
from cabinet.web.runtime import application, runtime, setting

group = OperatorGroup("backup", help="Back everything up while the server runs, verify that, and restore it.")

_folder = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
_quiet = click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")


@group.command("create")
@_folder
@_quiet
@json_option
def create(folder: Path, quiet: bool, as_json: bool) -> None:
    """Back the instance up into DIR, while the server runs.

    DIR is made when it is not there, and renewed when it holds a backup: only new content is taken,
    and what the instance does not have any more is removed. Until that is done the backup before it
    stays whole. On the disk of the instance, content takes no room, but shares the fate of the disk.

    SECRET_KEY is no part of it, nor are uploads that are on their way.
    """
    places = [Path(application().instance_path), _place()]
    with _meter(quiet=quiet, as_json=as_json) as meter:
        manifest, tally = _backups().create(folder, __version__, places, _watch(meter))
    _tell("Backed up", manifest, tally.lost, quiet=quiet, as_json=as_json, **tally.counts())
    _end(tally.lost, "cabinet storage verify names the files.")


@group.command("verify", prepare=False)
@_folder
@_quiet
@json_option
def verify(folder: Path, quiet: bool, as_json: bool) -> None:
    """Read and hash everything in the backup in DIR; exit with 1 when something is missing or damaged.

    What is damaged is taken again by the next create, once it is removed from DIR.
    """
    with _meter(quiet=quiet, as_json=as_json) as meter:
        manifest, lost = services.verify(folder, _watch(meter))
    _tell("Verified", manifest, lost, quiet=quiet, as_json=as_json)
    _end(lost, "")


@group.command("restore", prepare=False)
@_folder
@_quiet
@json_option
def restore(folder: Path, quiet: bool, as_json: bool) -> None:
    """Restore the backup in DIR into this instance, which has no accounts yet and which nobody serves.

    The database of an older release is migrated. Everybody signs in again, for the sessions and
    SECRET_KEY are no part of a backup; passwords and tokens are. Uploads that were on their way begin anew.
    """
    with preparing.alone(application()):
        with _meter(quiet=quiet, as_json=as_json) as meter:
            backups = _backups()
            keep_ended = timedelta(seconds=setting("UPLOAD_KEEP_SECONDS"))
            terms = RestoreTerms(preparing.knows_revision, runtime().clock(), keep_ended)
            manifest, tally = backups.restore(folder, terms, _watch(meter))
        db.engine.dispose()
    app = application()
    app.extensions[PREPARE](app)
    _tell("Restored", manifest, tally.lost, quiet=quiet, as_json=as_json, **tally.counts())
    if not (quiet or as_json):
        note("Everybody has to sign in again.")
    _end(tally.lost, "cabinet storage verify names the files.")


def _backups() -> Backups:
    return Backups(db.engine, runtime().store, runtime().locker, _place(), runtime().clock)


def _place() -> Path:
    """Return the folder of the store, which all machines share that serve it, else the instance's."""
    store = runtime().store
    return store.root if isinstance(store, OnDisk) else Path(application().instance_path)


def _meter(*, quiet: bool, as_json: bool) -> CountMeter:
    # Of bytes: how many blobs there are is known only once the database is copied.
    return count_meter(wanted=not (as_json or quiet))


def _watch(meter: CountMeter) -> Watch:
    def watch(taken: Taken) -> None:
        meter.advance(taken.blob.size, taken.blob.content_hash[:12])

    return watch


def _tell(
    verb: str, manifest: Manifest, lost: list[Taken], *, quiet: bool, as_json: bool, **more: int
) -> None:
    counts = manifest.counts
    if as_json:
        made = {"created_at": to_rfc3339(manifest.created_at), "cabinet": manifest.cabinet}
        found = [{"content_hash": each.blob.content_hash, "fault": each.outcome} for each in lost]
        print_json({**made, "database": manifest.kind, **counts.model_dump(), **more, "lost": found})
    elif not quiet:
        of = f"{manifest.created_at:%Y-%m-%d %H:%M} UTC"
        people, files = to_count(counts.users, "user"), to_count(counts.files, "file")
        say(f"{verb}: {of}, {people}, {files}, {to_size(counts.bytes)}.")
        if more:
            note(f"Content: {', '.join(f'{count} {what}' for what, count in more.items())}.")


def _end(lost: list[Taken], cure: str) -> None:
    """End with 1 where content was missing or damaged, and say which."""
    for taken in lost:
        note(f"{taken.outcome}: {taken.blob.content_hash}")
    if lost:
        found = f"{to_count(len(lost), 'blob')} missing or damaged."
        raise click.ClickException(f"{found} {cure}".rstrip())
