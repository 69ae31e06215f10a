"""Links from the outside: what guests see and get, and what never leaks."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cabinet.services.audit.log import mask_links
from tests.conftest import MakeApp
from tests.http.links.conftest import RIGHTS, Share, Visitor
from tests.support.auth import AuthActions, basic
from tests.support.visitors import NAVIGATION, Browser, Program, is_problem

TUS = {"Tus-Resumable": "1.0.0"}


def test_a_program_reads_what_the_link_is(visitor: Visitor, share: Share) -> None:
    link = share(name="Photos", note="For you")
    shown = visitor.get(link).get_json()

    assert (shown["kind"], shown["name"], shown["note"], shown["rights"]) == (
        "link",
        "Photos",
        "For you",
        RIGHTS["view"],
    )
    assert (shown["entry"]["path"], shown["entry"]["tree_files"]) == ("", 2)
    assert (shown["download"], shown["uploads"]) == (f"{link}/download", None)


def test_a_slash_behind_the_address_changes_nothing(visitor: Visitor, share: Share) -> None:
    link, file = share(), share(paths=["work/shared/f"])

    assert visitor.get(f"{link}/").get_json() == visitor.get(link).get_json()
    assert visitor.get(f"{link}/", NAVIGATION).status_code == 200
    assert visitor.get(f"{link}/download/").mimetype == "application/zip"
    assert visitor.get(f"{file}/download/").data == visitor.get(f"{file}/download").data
    assert visitor.get("/s/unknown/").status_code == visitor.get("/s/unknown").status_code == 404


@pytest.mark.parametrize("trashed", ["work/shared", "work"])
@pytest.mark.parametrize("rights", ["view", "all", "drop"])
def test_a_link_to_a_folder_in_the_trash_answers_nothing_until_it_is_restored(
    visitor: Visitor, share: Share, owner: Program, trashed: str, rights: str
) -> None:
    wanted = {"kind": "request"} if rights == "drop" else {"rights": RIGHTS[rights]}

    def opens() -> list[int]:
        return [each["opens"] for each in owner.get("/shares").get_json()["shares"]]

    for link in (share(password="a good password", **wanted), share(**wanted)):
        before = opens()
        owner.delete(f"/files/{trashed}")
        for target in ("", "/files", "/download", "/qr.svg", "/me", "/unlock", "/files/f", "/search?q=f"):
            assert visitor.get(f"{link}{target}").status_code == 404, target
        assert visitor.request("POST", f"{link}/uploads", {**TUS, "Upload-Length": "0"}).status_code == 404
        assert opens() == before

        (item,) = owner.get("/trash").get_json()["entries"]
        assert owner.request("POST", f"/trash/{item['id']}/restore").status_code == 200
        assert visitor.get(link).status_code in {200, 401}
        assert visitor.get(f"{link}/qr.svg").status_code == 200


def test_every_address_in_an_answer_stays_in_the_link(visitor: Visitor, share: Share) -> None:
    link = share(rights=RIGHTS["edit"])
    listed = visitor.get(f"{link}/files?recursive=1").get_json()["entries"]

    assert [entry["path"] for entry in listed] == ["d", "d/f", "f"]
    assert all(entry["url"] == f"{link}/files/{entry['path']}" for entry in listed)
    assert visitor.get(listed[1]["url"]).data == b"deep"
    assert visitor.put(f"{link}/files/new", b"1").headers["Location"] == f"{link}/files/new"
    begun = visitor.request("POST", f"{link}/uploads", {**TUS, "Upload-Length": "0"})
    assert begun.headers["Location"].startswith(f"{link}/uploads/")


@pytest.mark.parametrize(
    "path", ["../secret", "%2e%2e/secret", "..%2fsecret", "d/../../secret", "/other/f", "work/secret", "secret", "%2e%2e%2f%2e%2e%2fother%2ff"]
)  # fmt: skip
def test_no_path_leads_out(visitor: Visitor, share: Share, path: str) -> None:
    link = share(rights=RIGHTS["all"])
    for target in ("files", "download", "thumbnails"):
        response = visitor.get(f"{link}/{target}/{path}")
        assert response.status_code in {404, 422}
        assert b"secret" not in response.data or b"cannot be used" in response.data
    for query in (f"files?path={path}", f"search?q=f&path={path}", f"zip?path={path}"):
        assert visitor.get(f"{link}/{query}").status_code in {404, 422}


def test_cursors_and_tags_of_other_lists_are_worth_nothing(
    visitor: Visitor, share: Share, owner: Program
) -> None:
    first, second = share("work"), share("work", "other")
    cursor = owner.get("/files?path=work&limit=1").get_json()["next"]
    assert is_problem(visitor.get(f"{first}/files?limit=1&after={cursor}"), 422, "invalid-field")
    theirs = visitor.get(f"{first}/files?limit=1").get_json()["next"]
    assert is_problem(visitor.get(f"{second}/files?limit=1&after={theirs}"), 422, "invalid-field")
    tag = visitor.get(f"{first}/files").headers["ETag"]
    assert visitor.get(f"{first}/files", {"If-None-Match": tag}).status_code == 304
    assert visitor.get(f"{share('work')}/files", {"If-None-Match": tag}).status_code == 200


def test_a_link_to_names_gives_no_content_away(visitor: Visitor, share: Share) -> None:
    link = share(rights=RIGHTS["names"])
    response = visitor.get(f"{link}/files")

    assert "ETag" not in response.headers
    for entry in response.get_json()["entries"]:
        assert (entry["content_hash"], entry["media_type"], entry.get("etag")) == (None, None, None)
    for path in ("files/f", "download/f", "download", "thumbnails/f", "zip?path=f"):
        assert visitor.get(f"{link}/{path}").status_code == 403
    assert visitor.request("HEAD", f"{link}/files/f").status_code == 403


def test_old_versions_and_permanent_deletion_are_not_for_guests(
    visitor: Visitor, share: Share, owner: Program
) -> None:
    owner.put("/files/work/shared/f", b"newer")
    link = share(rights=RIGHTS["all"])

    assert visitor.get(f"{link}/files/f?version=1").status_code == 403
    assert visitor.request("DELETE", f"{link}/files/f?permanent=1").status_code == 403
    assert visitor.request("DELETE", f"{link}/files/f").status_code == 204
    assert owner.get("/trash").get_json()["entries"][0]["from"] == "work/shared/f"


def test_uploads_by_a_guest_never_replace_without_the_right(
    visitor: Visitor, share: Share, owner: Program
) -> None:
    link = share(rights=RIGHTS["edit"])
    for _ in range(20):
        assert visitor.put(f"{link}/files/f", b"mine").status_code == 201
    assert visitor.put(f"{link}/files/f?on_conflict=replace", b"mine").status_code == 403

    assert owner.get("/files/work/shared/f").data == b"content"
    assert len(owner.get("/files?path=work/shared").get_json()["entries"]) == 22


def test_an_upload_of_another_link_or_an_account_does_not_exist(
    app: Flask, visitor: Visitor, share: Share, owner: Program
) -> None:
    first, second = share(rights=RIGHTS["drop"]), share(rights=RIGHTS["drop"])
    begun = visitor.request("POST", f"{first}/uploads", {**TUS, "Upload-Length": "3"}).headers["Location"]
    upload_id = begun.rpartition("/")[2]
    theirs = (
        owner.request("POST", "/uploads", {**TUS, "Upload-Length": "3"})
        .headers["Location"]
        .rpartition("/")[2]
    )

    for link, found in ((first, theirs), (second, upload_id), (second, theirs)):
        for method in ("HEAD", "GET", "PATCH", "DELETE"):
            headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            body = {"data": b"abc"} if method == "PATCH" else {}
            assert visitor.request(method, f"{link}/uploads/{found}", headers, **body).status_code == 404
    assert owner.request("HEAD", f"/uploads/{upload_id}", TUS).status_code == 404
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert visitor.request("PATCH", begun, headers, data=b"abc").status_code == 204
    assert visitor.request("HEAD", begun, TUS).headers["Upload-Offset"] == "3"


def test_a_full_link_says_only_that_there_is_no_room(visitor: Visitor, share: Share) -> None:
    link = share(rights=RIGHTS["drop"], max_size=5)

    response = visitor.put(f"{link}/files/f", b"123456")
    assert is_problem(response, 507, "folder-full")
    assert not any(char.isdigit() for char in response.get_json()["detail"])


def test_downloads_are_counted_when_bytes_begin(
    app: Flask, visitor: Visitor, share: Share, owner: Program
) -> None:
    link = share("work/secret", max_downloads=2)
    for path in ("", "/files", "/qr.svg"):
        assert visitor.get(link + path).status_code == 200
    assert visitor.request("HEAD", f"{link}/download").status_code == 200
    first = visitor.get(f"{link}/download")
    assert (first.data, first.headers["Content-Disposition"].partition(";")[0]) == (b"secret", "attachment")
    assert visitor.get(f"{link}/files/secret", {"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert visitor.get(f"{link}/download", {"Range": "bytes=3-"}).data == b"ret"
    assert Visitor(app, "198.51.100.2").get(f"{link}/download").status_code == 200

    for path in ("", "/files", "/download", "/files/secret"):
        assert visitor.get(link + path).status_code == 404
    assert visitor.get(f"{link}/download", {"Range": "bytes=3-"}).data == b"ret"
    assert Visitor(app, "198.51.100.3").get(f"{link}/download", {"Range": "bytes=3-"}).status_code == 404
    shown = owner.get("/shares").get_json()["shares"][0]
    assert (shown["state"], shown["downloads"], shown["opens"]) == ("used up", 2, 1)


def test_archives_count_as_well(visitor: Visitor, share: Share) -> None:
    link = share("work/shared", "other", max_downloads=1)
    assert visitor.get(f"{link}/download").data.startswith(b"PK")
    assert visitor.get(f"{link}/zip?path=shared").status_code == 404


def test_a_link_ends_at_once(visitor: Visitor, share: Share, owner: Program) -> None:
    link = share()
    share_id = owner.get("/shares").get_json()["shares"][0]["id"]
    renewed = owner.request("POST", f"/shares/{share_id}/renew").get_json()["url"]
    assert visitor.get(f"{link}/files/f").status_code == 404
    assert visitor.get(f"{renewed}/files/f").status_code == 200
    assert owner.delete(f"/shares/{share_id}").status_code == 204
    assert visitor.get(f"{renewed}/files/f", {"Range": "bytes=1-"}).status_code == 404


class TestPasswords:
    def test_a_program_sends_the_password_by_basic(self, visitor: Visitor, share: Share) -> None:
        link = share(password="open sesame")

        refused = visitor.get(link)
        assert is_problem(refused, 401, "link-password-required")
        assert refused.headers["WWW-Authenticate"].startswith("Basic ")
        for path in ("/files", "/files/f", "/download", "/uploads", "/files/none"):
            assert visitor.get(link + path).status_code in {401, 404}
        assert is_problem(visitor.get(link, basic("alice")), 401, "wrong-link-password")
        assert visitor.get(f"{link}/files/f", basic("anybody", "open sesame")).data == b"content"

    def test_a_person_types_it_into_a_form(self, app: Flask, share: Share) -> None:
        link = share(password="open sesame", note="a secret note")
        browser = Browser(app)

        page = browser.get(f"{link}?path=d")
        assert page.status_code == 401
        assert "shared" not in page.text.replace("/shares", "")
        assert "a secret note" not in page.text
        wrong = browser.post(f"{link}/unlock", {"password": "x"}, link)
        assert (wrong.status_code, "is wrong" in wrong.text) == (401, True)
        opened = browser.post(f"{link}/unlock", {"password": "open sesame", "next": f"{link}?path=d"}, link)
        assert (opened.status_code, opened.headers["Location"]) == (303, f"{link}?path=d")
        cookie = opened.headers["Set-Cookie"]
        assert all(part in cookie for part in ("cabinet-share=", f"Path={link}", "HttpOnly", "SameSite=Lax"))
        assert browser.get(link).status_code == 200

    def test_the_cookie_opens_no_other_link(self, app: Flask, share: Share) -> None:
        link, other = (share(password="open sesame") for _ in range(2))
        browser = Browser(app)
        browser.post(f"{link}/unlock", {"password": "open sesame"}, link)
        cookie = browser.client.get_cookie("cabinet-share", path=link)
        assert cookie is not None
        browser.client.set_cookie("cabinet-share", cookie.value, path=other)
        assert browser.get(other).status_code == 401

    def test_a_form_needs_a_token_of_its_page(self, app: Flask, share: Share) -> None:
        link = share(password="open sesame")
        client = app.test_client()
        posted = client.post(
            f"{link}/unlock", data={"password": "open sesame"}, headers={"Origin": "https://evil.example"}
        )
        assert posted.status_code == 403


class TestPages:
    @pytest.mark.parametrize("paths", [("work/shared",), ("work/secret",), ("work/shared", "work/secret")])
    def test_a_person_gets_a_page_without_an_account(
        self, app: Flask, share: Share, paths: tuple[str, ...]
    ) -> None:
        link = share(*paths, note="Hello")
        page = Browser(app).get(link)

        assert page.status_code == 200
        assert "noindex" in page.headers["X-Robots-Tag"]
        assert "Hello" in page.text
        assert f"{link}/download" in page.text
        assert "data-user" not in page.text
        assert "/account" not in page.text

    def test_signed_in_or_not_the_page_is_the_same(self, window: Browser, app: Flask, share: Share) -> None:
        link = share()
        assert "data-user" not in window.get(link).text
        assert "alice" in window.get("/account").text

    def test_folders_are_browsed_by_path(self, app: Flask, share: Share) -> None:
        link = share()
        page = Browser(app).get(f"{link}?path=d")
        assert f'href="{link}/download/d/f"' in page.text
        listed = Browser(app).get(f"{link}/files?path=d")
        assert listed.headers["Location"] == f"{link}?path=d"

    def test_names_are_inert(self, app: Flask, share: Share, owner: Program) -> None:
        owner.put("/files/work/shared/%3Cimg src=x onerror=alert(1)%3E", b"1")
        assert "<img src=x" not in Browser(app).get(share(name="<b>", note="<i>x</i>")).text

    def test_a_page_takes_files_in_without_scripts(self, app: Flask, share: Share, owner: Program) -> None:
        link = share(rights=RIGHTS["drop"])
        browser = Browser(app)
        assert "work" not in browser.get(link).text.replace("network", "")
        sent = browser.client.post(
            f"{link}/upload?next={link}",
            data={"csrf_token": browser.token(link), "file": (io.BytesIO(b"1"), "mine")},
            headers=NAVIGATION,
        )
        assert (sent.status_code, sent.headers["Location"]) == (303, link)
        assert owner.get("/files/work/shared/mine").data == b"1"


def test_nobody_has_links_where_they_are_off(make_app: MakeApp, app: Flask, share: Share) -> None:
    link = share()
    assert Visitor(make_app(SHARING="off")).get(link).status_code == 404


def test_misses_are_throttled(app: Flask, share: Share) -> None:
    visitor, link = Visitor(app), share()
    statuses = [visitor.get(f"/s/guess{number}").status_code for number in range(62)]
    assert (statuses[:60], statuses[-1]) == ([404] * 60, 429)
    assert visitor.get(link).status_code == 200


def test_a_token_of_a_link_is_in_no_log(
    app: Flask, visitor: Visitor, share: Share, caplog: pytest.LogCaptureFixture
) -> None:
    link = share(rights=RIGHTS["drop"])
    visitor.request("POST", f"{link}/folders", {"Origin": "https://evil.example"}, json={"path": "x"})

    assert "cross-site-refused" in caplog.text
    assert link.rpartition("/")[2] not in caplog.text
    assert mask_links(f"GET {link}/files/x HTTP/1.1") == "GET /s/-/files/x HTTP/1.1"


def test_a_session_does_not_survive_into_a_link(client: FlaskClient, auth: AuthActions, share: Share) -> None:
    auth.login("alice")
    link = share(rights=RIGHTS["drop"])
    assert client.get("/files").status_code == 200
    assert client.get(f"{link}/files").status_code == 403
