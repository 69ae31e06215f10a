"""Requests of apps to the OCS, and the status of its answers.

Rule: everything goes through HTTP.
"""

from __future__ import annotations

import re
from typing import Any

from werkzeug.test import TestResponse

from tests.support.visitors import Program

OCS = {"OCS-APIRequest": "true"}
# What version 1 says instead of statuses of HTTP.
_OF_VERSION_1 = {100: 200, 997: 401}
_CODE = re.compile(r'(?:<statuscode>|"statuscode": ?)(\d+)')


def status_of(response: TestResponse) -> int:
    """Return the status of an answer: version 1 of the OCS tells it only in its document."""
    if "/ocs/v1.php/" not in response.request.path or response.status_code != 200:
        return response.status_code
    found = _CODE.search(response.text)
    assert found, response.text
    return _OF_VERSION_1.get(int(found[1]), int(found[1]))


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
