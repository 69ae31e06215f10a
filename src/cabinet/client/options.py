"""The decorators of commands: the shared options, and the session as first argument.

Rule: a shared option works before and after the name of the command; the later one wins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

import click
from click.core import ParameterSource

from cabinet.client.session import ClientSession
from cabinet.client.settings import DEFAULT_RETRIES, DEFAULT_SERVER

P = ParamSpec("P")


def command(name: str) -> Callable[[Callable[Concatenate[ClientSession, P], None]], click.Command]:
    """Turn a function into a filecli command with the shared options."""

    def declare(function: Callable[Concatenate[ClientSession, P], None]) -> click.Command:
        return click.command(name)(shared_options(click.make_pass_decorator(ClientSession)(function)))

    return declare


def shared_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options that every command takes; their values are stored in the session's flags."""
    for declare in reversed(_SHARED):
        function = declare(function)
    return function


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    session = context.ensure_object(ClientSession)
    if parameter.name and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE:
        setattr(session.flags, parameter.name, value)


def _shared(*names: str, **attributes: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(*names, expose_value=False, callback=_keep, **attributes)


_SHARED = (
    _shared("--server", metavar="URL", help=f"The server. Default: FILECLI_SERVER, else {DEFAULT_SERVER}."),
    _shared("--json", "as_json", is_flag=True, help="Print JSON on standard output."),
    _shared("-q", "--quiet", is_flag=True, help="Print only data and errors."),
    _shared("-v", "--verbose", is_flag=True, help="Log every request to standard error."),
    _shared("--no-progress", "progress", flag_value=False, default=True, help="Show no progress bars."),
    _shared(
        "--retries",
        type=click.IntRange(0, 100),
        default=DEFAULT_RETRIES,
        show_default=True,
        metavar="N",
        help="How often to retry a request that is safe to repeat.",
    ),
    _shared(
        "--ca-cert",
        type=click.Path(exists=True, dir_okay=False),
        metavar="FILE",
        help="Trust the certificate authorities in FILE.",
    ),
    _shared(
        "--proxy",
        metavar="URL",
        help="Connect through this proxy, '' for none. Default: http_proxy, https_proxy or all_proxy,"
        " unless no_proxy lists the server or it is on this machine.",
    ),
    _shared("--insecure", is_flag=True, help="Don't verify the certificate of the server."),
)
