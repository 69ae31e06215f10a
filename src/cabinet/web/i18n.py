"""Choose the language of a request and translate domain errors.

The signed-in user's setting comes first, then the cookie of the language switch, then `Accept-Language`.
Babel negotiates the last, because Werkzeug's `best_match` returns English for `ru-RU,en;q=0.5`.

Rule: texts are translated here and in templates; below `web/` they stay English and marked.
"""

from __future__ import annotations

from typing import Any

from babel import negotiate_locale
from babel.support import Translations
from flask import Flask, Response, g, has_request_context, request
from flask_babel import format_decimal, get_domain, get_locale, gettext
from flask_login import current_user

from cabinet.errors import SIZE_FIELDS, CabinetError
from cabinet.extensions import babel
from cabinet.web.formats import exact_size, filesize

SUPPORTED = ("en", "ru")
DEFAULT = "en"
COOKIE = "language"
# Each language by its own name, so that its speakers recognize it.
NAMES = {"en": "English", "ru": "Русский"}
# The fields of errors that contain our own marked texts; every other string comes from the user.
MARKED_FIELDS = frozenset({"reason"})


def choose_locale() -> str:
    """Return the language of the current request, one of `SUPPORTED`."""
    if not has_request_context():
        return DEFAULT
    for wish in (getattr(current_user, "language", None), request.cookies.get(COOKIE)):
        if wish in SUPPORTED:
            return str(wish)
    accepted = [tag.replace("-", "_") for tag, quality in request.accept_languages if quality > 0]
    return negotiate_locale(accepted, SUPPORTED) or DEFAULT


def language() -> str:
    """Return the code of the language in use, for `<html lang>`."""
    return str(get_locale() or DEFAULT)


def translate_error(error: CabinetError) -> tuple[str, str]:
    """Return the title and the message of `error` in the language of the request."""
    data = {name: _translate_field(name, value) for name, value in error.data.items()}
    return gettext(error.title), gettext(error.template) % (data | _size_texts(error))


def _size_texts(error: CabinetError) -> dict[str, str]:
    """Return the known sizes of `error`: short, or exact where short ones would hide that they differ."""
    sizes = {name: size for name, size in error.data.items() if name in SIZE_FIELDS and size is not None}
    short = {name: filesize(size) for name, size in sizes.items()}
    if len(set(short.values())) == len(set(sizes.values())):
        return short
    return {name: exact_size(size) for name, size in sizes.items()}


def _translate_field(name: str, value: Any) -> Any:
    """Translate our own texts, group the digits of numbers, and leave the user's text unchanged."""
    if name in MARKED_FIELDS and isinstance(value, str) and value:
        return gettext(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return format_decimal(value)
    return value


def _catalog() -> Translations:
    """Return the message catalog of the request, looked up once: a page uses it more than a hundred times."""
    if "catalog" not in g:
        g.catalog = get_domain().get_translations()
    found: Translations = g.catalog
    return found


def _gettext(text: str) -> str:
    """Return `text` in the language of the page."""
    return str(_catalog().ugettext(text))


def _ngettext(one: str, many: str, count: int) -> str:
    """Return the plural form for `count` in the language of the page."""
    return str(_catalog().ungettext(one, many, count))


def _vary(response: Response) -> Response:
    """Tell caches which headers the language of a response depends on."""
    if response.mimetype in {"text/html", "application/problem+json"}:
        response.vary.update(("Accept-Language", "Cookie"))
    return response


def init_app(app: Flask) -> None:
    """Bind Babel and give templates `language` and `languages`."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", DEFAULT)
    babel.init_app(app, locale_selector=choose_locale)
    app.jinja_env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.after_request(_vary)
    app.context_processor(lambda: {"language": language(), "languages": NAMES})
