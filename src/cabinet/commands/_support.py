"""Shared by the commands: preparing the instance, errors as one line, and JSON with times.

Rule: data goes to stdout, everything else to stderr, by `terminal/report.py`; a fatal error is one line,
whose control characters are escaped here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Protocol

import click
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy.exc import DBAPIError

from cabinet import config
from cabinet.errors import CabinetError, NotFound, StructuredError
from cabinet.extensions import db
from cabinet.services.access.scope import Scope, whole_space
from cabinet.services.accounts.account import Account
from cabinet.services.kernel.database import to_domain_error
from cabinet.services.tree.space_rows import TEAM_LABEL
from cabinet.terminal import report
from cabinet.terminal.streams import discard_unwritten, escape_unencodable, replace_closed_streams
from cabinet.terminal.text import escape_controls, to_size
from cabinet.web import services
from cabinet.web.pages import to_rfc3339

# The key of the function in `app.extensions` that runs before a command accesses data.
PREPARE = "cabinet.prepare"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")


class Counted(Protocol):
    """An account or a team space, with what a recount corrects."""

    @property
    def usage(self) -> int: ...
    @property
    def entries(self) -> int: ...


class OperatorGroup(AppGroup):
    """A group whose commands run on a prepared instance and fail with one line on stderr."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; escape control characters in usage errors, which quote arguments."""
        try:
            return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError:  # its message is the help, of several lines
            raise
        except click.ClickException as error:
            error.message = escape_controls(error.message)  # type: ignore[misc]  # final, but printed by many subclasses
            raise

    def command(  # type: ignore[override]  # the same narrowing as in AppGroup
        self, *args: Any, prepare: bool = True, **kwargs: Any
    ) -> Callable[[Callable[..., Any]], click.Command]:
        """Declare a command; without `prepare`, it prepares the instance itself."""
        declare = super().command(*args, **kwargs)
        return lambda function: declare(_prepared(function, prepare=prepare))


def _prepared(function: Callable[..., None], *, prepare: bool) -> Callable[..., None]:
    # Wraps the function, not the group, so that `--help` of a command does not prepare anything.
    @click.pass_context
    def run(command: click.Context, /, *args: Any, **kwargs: Any) -> None:
        """Load the application, prepare its instance if required, and run the command."""
        app = command.ensure_object(ScriptInfo).load_app()
        replace_closed_streams()
        escape_unencodable()
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
        raise click.ClickException(str(error)) from error
    except DBAPIError as error:
        known = to_domain_error(error)
        if not isinstance(known, CabinetError):
            raise
        raise click.ClickException(str(known)) from error
    except report.OutputError as error:
        raise click.ClickException(f"standard output: {error.strerror}.") from error
    finally:
        discard_unwritten()


def find_account(username: str) -> Account:
    """Return the account of this name or end the command; leaves no transaction open."""
    try:
        return services.accounts().find(username)
    except NotFound as error:
        raise click.ClickException(f"There is no user “{username}”.") from error
    finally:
        db.session.rollback()


def find_scope(name: str) -> Scope:
    """Return the files of a user, or of the team space `space:ID`, or end the command."""
    if not name.startswith(TEAM_LABEL):
        return find_account(name).scope
    try:
        return whole_space(services.spaces().get(name.removeprefix(TEAM_LABEL)).space.row_id)
    except NotFound as error:
        raise click.ClickException(f"There is no team space “{name.removeprefix(TEAM_LABEL)}”.") from error
    finally:
        db.session.rollback()


def to_quota(text: str) -> int | None:
    """Return the argument BYTES|none in bytes, None for no limit, or end the command."""
    if not text.strip():  # an unset variable of a script must not remove the limit
        raise click.BadParameter("use `none` for no limit.", param_hint="BYTES")
    try:
        return config.to_bytes_or_none(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="BYTES") from error


def counted_line(name: str, was: Counted, now: Counted, folders: int) -> str:
    """Return what a recount tells people about the space called `name`."""
    change = "" if was.usage == now.usage else f", was {to_size(was.usage)}"
    if was.entries != now.entries:
        change += f"; {now.entries} files and folders, was {was.entries}"
    if folders:
        change += f"; {folders} folders corrected"
    return f"{name}: {to_size(now.usage)}{change}"


def print_json(value: Any) -> None:
    """Print a JSON value on one line."""
    report.print_json(value, encoder=to_rfc3339)


def print_array(name: str, values: Iterable[Any]) -> None:
    """Print a JSON object with `values` as the member `name`, each as it arrives."""
    report.print_array({}, name, values, to_rfc3339)
