"""Real tus clients, as separate programs that can be killed and resumed.

Run as a program, this module is tuspy: one upload, described by the JSON of its only argument.

Rule: the same command resumes an earlier one; it exits with 0 when everything is uploaded.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.node import node_command

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """A file to upload: its target, its user, and where the client may store its state."""

    endpoint: str
    headers: Mapping[str, str]
    file: Path
    memory: Path
    name: str


@dataclass(frozen=True, slots=True)
class Client:
    """A client with its way of uploading; `options` are the client's own.

    `least` is how many bytes a file has at least that it sends by tus.
    """

    program: str
    options: Mapping[str, Any] = field(default_factory=dict)
    least: int = 0

    def command(self, job: Job, **more: Any) -> list[str]:
        """Return the command line that starts or resumes `job`."""
        commands = {"filecli": filecli_command, "tuspy": tuspy_command, "tus-js-client": js_command}
        return commands[self.program](job, {**self.options, **more})


def filecli_command(job: Job, options: Mapping[str, Any]) -> list[str]:
    """Return the command line of our own client, which takes the name from the file."""
    assert job.file.name == job.name
    home = str(job.memory.parent)
    environment = {
        **dict.fromkeys(
            ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"), home
        ),
        "FILECLI_SERVER": job.endpoint,
        "FILECLI_TOKEN": job.headers["Authorization"].removeprefix("Bearer "),
    }
    program = str(Path(sys.executable).with_name("filecli"))
    settings = [f"{name}={value}" for name, value in environment.items()]
    flags = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return ["/usr/bin/env", *settings, program, "upload", "--quiet", *flags, str(job.file)]


def tuspy_command(job: Job, options: Mapping[str, Any]) -> list[str]:
    """Return the command line of tuspy; `options` are those of its uploader."""
    wanted = {
        "url": f"{job.endpoint}/uploads",
        "headers": dict(job.headers),
        "memory": str(job.memory),
        "options": {"file_path": str(job.file), "metadata": {"filename": job.name}, **options},
    }
    return [sys.executable, "-m", "tests.support.tus_clients", json.dumps(wanted)]


def js_command(job: Job, options: Mapping[str, Any]) -> list[str]:
    """Return the command line of tus-js-client; `options` are those that its script knows."""
    wanted = {
        "endpoint": f"{job.endpoint}/uploads",
        "file": str(job.file),
        "headers": dict(job.headers),
        "storage": str(job.memory),
        **options,
        "options": {"metadata": {"filename": job.name}, **options.get("options", {})},
    }
    return [*node_command(), json.dumps(wanted)]


# What interrupted uploads are tried with.
CLIENTS = {
    "filecli": Client("filecli", {"retries": 0}, least=16 * MIB),
    "tuspy": Client("tuspy", {"chunk_size": 5 * MIB}),
    "tuspy with checksums": Client("tuspy", {"chunk_size": MIB, "upload_checksum": True}),
    "tus-js-client in one request": Client("tus-js-client"),
    "tus-js-client in chunks": Client("tus-js-client", {"options": {"chunkSize": 3 * MIB}}),
    "tus-js-client in parallel parts": Client("tus-js-client", {"options": {"parallelUploads": 3}}),
    "tus-js-client that begins with bytes": Client(
        "tus-js-client", {"options": {"uploadDataDuringCreation": True, "chunkSize": 4 * MIB}}
    ),
}


def start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a client whose words go to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command, cwd=Path(__file__).parents[2], stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )


def upload_by_tuspy(wanted: Mapping[str, Any]) -> None:
    """Start or resume an upload by tuspy."""
    from tusclient.client import TusClient
    from tusclient.storage.filestorage import FileStorage

    client = TusClient(wanted["url"], headers=dict(wanted["headers"]))
    memory = FileStorage(wanted["memory"])  # type: ignore[no-untyped-call]
    uploader = client.uploader(**wanted["options"], store_url=True, url_storage=memory)
    uploader.upload()


if __name__ == "__main__":
    upload_by_tuspy(json.loads(sys.argv[1]))
