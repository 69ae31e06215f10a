"""`flask users`: accounts.

Rule: a password is never an argument and never shown.
"""

from __future__ import annotations

import sys

import click

from cabinet import config
from cabinet.commands._support import OperatorGroup, find_account, json_option, print_array
from cabinet.services.accounts.accounts import Account
from cabinet.terminal.report import say
from cabinet.terminal.text import to_size
from cabinet.web.pages import to_rfc3339
from cabinet.web.services import accounts, housekeeping

# Bytes: more is no password, and a pipe may have no end.
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
    """Create an account, also where registration is closed."""
    account = accounts().register(username, _read_password(from_stdin=password_stdin))
    say(f"“{account.username}” may sign in.")


@group.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List all accounts with what they store."""
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


@group.command("disable")
@_username
def disable(username: str) -> None:
    """Let nobody in by an account, and end its sessions at once; its files stay."""
    account = find_account(username)
    accounts().disable(account.username)
    say(f"“{account.username}” is disabled and signed out everywhere.")


@group.command("enable")
@_username
def enable(username: str) -> None:
    """Undo disable."""
    account = find_account(username)
    accounts().enable(account.username)
    say(f"“{account.username}” may sign in again.")


@group.command("promote")
@_username
def promote(username: str) -> None:
    """Make a user an administrator."""
    account = find_account(username)
    accounts().promote(account.username)
    say(f"“{account.username}” is an administrator.")


@group.command("demote")
@_username
def demote(username: str) -> None:
    """Undo promote; tokens for administration administer nothing from now on."""
    account = find_account(username)
    accounts().demote(account.username)
    say(f"“{account.username}” is no administrator.")


@group.command("unlock")
@_username
def unlock(username: str) -> None:
    """Let passwords be tried again for an account that was guessed at too often."""
    account = find_account(username)
    accounts().unlock(account.username)
    say(f"“{account.username}” may sign in from everywhere again.")


@group.command("delete")
@_username
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(username: str, yes: bool) -> None:
    """Delete an account for ever, with its files, sessions and tokens."""
    account = find_account(username)
    if not yes:
        stored = to_size(account.usage)
        click.confirm(f"Delete “{account.username}” and {stored} of files for ever?", abort=True, err=True)
    accounts().delete(account.username)
    say(f"“{account.username}” is deleted.")
    # A large account is only hidden by then; what is not removed here, a running server removes.
    housekeeping().remove_hidden()


@group.command("set-quota")
@_username
@click.argument("quota", metavar="BYTES|none")
def set_quota(username: str, quota: str) -> None:
    """Let a user store so many bytes, such as 500M, 10G or 2TiB, or any number of them.

    What is in the trash counts, and so do old versions and unfinished uploads. A quota below what is
    stored already deletes nothing: nothing new is taken until the user has made room.
    """
    account = find_account(username)
    if not quota.strip():  # a variable of a script that is not set must not take the limit away
        raise click.BadParameter("say `none` for no limit.", param_hint="BYTES")
    try:
        limit = config.to_bytes_or_none(quota)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="BYTES") from error
    accounts().set_quota(account.username, limit)
    may = "as much as there is room for" if limit is None else to_size(limit)
    say(f"“{account.username}” stores {to_size(account.usage)} and may store {may}.")


@group.command("recount")
@click.argument("username", metavar="[NAME]", required=False)
@json_option
def recount(username: str | None, as_json: bool) -> None:
    """Recalculate the usage, the number of files and folders, and what each folder counts, of a user or of everybody.

    It never needs to be done, unless `cabinet storage verify` has found one that is wrong.
    """
    found = accounts().list_all() if username is None else [find_account(username)]
    counted = (
        (account, accounts().recount(account.username), accounts().mend_folders(account.username))
        for account in found
    )
    if as_json:
        print_array("users", (_recounted(*each) for each in counted))
        return
    for was, now, folders in counted:
        change = "" if was.usage == now.usage else f", and not {to_size(was.usage)}"
        if was.entries != now.entries:
            change += f"; {now.entries} files and folders, and not {was.entries}"
        if folders:
            change += f"; {folders} folders counted something else than is in them"
        say(f"{now.username}: {to_size(now.usage)}{change}")


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
    """Replace a password, and end all sessions of the account; its tokens live on."""
    account = find_account(username)
    accounts().set_password(account.username, _read_password(from_stdin=password_stdin))
    say(f"“{account.username}” has a new password and is signed out everywhere.")


def _read_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return _to_password(sys.stdin.buffer.read(LONGEST_INPUT + 1))
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask on; --password-stdin reads the password.")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password


def _to_password(given: bytes) -> str:
    """Return the one line that was given; the end of the line is not part of it."""
    line = given.removesuffix(b"\n").removesuffix(b"\r")
    if not line:
        raise click.ClickException("Standard input holds no password.")
    if b"\n" in line or len(given) > LONGEST_INPUT:
        raise click.ClickException("Standard input holds more than the line of one password.")
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
