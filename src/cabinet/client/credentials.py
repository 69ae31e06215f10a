"""A name and a password, from a person or from a pipe.

Rule: a password is never an argument, never shown, and kept exactly as it was typed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import click

from cabinet.client.failures import BadUsage
from cabinet.client.local import local_errors

# Bytes: a longer line is no password, and a pipe may have no end.
LONGEST_LINE = 16 << 10


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs in, and with what."""

    username: str
    password: str


def read_credentials(username: str | None, *, password_stdin: bool, confirm: bool = False) -> Credentials:
    """Ask for what is missing; without a terminal, read it as one line each, the name first.

    Standard input decides, even where there is a controlling terminal as well. `confirm` has a
    new password typed twice.
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


def _line(what: str) -> str:
    with local_errors(Path("-")):
        line = sys.stdin.buffer.readline(LONGEST_LINE)
    if not line.strip(b"\r\n"):
        raise BadUsage(reason=f"Standard input ended before the {what}.")
    try:
        return line.removesuffix(b"\n").removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        raise BadUsage(reason=f"The {what} on standard input is not UTF-8.") from error
