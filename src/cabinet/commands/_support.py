"""What the commands share: a prepared instance, errors as one line, text and JSON.

Rule: data goes to stdout, everything else to stderr; whatever a person or a disk named passes
through `neutralise` before a terminal sees it, and JSON escapes it by itself.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Protocol, Self, TextIO

import click
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy.exc import DBAPIError

from cabinet.errors import CabinetError, NotFound, StructuredError
from cabinet.extensions import db
from cabinet.services.accounts.accounts import Account
from cabinet.services.kernel.database import to_domain_error
from cabinet.web import context
from cabinet.web.pages import to_rfc3339

# Where the application keeps what has to run before a command may look at its data.
PREPARE = "cabinet.prepare"

# What steers a terminal, breaks a line, turns the direction of writing, or is half a character.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")


class OperatorGroup(AppGroup):
    """A group whose commands find a prepared instance, and fail with one line on stderr."""

    def command(  # type: ignore[override]  # the same narrowing as in AppGroup
        self, *args: Any, prepare: bool = True, **kwargs: Any
    ) -> Callable[[Callable[..., Any]], click.Command]:
        """Declare a command; without `prepare`, one that sees to the instance itself."""
        declare = super().command(*args, **kwargs)
        return lambda function: declare(_prepared(function, prepare=prepare))


def _prepared(function: Callable[..., None], *, prepare: bool) -> Callable[..., None]:
    # Round the function, not the group: `--help` of a command never comes so far.
    @click.pass_context
    def run(command: click.Context, /, *args: Any, **kwargs: Any) -> None:
        """Load the application, prepare its instance if asked to, and run the command."""
        app = command.ensure_object(ScriptInfo).load_app()
        for stream in (sys.stdout, sys.stderr):
            _never_fail_to_encode(stream)
        with _one_line_errors():
            if prepare:
                app.extensions[PREPARE](app)
            function(*args, **kwargs)

    return wraps(function)(run)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except StructuredError as error:
        raise click.ClickException(neutralise(str(error))) from error
    except DBAPIError as error:
        known = to_domain_error(error)
        if not isinstance(known, CabinetError):
            raise
        raise click.ClickException(str(known)) from error


def _never_fail_to_encode(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def find_account(username: str) -> Account:
    """Return the account of this name, or end the command; leaves no transaction open."""
    try:
        return context.accounts().find(username)
    except NotFound as error:
        raise click.ClickException(f"There is no user “{neutralise(username)}”.") from error
    finally:
        db.session.rollback()


def neutralise(text: str) -> str:
    """Return `text` with every character that could steer a terminal written out as an escape."""
    return _UNSHOWN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def say(text: str) -> None:
    """Print a line of what was asked for."""
    click.echo(neutralise(text))


def note(text: str) -> None:
    """Tell something beside the data, on stderr."""
    click.echo(neutralise(text), err=True)


def print_json(value: Any) -> None:
    """Print one JSON value on a line of its own."""
    click.echo(_to_json(value))


def print_array(name: str, values: Iterable[Any]) -> None:
    """Print one JSON object whose member `name` holds `values`, each written when it comes.

    Nothing is printed before the first value is there, or could not be had.
    """
    before = f'{{"{name}": ['
    for value in values:
        click.echo(before + _to_json(value), nl=False)
        before = ",\n"
    click.echo("]}" if before == ",\n" else before + "]}")


def _to_json(value: Any) -> str:
    return json.dumps(value, default=to_rfc3339)


class Meter(Protocol):
    """Shows how far a command has come."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def advance(self, count: int, label: str = "") -> None:
        """Count `count` more; `label` is what is being worked on."""

    def pause(self) -> None:
        """Leave the terminal to a line; `advance` takes it back."""


class SilentMeter:
    """A `Meter` that shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None: ...

    def advance(self, count: int, label: str = "") -> None: ...

    def pause(self) -> None: ...


def make_meter(*, as_json: bool, total: Callable[[], int] | None = None) -> Meter:
    """Return a meter of bytes, or of things if their `total` is known; silent unless a person watches."""
    if as_json or not sys.stderr.isatty():
        return SilentMeter()
    from cabinet.commands._progress import Bar  # rich takes 50 ms to load

    return Bar(None if total is None else total())
