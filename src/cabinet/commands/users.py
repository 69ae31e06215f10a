"""`flask users`: accounts.

Rule: a password is never an argument and never displayed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from cabinet.commands._support import (
    OperatorGroup,
    counted_line,
    find_account,
    json_option,
    print_array,
    to_quota,
)
from cabinet.services.accounts.account import Account
from cabinet.services.accounts.accounts import Accounts
from cabinet.terminal.report import say
from cabinet.terminal.text import to_size
from cabinet.web.pages import to_rfc3339
from cabinet.web.services import accounts, housekeeping

# Bytes: more is not a password, and a pipe may never end.
LONGEST_INPUT = 16 << 10

group = OperatorGroup("users", help="Create, list, limit, promote, disable and delete accounts.")

_username = click.argument("username", metavar="NAME")
_password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, as one line."
)


@group.command("create")
@_username
@_password_stdin
def create(username: str, password_stdin: bool) -> None:
    """Create an account, even if registration is closed."""
    account = accounts().register(username, _read_password(from_stdin=password_stdin))
    say(f"“{account.username}” can sign in.")


@group.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List all accounts with their usage."""
    found = accounts().list_all()
    if as_json:
        print_array("users", (_document(account) for account in found))
        return
    for account in found:
        quota = f" of {to_size(account.quota)}" if account.quota is not None else ""
        disabled = "" if account.disabled_at is None else f", disabled since {account.disabled_at:%Y-%m-%d}"
        admin = ", administrator" if account.is_admin else ""
        since = f"since {account.created_at:%Y-%m-%d}"
        say(f"{account.username}: {to_size(account.usage)}{quota}, {since}{admin}{disabled}")


def _apply(username: str, change: Callable[[Accounts, str], None], outcome: str) -> None:
    """Apply a change to an account and report its outcome."""
    account = find_account(username)
    change(accounts(), account.username)
    say(f"“{account.username}” {outcome}")


@group.command("disable")
@_username
def disable(username: str) -> None:
    """Disable an account and end its sessions; files are kept."""
    _apply(username, Accounts.disable, "is disabled and signed out everywhere.")


@group.command("enable")
@_username
def enable(username: str) -> None:
    """Enable a disabled account."""
    _apply(username, Accounts.enable, "can sign in again.")


@group.command("promote")
@_username
def promote(username: str) -> None:
    """Make a user an administrator."""
    _apply(username, Accounts.promote, "is now an administrator.")


@group.command("demote")
@_username
def demote(username: str) -> None:
    """Remove administrator rights; tokens for administration lose their rights at once."""
    _apply(username, Accounts.demote, "is no longer an administrator.")


@group.command("unlock")
@_username
def unlock(username: str) -> None:
    """Unlock an account after too many failed sign-in attempts."""
    _apply(username, Accounts.unlock, "can sign in from everywhere again.")


@group.command("delete")
@_username
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
def delete(username: str, yes: bool) -> None:
    """Permanently delete an account with its files, sessions and tokens."""
    account = find_account(username)
    if not yes:
        stored = to_size(account.usage)
        click.confirm(
            f"Permanently delete “{account.username}” and {stored} of files? This can't be undone.",
            abort=True,
            err=True,
        )
    accounts().delete(account.username)
    say(f"“{account.username}” was deleted.")
    # The files of a large account are only hidden at first; a running server removes what is left.
    housekeeping().remove_hidden()


@group.command("set-quota")
@_username
@click.argument("quota", metavar="BYTES|none")
def set_quota(username: str, quota: str) -> None:
    """Set the quota of a user in bytes, such as 500M, 10G or 2TiB, or none for no limit.

    The trash, old versions and unfinished uploads count. A quota below the current usage deletes
    nothing, but the user cannot store more until enough space is freed.
    """
    account = find_account(username)
    limit = to_quota(quota)
    accounts().set_quota(account.username, limit)
    maximum = "an unlimited amount" if limit is None else to_size(limit)
    say(f"“{account.username}” uses {to_size(account.usage)} and may store {maximum}.")


@group.command("recount")
@click.argument("username", metavar="[NAME]", required=False)
@json_option
def recount(username: str | None, as_json: bool) -> None:
    """Recalculate the usage, the number of entries and the folder sizes of one user or all users.

    This is only needed if `cabinet storage verify` has found a wrong count.
    """
    found = accounts().list_all() if username is None else [find_account(username)]
    counted = (
        (account, accounts().recount(account.username), accounts().repair_folders(account.username))
        for account in found
    )
    if as_json:
        print_array("users", (_recounted(*each) for each in counted))
        return
    for was, now, folders in counted:
        say(counted_line(now.username, was, now, folders))


def _recounted(was: Account, now: Account, folders: int) -> dict[str, object]:
    return {
        "username": now.username,
        "usage": now.usage,
        "before": was.usage,
        "entries": now.entries,
        "entries_before": was.entries,
        "folders_mended": folders,
    }


@group.command("set-password")
@_username
@_password_stdin
def set_password(username: str, password_stdin: bool) -> None:
    """Set a new password and end all sessions of the account; its tokens stay valid."""
    account = find_account(username)
    accounts().set_password(account.username, _read_password(from_stdin=password_stdin))
    say(f"“{account.username}” has a new password and is signed out everywhere.")


def _read_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return _to_password(sys.stdin.buffer.read(LONGEST_INPUT + 1))
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to prompt on; use --password-stdin.")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password


def _to_password(given: bytes) -> str:
    """Return the only line of the input, without its line end."""
    line = given.removesuffix(b"\n").removesuffix(b"\r")
    if not line:
        raise click.ClickException("Standard input has no password.")
    if b"\n" in line or len(given) > LONGEST_INPUT:
        raise click.ClickException("Standard input has more than one line, or a line that is too long.")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise click.ClickException("The password on standard input is not UTF-8.") from error


def _document(account: Account) -> dict[str, object]:
    return {
        "username": account.username,
        "role": account.role,
        "usage": account.usage,
        "entries": account.entries,
        "quota": account.quota,
        "created_at": to_rfc3339(account.created_at),
        "disabled_at": to_rfc3339(account.disabled_at),
    }
