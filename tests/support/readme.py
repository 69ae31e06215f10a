"""What the README shows, for the tests that do it.

Rule: a test takes what it runs from the README itself, so that neither can change without the other.
"""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def readme_block(language: str, containing: str = "") -> str:
    """Return the one fenced block in `language` that has the text `containing`."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (block,) = (found for found in blocks if containing in found)
    return str(block)
