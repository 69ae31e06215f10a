"""Commands in the README and the help pages, for the tests that run them.

Rule: a test runs the commands of the document itself, so that neither changes without the other.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
HELP = ROOT / "src" / "cabinet" / "help"


def help_page(name: str) -> Path:
    """Return the file of a help page, in English or in the language that its name ends in."""
    return HELP / f"{name}.md"


def blocks(document: Path) -> list[tuple[str, str]]:
    """Return the language and the text of each fenced block, in their order."""
    text = document.read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def block(document: Path, language: str, containing: str = "") -> str:
    """Return the one fenced block in `language` that has the text `containing`."""
    (found,) = (text for name, text in blocks(document) if name == language and containing in text)
    return found
