"""How large thumbnails are: the side, in pixels, of the square that a picture fits into.

Rule: numbers that the process that decodes and the server share, and nothing to load.
"""

from __future__ import annotations

# Of what is looked at in place of the original.
PREVIEW_SIZE = 1600

# A row of a list, a tile, a look at the picture itself.
SIZES = (64, 256, PREVIEW_SIZE)
