"""The search of the share dialogs for those whom a user can share with.

Rule: only exact names lead to anybody, and names that lead nowhere are counted, as for every way to share.
"""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from cabinet.nextcloud.blueprint import ocs
from cabinet.nextcloud.documents import answer
from cabinet.nextcloud.share_types import GROUP, USER
from cabinet.web.identity import acting_user
from cabinet.web.services import grants

_SHAREES = "apps/files_sharing/api/v1/sharees"
# The kinds that the apps look for in the answer; most do not exist here.
_KINDS = ("users", "groups", "remotes", "remote_groups", "emails", "circles", "rooms", "lookup")


@ocs.get(f"/v1.php/{_SHAREES}")
@ocs.get(f"/v2.php/{_SHAREES}")
def find_sharees() -> ResponseReturnValue:
    """Return the user and the group with a name."""
    user = acting_user()
    found = grants(user.account, user.scope).find_recipients(request.args.get("search", "").strip())
    exact: dict[str, list[Any]] = {kind: [] for kind in _KINDS}
    for each in found:
        if each.user is not None:
            exact["users"].append(_to_json(each.user, USER))
        elif each.group is not None:
            exact["groups"].append(_to_json(each.group, GROUP))
    empty: dict[str, list[Any]] = {kind: [] for kind in _KINDS}
    return answer({"exact": exact, **empty, "lookupEnabled": False})


def _to_json(name: str, kind: int) -> dict[str, Any]:
    return {"label": name, "value": {"shareType": kind, "shareWith": name}}
