"""The command for shell completion: completion.

Rule: it prints what Click prints for its completion variable.
"""

from __future__ import annotations

import click

from cabinet.client.options import command
from cabinet.client.remote.completion_scripts import SHELLS
from cabinet.client.session import ClientSession

_PROGRAM = "filecli"


@command("completion")
@click.argument("shell", type=click.Choice(sorted(SHELLS)))
def completion(session: ClientSession, shell: str) -> None:
    """Print the shell completion script.

    It completes commands, options and names on the server. In bash and zsh, run `eval "$(filecli
    completion bash)"`, in fish `filecli completion fish | source`.
    """
    root = click.get_current_context().find_root().command
    script = SHELLS[shell](root, {}, _PROGRAM, f"_{_PROGRAM.upper()}_COMPLETE").source()
    session.output.document({"shell": shell, "script": script})
    if not session.output.as_json:
        click.echo(script, nl=False)
