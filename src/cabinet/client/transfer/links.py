"""Downloads from links and uploads to them, by people without an account.

A link has the API of an account below its address, so the transfers are the same; a request for files has no
list, so nothing is looked up there.

Rule: the rights that a link gives are checked before anything is transferred; no token is ever sent to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cabinet.client.credentials import read_link_password
from cabinet.client.failures import BadUsage, Refused
from cabinet.client.link_address import LinkAddress
from cabinet.client.link_failures import LinkForbids, LinkGone
from cabinet.client.remote.conflicts import RENAME, REPLACE
from cabinet.client.remote.resolve import ResolvedPath
from cabinet.client.session import ClientSession, LinkSession
from cabinet.client.summary import Summary
from cabinet.client.transfer.downloading import Downloader, check_output
from cabinet.client.transfer.transfer_options import STDIO, TransferOptions
from cabinet.client.transfer.uploading import Uploader
from cabinet.errors import LinkPasswordRequired, NotFound
from cabinet.terminal.meter import TransferMeter
from cabinet.terminal.streams import can_prompt

if TYPE_CHECKING:
    from cabinet.client.wire.shares import OpenLink

_ONLY_TAKES = "This link only takes files in; nothing can be downloaded from it."
_ONLY_NAMES = "This link shows names only; nothing can be downloaded from it."
_TAKES_NOTHING = "This link takes no files in."
_NUMBERS = "This link shows no names, so a taken one gets a number: only --on-conflict rename is possible."


class LinkTransfers:
    """The transfers of one command through links.

    `password` is that of the links, None to prompt for one where it is needed.
    """

    def __init__(
        self,
        session: ClientSession,
        summary: Summary,
        meter: TransferMeter,
        options: TransferOptions,
        password: str | None,
    ) -> None:
        self._session = session
        self._summary = summary
        self._meter = meter
        self._options = options
        self._password = password

    def download(self, addresses: Sequence[LinkAddress], output: str | None, *, force: bool) -> None:
        """Download what each link leads to, folders with their contents, to `output`."""
        check_output(output, len(addresses))
        for address in addresses:
            try:
                with self._summary.attempt(str(address.server)):
                    self._download(address, output, force=force)
            except LinkGone as error:  # the other links may still work
                self._summary.failed(str(address.server), error)

    def _download(self, address: LinkAddress, output: str | None, *, force: bool) -> None:
        session, link = self._enter(address)
        if "read" not in link.rights:
            raise LinkForbids(reason=_ONLY_NAMES if "list" in link.rights else _ONLY_TAKES)
        wanted = _resolve(session, link, address)
        if output == STDIO and (wanted.entry is None or wanted.entry.is_folder):
            raise BadUsage(reason="Standard output can only be used for the content of files.")
        downloader = Downloader(session, self._summary, self._meter, self._options, force=force)
        downloader.fetch([wanted], output, recursive=True)

    def upload(
        self, paths: Sequence[str], address: LinkAddress, on_conflict: str | None, *, recursive: bool
    ) -> None:
        """Upload files, or standard input, to what a link leads to.

        Without `on_conflict`, a taken name is replaced if the link allows that, and else gets a number.
        """
        session, link = self._enter(address)
        if "write" not in link.rights:
            raise LinkForbids(reason=_TAKES_NOTHING)
        can_look = "list" in link.rights
        if on_conflict not in (None, RENAME) and not can_look:
            raise BadUsage(reason=_NUMBERS)
        choice = on_conflict or (REPLACE if "delete" in link.rights else RENAME)
        uploader = Uploader(session, self._summary, self._meter, self._options, choice, may_look_up=can_look)
        if STDIO in paths:
            uploader.send_stdin(paths, address.path)
        else:
            uploader.send_paths(paths, address.path, recursive=recursive)

    def _enter(self, address: LinkAddress) -> tuple[ClientSession, OpenLink]:
        """Return what to use a link with, and what it is; prompts for its password if it needs one."""
        session = LinkSession(self._session, address, self._password)
        self._warn_unencrypted(session, self._password)
        try:
            return session, _describe(session)
        except Refused as error:
            is_needed = error.is_kind(LinkPasswordRequired) and self._password is None
            if not (is_needed and can_prompt()):
                raise
        with self._session.output.suspended():
            password = read_link_password(from_stdin=False)
        session = LinkSession(self._session, address, password)
        self._warn_unencrypted(session, password)
        return session, _describe(session)

    def _warn_unencrypted(self, session: ClientSession, password: str | None) -> None:
        if password is not None and not session.server.is_confidential:
            session.output.warn(f"the password is sent to {session.server} unencrypted; use https.")


def _describe(session: ClientSession) -> OpenLink:
    try:
        return session.api.shares.describe()
    except LinkGone:
        # All its downloads may be used, one of them by a download that is to be resumed now.
        return session.api.shares.describe_used_up()


def _resolve(session: ClientSession, link: OpenLink, address: LinkAddress) -> ResolvedPath:
    """Return the entry to download, and how it is called here."""
    if link.file is not None:
        return ResolvedPath(str(address.server), link.file.path, link.file)
    if not address.path:
        return ResolvedPath(str(address.server), "", name=to_local_name(link.name))
    (entry,) = session.api.lookup([address.path])
    if entry is None:
        raise NotFound
    return ResolvedPath(address.path, entry.path, entry)


def to_local_name(title: str) -> str:
    """Return a name for a local folder from the title of a link, "" for none."""
    name = "".join("_" if character in "/\\\0" else character for character in title)
    return "_" * len(name) if name in (".", "..") else name
