"""ICC profiles for tests, written by hand.

Rule: version 4 of the format (ISO 15076-1), with only the tags that a converter needs.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

# The white point of all profiles, and the primaries of Display P3 relative to it.
D50 = (0.9642, 1.0, 0.8249)
DISPLAY_P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))

# The curve of sRGB (IEC 61966-2-1), as a function of type 3.
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def display_p3() -> bytes:
    """Return the colors that phones take photographs in."""
    primaries = zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, DISPLAY_P3), strict=True)
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(3, SRGB_CURVE))
    return _written(b"RGB ", dict(primaries) | curves)


def gray(gamma: float) -> bytes:
    """Return grays that follow a plain power."""
    return _written(b"GRAY", {b"kTRC": _curve(0, (gamma,))})


def _written(space: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    tags = {b"wtpt": _xyz(D50), **tags}
    table, content = b"", b""
    begin = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += struct.pack(">4sLL", name, begin + len(content), len(value))
        content += value
    size = begin + len(content)
    head = struct.pack(">L4sL4s4s4s12x4s", size, b"", 0x04000000, b"mntr", space, b"XYZ ", b"acsp")
    head += bytes(28) + _xyz(D50)[8:]
    return head.ljust(128, b"\0") + struct.pack(">L", len(tags)) + table + content


def _fixed(numbers: Sequence[float]) -> bytes:
    return b"".join(struct.pack(">l", round(number * 65536)) for number in numbers)


def _xyz(numbers: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(numbers)


def _curve(kind: int, numbers: Sequence[float]) -> bytes:
    return b"para" + struct.pack(">LHH", 0, kind, 0) + _fixed(numbers)
