"""The texts of pages, by the keys that the catalog and the errors have for them.

A test that needs a text gets it here, so that only the product contains the words; elements with an id, a name
or a fixed place are found by these instead (controls.py).

Rule: no words of a page, in any language; a key that is unknown and a value that is missing are errors.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from typing import Any

from cabinet.errors import CabinetError
from cabinet.web.texts import PLURAL, SINGLE
from tests.support.catalog import LANGUAGES, po_file

# Any Russian text.
RUSSIAN = re.compile("[а-яё]{3}")

# Stands for what may be anything; no text has one.
_ANYTHING = "\0"


def text_of(key: str, language: str = "en", **values: Any) -> str:
    """Return a text of the scripts, as a page shows it; one with a plural selects its form by `count`."""
    return _template(key, language, values) % values


def pattern_of(key: str, language: str = "en", **values: Any) -> re.Pattern[str]:
    """Return a pattern of such a text; placeholders without a value match anything."""
    known = defaultdict(lambda: _ANYTHING, values)
    text = _template(key, language, values) % known
    return re.compile(re.escape(text).replace(_ANYTHING, ".+"))


def detail_of(error: type[CabinetError], language: str = "en", **values: Any) -> str:
    """Return the message of an error."""
    return in_language(error.message, language) % values


def in_language(text: str, language: str) -> str:
    """Return a text of the source that is marked for the catalog in a language."""
    return _translations(language).gettext(text)


def figures(*numbers: float) -> re.Pattern[str]:
    """Return a pattern of a text with only these numbers, in this order, and any words between them."""
    shown = r"\D+".join(re.escape(f"{number:,}") for number in numbers)
    return re.compile(rf"^\D*{shown}\D*$")


def _template(key: str, language: str, values: Mapping[str, Any]) -> str:
    translations = _translations(language)
    if key in SINGLE:
        return translations.gettext(SINGLE[key])
    return translations.ngettext(*PLURAL[key], values["count"])


@cache
def _translations(language: str) -> NullTranslations:
    """Return the catalog of a language, by its code or by a locale of a browser; English needs none."""
    code = language.partition("-")[0]
    if code not in LANGUAGES:
        return NullTranslations()
    with po_file(code).with_suffix(".mo").open("rb") as file:
        return GNUTranslations(file)
