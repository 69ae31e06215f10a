"""Generate help pages from the program: `python tests/support/help_pages.py` updates them.

Rule: the output does not depend on the machine.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path

import click

from cabinet.client.main import main as filecli
from cabinet.config import SETTINGS, Setting

FOLDER = Path(__file__).resolve().parents[2] / "src" / "cabinet" / "help"
SETTINGS_PAGE = FOLDER / "settings.md"
COMMANDS_PAGE = FOLDER / "filecli-commands.md"

# Columns of `--help`.
_WIDTH = 80
_TABLE = re.compile(
    r"(?<=^\| setting \| default \| meaning \|\n\|---\|---\|---\|\n)(?:\|.*\n)*", re.MULTILINE
)
_DEFAULTS = {"HASH_CONCURRENCY": "cores"}

_COMMANDS_HEAD = """\
# filecli commands

What `filecli --help` and `filecli COMMAND --help` print. Every command also takes the options that `filecli` itself has, before or
after its name. [filecli](filecli.md) shows the commands by example.
"""


def settings_page() -> str:
    """Return the settings page with a current table."""
    text, count = _TABLE.subn(
        lambda _: "".join(map(_row, SETTINGS)), SETTINGS_PAGE.read_text(encoding="utf-8")
    )
    assert count == 1, "the page has no table of settings"
    return text


def _row(setting: Setting) -> str:
    default = "–" if setting.default is None else _DEFAULTS.get(setting.name, f"`{setting.default}`")
    return f"| `{setting.name}` | {default} | {setting.description} |\n"


def commands_page() -> str:
    """Return the page of all filecli commands."""
    shared: set[str | None] = {parameter.name for parameter in filecli.params}
    parts = [_COMMANDS_HEAD, f"\n## filecli\n\n```text\n{_help_of(filecli, 'filecli', set())}\n```\n"]
    for path, command in _commands(filecli, "filecli"):
        parts.append(f"\n## {path}\n\n```text\n{_help_of(command, path, shared)}\n```\n")
    return "".join(parts)


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


def _help_of(command: click.Command, path: str, hidden: set[str | None]) -> str:
    """Return the output of `--help` without the options `hidden`."""
    shown = copy.copy(command)
    shown.params = [parameter for parameter in command.params if parameter.name not in hidden]
    shown.add_help_option = not hidden
    context = click.Context(shown, info_name=path, terminal_width=_WIDTH, help_option_names=["-h", "--help"])
    return shown.get_help(context)


if __name__ == "__main__":
    SETTINGS_PAGE.write_text(settings_page(), encoding="utf-8")
    COMMANDS_PAGE.write_text(commands_page(), encoding="utf-8")
