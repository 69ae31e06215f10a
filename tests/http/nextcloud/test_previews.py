"""Previews of images, as the apps ask for them."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from PIL import Image

from tests.support.dav import DavProgram
from tests.support.images import picture
from tests.support.visitors import Browser, Program
from tests.support.waiting import wait_until

pytestmark = pytest.mark.database

FILE_ID = "{http://owncloud.org/ns}fileid"
HAS_PREVIEW = "{http://nextcloud.org/ns}has-preview"
BY_PATH = "/index.php/core/preview.png?file=/"
THUMBNAIL = "/index.php/apps/files/api/v1/thumbnail/256/256/"


def files_of(app: Flask, user: Program) -> DavProgram:
    return DavProgram(app, dict(user.headers), "/remote.php/webdav/")


def by_number(app: Flask, user: Program, path: str) -> str:
    """Return the address of the preview of a file by its number."""
    return f"/index.php/core/preview?fileId={files_of(app, user).value(path, FILE_ID)}&x=200&y=100&a=1"


def test_an_image_has_a_preview_at_every_address(app: Flask, alice: Program) -> None:
    alice.put("/files/d/p.png", picture())
    addresses = (by_number(app, alice, "d/p.png"), f"{BY_PATH}d/p.png&x=256&y=256", f"{THUMBNAIL}d/p.png")

    for address in addresses:
        wait_until(lambda: alice.get(address).status_code == 200, what=address)  # noqa: B023 - called at once
        answer = alice.get(address)
        assert answer.content_type == "image/webp"
        with Image.open(io.BytesIO(answer.data)) as shown:
            assert max(shown.size) <= 256


def test_an_image_is_found_by_its_number_wherever_it_lies(app: Flask, alice: Program, bob: Program) -> None:
    alice.put("/files/shared/deep/p.png", picture())
    alice.put("/files/own.png", picture())
    number, own = by_number(app, alice, "shared/deep/p.png"), by_number(app, alice, "own.png")
    alice.request("POST", "/moves", json={"from": ["shared/deep/p.png"], "to": "shared/q.png"})
    wait_until(lambda: alice.get(number).status_code == 200, what="a preview")
    assert bob.get(number).status_code == 404

    body = {"kind": "grant", "paths": ["shared"], "to": {"user": "bob"}, "role": "viewer"}
    made = alice.request("POST", "/shares", json=body).get_json()
    bob.request("POST", f"/shares/{made['id']}/accept")

    assert bob.get(number).status_code == 200
    assert bob.get(own).status_code == 404
    alice.delete("/files/shared/q.png")
    assert alice.get(number).status_code == bob.get(number).status_code == 404


def test_a_token_of_a_folder_finds_nothing_outside(app: Flask, alice: Program) -> None:
    for path in ("in/p.png", "out/p.png"):
        alice.put(f"/files/{path}", picture())
    inside, outside = by_number(app, alice, "in/p.png"), by_number(app, alice, "out/p.png")
    made = alice.request("POST", "/tokens", json={"name": "x", "folder": "in"}).get_json()
    limited = {"Authorization": f"Bearer {made['token']}"}

    wait_until(lambda: alice.get(inside, limited).status_code == 200, what="a preview")
    wait_until(lambda: alice.get(outside).status_code == 200, what="the other one")
    assert alice.get(outside, limited).status_code == 404


@pytest.mark.parametrize(
    "address",
    [f"{BY_PATH}text.txt", f"{BY_PATH}none", f"{BY_PATH}folder", f"{THUMBNAIL}text.txt", "/index.php/core/preview"],
)  # fmt: skip
def test_anything_else_has_no_preview(alice: Program, address: str) -> None:
    alice.put("/files/text.txt", b"content")
    alice.put("/files/folder/f", b"content")

    assert alice.get(address).status_code == 404


@pytest.mark.parametrize("number", ["", "0", "-1", "x", "9" * 16, "9" * 40])
def test_a_number_that_is_nobodys_has_no_preview(alice: Program, number: str) -> None:
    assert alice.get(f"/index.php/core/preview?fileId={number}").status_code == 404


def test_no_cookie_makes_an_actor(window: Browser, alice: Program) -> None:
    alice.put("/files/p.png", picture())

    answer = window.client.get(f"{BY_PATH}p.png")

    assert answer.status_code == 401
    assert answer.content_type == "text/plain; charset=utf-8"


def test_folders_tell_which_files_have_previews(app: Flask, alice: Program) -> None:
    alice.put("/files/p.png", picture())
    alice.put("/files/text.txt", b"content")
    files = files_of(app, alice)

    assert [files.value(path, HAS_PREVIEW) for path in ("p.png", "text.txt", "")] == [
        "true",
        "false",
        "false",
    ]


@pytest.mark.parametrize("address", ["/index.php/avatar/alice/64", "/remote.php/dav/avatars/alice/64.png"])
def test_users_have_no_pictures(alice: Program, address: str) -> None:
    assert alice.get(address).status_code == 404
