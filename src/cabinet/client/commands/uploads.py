"""The commands for unfinished uploads: uploads, uploads cancel.

Rule: the server has the list; the local journals only add the names of local files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cabinet.client.failures import BadUsage
from cabinet.client.options import command, shared_options
from cabinet.client.output import to_event
from cabinet.client.session import ClientSession
from cabinet.client.summary import Summary
from cabinet.client.times import to_local_text
from cabinet.terminal.text import to_size

if TYPE_CHECKING:
    from cabinet.client.wire.tus import UnfinishedUpload


@click.group("uploads", invoke_without_command=True)
@shared_options
@click.pass_context
def uploads(context: click.Context) -> None:
    """List unfinished uploads.

    Each line shows the id, the uploaded bytes, the expiry and the path. To resume an upload, run the
    same filecli upload command again.
    """
    if context.invoked_subcommand is None:
        _list(context.ensure_object(ClientSession))


@command("cancel")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Cancel all of them.")
def cancel(session: ClientSession, ids: tuple[str, ...], everything: bool) -> None:
    """Cancel unfinished uploads; the server discards their bytes.

    If a file is uploaded in several pieces, all of them are canceled.
    """
    if everything == bool(ids):
        raise BadUsage(reason="Specify the ids of uploads, or --all.")
    from cabinet.client.transfer.upload_journal import default_folder, delete_journal_of, sibling_ids

    folder = default_folder()
    selected = [piece for upload_id in ids for piece in sibling_ids(folder, upload_id)]
    if everything:
        selected = [found.id for found in session.api.tus.list()]
    summary = Summary(session.output)
    for upload_id in dict.fromkeys(selected):
        with summary.attempt(upload_id):
            session.api.tus.cancel(upload_id)
            delete_journal_of(folder, upload_id)
            summary.done()
            session.output.document(to_event("cancelled", id=upload_id))
            session.output.note(f"Canceled {upload_id}.")
    summary.exit_if_failed()


uploads.add_command(cancel)


def _list(session: ClientSession) -> None:
    from cabinet.client.transfer.upload_journal import default_folder, local_files

    output = session.output
    found = session.api.tus.list()
    local = local_files(default_folder())
    if output.as_json:
        output.array({}, "uploads", (_document(upload, local.get(upload.id)) for upload in found))
        return
    if found:
        output.result(f"{'ID':{len(found[0].id)}}  {'SENT':>21}  {'KEPT UNTIL':16}  PATH")
    for upload in found:
        output.data(_line(upload))
    if not found:
        output.note("There are no unfinished uploads.")


def _document(upload: UnfinishedUpload, local: str | None) -> dict[str, Any]:
    return {**upload.document, "local": local}


def _line(upload: UnfinishedUpload) -> str:
    length = "?" if upload.length is None else to_size(upload.length)
    share = f"{to_size(upload.offset)} / {length}"
    return f"{upload.id}  {share:>21}  {to_local_text(upload.expires_at):16}  {upload.path}"
