"""The migrations of the checkout, loaded once for all applications of a test run.

Rule: a folder that a test has created is loaded every time.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from cabinet.serving import preparing

MIGRATIONS = Path(__file__).parents[2] / "migrations"


class SharedScripts(ScriptDirectory):
    """The migration scripts of an application."""

    @classmethod
    def from_config(cls, config: Config) -> ScriptDirectory:
        """Return the scripts of the folder that `config` names."""
        folder = config.get_main_option("script_location")
        return _of_the_checkout(folder) if folder == str(MIGRATIONS) else super().from_config(config)


@cache
def _of_the_checkout(folder: str) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", folder)
    return ScriptDirectory.from_config(config)


def load_migrations_once() -> None:
    """Share the scripts between the applications of all tests; each needs the newest revision at its start."""
    preparing.ScriptDirectory = SharedScripts  # type: ignore[attr-defined]
