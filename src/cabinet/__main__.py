"""The program `cabinet`: the group of `flask`, bound to this application wherever it is started.

Rule: what the commands are is for `commands/` and for Flask to say.
"""

from __future__ import annotations

import click
from flask.cli import FlaskGroup, ScriptInfo

from cabinet import __version__, create_app


class Program(FlaskGroup):
    """`flask` for one application, whatever FLASK_APP says."""

    def __init__(self) -> None:
        super().__init__(
            name="cabinet",
            create_app=create_app,
            add_version_option=False,
            help="Run a Cabinet server, and look after its accounts, files and backups.",
        )
        self.params = [each for each in self.params if each.name != "app"]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands; above those of Flask alone, say why there are no others."""
        try:
            ctx.ensure_object(ScriptInfo).load_app()
        except click.ClickException as error:
            error.show()
            return click.Group.list_commands(self, ctx)
        return super().list_commands(ctx)


main: click.Group = click.version_option(__version__, prog_name="Cabinet")(Program())

if __name__ == "__main__":
    main(prog_name="cabinet")
