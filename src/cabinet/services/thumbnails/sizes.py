"""Sizes of thumbnails: the side, in pixels, of the square that an image fits into.

Rule: constants shared by the server and the decoding process; imports nothing.
"""

from __future__ import annotations

# The size of a preview, which replaces the original.
PREVIEW_SIZE = 1600

# For rows of a list, tiles, and previews.
SIZES = (64, 256, PREVIEW_SIZE)
