"""The page that starts a download after a sign-in.

A download has no page of its own: if the sign-in form redirected straight to it, a browser would save the
file and go on showing the form. Without scripts this page starts the download with a refresh of zero seconds.

Rule: links to downloads of this server only.
"""

from __future__ import annotations

from urllib.parse import unquote

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from cabinet.files.blueprint import bp
from cabinet.web.identity import acting
from cabinet.web.pages import here, local_path, see_other


@bp.get("/index/download")
def begin_download() -> ResponseReturnValue:
    """Show a page that starts the download."""
    acting()
    wanted = local_path(request.args.get("of"), "")
    if not _is_download(wanted):
        return see_other(url_for("files.index"))
    return render_template("files/download.html", wanted=wanted)


def _is_download(address: str) -> bool:
    path = address.partition("?")[0]
    # Browsers resolve these segments even if quoted, which could lead to another view, such as sign out.
    leads_up = any(unquote(segment) in {".", ".."} for segment in path.split("/"))
    begins = (
        url_for("files.download", path="-")[:-1],
        url_for("files.get", path="-")[:-1],
        f"{url_for('files.download_zip')}?",
    )
    return address.startswith(begins) and not leads_up


def download_page_url() -> str | None:
    """Return the page that starts the current download, None if no URL can repeat the request."""
    if request.method == "GET":
        return url_for("files.begin_download", of=here())
    paths = request.form.getlist("path")
    return url_for("files.begin_download", of=url_for("files.download_zip", path=paths)) if paths else None
