"""Signing in and out in tests.

Rule: everything goes through HTTP, in process.
"""

from __future__ import annotations

import base64

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

USERNAME = "alice"
PASSWORD = "correct horse battery"


def basic(username: str = USERNAME, password: str = PASSWORD) -> dict[str, str]:
    """Return the header of HTTP Basic, as curl's -u sends it."""
    credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {credentials}"}


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


class AuthActions:
    """Register, sign in and out by one test client, whose cookies then belong to that user."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def register(self, username: str = USERNAME, password: str = PASSWORD) -> TestResponse:
        """Create an account without signing in."""
        return self.client.post("/register", data={"username": username, "password": password})

    def login(self, username: str = USERNAME, password: str = PASSWORD) -> TestResponse:
        """Sign in; the client keeps the cookie."""
        return self.client.post("/login", data={"username": username, "password": password})

    def logout(self) -> TestResponse:
        """End the session of the client's cookie."""
        return self.client.get("/logout")

    def become(self, username: str = USERNAME, password: str = PASSWORD) -> dict[str, str]:
        """Register and sign in; return the user's Basic header, for requests without the cookie."""
        registered = self.register(username, password)
        assert registered.status_code == 201, registered.text
        signed_in = self.login(username, password)
        assert signed_in.status_code == 200, signed_in.text
        return basic(username, password)

    def token(
        self, name: str = "a test", username: str = USERNAME, password: str = PASSWORD
    ) -> dict[str, str]:
        """Create a token of a registered user; return its Bearer header."""
        made = self.client.post("/tokens", json={"name": name}, headers=basic(username, password))
        assert made.status_code == 201, made.text
        return bearer(made.get_json()["token"])
