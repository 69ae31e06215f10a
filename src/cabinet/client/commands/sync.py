"""The command that makes one side like the other: sync.

Rule: which side is the server's is told by a colon, never guessed.
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
@click.option("--checksum", is_flag=True, help="Compare contents, not sizes and times of the last change.")
@add_transfer_options
def sync(
    session: ClientSession, source: str, target: str, delete: bool, checksum: bool, **given: Any
) -> None:
    """Make the folder TARGET like the folder SOURCE.

    One of the two is a folder of the server, and starts with a colon: `filecli sync photos :photos`
    uploads, `filecli sync :photos photos` downloads; `:` alone is everything. Only files whose
    size or time differ are moved, and they keep their times. What --delete removes on the server
    is in the trash; it removes nothing if anything else failed. Where a file has become a folder or
    the reverse, --delete makes room; without it, that path is reported. What --exclude names is
    left alone.
    """
    from cabinet.client.summary import Summary
    from cabinet.client.sync.syncing import Sync

    is_up = target.startswith(_REMOTE)
    if is_up == source.startswith(_REMOTE):
        raise BadUsage(reason="One of the two folders has to start with a colon: the one of the server.")
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
