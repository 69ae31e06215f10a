"""Uploads: in progress, waiting, with conflicts.

Rule: as in scene.py; no upload completes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.gallery.scene import Scene, State
from tests.support.chromium import UPLOADS, file, load_scripts
from tests.support.people import target_of

# Bytes by name.
SENT = {
    "Sketch.svg": 300_000,
    "Фильм о кошке.mov": 900_000,
    "Lecture 7, the one about glaciers and everything that lies below them.mp3": 500_000,
}
FIRST = {"Sketch.svg": 300_000}
# Of a large file, in one request behind a proxy that limits them.
PART_BYTES = 1_048_576
TAKEN = [file("Budget 2026.xlsx"), file("LICENSE"), file("Стихи.txt"), file("Sketch.png")]


def expand(scene: Scene) -> None:
    """Expand the panel, which starts collapsed where it covers the list."""
    scene.sees("#uploads")
    if scene.page.locator("#uploads.is-collapsed").count():
        scene.page.locator("#uploads-collapse").click()


def uploads(state: str) -> Callable[[Scene], None]:
    """Return how to see uploads that are in one of their states."""

    def arrive(scene: Scene) -> None:
        page = scene.open("/index?path=Recipes")
        scene.hold(UPLOADS)
        scene.upload(SENT)
        expand(scene)
        for each, button in (("sending", ""), ("paused", "#uploads-pause"), ("cancelled", "#uploads-cancel")):
            if button:
                page.locator(button).click()
            expect(page.locator(f".upload[data-state={each}]")).to_have_count(len(SENT))
            if each == state:
                return

    return arrive


def done(scene: Scene) -> None:
    """Upload for a moment."""
    page = scene.open("/index?path=Recipes")
    scene.upload(SENT)
    expect(page.locator(".upload[data-state=done]")).to_have_count(len(SENT))
    expand(scene)
    page.locator("#uploads-close").focus()  # or it would close by itself
    for name in SENT:
        scene.sees(f'#rows [data-name="{name}"]')
    for name in SENT:
        scene.person.send("DELETE", f"{target_of('Recipes/' + name)}?permanent=1")


def without_an_answer(scene: Scene) -> None:
    page = scene.open("/index?path=Recipes")
    page.route(UPLOADS, lambda route: route.abort())
    scene.upload(SENT)
    scene.sees("#uploads-note")


def over_plain_http(scene: Scene) -> None:
    """Upload where the browser hides its hashes, as over plain http from another machine."""
    scene.page.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined })")
    uploads("sending")(scene)
    scene.sees("#uploads-hint")


def failed(scene: Scene) -> None:
    page = scene.open("/index?path=Recipes")
    page.route(UPLOADS, lambda route: route.fulfill(status=400, body="{}"))
    scene.upload(SENT)
    expect(page.locator(".upload[data-state=failed]")).to_have_count(len(SENT))
    scene.sees(".uploads-failure")


def failed_alone(scene: Scene) -> None:
    """Upload a single file that has no room."""
    page = scene.open("/index?path=Recipes")
    problem = {
        "type": "/problems/storage-full",
        "detail": "There is no space left on the server; nothing was stored.",
    }
    page.route(UPLOADS, lambda route: route.fulfill(status=507, json=problem))
    scene.upload(FIRST)
    scene.sees(".upload[data-state=failed]")


def collapsed(scene: Scene) -> None:
    uploads("sending")(scene)
    scene.page.locator("#uploads-collapse").click()
    expect(scene.page.locator("#uploads-body")).to_be_hidden()


def cancel_asked(scene: Scene) -> None:
    """Cancel when a part of a file is stored, as far as the page knows."""
    page = scene.open("/index?path=Recipes")
    part = {"Location": "/uploads/half-of-it", "Upload-Offset": "0", "Tus-Resumable": "1.0.0"}
    page.route("**/uploads", lambda route: route.fulfill(status=201, headers=part))
    arrived = part | {"Upload-Offset": str(PART_BYTES)}
    scene.hold(re.compile(r"/uploads/half-of-it$"))
    page.route("**/uploads/half-of-it", lambda route: route.fulfill(status=204, headers=arrived), times=1)
    limit = f"JSON.stringify({{ bytes: {PART_BYTES}, at: Date.now() }})"
    page.add_init_script(f"localStorage.setItem('body-limit:/', {limit})")
    page.reload()
    load_scripts(page)
    scene.upload({"Glacier.mov": 6_000_000})
    expand(scene)
    page.wait_for_function("() => document.querySelector('.upload progress')?.value > 0.1")
    page.locator("#uploads-cancel").click()
    scene.sees("#confirm")


def conflicts(scene: Scene) -> None:
    page = scene.open("/index")
    page.locator("#files-input").set_input_files(TAKEN)
    scene.sees("#conflicts")


def sign_in_again(scene: Scene) -> None:
    def refuse(route: Route) -> None:
        is_refused = route.request.method != "GET" or route.request.url.endswith("/me")
        route.fulfill(status=401) if is_refused else route.fallback()

    page = scene.open("/index")
    page.route("**/*", refuse)
    scene.upload(FIRST)
    scene.sees("#signin")


def signed_out(scene: Scene) -> None:
    """Put signing in again off."""
    sign_in_again(scene)
    scene.page.keyboard.press("Escape")
    scene.sees("#uploads-signin")


def another_account(scene: Scene) -> None:
    """Return to the page after another user has signed in in another tab."""
    page = scene.open("/index")
    problem = {"type": "/problems/other-user", "username": "boris.petrov"}
    page.route("**/me", lambda route: route.fulfill(status=403, json=problem))
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    scene.sees("#signin-other")


def held_over_the_page(scene: Scene) -> None:
    """Hold files of the desktop over the page."""
    scene.open("/index").evaluate(
        """() => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File(["a"], "a.txt"));
            for (const type of ["dragenter", "dragover"]) {
                document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
            }
        }"""
    )
    scene.sees("#drop-sign")


STATES = [
    State("uploads sending", "anna", uploads("sending"), is_alike=True),
    State("uploads paused", "anna", uploads("paused")),
    State("uploads cancelled", "anna", uploads("cancelled"), is_alike=True),
    State("uploads done", "anna", done, is_alike=True),
    State("uploads without an answer", "anna", without_an_answer, complains="ERR_FAILED"),
    State("uploads over plain http", "anna", over_plain_http, is_alike=True),
    State("uploads, signed out", "anna", signed_out, complains="status of 401", is_alike=True),
    State("uploads failed", "anna", failed, complains="status of 400"),
    State("an upload failed", "anna", failed_alone, complains="status of 507", is_alike=True),
    State("uploads collapsed", "anna", collapsed, is_alike=True),
    State("cancel all uploads?", "anna", cancel_asked),
    State("upload conflicts", "anna", conflicts),
    State("sign in again", "anna", sign_in_again, complains="status of 401"),
    State("another account", "anna", another_account, complains="status of 403"),
    State("files held over the page", "anna", held_over_the_page),
]
