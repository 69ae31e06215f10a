"""The message catalogs: `python tests/support/catalog.py` updates them from the source.

Texts come from the source and the templates: `gettext` and its relatives, and `N_` and `NN_`, which mark a text
that is translated elsewhere. The command adds new texts to each catalog, removes obsolete ones, and compiles;
missing translations are then filled in by hand.

Rule: no line numbers and no dates in a catalog, or it would change with every change of the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "cabinet"
TRANSLATIONS = PACKAGE / "translations"
LANGUAGES = ("ru",)
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None, "NN_": (1, 2), "_l": None, "lazy_gettext": None}
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"silent": "false"}}


class PlainCatalog(Catalog):
    """A catalog whose header contains only what is needed to read it, without authors and dates."""

    NEEDED = frozenset({"Language", "Plural-Forms", "MIME-Version", "Content-Type"})

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in super().mime_headers if name in self.NEEDED]


def po_file(language: str) -> Path:
    """Return the path of the editable catalog of a language."""
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


def extract() -> Catalog:
    """Return a catalog of all texts that the source and the templates mark."""
    catalog = Catalog()
    # Without a filter of its own it would pass over folders whose names begin with "_".
    found = extract_from_dir(PACKAGE, METHODS, OPTIONS, KEYWORDS, directory_filter=lambda _path: True)
    for _, _, message, _, context in sorted(found, key=lambda item: (item[0], item[1])):
        catalog.add(message, context=context)
    return catalog


def load(language: str) -> Catalog:
    """Read the catalog of a language; one that is not there yet is empty."""
    catalog = PlainCatalog(locale=language, header_comment="# The texts of Cabinet.", fuzzy=False)
    if po_file(language).exists():
        with po_file(language).open("rb") as file:
            for message in texts(read_po(file, locale=language)):
                catalog.add(message.id, message.string, flags=message.flags, context=message.context)
    return catalog


def texts(catalog: Catalog) -> Iterator[Message]:
    """Yield the messages of a catalog without its header."""
    return (message for message in catalog if message.id)


def compiled(catalog: Catalog) -> bytes:
    """Return the binary form of a catalog, as the application loads it."""
    buffer = BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def update(language: str) -> None:
    """Bring the catalog of a language up to date, or begin one."""
    path = po_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog = load(language)
    catalog.update(extract(), no_fuzzy_matching=True)
    catalog.fuzzy = False
    with path.open("wb") as file:
        write_po(file, catalog, width=100, no_location=True, ignore_obsolete=True)
    path.with_suffix(".mo").write_bytes(compiled(catalog))


if __name__ == "__main__":
    for each in LANGUAGES:
        update(each)
