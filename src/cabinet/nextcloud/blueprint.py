"""The blueprints of what the apps ask for: one for everybody, and two for signed-in apps: the OCS, and pictures.

No cookie makes an actor of these: a page of another site cannot act there. The OCS also wants a header that no form can
send.

Rule: imports no views; importing the package registers them.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from cabinet.errors import N_, MalformedRequest
from cabinet.nextcloud.documents import render, set_status
from cabinet.web.identity import acting_user, takes_header_only
from cabinet.web.problems import Problem, renders_problems

bp = Blueprint("nextcloud", __name__)
ocs = Blueprint("ocs", __name__, url_prefix="/ocs")
apps = Blueprint("apps", __name__, url_prefix="/index.php")
takes_header_only(ocs)
takes_header_only(apps)
ocs.after_request(set_status)

NO_API_HEADER = N_("the header OCS-APIRequest: true is missing.")


@ocs.before_request
def _admit() -> None:
    acting_user()
    if request.headers.get("OCS-APIRequest", "").lower() != "true":
        raise MalformedRequest(reason=NO_API_HEADER)


@renders_problems(apps)
def _say(problem: Problem) -> Response:
    return Response(f"{problem.title}: {problem.detail}\n", content_type="text/plain; charset=utf-8")


@renders_problems(ocs)
def _render(problem: Problem) -> Response:
    # The apps show the message as it is.
    return render(None, int(problem.status), f"{problem.title}: {problem.detail}")
