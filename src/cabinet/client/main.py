"""The command group of filecli, which handles every error that ends a run.

Rule: commands are declared in `commands/`; this module only lists them.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from cabinet.client.commands.account import login, logout, register, version, whoami
from cabinet.client.commands.change import cp, mkdir, mv, rm
from cabinet.client.commands.completion import completion
from cabinet.client.commands.file import info, ls, search
from cabinet.client.commands.groups import groups
from cabinet.client.commands.shares import accept, share, shares, unshare
from cabinet.client.commands.spaces import spaces
from cabinet.client.commands.sync import sync
from cabinet.client.commands.transfer import download, upload
from cabinet.client.commands.trash import trash
from cabinet.client.commands.uploads import uploads
from cabinet.client.commands.versions import versions
from cabinet.client.exits import EXIT_MEANINGS, INTERRUPTED, UNEXPECTED, USAGE, describe, exit_code
from cabinet.client.local import STANDARD_OUTPUT, local_errors
from cabinet.client.options import shared_options
from cabinet.client.output import Output
from cabinet.client.settings import ENVIRONMENT
from cabinet.client.wire.tokens import TOKEN_PLACES
from cabinet.errors import CabinetError
from cabinet.terminal.streams import discard_unwritten, replace_closed_streams


class FileCli(click.Group):
    """A group that ends a failed run with an exit code of `exits.py` and one line on stderr."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        """Run the command and exit the process."""
        extra["standalone_mode"] = False
        replace_closed_streams()
        try:
            result = super().main(args, *rest, **extra)
        except CabinetError as error:
            _leave(describe(error), exit_code(error))
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(USAGE)
        except click.UsageError as error:
            _leave(_usage(error), USAGE)
        except click.ClickException as error:
            _leave(error.format_message(), UNEXPECTED)
        except click.Abort:
            _leave("Interrupted. Hint: Only what was reported as stored is stored.", INTERRUPTED)
        except OSError as error:
            known = _to_known(error)
            _leave(describe(known), exit_code(known))
        sys.exit(result if isinstance(result, int) else 0)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the environment variables, the path of the token file and the exit codes."""
        with formatter.section("Environment"):
            formatter.write_dl(list(ENVIRONMENT.items()))
        with formatter.section("Token file"):
            formatter.write_dl(list(TOKEN_PLACES.items()))
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_MEANINGS.items()])

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of use, not of the alphabet."""
        return list(self.commands)


def _to_known(error: OSError) -> CabinetError:
    """Return the filecli error for an OSError that no command handled.

    Without a file name it is about standard output; ENOENT is about a deleted working folder.
    """
    nameless = Path() if error.errno == errno.ENOENT else STANDARD_OUTPUT
    path = nameless if error.filename is None else Path(os.fsdecode(error.filename))
    try:
        with local_errors(path):
            raise error
    except CabinetError as known:
        return known


def _usage(error: click.UsageError) -> str:
    command = error.ctx.command_path if error.ctx else "filecli"
    return f"{error.format_message()} Hint: See {command} --help."


def _leave(text: str, code: int) -> NoReturn:
    discard_unwritten()  # else the next write would fail because of it
    Output().error(text)
    discard_unwritten()
    sys.exit(code)


@click.group(cls=FileCli, context_settings={"help_option_names": ["-h", "--help"]})
@shared_options
def main() -> None:
    """Work with files on a Cabinet server from the command line.

    Sign in once with `filecli login`; then upload, list and download. `-` stands for standard
    input and output.
    """


_COMMANDS = (
    *(register, login, logout, whoami),
    *(upload, download, sync, uploads),
    *(ls, info, search, mkdir, mv, cp, rm, trash, versions),
    *(share, shares, unshare, accept, groups, spaces),
    *(completion, version),
)
for _command in _COMMANDS:
    main.add_command(_command)


if __name__ == "__main__":
    main(prog_name="filecli")
