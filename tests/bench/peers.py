"""The compared servers, with a common interface.

Rule: each runs as one serving process, keeps its content in the temporary folder, and allows exactly one user to
write.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.support.auth import PASSWORD, USERNAME, basic, bearer
from tests.support.listening import HOST, free_port, listening
from tests.support.servers import FAST, Server, production_command, running

_NGINX = """
daemon off;
master_process off;
worker_processes 1;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    client_max_body_size 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {host}:{port};
        root {content};
        dav_methods PUT;
        create_full_put_path on;
    }}
}}
"""

# Of servers that have a network of their own, in which every port is free.
_CABINET_PORT = 5000
_COPYPARTY_PORT = 3923


@dataclass(frozen=True, slots=True)
class Peer:
    """A running server: how to speak to it, and the folder in which its contents end up."""

    name: str
    version: str
    port: int
    content: Path
    headers: Mapping[str, str] = field(default_factory=dict)
    prefix: str = "/"
    host: str = HOST

    @property
    def origin(self) -> str:
        """Its address, without a slash at its end."""
        return f"http://{self.host}:{self.port}"

    def path(self, name: str) -> str:
        """Return the path of a file."""
        return self.prefix + name

    def url(self, name: str) -> str:
        """Return the address of a file."""
        return f"{self.origin}{self.path(name)}"

    def stored(self) -> int:
        """Return the bytes of all contents."""
        return sum(path.stat().st_size for path in self.content.rglob("*") if path.is_file())

    def empty(self) -> None:
        """Free the memory of all contents, behind the server's back."""
        for path in self.content.rglob("*"):
            if path.is_file():
                path.unlink()


@dataclass(frozen=True, slots=True)
class Cabinet(Peer):
    """Our own server; `token` is the one in its headers, `database` where its rows are."""

    server: Server = field(kw_only=True)
    token: str = field(kw_only=True)
    database: str = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Copyparty(Peer):
    """copyparty, and the command that starts its own uploader."""

    u2c: tuple[str, ...] = field(kw_only=True)

    def without_checksums(self) -> Copyparty:
        """Return the same server, asked to compute no checksum of what it gets."""
        return replace(self, name="copyparty, no checksum", headers={**self.headers, "CK": "no"})


@contextmanager
def cabinet(
    folder: Path,
    host: str = HOST,
    workers: int = 1,
    database: str | None = None,
    settings: Mapping[str, Any] | None = None,
    python: str = sys.executable,
) -> Iterator[Cabinet]:
    """Start Cabinet as `make serve` does, but with `workers`, one user and a token, also listening on `host`.

    `database` is the URL of an empty one; by default a file is created. `python` has the release to start.
    """
    folder.mkdir()
    port = 0 if host == HOST else _CABINET_PORT
    arguments = ["--bind", f"{host}:{port}"] if port else []
    rows = database or f"sqlite:///{folder / 'instance' / 'cabinet.db'}"
    command = [python, *production_command(workers, *arguments)[1:]]
    # Another release may not know the settings of tests.
    defaults = FAST if python == sys.executable else {}
    with running(command, folder, {**(settings or {}), "DATABASE_URL": rows}, defaults) as server:
        form = {"username": USERNAME, "password": PASSWORD}
        server.request("POST", "/register", fields=form, encode_multipart=False)
        made = server.request("POST", "/tokens", json={"name": "bench"}, headers=basic())
        token = made.json()["token"]
        yield Cabinet(
            "Cabinet", "", port or server.port, folder / "instance" / "blobs", bearer(token), "/files/", host,
            server=server, token=token, database=rows,
        )  # fmt: skip


@contextmanager
def nginx(folder: Path) -> Iterator[Peer]:
    """Start Debian's nginx, which serves files and accepts them by PUT, without authentication."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin") or "nginx"
    content, port = folder / "content", free_port()
    content.mkdir(parents=True)
    settings = folder / "nginx.conf"
    settings.write_text(_NGINX.format(folder=folder, content=content, host=HOST, port=port))
    said = subprocess.run([program, "-v"], check=True, capture_output=True, text=True).stderr
    with listening([program, "-p", str(folder), "-c", str(settings)], port, folder, {}):
        yield Peer("nginx", said.strip().rpartition("/")[2], port, content)


def install_copyparty(folder: Path) -> Path:
    """Install copyparty from PyPI into an environment of its own; returns the folder of its programs."""
    return Path(_install(folder, "copyparty")).parent


@contextmanager
def copyparty(folder: Path, programs: Path, host: str = HOST) -> Iterator[Copyparty]:
    """Start copyparty with one account."""
    content, password = folder / "content", "bench"
    port = free_port() if host == HOST else _COPYPARTY_PORT
    content.mkdir(parents=True)
    python = str(programs / "python")
    version = subprocess.run(
        [python, "-c", "import importlib.metadata as m; print(m.version('copyparty'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    command = [
        python, "-m", "copyparty", "-q", "--http-only", "--no-thumb", "--wram",
        "-i", host, "-p", str(port), "-a", f"bench:{password}", "-v", f"{content}::rw,bench",
    ]  # fmt: skip
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    u2c = (str(programs / "u2c"), "-ns", "-a", password)
    with listening(command, port, folder, home, host):
        yield Copyparty("copyparty", version, port, content, {"PW": password}, "/", host, u2c=u2c)


@contextmanager
def limit(folder: Path) -> Iterator[Peer]:
    """Start the server that only receives and writes."""
    content, port = folder / "content", free_port()
    content.mkdir(parents=True)
    program = Path(__file__).with_name("limit_server.py")
    with listening([sys.executable, str(program), str(port), str(content)], port, folder, {}):
        yield Peer("no hash", "", port, content)


def _install(environment: Path, package: str) -> str:
    """Make a virtual environment with the newest release of `package`; returns its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    done = subprocess.run([*pip, "install", package], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{package} cannot be installed:\n{done.stderr}")
    return python
