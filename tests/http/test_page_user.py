"""A page of one user never acts in, or shows content of, the account of another.

Rule: the tests walk all routes, so that a new one is included.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from cabinet.errors import OtherUser
from cabinet.web.page_user import USER_HEADER
from cabinet.web.request_guards import OTHER_SESSION, USER_INDEPENDENT
from tests.support.contents import content_of
from tests.support.images import picture
from tests.support.people import Person
from tests.support.raw_http import request_head
from tests.support.servers import production_command, running
from tests.support.visitors import NAVIGATION, Browser, Program, is_problem, is_refused
from tests.support.wording import in_language, text_of

NOBODY = "0" * 32
# What no account is known by.
MALFORMED = ["", "alice", NOBODY, "-" * 32, "é", "x" * 5000]


def id_of(program: Program) -> str:
    found: str = program.get("/me").get_json()["id"]
    return found


def of_page(user: str) -> dict[str, str]:
    return {USER_HEADER: user}


def routes_of(app: Flask) -> Iterator[tuple[str, str]]:
    """Yield every method and a URL of every route, except those that are the same for all users."""
    for rule in app.url_map.iter_rules():
        # No account acts below a link, whatever page a request names.
        if rule.endpoint not in USER_INDEPENDENT and not rule.rule.startswith("/s/"):
            address = re.sub(r"<[^>]*>", "x", re.sub(r"<int:[^>]*>", "1", rule.rule))
            for method in sorted((rule.methods or set()) - {"OPTIONS"}):
                yield method, address


def is_of_another(response: TestResponse, method: str = "GET") -> bool:
    if method == "HEAD":
        # Version 1 of the OCS tells the status in its document alone, which HEAD does not have.
        return response.data == b"" and (response.status_code == 403 or "/v1.php/" in response.request.path)
    return is_refused(response, 403, OtherUser)


class Untouched(io.BytesIO):
    """A body that must not be read."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")

    readline = readinto = read  # type: ignore[assignment]


def test_every_route_refuses_the_page_of_another_user_before_reading_the_body(
    app: Flask, alice: Program, bob: Program
) -> None:
    walked, his = 0, id_of(bob)
    for method, address in routes_of(app):
        for query, header in ((f"?user={his}", {}), ("", of_page(his))):
            response = alice.request(
                method,
                f"{address}{query}",
                {**header, "Content-Type": "application/json"},
                environ_overrides={"wsgi.input": Untouched(), "CONTENT_LENGTH": "10"},
            )
            assert is_of_another(response, method), (method, address, query)
            walked += 1

    assert walked > 100


def test_every_route_serves_the_page_of_the_signed_in_user(app: Flask, alice: Program) -> None:
    user = id_of(alice)
    for method, address in routes_of(app):
        if address != "/account/delete":
            # Without a depth, PROPFIND asks for everything below, which is refused to all.
            response = alice.request(method, f"{address}?user={user}", {**of_page(user), "Depth": "0"})
            assert response.status_code != 403, (method, address)


def test_a_refusal_changes_nothing_and_names_the_signed_in_user(alice: Program, bob: Program) -> None:
    alice.put("/files/f", b"hers")
    bobs = of_page(id_of(bob))

    refused = [
        alice.put("/files/f", b"changed", bobs),
        alice.put("/files/new", b"new", bobs),
        alice.delete("/files/f", bobs),
        alice.upload([("new", b"x")], headers=bobs),
        alice.request("POST", "/folders", bobs, json={"path": "new"}),
        alice.request("POST", "/trash", bobs, json={"paths": ["f"]}),
        alice.request("POST", "/moves", bobs, json={"from": ["f"], "to": "g"}),
        alice.request("POST", "/lookup", bobs, json={"paths": ["f"]}),
        alice.request("POST", "/uploads", {**bobs, "Tus-Resumable": "1.0.0", "Upload-Length": "1"}),
        alice.request("GET", "/logout", bobs),
    ]

    assert all(map(is_of_another, refused))
    assert {answer.get_json()["username"] for answer in refused} == {"alice"}
    assert alice.paths() == ["f"]
    assert alice.get("/files/f").data == b"hers"
    assert alice.get("/uploads").get_json() == {"uploads": []}
    assert bob.paths() == []


@pytest.mark.parametrize("user", MALFORMED)
def test_an_unknown_user_id_is_another_user(alice: Program, user: str) -> None:
    alice.put("/files/f")

    assert is_of_another(alice.request("GET", "/files/f", query_string={"user": user}))
    if user.isascii():
        assert is_of_another(alice.get("/files/f", of_page(user)))


def test_contradicting_user_ids_are_refused(alice: Program, bob: Program) -> None:
    alice.put("/files/f")
    hers, his = id_of(alice), id_of(bob)

    assert alice.get(f"/files/f?user={hers}&user={hers}", of_page(hers)).status_code == 200
    assert is_of_another(alice.get(f"/files/f?user={hers}", of_page(his)))
    assert is_of_another(alice.get(f"/files/f?user={his}", of_page(hers)))
    assert is_of_another(alice.get(f"/files/f?user={hers}&user={his}"))
    assert is_of_another(alice.get(f"/files/f?user={hers}&user="))
    assert is_of_another(alice.get(f"/files/f?user={hers.upper()}"))


def test_the_user_of_the_page_is_checked_before_validators_and_ranges(alice: Program, bob: Program) -> None:
    """What a cache holds of one user's file is never confirmed to the page of another."""
    etag = alice.put("/files/f", b"the same")
    bob.put("/files/f", b"the same")
    his = f"?user={id_of(bob)}"

    for shown in ({"If-None-Match": etag.headers["ETag"]}, {"Range": "bytes=0-1"}):
        for address in ("/files/f", "/download/f", "/files/f?version=1"):
            query = his if "?" not in address else f"&{his[1:]}"
            assert is_of_another(alice.get(address + query, shown))
    assert (
        alice.get(f"/files/f?user={id_of(alice)}", {"If-None-Match": etag.headers["ETag"]}).status_code == 304
    )


def test_without_a_session_the_page_user_is_ignored(app: Flask, alice: Program) -> None:
    client, hers = app.test_client(), id_of(alice)
    for method, address in routes_of(app):
        told = client.open(f"{address}?user={hers}", method=method, headers=of_page(hers))
        plain = client.open(address, method=method)
        assert told.status_code == plain.status_code, (method, address)
    assert is_problem(client.get("/files", headers=of_page(hers)), 401, "sign-in-required")
    # A script reads no page to sign in on.
    asked = client.get("/index", headers={**of_page(hers), "Accept": "text/html"})
    assert is_problem(asked, 401, "sign-in-required")


def test_tus_options_are_sent_to_every_page(alice: Program) -> None:
    for address in ("/uploads", "/uploads/x"):
        assert alice.request("OPTIONS", f"{address}?user={NOBODY}", of_page(NOBODY)).status_code == 204


def test_an_unfinished_upload_is_unchanged_by_the_page_of_another_user(alice: Program, bob: Program) -> None:
    tus = {"Tus-Resumable": "1.0.0"}
    begun = alice.request("POST", "/uploads", {**tus, "Upload-Length": "4", **of_page(id_of(alice))})
    upload = begun.headers["Location"]
    assert "user=" not in upload
    his = {**tus, **of_page(id_of(bob))}
    part = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}

    assert is_of_another(alice.request("HEAD", upload, his), "HEAD")
    assert is_of_another(alice.request("PATCH", upload, {**his, **part}, data=b"1234"))
    assert is_of_another(alice.request("POST", upload, {**his, "X-HTTP-Method-Override": "DELETE"}))
    assert is_of_another(alice.delete(upload, his))

    assert alice.request("HEAD", upload, tus).headers["Upload-Offset"] == "0"
    done = alice.request("PATCH", upload, {**tus, **part, **of_page(id_of(alice))}, data=b"1234")
    assert done.status_code == 204


def content_addresses(page: str) -> set[str]:
    """Return the addresses of a page that lead to content, and those that it fetches or acts by."""
    found = re.findall(
        r'(?:href|src|formaction)="(/(?:download|zip|thumbnails|files|logout)[/?"][^"]*|/zip|/logout)"', page
    )
    return {unescape(address) for address in found}


def test_pages_name_their_user_in_content_urls_and_not_in_links(
    window: Browser, alice: Program, bob: Program
) -> None:
    alice.put("/files/docs/a.txt", b"1")
    alice.put("/files/docs/a.txt", b"2")
    alice.put("/files/docs/photo.png", picture("PNG"))
    window.client.get("/index", headers=NAVIGATION)
    pages = {
        path: window.get(path).text
        for path in ("/index", "/index?path=docs", "/search?q=photo", "/index/arrange?path=docs/a.txt",
                     "/index/arrange?path=docs/a.txt&path=docs/photo.png", "/versions/docs/a.txt", "/trash", "/account")
    }  # fmt: skip

    kinds = set()
    for path, page in pages.items():
        found = content_addresses(page)
        assert found, path
        for address in found:
            assert f"user={id_of(alice)}" in address, (path, address)
            kinds.add(address.split("/")[1].split("?")[0])
        links = set(re.findall(r'(?:href|action|value)="(/[^"]*)"', page)) - {
            *re.findall(r'"(/[^"]*user=[^"]*)"', page)
        }
        assert not [link for link in links if id_of(alice) in link], path
        assert f'data-user="{id_of(alice)}" data-username="alice"' in page
    assert kinds == {"download", "zip", "thumbnails", "logout"}


@pytest.mark.parametrize(
    "path",
    [
        "/index",
        "/index?path=a",
        "/index?path=a&sort=size",
        "/search?q=f",
        "/trash",
        "/index/arrange?path=a/f",
    ],
)
def test_a_url_with_a_user_leaves_no_trace_on_the_page(window: Browser, alice: Program, path: str) -> None:
    """Form targets, the next page and the other view are for whoever is signed in by then."""
    alice.put("/files/a/f")
    alice.put("/files/gone")
    alice.delete("/files/gone")
    together = f"{path}{'&' if '?' in path else '?'}user={id_of(alice)}"

    plain, told = (window.get(each).text.count(id_of(alice)) for each in (path, together))

    # Except for the language switch, which returns to exactly this URL.
    assert told == plain + 1


def test_api_responses_name_no_user(alice: Program) -> None:
    stored = alice.request("PUT", f"/files/a/f?user={id_of(alice)}", of_page(id_of(alice)), data=b"x")
    listed = alice.get(f"/files?path=a&limit=1&user={id_of(alice)}")
    made = alice.request("POST", f"/folders?user={id_of(alice)}", json={"path": "b"})

    assert stored.headers["Location"] == stored.get_json()["url"] == "/files/a/f"
    assert [entry["url"] for entry in listed.get_json()["entries"]] == ["/files/a/f"]
    assert made.headers["Location"] == "/files/b"
    assert (
        alice.get(f"/files/a?user={id_of(alice)}", {"Accept": "text/html"}).headers["Location"]
        == "/index?path=a"
    )


def in_two_tabs(app: Flask, bob: Program) -> tuple[Browser, str]:
    """Return a browser with a page of alice open while bob is signed in, and what the page's forms carry."""
    browser = Browser(app)
    browser.sign_in("alice")
    token = browser.token("/index")
    browser.get("/logout")
    assert browser.sign_in("bob").status_code == 303
    return browser, token


@pytest.mark.parametrize(
    "language",
    ["en", "ru"],
)
def test_a_form_on_the_page_of_another_user_explains_its_refusal(
    app: Flask, alice: Program, bob: Program, language: str
) -> None:
    alice.put("/files/f")
    bob.put("/files/f")
    browser, token = in_two_tabs(app, bob)
    sent = {**NAVIGATION, "Accept-Language": language}
    upload = {"csrf_token": token, "file": (io.BytesIO(b"x"), "new")}

    for path, fields in (
        ("/index/delete", {"path": "f", "csrf_token": token}),
        ("/index/folders", {"name": "new", "csrf_token": token}),
        ("/upload", upload),
        ("/zip", {"path": "f", "csrf_token": token}),
        ("/account/delete", {"csrf_token": token}),
    ):
        answer = browser.client.post(path, data=fields, headers=sent)
        assert answer.status_code == 403
        shown = unescape(answer.text)
        assert in_language(OTHER_SESSION, language) in shown, path
        assert text_of("show-files-of", language, name="bob") in shown, path
        assert '<a class="btn btn-quiet" href="/login">' in shown, path
    assert bob.paths() == ["f"]


def test_a_download_on_the_page_of_another_user_offers_both_ways_to_continue(
    app: Flask, alice: Program, bob: Program
) -> None:
    bob.put("/files/f", b"his")
    browser, token = in_two_tabs(app, bob)
    hers = f"user={id_of(alice)}"

    shown = [
        browser.get(f"/download/f?{hers}"),
        browser.get(f"/zip?path=f&{hers}"),
        browser.client.post(f"/zip?{hers}", data={"path": "f", "csrf_token": token}, headers=NAVIGATION),
        browser.get(f"/logout?{hers}"),
    ]

    for answer in shown:
        assert answer.status_code == 403
        assert "You are now signed in as “bob”" in answer.text
        assert 'href="/index">Show bob\'s files</a>' in answer.text
        assert 'href="/login">Sign in to another account</a>' in answer.text
    assert browser.get("/index").status_code == 200


def test_scripts_get_problem_documents_even_when_they_accept_html(
    app: Flask, alice: Program, bob: Program
) -> None:
    browser, _ = in_two_tabs(app, bob)
    of_script: Mapping[str, str] = {"Accept": "text/html", **of_page(id_of(alice))}

    for path in ("/index", "/search?q=f", "/trash", "/versions/f"):
        answer = browser.client.get(path, headers=of_script)
        assert is_problem(answer, 403, "other-user")
        assert answer.get_json()["username"] == "bob"


def test_a_sender_gets_the_other_user_refusal_while_still_sending(tmp_path: Path) -> None:
    with running(production_command(1), tmp_path, {}) as server:
        alice, bob = Person(server, "alice"), Person(server, "bob")
        his = bob.send("GET", "/me").json()["id"]
        head = {**alice.headers, "Host": "localhost", "Content-Length": 1 << 40, USER_HEADER: his}
        with server.raw() as connection:
            connection.send(request_head("PUT", "/files/new", head))
            connection.send(content_of(8 << 20))
            answer = connection.read_response("PUT")
        assert answer is not None
        assert answer.status == 403
        assert b"/problems/other-user" in answer.body
        assert alice.hashes() == bob.hashes() == {}
