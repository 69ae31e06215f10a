"""The token file: the stored tokens by server.

Rule: a token is returned only for the server that it was stored for. The file has mode 0600, is replaced
atomically by a rename, and is not used if other users can read it.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from cabinet.client.token_failures import (
    TokenFileBroken,
    TokenFileExposed,
    TokenFileForeign,
    TokenFileUnusable,
)
from cabinet.storage import file_locks

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

# The value of `default_path` without XDG_CONFIG_HOME, for `--help`.
TOKEN_PLACES = {
    "Linux": "~/.config/filecli/tokens.json",
    "macOS": "~/Library/Application Support/filecli/tokens.json",
}


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token that `filecli login` stored: the secret, the id to revoke it, and the user name."""

    id: str
    token: str
    username: str


def default_path() -> Path:
    """Return the path of the token file; a relative path if there is no home folder."""
    from platformdirs import user_config_path  # 20 ms, and --help needs no path

    try:
        return user_config_path("filecli", appauthor=False) / "tokens.json"
    except RuntimeError:
        return Path("~", ".config", "filecli", "tokens.json")


class TokenFile:
    """The tokens by server address; safe for several filecli processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, server: str) -> StoredToken | None:
        """Return the token for `server`; raises `TokenFileExposed` and `TokenFileBroken`."""
        return self._read().get(server)

    def set(self, server: str, token: StoredToken) -> None:
        """Store the token for `server`, replacing an older one."""
        with self._locked():
            self._write({**self._read(), server: token})

    def forget(self, server: str) -> None:
        """Remove the token for `server`, if there is one."""
        with self._locked():
            tokens = self._read()
            if tokens.pop(server, None) is not None:
                self._write(tokens)

    def _read(self) -> dict[str, StoredToken]:
        if not self._path.is_absolute():  # there is no home folder
            return {}
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                if status.st_uid != os.geteuid():
                    raise TokenFileForeign(path=str(self._path))
                if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                    raise TokenFileExposed(path=str(self._path))
                content = file.read()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._broken(error) from error
        try:
            document: dict[str, dict[str, str]] = json.loads(content)
            return {server: StoredToken(**members) for server, members in document.items()}
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise TokenFileBroken(path=str(self._path), reason="its content is invalid") from error

    def _write(self, tokens: dict[str, StoredToken]) -> None:
        temporary = self._path.with_suffix(".new")
        try:
            with suppress(FileNotFoundError):
                temporary.unlink()
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump({server: asdict(token) for server, token in tokens.items()}, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            raise self._broken(error) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock the file against other filecli processes."""
        if not self._path.is_absolute():
            raise TokenFileUnusable(path=str(self._path), reason="there is no home folder")
        with ExitStack() as held:
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                held.enter_context(file_locks.locked(self._path.parent, timeout=None, flags=_FOLDER))
            except OSError as error:
                raise self._broken(error) from error
            yield

    def _broken(self, error: OSError) -> TokenFileUnusable:
        return TokenFileUnusable(path=str(self._path), reason=os.strerror(error.errno or 0))
