"""A browser window driven by W3C WebDriver, over either of the two transports.

WebKitGTK answers HTTP requests, Firefox the same commands over its own socket (Marionette).

Rule: a window knows commands and no page of ours; the starter of a browser also ends it (engines.py).
"""

from __future__ import annotations

import itertools
import json
import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from typing import Any, NamedTuple

from tests.support.listening import HOST
from tests.support.waiting import PATIENCE, wait_until

# What the specification calls an element in an answer.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

# Keys, by the code points of the specification.
ENTER, ESCAPE, DELETE, F2, CONTROL = "\ue007", "\ue00c", "\ue017", "\ue032", "\ue009"


class CommandFailed(Exception):
    """The browser failed to execute a command; contains the error's name and message."""


class ElementMissing(CommandFailed):
    """The element is not in the page yet, or was taken out after it was found; nothing was done."""


_MISSING = {"no such element", "stale element reference"}


def _failure(what: str, error: Mapping[str, str]) -> CommandFailed:
    kind = ElementMissing if error["error"] in _MISSING else CommandFailed
    return kind(f"{what}: {error['error']}: {error['message']}")


class _Command(NamedTuple):
    method: str
    path: str
    marionette: str


_COMMANDS = {
    "begin": _Command("POST", "", "WebDriver:NewSession"),
    "navigate": _Command("POST", "/url", "WebDriver:Navigate"),
    "back": _Command("POST", "/back", "WebDriver:Back"),
    "run": _Command("POST", "/execute/sync", "WebDriver:ExecuteScript"),
    "find": _Command("POST", "/element", "WebDriver:FindElement"),
    "click": _Command("POST", "/element/{id}/click", "WebDriver:ElementClick"),
    "type": _Command("POST", "/element/{id}/value", "WebDriver:ElementSendKeys"),
    "act": _Command("POST", "/actions", "WebDriver:PerformActions"),
    "resize": _Command("POST", "/window/rect", "WebDriver:SetWindowRect"),
    "forget": _Command("DELETE", "/cookie", "WebDriver:DeleteAllCookies"),
}


class Wire(ABC):
    """Carries commands to a browser, one at a time."""

    @abstractmethod
    def send(self, name: str, parameters: dict[str, Any]) -> Any:
        """Send the command `name` and return what the browser answers; raises `CommandFailed`."""

    @abstractmethod
    def close(self) -> None:
        """End the session, if there is one."""


class HttpWire(Wire):
    """The wire of a WebDriver server on `port` of this machine, which starts a browser with `options`."""

    def __init__(self, port: int, options: dict[str, Any]) -> None:
        self._port = port
        self._session = "/session"
        begun = self.send("begin", {"capabilities": {"alwaysMatch": options}})
        self._session = f"/session/{begun['sessionId']}"

    def send(self, name: str, parameters: dict[str, Any]) -> Any:
        method, path, _ = _COMMANDS[name]
        rest = {key: value for key, value in parameters.items() if key != "id"}
        return self._request(method, path.format(**parameters), rest)

    def close(self) -> None:
        self._request("DELETE", "", None)

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        connection = HTTPConnection(HOST, self._port, timeout=PATIENCE)
        try:
            connection.request(method, self._session + path, None if body is None else json.dumps(body))
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise _failure(path, value)
        return value


class MarionetteWire(Wire):
    """The wire of a Firefox that listens on `port` of this machine."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=PATIENCE)
        self._answers = self._socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._receive()  # it introduces itself
        self.send("begin", {})

    def send(self, name: str, parameters: dict[str, Any]) -> Any:
        return self.call(_COMMANDS[name].marionette, parameters)

    def call(self, command: str, parameters: dict[str, Any]) -> Any:
        """Send a command by its own name, such as those that only Firefox has."""
        message = json.dumps([0, next(self._numbers), command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._receive()
        if error:
            raise _failure(command, error)
        return result["value"] if isinstance(result, dict) and set(result) == {"value"} else result

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def _receive(self) -> Any:
        length = b""
        while (byte := self._answers.read(1)) != b":":
            if not byte:
                raise ConnectionError("the browser hung up")
            length += byte
        return json.loads(self._answers.read(int(length)))


class Window(ABC):
    """A window on the pages below `base`, and what went wrong on them."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.base = "about:blank"

    def begin(self, base: str) -> None:
        """Start anew in a wide window, without the state of the pages below `base`."""
        self.base = base
        self.resize(1280, 900)
        self.open("/login")
        self._wire.send("forget", {})
        self.run("localStorage.clear(); sessionStorage.clear()")
        self.complaints()

    def open(self, path: str) -> None:
        """Load a page, and wait until it has loaded."""
        self._wire.send("navigate", {"url": self.base + path})

    def back(self) -> None:
        """Go back as the browser's own button does."""
        self._wire.send("back", {})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page, and return what it returns."""
        return self._wire.send("run", {"script": script, "args": list(arguments)})

    def evaluate(self, expression: str, *arguments: Any) -> Any:
        """Return the value of an expression in the page; `arguments` are called so there, too."""
        return self.run(f"return {expression}", *arguments)

    def wait_for(self, expression: str, *arguments: Any) -> Any:
        """Wait until an expression in the page is true, and return its value."""
        return wait_until(lambda: self.evaluate(expression, *arguments), what=f"{expression} {arguments}")

    def press(self, selector: str) -> None:
        """Click on an element with the mouse."""
        self._act_on("click", selector)

    def type(self, selector: str, text: str) -> None:
        """Type into a field; into one for files, their paths."""
        self._act_on("type", selector, text=text)

    def keys(self, *keys: str) -> None:
        """Press keys one after another, then release them."""
        downs = [{"type": "keyDown", "value": key} for key in keys]
        ups = [{"type": "keyUp", "value": key} for key in reversed(keys)]
        self._wire.send("act", {"actions": [{"type": "key", "id": "keys", "actions": [*downs, *ups]}]})

    def resize(self, width: int, height: int) -> None:
        """Set the size of the page including scroll bars, as far as the screen allows."""
        self._wire.send("resize", {"x": 0, "y": 0, "width": width, "height": height})
        lost = self.evaluate("[arguments[0] - innerWidth, arguments[1] - innerHeight]", width, height)
        frame = {"width": width + lost[0], "height": height + lost[1]}
        self._wire.send("resize", {"x": 0, "y": 0, **frame})

    @abstractmethod
    def complaints(self) -> Sequence[str]:
        """Return what the pages have complained about since this was last asked for."""

    def _act_on(self, name: str, selector: str, **parameters: str) -> None:
        """Send a command about an element; wait for it, and look it up again if it was rendered again."""

        def attempt() -> bool:
            try:
                found = self._wire.send("find", {"using": "css selector", "value": selector})[ELEMENT]
                self._wire.send(name, {"id": found, **parameters})
            except ElementMissing:
                return False
            return True

        wait_until(attempt, what=f"{selector} that stays")
