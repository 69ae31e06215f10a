"""`flask shares`: the links to files.

Rule: ends links; only their owners make and see them.
"""

from __future__ import annotations

import click

from cabinet.commands._support import OperatorGroup, find_account
from cabinet.services.accounts.usernames import username_key
from cabinet.services.shares.shares import revoke_all
from cabinet.terminal.report import say
from cabinet.web.runtime import runtime
from cabinet.web.services import database

group = OperatorGroup("shares", help="End links to files.")


@group.command("revoke")
@click.argument("username", metavar="[USER]", required=False)
@click.option("--all", "everybody", is_flag=True, help="Revoke the links of all users.")
def revoke(username: str | None, everybody: bool) -> None:
    """Revoke all links of a user, or with --all of everybody, at once.

    Whoever has a backup and the secret key has all links: do this after a backup was lost.
    """
    if everybody == (username is not None):
        raise click.UsageError("Give a user name, or --all.")
    key = None if username is None else username_key(find_account(username).username)
    revoked = revoke_all(database(), runtime().clock, key)
    say(f"{revoked} link was revoked." if revoked == 1 else f"{revoked} links were revoked.")
