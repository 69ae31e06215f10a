"""QR codes drawn with characters.

Rule: light is drawn as light and dark as dark, whatever the colors of the terminal; many scanners read no inverted
code.
"""

from __future__ import annotations

import io
import sys

# Bright white on black, and back.
_COLORS, _RESET = "\x1b[97;40m", "\x1b[0m"


def draw_qr(text: str) -> str:
    """Return lines for standard error that show `text` as a QR code: in half blocks if it can print them."""
    import segno  # takes longer than any command without it

    drawn = io.StringIO()
    code = segno.make(text, micro=False, error="m")
    try:
        "█▀▄".encode(sys.stderr.encoding or "ascii")
    except UnicodeEncodeError:
        code.terminal(drawn, border=2)
        return drawn.getvalue().rstrip("\n")
    code.terminal(drawn, border=2, compact=True)
    return "\n".join(f"{_COLORS}{line}{_RESET}" for line in drawn.getvalue().splitlines())
