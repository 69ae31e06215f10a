"""Audio, video and PDF files for tests, written by hand, without a superfluous byte.

Rule: a function returns a complete file that browsers accept.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence

# One frame of VP8, eight pixels wide.
WEBM = base64.b64decode(
    "GkXfo0AgQoaBAUL3gQFC8oEEQvOBCEKCQAR3ZWJtQoeBAkKFgQIYU4BnQI0VSalmQCgq17FAAw9CQE2AQAZ3aGFtbXlXQUAGd2hh"
    "bW15RIlACECPQAAAAAAAFlSua0AxrkAu14EBY8WBAZyBACK1nEADdW5khkAFVl9WUDglhohAA1ZQOIOBAeBABrCBCLqBCB9DtnVA"
    "IueBAKNAHIEAAIAwAQCdASoIAAgAAUAmJaQAA3AA/vz0AAA="
)
SAMPLES_PER_SECOND = 8000


def wav(seconds: int) -> bytes:
    """Return a soft tone of 250 Hz, one byte a sample."""
    samples = bytes((128 + (16 if index // 16 % 2 else -16)) for index in range(SAMPLES_PER_SECOND)) * seconds
    rate = SAMPLES_PER_SECOND
    shape = struct.pack("<4sLHHLLHH", b"fmt ", 16, 1, 1, rate, rate, 1, 8)
    data = struct.pack("<4sL", b"data", len(samples)) + samples
    return struct.pack("<4sL4s", b"RIFF", 4 + len(shape) + len(data), b"WAVE") + shape + data


def pdf(texts: Sequence[str], *, script: str = "", link: str = "", is_locked: bool = False) -> bytes:
    """Return a document with a page for each of `texts`.

    Where a reader does such things, `script` runs when it is opened, and `link` covers the first page.
    To one that is locked there is no password.
    """
    pages = range(4, 4 + 2 * len(texts), 2)
    action = f"/OpenAction << /S /JavaScript /JS ({script}) >>" if script else ""
    area = (
        f"/Annots [<< /Subtype /Link /Rect [0 0 300 400] /A << /S /URI /URI ({link}) >> >>]" if link else ""
    )
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {action} >>",
        f"<< /Type /Pages /Count {len(texts)} /Kids [{' '.join(f'{page} 0 R' for page in pages)}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for page, text in zip(pages, texts, strict=True):
        drawing = f"BT /F1 24 Tf 30 300 Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents {page + 1} 0 R "
            f"/Resources << /Font << /F1 3 0 R >> >> {area if page == pages[0] else ''} >>"
        )
        objects.append(f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream")
    if is_locked:
        zeros = "00" * 32
        objects.append(f"<< /Filter /Standard /V 1 /R 2 /P -4 /O <{zeros}> /U <{zeros}> >>")
        return _written(objects, f"/Encrypt {len(objects)} 0 R /ID [<00> <00>]")
    return _written(objects)


def pdf_of_font(codes: bytes, font: str) -> bytes:
    """Return a document of one page, with `codes` in a font that is described and not in it.

    `font` is the entries of its dictionary.
    """
    drawing = f"BT /F1 24 Tf 30 300 Td <{codes.hex()}> Tj ET"
    return _written(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            (
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents 4 0 R "
                f"/Resources << /Font << /F1 << /Type /Font {font} >> >> >> >>"
            ),
            f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
        ]
    )


def cjk(ordering: str, name: str, encoding: str) -> str:
    """Return the entries of a CJK font that is expected to be installed."""
    info = f"/CIDSystemInfo << /Registry (Adobe) /Ordering ({ordering}) /Supplement 2 >>"
    box = "/FontBBox [0 -200 1000 900] /ItalicAngle 0 /Ascent 880 /Descent -120 /StemV 80 /CapHeight 880"
    descriptor = f"/FontDescriptor << /Type /FontDescriptor /FontName /{name} /Flags 4 {box} >>"
    inner = f"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /{name} {info} {descriptor} >>"
    return f"/Subtype /Type0 /BaseFont /{name} /Encoding /{encoding} /DescendantFonts [{inner}]"


def _written(objects: Sequence[str], more: str = "") -> bytes:
    """Return the document of numbered objects, with the table of where each begins."""
    document, offsets = "%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(document))
        document += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    end = f"trailer\n<< /Size {size} /Root 1 0 R {more} >>\nstartxref\n{len(document)}\n%%EOF\n"
    return f"{document}xref\n0 {size}\n0000000000 65535 f \n{table}{end}".encode("latin-1")
