"""Name the session cookie and set its path and attributes.

On HTTPS the name has a prefix that browsers enforce: `__Host-` prevents other hosts of the domain, and
responses sent over plain HTTP, from setting it; below a sub-path, which `__Host-` does not allow, `__Secure-`
prevents at least the latter.

Rule: the name depends on the request alone; the content of the cookie is not read here.
"""

from __future__ import annotations

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

NAME = "cabinet"


class Cookies(SecureCookieSessionInterface):
    """Flask's signed session cookie, with a name that depends on the request."""

    def get_cookie_name(self, app: Flask) -> str:
        if not request.is_secure:
            return NAME
        return f"__Secure-{NAME}" if request.script_root else f"__Host-{NAME}"

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of the request; an empty one at once for programs, which send no cookies."""
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)

    def get_cookie_path(self, app: Flask) -> str:
        # Keeps two instances below one HTTPS host apart; on HTTP the path stays as it always was.
        return (request.is_secure and request.script_root) or "/"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure
