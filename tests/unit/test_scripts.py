"""The scripts of the pages: what holds in every engine."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping

import pytest

from tests.support.programs import require_program
from tests.support.vendor import STATIC

SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in (STATIC / "js").rglob("*.js")}

# Nothing of this may stand in a block; what is behind `export` may.
IMPORT = re.compile(r"^import\s*(?![\s(])[^;]*;", re.MULTILINE)
EXPORT = re.compile(r"^export\s+(\{[^}]*\}[^;]*;|default\b)?", re.MULTILINE)

# In the static block of a class whatever stands in a function is allowed, but for an `await` that is in none.
REFUSED = """
const { Script } = require("node:vm");
const refusals = Object.entries(JSON.parse(require("node:fs").readFileSync(0, "utf-8"))).map(([name, body]) => {
  try {
    new Script(`"use strict"; class Top { static { ${body} } }`);
    return [];
  } catch (error) {
    return [[name, error.message]];
  }
});
console.log(JSON.stringify(refusals.flat()));
"""


def waiting(scripts: Mapping[str, str]) -> dict[str, str]:
    """Return those of `scripts`, by their names, that wait outside of a function, each with what V8 says of it."""
    bodies = {
        name: EXPORT.sub("", IMPORT.sub("", source)).replace("import.meta", "self")
        for name, source in scripts.items()
    }
    command = [require_program("node"), "--eval", REFUSED]
    done = subprocess.run(command, input=json.dumps(bodies), check=True, capture_output=True, text=True)
    found: dict[str, str] = dict(json.loads(done.stdout))
    return found


def test_no_script_waits_while_it_is_evaluated() -> None:
    # WebKit hands out a module that several wait for before it is through (its bug 242740).
    assert len(SCRIPTS) > 100
    assert waiting(SCRIPTS) == {}


@pytest.mark.parametrize(
    "source",
    [
        'const texts = await (await fetch("a.json")).json();',
        "export const a = 1;\nawait bind();",
        'import { a } from "./a.js";\nif (a) {\n  await(a);\n}',
        "for await (const part of parts) { take(part); }",
        'const { a } = await import("./a.js");',
        'import("./a.js").then(await b);',
        "class A { static b = await c; }",
        "const f = (a) => `${a}${await b}`;",
    ],
)
def test_a_script_that_waits_is_found(source: str) -> None:
    assert list(waiting({"good.js": "export async function a() { await b; }", "bad.js": source})) == [
        "bad.js"
    ]
