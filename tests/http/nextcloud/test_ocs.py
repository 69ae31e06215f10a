"""What Nextcloud's and ownCloud's apps ask besides files: status, capabilities, the user, their own token."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask

from tests.support.auth import basic
from tests.support.visitors import Browser, Program

pytestmark = pytest.mark.database

OCS = {"OCS-APIRequest": "true"}
VERSIONS = pytest.mark.parametrize(("version", "ok"), [("v1.php", 100), ("v2.php", 200)])


def test_the_status_is_public_and_that_of_a_server_of_version_7_or_later(app: Flask) -> None:
    status = app.test_client().get("/status.php").get_json()

    assert status == {
        "installed": True,
        "maintenance": False,
        "needsDbUpgrade": False,
        "version": "29.0.0.0",
        "versionstring": "29.0.0",
        "edition": "",
        "productname": "Cabinet",
        "extendedSupport": False,
    }


def test_the_check_of_the_network_has_no_content(app: Flask) -> None:
    response = app.test_client().get("/index.php/204", headers={"Accept": "text/html"})

    assert (response.status_code, response.data) == (204, b"")


@VERSIONS
def test_documents_have_the_status_of_their_version(alice: Program, version: str, ok: int) -> None:
    response = alice.get(f"/ocs/{version}/cloud/user?format=json", OCS)

    document = response.get_json()["ocs"]
    assert document["meta"] == {"status": "ok", "statuscode": ok, "message": "OK"}
    assert document["data"]["id"] == "alice"
    assert document["data"]["display-name"] == "alice"


def test_documents_are_xml_unless_the_format_is_json(alice: Program) -> None:
    response = alice.get("/ocs/v1.php/cloud/capabilities", OCS)

    assert response.content_type == "application/xml; charset=utf-8"
    root = ET.fromstring(response.data)  # noqa: S314 - our own
    assert root.findtext("meta/statuscode") == "100"
    assert root.findtext("data/version/string") == "29.0.0"


@pytest.mark.parametrize(("version", "status"), [("v1.php", 200), ("v2.php", 400)])
def test_without_its_header_the_ocs_does_nothing(alice: Program, version: str, status: int) -> None:
    response = alice.get(f"/ocs/{version}/cloud/user?format=json")

    assert response.status_code == status
    assert response.get_json()["ocs"]["meta"]["statuscode"] == 400
    assert response.get_json()["ocs"]["data"] == []
    assert "OCS-APIRequest" in response.get_json()["ocs"]["meta"]["message"]


@pytest.mark.parametrize(("version", "code"), [("v1.php", 997), ("v2.php", 401)])
def test_no_cookie_makes_an_actor_of_the_ocs(window: Browser, version: str, code: int) -> None:
    response = window.client.get(f"/ocs/{version}/cloud/user?format=json", headers=OCS)

    assert response.status_code == 401
    assert response.get_json()["ocs"]["meta"]["statuscode"] == code
    assert window.get("/account").status_code == 200


def test_the_quota_is_told_to_those_who_see_the_whole_account(alice: Program, app: Flask) -> None:
    app.test_cli_runner().invoke(args=["users", "set-quota", "alice", "1000"])
    alice.put("/files/f", b"x" * 250)

    def quota(headers: Any) -> Any:
        """Return the quota as an app sees it."""
        return alice.get("/ocs/v2.php/cloud/user?format=json", {**OCS, **headers}).get_json()["ocs"]["data"][
            "quota"
        ]

    assert quota({}) == {"free": 750, "used": 250, "total": 1000, "relative": 25.0, "quota": 1000}
    secret = alice.request("POST", "/tokens", json={"name": "x", "scopes": ["write"]}).get_json()["token"]
    assert quota(basic("alice", secret))["used"] == 0


def test_an_app_ends_its_own_token(alice: Program) -> None:
    secret = alice.request("POST", "/tokens", json={"name": "x"}).get_json()["token"]
    headers = basic("alice", secret)

    assert alice.delete("/ocs/v2.php/core/apppassword", {**OCS, **headers}).status_code == 200
    assert alice.get("/me", headers).status_code == 401
    assert alice.delete("/ocs/v2.php/core/apppassword", OCS).status_code == 404


def test_the_operator_can_close_all_of_it(make_app: Any) -> None:
    app = make_app(NEXTCLOUD_CLIENTS="off")
    alice = Program(app, "alice")

    for path in ("/status.php", "/ocs/v1.php/cloud/user", "/index.php/login/flow", "/index.php/204"):
        assert alice.get(path, OCS).status_code == 404
