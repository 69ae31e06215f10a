"""Requests of apps to the OCS.

Rule: everything goes through HTTP.
"""

from __future__ import annotations

from typing import Any

from tests.support.visitors import Program, status_of

OCS = {"OCS-APIRequest": "true"}
SHARES = "apps/files_sharing/api/v1/shares"
SHAREES = "apps/files_sharing/api/v1/sharees"
USER, GROUP, LINK = 0, 1, 3


class OcsProgram:
    """An app that speaks the OCS."""

    def __init__(self, program: Program, version: str = "v2.php") -> None:
        self.program = program
        self.version = version

    def send(self, method: str, called: str, /, *, status: int = 200, **fields: Any) -> Any:
        """Send a request with fields in a form, or for GET in the query; return the data of the answer."""
        target = f"/ocs/{self.version}/{called}"
        given = {"query_string" if method == "GET" else "data": fields}
        if method == "GET":
            fields["format"] = "json"
        else:
            target += "?format=json"
        response = self.program.request(method, target, OCS, **given)
        assert status_of(response) == status, response.text
        return response.get_json()["ocs"]["data" if status == 200 else "meta"]


def accept(user: Program) -> None:
    """Accept everything that waits."""
    for share in user.get("/shares/received").get_json()["shares"]:
        assert user.request("POST", f"/shares/{share['id']}/accept").status_code == 200
