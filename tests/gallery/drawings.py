"""The contents of the demo files: drawn landscapes, a melody, a page of paper.

Rule: everything is generated from a seed, so that each run makes the same bytes; nothing is copied from elsewhere.
"""

from __future__ import annotations

import io
import math
import random
import wave
from array import array
from collections.abc import Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFilter, ImageFont

Colour = tuple[int, int, int]

# Of each landscape: the top and the bottom of its sky, its sun, its farthest and its nearest hill.
PALETTES: Sequence[tuple[Colour, Colour, Colour, Colour, Colour]] = (
    ((38, 70, 120), (250, 190, 130), (255, 236, 190), (150, 120, 150), (30, 40, 60)),
    ((120, 190, 225), (245, 240, 220), (255, 250, 220), (140, 180, 170), (30, 90, 70)),
    ((20, 20, 50), (90, 60, 120), (240, 240, 255), (60, 50, 95), (12, 14, 32)),
    ((250, 160, 130), (255, 225, 180), (255, 110, 90), (220, 140, 140), (90, 45, 75)),
    ((150, 205, 210), (240, 230, 200), (255, 255, 245), (190, 190, 150), (95, 75, 50)),
    ((60, 110, 150), (190, 220, 225), (255, 255, 255), (130, 165, 185), (35, 60, 85)),
)
HILLS = 5
STARRY = 2

# Hertz of a small tune, and how many beats each tone lasts.
TUNE = (
    (392.0, 1),
    (493.9, 1),
    (587.3, 1),
    (784.0, 2),
    (659.3, 1),
    (587.3, 2),
    (493.9, 1),
    (440.0, 1),
    (392.0, 3),
)
RATE = 22_050
BEAT = RATE // 4

PAPER = (1240, 1754)  # A4 at 150 dots an inch


@cache
def emblem() -> bytes:
    """Draw a ring and a star, with nothing around them and half of nothing between."""
    image = Image.new("RGBA", (640, 480), (0, 0, 0, 0))
    pencil = ImageDraw.Draw(image)
    pencil.ellipse((120, 40, 520, 440), fill=(122, 79, 163, 90), outline=(15, 104, 82, 255), width=26)
    points = [
        (320 + radius * math.sin(turn * math.pi / 5), 240 - radius * math.cos(turn * math.pi / 5))
        for turn, radius in zip(range(10), (150, 62) * 5, strict=True)
    ]
    pencil.polygon(points, fill=(181, 122, 23, 255))
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


@cache
def landscape(seed: int, size: tuple[int, int] = (1200, 800), kind: str = "JPEG") -> bytes:
    """Draw hills before a sky, with a sun or a moon over them."""
    noise, (width, height) = random.Random(seed), size
    top, bottom, sun, far, near = PALETTES[seed % len(PALETTES)]
    image = _gradient(size, top, bottom)
    pencil = ImageDraw.Draw(image)
    if seed % len(PALETTES) == STARRY:
        for _ in range(160):
            x, y = noise.uniform(0, width), noise.uniform(0, height * 0.55)
            pencil.ellipse((x, y, x + 2, y + 2), fill=sun)
    radius = height * noise.uniform(0.05, 0.11)
    x, y = width * noise.uniform(0.2, 0.8), height * noise.uniform(0.18, 0.42)
    pencil.ellipse((x - radius, y - radius, x + radius, y + radius), fill=sun)
    for number in range(HILLS):
        pencil.polygon(_ridge(noise, size, number), fill=_between(far, near, number / (HILLS - 1)))
    written = io.BytesIO()
    image.filter(ImageFilter.SMOOTH_MORE).save(written, kind)
    return written.getvalue()


def _gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    mask = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), mask)


def _between(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _ridge(noise: random.Random, size: tuple[int, int], number: int) -> list[tuple[float, float]]:
    """Return the outline of a hill: a few waves, each half as high and twice as dense as the one before."""
    width, height = size
    waves = [(noise.uniform(0, 6.3), noise.uniform(0.8, 1.6) * 2**rank, 0.09 / 2**rank) for rank in range(4)]
    base = 0.48 + 0.11 * number

    def at(x: float) -> float:
        return height * (
            base - sum((high * math.sin(start + x * dense * 4) for start, dense, high in waves), 0.0)
        )

    return [(0, height), *((x, at(x / width)) for x in range(0, width + 8, 8)), (width, height)]


@cache
def melody() -> bytes:
    """Return a tune of a few seconds as a WAV."""
    samples = array("h")
    for pitch, beats in TUNE:
        length = beats * BEAT
        samples.extend(
            int(9_000 * math.exp(-4 * t / length) * math.sin(2 * math.pi * pitch * t / RATE))
            for t in range(length)
        )
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return written.getvalue()


@cache
def paper(title: str, pages: int = 2) -> bytes:
    """Return a PDF: a title, a landscape, lines of text too small to be read."""
    sheets = [_sheet(title, number) for number in range(1, pages + 1)]
    written = io.BytesIO()
    sheets[0].save(written, "PDF", save_all=True, append_images=sheets[1:], resolution=150, title=title)
    return written.getvalue()


def _sheet(title: str, number: int) -> Image.Image:
    noise, image = random.Random(f"{title}{number}"), Image.new("RGB", PAPER, (253, 252, 248))
    pencil, margin = ImageDraw.Draw(image), 140
    pencil.text((margin, 130), title, fill=(15, 104, 82), font=ImageFont.load_default(54))
    pencil.text((margin, 205), f"Page {number}", fill=(120, 120, 110), font=ImageFont.load_default(26))
    with Image.open(io.BytesIO(landscape(number, (960, 420)))) as picture:
        image.paste(picture, (margin, 270))
    y = 750
    while y < PAPER[1] - 150:
        for _ in range(noise.randint(3, 6)):
            pencil.rectangle((margin, y, margin + noise.randint(820, 960), y + 9), fill=(196, 194, 186))
            y += 30
        y += 34
    return image
