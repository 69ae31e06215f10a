"""The commands that move bytes: upload, download.

Rule: which files, and how, is decided in `transfer/uploading.py` and `transfer/downloading.py`; here stand the options.
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
    help="Store below DIR, which is made if need be.",
)
@click.option("-r", "--recursive", is_flag=True, help="Upload folders with all that is in them.")
@conflict_option(REPLACE, "Where a file has the name already; replaced content is kept as a version.")
@add_transfer_options
def upload(
    session: ClientSession, paths: tuple[str, ...], to: str, recursive: bool, on_conflict: str, **given: Any
) -> None:
    """Upload files and print the paths that they got.

    PATH `-` uploads standard input; then --to is the path of the file itself. A large file that was
    interrupted goes on where it stopped when the same command is run again.
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
@click.option("-r", "--recursive", is_flag=True, help="Download folders with all that is in them.")
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
    """Download files and print the paths that they got.

    NAME may be a pattern in quotes, such as 'docs/*.pdf' or 'photos/**/*.jpg'. An interrupted download leaves NAME.part; the same command goes on from there. In a folder,
    files that are here already with the same content are left alone.
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
