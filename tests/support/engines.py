"""Debian's Firefox and WebKitGTK, each as one window driven by a test.

Rule: a browser has its own folder, connects to this machine only, and is ended by the id of its process group,
with all of its processes.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.listening import HOST, free_port
from tests.support.programs import require_program
from tests.support.waiting import wait_until
from tests.support.webdriver import CommandFailed, HttpWire, MarionetteWire, Window

# Preferences that keep Firefox offline, besides those that Marionette sets.
_PREFERENCES = {
    "marionette.port": 0,
    "browser.cache.disk.enable": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "signon.rememberSignons": False,
    # Scroll bars that take room, as those of Windows do.
    "widget.gtk.overlay-scrollbars.enabled": False,
}

# Programs without a desktop: no bus, and no accelerated rendering.
_ALONE = {
    "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    "GDK_BACKEND": "x11",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "MOZ_CRASHREPORTER_DISABLE": "1",
    "NO_AT_BRIDGE": "1",
    # Tests run as root in containers, where its sandbox cannot be made.
    "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
}

# Firefox logs page and browser messages to its console; these categories are errors of pages.
_READ_CONSOLE = """
const told = Services.console.getMessageArray().filter((each) => each instanceof Ci.nsIScriptError);
Services.console.reset();
return told
  .filter(({ category }) => /content javascript|content security policy|CSP/i.test(category))
  .filter(({ flags }) => !(flags & Ci.nsIScriptError.infoFlag))
  .map((each) => String(each.errorMessage) + " (" + each.sourceName + ")");
"""

# WebDriver cannot read WebKit's console, so the page itself listens, from the first command on; it
# remembers over its ways to other pages.
_HEAR = """
if (!window.hears) {
  window.hears = true;
  const heard = () => JSON.parse(sessionStorage.getItem("heard") ?? "[]");
  const hear = (...what) => sessionStorage.setItem("heard", JSON.stringify([...heard(), what.join(" ")]));
  addEventListener("error", ({ message, filename }) => hear(message, filename));
  addEventListener("unhandledrejection", ({ reason }) => hear(reason));
  addEventListener("securitypolicyviolation", (event) => hear(event.violatedDirective, event.blockedURI));
}
"""
_TELL = (
    "const told = sessionStorage.heard ?? '[]'; sessionStorage.removeItem('heard'); return JSON.parse(told)"
)


class Firefox(Window):
    """Firefox, without its windows."""

    def __init__(self, wire: MarionetteWire) -> None:
        super().__init__(wire)
        self._marionette = wire

    def complaints(self) -> Sequence[str]:
        told: list[str] = self.run_as_browser(_READ_CONSOLE)
        return told

    def resize(self, width: int, height: int) -> None:
        # The minimum window of Firefox is wider than a phone, but its viewport need not be.
        room = f"max-width: {width}px; max-height: {height}px"
        super().resize(max(width, 500), height)
        self.run_as_browser("gBrowser.selectedBrowser.style.cssText = arguments[0]", room)
        self.wait_for("innerWidth === arguments[0]", width)

    def run_as_browser(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function with all the rights of Firefox itself."""
        self._marionette.call("Marionette:SetContext", {"value": "chrome"})
        try:
            return self.run(script, *arguments)
        finally:
            self._marionette.call("Marionette:SetContext", {"value": "content"})


class WebKit(Window):
    """WebKitGTK, in MiniBrowser."""

    def run(self, script: str, *arguments: Any) -> Any:
        return super().run(f"{_HEAR}\n{script}", *arguments)

    def complaints(self) -> Sequence[str]:
        told: list[str] = self.run(_TELL)
        return told


@contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    """Run Firefox for as long as the context lasts."""
    profile = folder / "profile"
    profile.mkdir()
    lines = [f"user_pref({json.dumps(key)}, {json.dumps(value)});" for key, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    program = require_program("firefox-esr")
    driven = ["--marionette", "--remote-allow-system-access"]
    command = [program, "--headless", *driven, "--no-remote", "--profile", str(profile)]
    with _running(command, folder, {}) as process:
        port = wait_until(lambda: _port_of(profile, process), what="Firefox")
        wire = MarionetteWire(port)
        try:
            yield Firefox(wire)
        finally:
            wire.close()


@contextmanager
def webkit(folder: Path) -> Iterator[WebKit]:
    """Run WebKitGTK for as long as the context lasts, on a screen of its own: it knows no other way."""
    with ExitStack() as ending:
        environment = {"DISPLAY": ending.enter_context(_screen(folder))}
        port = free_port()
        driver = [require_program("WebKitWebDriver"), f"--port={port}"]
        process = ending.enter_context(_running(driver, folder, environment))
        wait_until(lambda: _listens(port, process), what="WebKitWebDriver")
        options = {"binary": _minibrowser(), "args": ["--automation"]}
        wire = HttpWire(port, {"webkitgtk:browserOptions": options})
        try:
            yield WebKit(wire)
        finally:
            with suppress(CommandFailed, OSError):
                wire.close()


def _minibrowser() -> str:
    """Return the program that WebKitGTK's library brings along for those who drive it."""
    # Beside the library, in a folder named after the architecture.
    for found in sorted(Path("/usr").glob("lib*/**/webkit2gtk-4.*/MiniBrowser")):
        return str(found)
    pytest.fail("WebKitGTK's MiniBrowser is not on this machine; `bash .ci/install-parts test` installs it.")


@contextmanager
def _screen(folder: Path) -> Iterator[str]:
    """Run an X server on a free number without a visible screen, and yield its name."""
    said, told = os.pipe()
    command = [
        require_program("Xvfb"),
        "-displayfd",
        str(told),
        "-screen",
        "0",
        "1280x1024x24",
        "-nolisten",
        "tcp",
    ]
    with ExitStack() as ending:
        number = ending.enter_context(os.fdopen(said, "rb"))
        with os.fdopen(told, "wb"):
            ending.enter_context(_running(command, folder, {}, pass_fds=[told]))
        if not (line := number.readline()):
            raise RuntimeError(f"Xvfb did not start:\n{_log(command, folder).read_text(errors='replace')}")
        yield f":{line.decode().strip()}"


@contextmanager
def _running(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], pass_fds: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program and its child processes, which store all their data in `folder`."""
    homes = {name: str(folder) for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    with _log(command, folder).open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **_ALONE, **homes, **environment}, pass_fds=pass_fds,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        # There is nothing to save, and children outlive a parent that is asked to end.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _log(command: Sequence[str], folder: Path) -> Path:
    return folder / f"{Path(command[0]).name}.log"


def _port_of(profile: Path, process: subprocess.Popen[bytes]) -> int | None:
    """Return the port that Firefox has chosen, once it has written that down."""
    _expect_alive(process)
    with suppress(OSError, ValueError):
        return int((profile / "MarionetteActivePort").read_text())
    return None


def _listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    _expect_alive(process)
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _expect_alive(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        raise RuntimeError(f"a browser has ended with {process.returncode} before it could be driven")
