"""Resolution of the NAME arguments of a command to server paths: literally, or as patterns.

Rule: an existing name is taken literally, even if it is a pattern, so that every file can be named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cabinet.client.failures import NoMatch
from cabinet.client.paths import iter_parents, to_path
from cabinet.client.remote.globs import expand, is_pattern, look_up
from cabinet.client.summary import Summary
from cabinet.client.wire.entries import RemoteEntry
from cabinet.errors import IsAFolder, NotFound

if TYPE_CHECKING:
    from cabinet.client.wire.api import Api


@dataclass(frozen=True, slots=True)
class ResolvedPath:
    """A path on the server; `entry` is None if it was not looked up.

    `name` is what it is called here, None for the last name of the path.
    """

    text: str
    path: str
    entry: RemoteEntry | None = None
    name: str | None = None

    @property
    def local_name(self) -> str:
        """The name of a local copy; "" for the root folder."""
        return self.path.rpartition("/")[2] if self.name is None else self.name


class Resolver:
    """Resolves the NAME arguments of one command.

    With `check_existence`, names without a pattern are looked up too, and fail if they do not exist.
    Without `folders`, a pattern matches files only.
    """

    def __init__(
        self, api: Api, summary: Summary, *, folders: bool = True, check_existence: bool = False
    ) -> None:
        self._api = api
        self._summary = summary
        self._folders = folders
        self._is_certain = check_existence

    def iter_resolved(self, texts: Iterable[str]) -> Iterator[ResolvedPath]:
        """Yield the paths for each name; failures are counted by the summary."""
        named: list[tuple[str, str]] = []
        for text in texts:
            with self._summary.attempt(text):
                named.append((text, to_path(text)))
        found = self._look_up([path for _, path in named if path])
        for text, path in named:
            with self._summary.attempt(text):
                if found.get(path) is None and is_pattern(path):
                    for entry in self._expand(text, path):
                        yield ResolvedPath(entry.path, entry.path, entry)
                elif path in found and found[path] is None:
                    raise NotFound
                else:
                    yield ResolvedPath(text, path, found.get(path))

    def _look_up(self, paths: Sequence[str]) -> dict[str, RemoteEntry | None]:
        wanted = [path for path in dict.fromkeys(paths) if self._is_certain or is_pattern(path)]
        return dict(zip(wanted, look_up(self._api, wanted), strict=True))

    def _expand(self, text: str, path: str) -> Sequence[RemoteEntry]:
        found = list(expand(self._api, path))
        if not found:
            raise NoMatch(pattern=text)
        taken = [entry for entry in found if self._folders or not entry.is_folder]
        if not taken:
            raise IsAFolder(path=found[0].path)
        return taken


def without_nested(resolved: Iterable[ResolvedPath]) -> list[ResolvedPath]:
    """Return each path once, without those inside another one."""
    by_path = {one.path: one for one in resolved}
    return [one for one in by_path.values() if not any(above in by_path for above in iter_parents(one.path))]
