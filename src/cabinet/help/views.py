"""Serve the documents as pages, and as Markdown for programs.

A page contains the name of the user and a token for its forms, so it has no entity tag, like every page.
The Markdown is the same for all users and has one.

Rule: parse, look up, render; a document is found by its exact name.
"""

from __future__ import annotations

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cabinet.help.blueprint import bp
from cabinet.help.documents import INDEX, SUFFIX, Document, by_file_name, find, menu
from cabinet.web.i18n import language
from cabinet.web.problems import wants_page

MARKDOWN = "text/markdown; charset=utf-8"


@bp.get("", strict_slashes=False)
def index() -> ResponseReturnValue:
    """Return the list of all documents."""
    return document(INDEX)


@bp.get("/<name>")
def document(name: str) -> ResponseReturnValue:
    """Return a document: a page for a browser, else Markdown. `<name>.md` is Markdown for every client."""
    if name.endswith(SUFFIX):
        return _send_text(by_file_name(name))
    found = find(name, language())
    if wants_page():
        response = Response(_to_page(found))
    else:
        response = _send_text(found)
        response.vary.update(("Accept-Language", "Cookie"))
    response.vary.add("Accept")
    return response


def _to_page(shown: Document) -> str:
    return render_template(
        "help/document.html",
        document=shown,
        text=shown.page.to_html(url_for("help.index")),
        groups=menu(language()),
    )


def _send_text(found: Document) -> Response:
    response = Response(found.text, content_type=MARKDOWN)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Language"] = found.language
    response.set_etag(found.tag)
    response.make_conditional(request)
    return response
