"""Groups of users and team spaces on the server, which both have members with roles.

Rule: every URL and JSON member of groups and spaces is named here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from cabinet.client.wire.connection import JSON, TAKES_LONG, Connection, Request, to_json
from cabinet.client.wire.responses import ResponseReader


@dataclass(frozen=True, slots=True)
class Team:
    """A group or a team space; `path` is the user's folder of a space, "" for none. `document` is its JSON."""

    id: str
    name: str
    role: str
    path: str
    document: Mapping[str, Any]

    def number(self, member: str) -> int | None:
        """Return a member of the document that is a number, None for no limit."""
        value = self.document.get(member)
        return value if isinstance(value, int) else None

    @property
    def members(self) -> Sequence[tuple[str, str]]:
        """The members, each with its role; only known from `Teams.get`."""
        listed = self.document.get("members")
        found = listed if isinstance(listed, list) else []
        return [
            (str(each.get("username")), str(each.get("role"))) for each in found if isinstance(each, dict)
        ]


class Teams:
    """The operations of groups, or those of team spaces."""

    def __init__(
        self, connection: Connection, responses: ResponseReader, kind: Literal["groups", "spaces"]
    ) -> None:
        self._connection = connection
        self._responses = responses
        self._kind = kind

    def __iter__(self) -> Iterator[Team]:
        """Yield the user's own."""
        return self._responses.iter_pages(f"/{self._kind}", {}, self._to_team, member=self._kind)

    def get(self, team_id: str) -> Team:
        """Return one with its members."""
        return self._to_team(self._connection.json(Request("GET", self._target(team_id), is_repeatable=True)))

    def create(self, wanted: Mapping[str, Any]) -> Team:
        """Create one from the members of its document."""
        return self._to_team(self._connection.json(Request("POST", f"/{self._kind}", JSON, to_json(wanted))))

    def change(self, team_id: str, wanted: Mapping[str, Any]) -> Team:
        """Change members of its document."""
        request = Request("PATCH", self._target(team_id), JSON, to_json(wanted), is_repeatable=True)
        return self._to_team(self._connection.json(request))

    def delete(self, team_id: str) -> None:
        """Delete one, a space with everything in it."""
        self._connection.json(Request("DELETE", self._target(team_id), body=TAKES_LONG))

    def set_member(self, team_id: str, username: str, role: str) -> None:
        """Add a member, or change the role of one."""
        target = self._member(team_id, username)
        self._connection.json(Request("PUT", target, JSON, to_json({"role": role}), is_repeatable=True))

    def remove_member(self, team_id: str, username: str) -> None:
        """Remove a member."""
        self._connection.json(Request("DELETE", self._member(team_id, username), is_repeatable=True))

    def _target(self, team_id: str) -> str:
        return f"/{self._kind}/{quote(team_id, safe='')}"

    def _member(self, team_id: str, username: str) -> str:
        return f"{self._target(team_id)}/members/{quote(username, safe='')}"

    def _to_team(self, document: Any) -> Team:
        return Team(
            self._responses.text(document, "id"),
            self._responses.text(document, "name"),
            str(document.get("role") or ""),
            str(document.get("path") or ""),
            document,
        )
