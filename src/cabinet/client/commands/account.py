"""The commands for accounts: register, login, logout, whoami; and version.

Rule: thin. The password is sent to the server only; a token is stored.
"""

from __future__ import annotations

import platform
from contextlib import suppress

import click

from cabinet.client.credentials import read_credentials
from cabinet.client.failures import ClientFailure, NotSignedIn, Refused
from cabinet.client.options import command
from cabinet.client.session import ClientSession
from cabinet.client.settings import environment_token
from cabinet.client.token_failures import TokenRefused
from cabinet.errors import NotFound
from cabinet.terminal.text import to_size

_username = click.option("--username", metavar="NAME", help="The user name. Default: prompt for it.")
_password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, as one line."
)


@command("register")
@_username
@_password_stdin
def register(session: ClientSession, username: str | None, password_stdin: bool) -> None:
    """Create an account.

    If standard input is not a terminal, it must have the user name and the password, one per line.
    """
    _warn_unencrypted(session)
    credentials = read_credentials(username, password_stdin=password_stdin, confirm=True)
    name = session.open_api(None).register(credentials.username, credentials.password)
    session.output.document({"username": name, "server": str(session.server)})
    session.output.note(f"Created the account “{name}”. Run filecli login to use it.")


@command("login")
@_username
@_password_stdin
def login(session: ClientSession, username: str | None, password_stdin: bool) -> None:
    """Sign in; a token is stored, never the password.

    If standard input is not a terminal, it must have the user name and the password, one per line.
    """
    _warn_unencrypted(session)
    before = session.tokens.get(str(session.server))
    credentials = read_credentials(username, password_stdin=password_stdin)
    api = session.open_api(None)
    token = api.make_token(credentials.username, credentials.password, f"filecli on {platform.node()}")
    session.tokens.set(str(session.server), token)
    if before is not None:
        # The old token is not used any more; a failure to revoke it is ignored.
        with suppress(ClientFailure):
            session.open_api(before.token).revoke_token(before.id)
    if environment_token() is not None:
        session.output.warn("FILECLI_TOKEN is set and overrides the token that was just stored.")
    session.output.document({"username": token.username, "server": str(session.server)})
    session.output.note(f"Signed in to {session.server} as “{token.username}”.")


@command("logout")
@click.option("--force", is_flag=True, help="Delete the stored token even if it cannot be revoked.")
def logout(session: ClientSession, force: bool) -> None:
    """Revoke and delete the stored token."""
    server = str(session.server)
    stored = session.tokens.get(server)
    if stored is None:
        raise NotSignedIn(server=server)
    try:
        session.open_api(stored.token).revoke_token(stored.id)
    except ClientFailure as error:
        if not force and not _is_invalid_token(error):
            raise
    session.tokens.forget(server)
    session.output.document({"server": server})
    session.output.note(f"Signed out of {server}.")


@command("whoami")
def whoami(session: ClientSession) -> None:
    """Show the user name and the used space."""
    me = session.api.who_am_i()
    session.output.document(me)
    session.output.data(me["username"])
    usage, quota = me.get("usage"), me.get("quota")
    if isinstance(usage, int):
        limit = f" of {to_size(quota)}" if isinstance(quota, int) else ""
        counted = "includes old versions and the trash"
        session.output.note(f"{to_size(usage)}{limit} used on {session.server}; {counted}.")


@command("version")
def version(session: ClientSession) -> None:
    """Print the version of filecli."""
    from importlib import metadata  # 20 ms, for this command alone

    number = metadata.version("cabinet")
    session.output.document({"version": number})
    session.output.data(f"filecli {number}")


def _is_invalid_token(error: ClientFailure) -> bool:
    """Return whether the error means that the token is not valid any more."""
    return isinstance(error, TokenRefused) or (isinstance(error, Refused) and error.is_kind(NotFound))


def _warn_unencrypted(session: ClientSession) -> None:
    if not session.server.is_confidential:
        session.output.warn(f"the password is sent to {session.server} unencrypted; use https.")
