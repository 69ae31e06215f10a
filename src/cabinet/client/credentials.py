"""Read a user name and a password from the terminal or from standard input.

Rule: a password is never an argument and never displayed, and is passed on exactly as typed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import click

from cabinet.client.failures import BadUsage
from cabinet.client.local import local_errors

# Bytes: a longer line is not a password, and a pipe may never end.
LONGEST_LINE = 16 << 10


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password."""

    username: str
    password: str


def read_credentials(username: str | None, *, password_stdin: bool, confirm: bool = False) -> Credentials:
    """Prompt for what is missing; without a terminal, read one line each, the name first.

    Whether standard input is a terminal decides, even if there is a controlling terminal as well. With
    `confirm`, a new password is asked for twice.
    """
    if password_stdin or not sys.stdin.isatty():
        name = _line("user name") if username is None else username
        credentials = Credentials(name, _line("password"))
    else:
        name = click.prompt("User name", err=True) if username is None else username
        password = click.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True)
        credentials = Credentials(name, password)
    try:
        f"{credentials.username}{credentials.password}".encode()
    except UnicodeEncodeError as error:
        raise BadUsage(reason="The user name or the password is not UTF-8.") from error
    return credentials


def read_link_password(*, from_stdin: bool, confirm: bool = False) -> str:
    """Read the password of a link: one line with `from_stdin`, else from a prompt.

    With `confirm`, a new password is asked for twice.
    """
    if from_stdin and not sys.stdin.isatty():
        return _line("password")
    password: str = click.prompt(
        "Password of the link", hide_input=True, confirmation_prompt=confirm, err=True
    )
    try:
        password.encode()
    except UnicodeEncodeError as error:
        raise BadUsage(reason="The password is not UTF-8.") from error
    return password


def _line(what: str) -> str:
    with local_errors(Path("-")):
        line = sys.stdin.buffer.readline(LONGEST_LINE)
    if not line.strip(b"\r\n"):
        raise BadUsage(reason=f"Standard input ended before the {what}.")
    try:
        return line.removesuffix(b"\n").removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        raise BadUsage(reason=f"The {what} on standard input is not UTF-8.") from error
