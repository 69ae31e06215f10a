"""How a command is declared: the options that all share, and the session as first argument.

Rule: the shared options mean the same before and after the name of the command; the later wins.
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
    """Make a function a command of filecli that takes the shared options, too."""

    def declare(function: Callable[Concatenate[ClientSession, P], None]) -> click.Command:
        return click.command(name)(shared_options(click.make_pass_decorator(ClientSession)(function)))

    return declare


def shared_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options that every command takes; they go into the flags of the session."""
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
    _shared("--server", metavar="URL", help=f"The server; else FILECLI_SERVER, else {DEFAULT_SERVER}."),
    _shared("--json", "as_json", is_flag=True, help="Print JSON on standard output."),
    _shared("-q", "--quiet", is_flag=True, help="Print nothing but data and errors."),
    _shared("-v", "--verbose", is_flag=True, help="Tell every request on standard error."),
    _shared("--no-progress", "progress", flag_value=False, default=True, help="Show no progress bars."),
    _shared(
        "--retries",
        type=click.IntRange(0, 100),
        default=DEFAULT_RETRIES,
        show_default=True,
        metavar="N",
        help="How often to try again what can safely be repeated.",
    ),
    _shared(
        "--ca-cert",
        type=click.Path(exists=True, dir_okay=False),
        metavar="FILE",
        help="Trust the authorities in FILE.",
    ),
    _shared(
        "--proxy",
        metavar="URL",
        help="Reach the server by this proxy, '' by none; else by http_proxy, https_proxy or all_proxy,"
        " unless no_proxy names it or it is on this machine.",
    ),
    _shared("--insecure", is_flag=True, help="Do not check the certificate of the server."),
)
