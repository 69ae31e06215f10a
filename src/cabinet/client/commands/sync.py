"""The command for one-way synchronization: sync.

Rule: a colon marks the remote side; it is never guessed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cabinet.client.failures import BadUsage
from cabinet.client.options import command
from cabinet.client.paths import to_path
from cabinet.client.remote.names import complete_side
from cabinet.client.session import ClientSession
from cabinet.client.transfer.transfer_options import add_transfer_options, to_transfer_options

_REMOTE = ":"


@command("sync")
@click.argument("source", shell_complete=complete_side)
@click.argument("target", shell_complete=complete_side)
@click.option("--delete", is_flag=True, help="Delete from TARGET what SOURCE does not have.")
@click.option("--checksum", is_flag=True, help="Compare contents, not sizes and modification times.")
@add_transfer_options
def sync(
    session: ClientSession, source: str, target: str, delete: bool, checksum: bool, **given: Any
) -> None:
    """Make the folder TARGET like the folder SOURCE.

    One of the two is a folder on the server and starts with a colon: `filecli sync photos :photos`
    uploads, `filecli sync :photos photos` downloads; `:` alone is the root folder. Only files with
    another size or time are transferred, and they keep their times. --delete moves files on the server
    to the trash, and deletes nothing if anything else failed. If a file has become a folder or the
    reverse, --delete replaces it; without --delete, the path is reported. Excluded items are never
    changed.
    """
    from cabinet.client.summary import Summary
    from cabinet.client.sync.syncing import Sync

    is_up = target.startswith(_REMOTE)
    if is_up == source.startswith(_REMOTE):
        raise BadUsage(reason="One of the two folders must start with a colon: the one on the server.")
    options = to_transfer_options(**given)
    summary = Summary(session.output)
    with session.output.meter() as meter:
        run = Sync(session, summary, meter, options, by_content=checksum, delete=delete)
        if is_up:
            run.up(Path(source), to_path(target.removeprefix(_REMOTE)))
        else:
            run.down(to_path(source.removeprefix(_REMOTE)), Path(target))
    done = "Uploaded" if is_up else "Downloaded"
    summary.print_totals(f"Would have {done.lower()}" if options.dry_run else done)
    summary.exit_if_failed()
