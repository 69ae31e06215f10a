"""The cookie of a session: its name, its path, and when it travels.

On https its name has a prefix which browsers honour: `__Host-` keeps other hosts of the domain, and
what has been sent over plain http, from setting it; below a sub-path, which `__Host-` does not
allow, `__Secure-` keeps off the latter at least.

Rule: what the cookie is called follows from the request alone, and nothing else in it is read.
"""

from __future__ import annotations

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

NAME = "cabinet"


class Cookies(SecureCookieSessionInterface):
    """The signed cookie of Flask, named by how the request came."""

    def get_cookie_name(self, app: Flask) -> str:
        if not request.is_secure:
            return NAME
        return f"__Secure-{NAME}" if request.script_root else f"__Host-{NAME}"

    def get_cookie_path(self, app: Flask) -> str:
        # Two instances below one https host keep apart; on http the path stays what it always was.
        return (request.is_secure and request.script_root) or "/"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure
