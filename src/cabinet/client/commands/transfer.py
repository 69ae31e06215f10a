"""The commands for transfers: upload, download.

Rule: the modules of `transfer/` decide which files to transfer and how; this module has only the options.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from cabinet.client.credentials import read_link_password
from cabinet.client.failures import BadUsage
from cabinet.client.link_address import is_link, to_link
from cabinet.client.options import command
from cabinet.client.paths import to_path
from cabinet.client.remote.conflicts import REPLACE, conflict_option
from cabinet.client.remote.names import complete_folder, complete_local, complete_name
from cabinet.client.session import ClientSession
from cabinet.client.summary import Summary
from cabinet.client.transfer.transfer_options import (
    STDIO,
    TransferOptions,
    add_transfer_options,
    output_option,
    to_transfer_options,
)

if TYPE_CHECKING:
    from cabinet.client.transfer.links import LinkTransfers
    from cabinet.terminal.meter import TransferMeter

_password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password of the link from standard input, as one line."
)


@command("upload")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=complete_local)
@click.option(
    "--to",
    metavar="DIR|URL",
    default="",
    shell_complete=complete_folder,
    help="Upload into DIR, or through the link URL; DIR is created if missing.",
)
@click.option("-r", "--recursive", is_flag=True, help="Upload folders with their contents.")
@conflict_option(REPLACE, "What to do if the name is taken; replaced content is kept as a version.")
@_password_stdin
@add_transfer_options
def upload(
    session: ClientSession,
    paths: tuple[str, ...],
    to: str,
    recursive: bool,
    on_conflict: str,
    password_stdin: bool,
    **given: Any,
) -> None:
    """Upload files and print their new paths.

    PATH `-` uploads standard input; then --to is the path of the file. Run the same command again to
    resume the interrupted upload of a large file.

    A link needs no account. If it does not allow replacing, a taken name gets a number.
    """
    if password_stdin and STDIO in paths:
        raise BadUsage(reason="Standard input cannot be the password and a file.")
    with _transfer(session, "upload", to_transfer_options(**given)) as (summary, meter, options):
        if is_link(to):
            source = click.get_current_context().get_parameter_source("on_conflict")
            is_default = source is ParameterSource.DEFAULT
            transfers = _link_transfers(session, summary, meter, options, password_stdin)
            transfers.upload(paths, to_link(to), None if is_default else on_conflict, recursive=recursive)
            return
        _check_no_password(password_stdin)
        from cabinet.client.transfer.uploading import Uploader

        uploader = Uploader(session, summary, meter, options, on_conflict)
        if STDIO in paths:
            uploader.send_stdin(paths, to)
        else:
            uploader.send_paths(paths, to_path(to), recursive=recursive)


@command("download")
@click.argument("names", nargs=-1, required=True, metavar="NAME|URL...", shell_complete=complete_name)
@output_option
@click.option("-r", "--recursive", is_flag=True, help="Download folders with their contents.")
@click.option("--force", is_flag=True, help="Replace local files without asking.")
@_password_stdin
@add_transfer_options
def download(
    session: ClientSession,
    names: tuple[str, ...],
    output: str | None,
    recursive: bool,
    force: bool,
    password_stdin: bool,
    **given: Any,
) -> None:
    """Download files and print their local paths.

    NAME may be a quoted pattern, such as 'docs/*.pdf' or 'photos/**/*.jpg'. An interrupted download
    leaves NAME.part; run the same command again to resume it. In a folder, local files with the same
    content are skipped.

    A URL is a link, which needs no account: everything that it leads to is downloaded. What follows a
    single URL is the target, as with --output.
    """
    with _transfer(session, "download", to_transfer_options(**given)) as (summary, meter, options):
        if any(map(is_link, names)):
            links, output = _split_links(names, output)
            transfers = _link_transfers(session, summary, meter, options, password_stdin)
            transfers.download(list(map(to_link, links)), output, force=force)
            return
        _check_no_password(password_stdin)
        from cabinet.client.transfer.downloading import Downloader

        downloader = Downloader(session, summary, meter, options, force=force)
        downloader.fetch_all(names, output, recursive=recursive)


@contextmanager
def _transfer(
    session: ClientSession, verb: str, options: TransferOptions
) -> Iterator[tuple[Summary, TransferMeter, TransferOptions]]:
    """Yield what a transfer needs; prints the totals at the end, and exits if anything failed."""
    summary = Summary(session.output)
    with session.output.meter() as meter:
        yield summary, meter, options
    summary.print_totals(f"Would {verb}" if options.dry_run else f"{verb.capitalize()}ed")
    summary.exit_if_failed()


def _split_links(names: Sequence[str], output: str | None) -> tuple[Sequence[str], str | None]:
    """Return the links, and the target; raises `BadUsage` for links among names of files."""
    if len(names) == 2 and not is_link(names[1]):
        if output is not None:
            raise BadUsage(reason="The target is given twice.")
        return names[:1], names[1]
    if not all(map(is_link, names)):
        raise BadUsage(reason="Links cannot be downloaded together with files of your own.")
    return names, output


def _link_transfers(
    session: ClientSession,
    summary: Summary,
    meter: TransferMeter,
    options: TransferOptions,
    password_stdin: bool,
) -> LinkTransfers:
    from cabinet.client.transfer.links import LinkTransfers

    password = read_link_password(from_stdin=True) if password_stdin else None
    return LinkTransfers(session, summary, meter, options, password)


def _check_no_password(password_stdin: bool) -> None:
    if password_stdin:
        raise BadUsage(reason="Only a link has a password; filecli login signs in.")
