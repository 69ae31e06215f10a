"""The calls of PostgreSQL's programs, and their errors; without a server."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from cabinet.errors import StorageFull
from cabinet.refusals import DumpFailed
from cabinet.services.backups.database_copy import _run

ADDRESS = "postgresql+psycopg://keeper:s3cr%20et@db.example.org:5433/cabi%27net?sslmode=require"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `pg_dump` first in PATH that records its arguments and environment."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "pg_dump").write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        f'told = {{"words": sys.argv[1:], "password": os.environ.get("PGPASSWORD")}}\n'
        f'open("{tmp_path}/told", "w").write(json.dumps(told))\n'
        'print(os.environ.get("COMPLAINT", ""), file=sys.stderr)\nsys.exit("COMPLAINT" in os.environ)\n'
    )
    (folder / "pg_dump").chmod(0o700)
    monkeypatch.setenv("PATH", str(folder))
    return folder / "pg_dump"


def test_a_password_is_never_on_a_command_line(program: Path, tmp_path: Path) -> None:
    _run(create_engine(ADDRESS), "pg_dump", "--format=custom")
    told = json.loads((tmp_path / "told").read_text())

    assert told["password"] == "s3cr et"
    assert "s3cr" not in " ".join(told["words"])
    assert told["words"][-2:] == [
        r"--dbname=host='db.example.org' dbname='cabi\'net' user='keeper' port='5433' sslmode='require'",
        "--format=custom",
    ]


def test_a_missing_program_is_named_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DumpFailed, match=r"pg_dump failed: it is not installed.*postgresql-client"):
        _run(create_engine(ADDRESS), "pg_dump")


@pytest.mark.parametrize(
    ("complaint", "kind", "said"),
    [
        ("first\npg_dump: error: server version mismatch", DumpFailed, "server version mismatch"),
        ("could not write: No space left on device", StorageFull, "no space"),
    ],
)
def test_the_error_message_of_a_program_is_reported(
    program: Path, monkeypatch: pytest.MonkeyPatch, complaint: str, kind: type[Exception], said: str
) -> None:
    monkeypatch.setenv("COMPLAINT", complaint)
    with pytest.raises(kind, match=said):
        _run(create_engine(ADDRESS), "pg_dump")
