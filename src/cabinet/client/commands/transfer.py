"""The commands for transfers: upload, download.

Rule: `transfer/uploading.py` and `transfer/downloading.py` decide which files to transfer and how; this
module has only the options.
"""

from __future__ import annotations

from typing import Any

import click

from cabinet.client.options import command
from cabinet.client.paths import to_path
from cabinet.client.remote.conflicts import REPLACE, conflict_option
from cabinet.client.remote.names import complete_folder, complete_local, complete_name
from cabinet.client.session import ClientSession
from cabinet.client.transfer.transfer_options import (
    STDIO,
    add_transfer_options,
    output_option,
    to_transfer_options,
)


@command("upload")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=complete_local)
@click.option(
    "--to",
    metavar="DIR",
    default="",
    shell_complete=complete_folder,
    help="Upload into DIR; create it if missing.",
)
@click.option("-r", "--recursive", is_flag=True, help="Upload folders with their contents.")
@conflict_option(REPLACE, "What to do if the name is taken; replaced content is kept as a version.")
@add_transfer_options
def upload(
    session: ClientSession, paths: tuple[str, ...], to: str, recursive: bool, on_conflict: str, **given: Any
) -> None:
    """Upload files and print their new paths.

    PATH `-` uploads standard input; then --to is the path of the file. Run the same command again to
    resume the interrupted upload of a large file.
    """
    from cabinet.client.summary import Summary
    from cabinet.client.transfer.uploading import Uploader

    options = to_transfer_options(**given)
    summary = Summary(session.output)
    with session.output.meter() as meter:
        uploader = Uploader(session, summary, meter, options, on_conflict)
        if STDIO in paths:
            uploader.send_stdin(paths, to)
        else:
            uploader.send_paths(paths, to_path(to), recursive=recursive)
    summary.print_totals("Would upload" if options.dry_run else "Uploaded")
    summary.exit_if_failed()


@command("download")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_name)
@output_option
@click.option("-r", "--recursive", is_flag=True, help="Download folders with their contents.")
@click.option("--force", is_flag=True, help="Replace local files without asking.")
@add_transfer_options
def download(
    session: ClientSession,
    names: tuple[str, ...],
    output: str | None,
    recursive: bool,
    force: bool,
    **given: Any,
) -> None:
    """Download files and print their local paths.

    NAME may be a quoted pattern, such as 'docs/*.pdf' or 'photos/**/*.jpg'. An interrupted download
    leaves NAME.part; run the same command again to resume it. In a folder, local files with the same
    content are skipped.
    """
    from cabinet.client.summary import Summary
    from cabinet.client.transfer.downloading import Downloader

    options = to_transfer_options(**given)
    summary = Summary(session.output)
    with session.output.meter() as meter:
        Downloader(session, summary, meter, options, force=force).fetch_all(
            names, output, recursive=recursive
        )
    summary.print_totals("Would download" if options.dry_run else "Downloaded")
    summary.exit_if_failed()
