"""The node tests of the scripts: `python -m tests.support.frontend [FILE...]` runs them.

Some expected values come from Python: the texts of the pages in both languages, formatted sizes, hashes by the
storage, and texts in encodings that browsers cannot write. `write_known` writes them to files, which
tests/frontend/support/load.js reads.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import force_locale

from cabinet import create_app
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from cabinet.web.formats import filesize
from cabinet.web.i18n import SUPPORTED
from cabinet.web.texts import script_texts
from tests.support.contents import OF_ZEROS
from tests.support.encoded_texts import DECLARED, ENCODED_TEXTS
from tests.support.programs import require_program

HERE = Path(__file__).resolve().parents[1] / "frontend"
TESTS = sorted(HERE.glob("*.test.js"))

SIZES = [
    0,
    1,
    2,
    5,
    11,
    21,
    22,
    999,
    1000,
    1049,
    1050,
    9949,
    9950,
    999_499,
    999_500,
    1_234_567,
    10**12,
    10**21,
]

# Bytes that differ from block to block, made alike there and here.
PATTERN = bytes(range(251))
PATTERNED = [0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE]


def write_known(folder: Path, app: Flask) -> None:
    """Write what the tests compare with into `folder`, one JSON file each."""

    def write(name: str, value: Any) -> None:
        (folder / f"{name}.json").write_text(json.dumps(value, default=dict), encoding="utf-8")

    said: dict[str, list[str]] = {}
    for language in SUPPORTED:
        with app.test_request_context(), force_locale(language):
            write(f"texts-{language}", dict(script_texts()))
            said[language] = [filesize(size) for size in SIZES]
    write("sizes", [[size, {code: said[code][at] for code in SUPPORTED}] for at, size in enumerate(SIZES)])
    whole = PATTERN * (max(PATTERNED) // len(PATTERN) + 1)
    patterned = [[size, hash_chunks([whole[:size]])] for size in PATTERNED]
    write("hashes", {"zeros": list(OF_ZEROS.items()), "patterned": patterned})
    write("writings", [_written(*each) for each in ENCODED_TEXTS])
    write("declared", [_written(*each) for each in DECLARED])


def _written(text: str, codec: str, encoding: str) -> dict[str, str]:
    packed = base64.b64encode(text.encode(codec)).decode()
    return {"text": text, "encoding": encoding, "bytes": packed}


def node_command(*tests: Path) -> list[str]:
    """Return the command that runs some tests, in a process each; a single one in no other process."""
    setup = (HERE / "support" / "setup.js").as_uri()
    several = ["--test"] if len(tests) > 1 else []
    return [
        require_program("node"), "--import", setup, *several, "--test-reporter=tap", *map(str, tests)
    ]  # fmt: skip


def main(names: Sequence[str]) -> int:
    """Run the tests in these files, or all of them."""
    tests = [path for path in TESTS if not names or path.name in {Path(name).name for name in names}]
    with tempfile.TemporaryDirectory() as folder:
        write_known(Path(folder), create_app({"INSTANCE": Path(folder) / "instance"}))
        environment = {**os.environ, "FRONTEND_DATA": folder}
        return subprocess.run(node_command(*tests), env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
