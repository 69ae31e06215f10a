"""The scripts of the pages: rules for all browsers, and their import order."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping

import pytest

from tests.support.programs import require_program
from tests.support.rooms import DOOR, ROOMS, describe, faults_in, imports_in, read_scripts, room_of
from tests.support.vendor import STATIC

SCRIPTS = read_scripts(STATIC / "js")

# None of these may be inside of a block; code after `export` may.
IMPORT = re.compile(r"^import\s*(?![\s(])[^;]*;", re.MULTILINE)
EXPORT = re.compile(r"^export\s+(\{[^}]*\}[^;]*;|default\b)?", re.MULTILINE)

# In a static block of a class everything in a function is allowed, except for an `await` outside of
# functions.
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


def test_no_script_awaits_at_the_top_level() -> None:
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
def test_a_top_level_await_is_detected(source: str) -> None:
    assert list(waiting({"good.js": "export async function a() { await b; }", "bad.js": source})) == [
        "bad.js"
    ]


def test_scripts_import_only_from_their_own_and_earlier_folders() -> None:
    assert faults_in(SCRIPTS) == []


def test_scripts_are_short() -> None:
    assert {name: len(lines) for name in SCRIPTS if len(lines := SCRIPTS[name].splitlines()) > 300} == {}


def test_folders_are_printed_in_order() -> None:
    lines = describe(SCRIPTS).splitlines()

    assert [line.split()[0] for line in lines] == [*ROOMS, "entry"]
    assert lines[0].split()[1:] == [str(sum(room_of(name) == "core" for name in SCRIPTS))]
    assert "preview (on use)" in lines[ROOMS.index("actions")]


def test_only_one_script_renders_rows() -> None:
    imports = [each for each in imports_in(SCRIPTS) if not each.typed]

    assert {each.source for each in imports if each.target == "list/render.js"} == {"list/list.js"}


def test_the_list_model_does_not_use_the_page() -> None:
    imports = [each for each in imports_in(SCRIPTS) if not each.typed]
    known: set[str] = set()
    found = {"list/model.js"}
    while found != known:
        known = set(found)
        found |= {each.target for each in imports if each.source in known}

    assert found == {"list/model.js", "list/merge.js"}
    assert not [name for name in found if re.search(r"\b(document|window|globalThis)\.", SCRIPTS[name])]


def test_every_import_is_parsed() -> None:
    # Another way to count them, which reads comments, too.
    words = sum(
        len(re.findall(r"^import |\bimport\(|@import ", source, re.MULTILINE)) for source in SCRIPTS.values()
    )
    vendored = sum(source.count("import(`${LIBRARY}") for source in SCRIPTS.values())
    beside = sum(source.count('new URL("./') for source in SCRIPTS.values())

    assert vendored
    assert beside
    assert len(imports_in(SCRIPTS)) == words - vendored + beside


GOOD = {
    "page.js": 'import "./core/a.js";\nimport { b } from "./upload/b.js";\n',
    "core/a.js": "export const a = 1;\n",
    DOOR: 'export const open = () => import("../upload/b.js");\n',
    "upload/b.js": '/* import "../page.js"; */\nimport {\n  a,\n} from "../core/a.js";\nexport const b = a;\n',
}


def test_a_valid_tree_has_no_faults() -> None:
    assert faults_in(GOOD) == []


@pytest.mark.parametrize(
    ("name", "source", "fault"),
    [
        (
            "core/a.js",
            'import { b } from "../upload/b.js";',
            "core/a.js imports upload/b.js, which lies above it",
        ),
        ("core/a.js", 'import {\n  b,\n} from "../upload/b.js";', "which lies above it"),
        ("core/a.js", 'import * as b from "../upload/b.js";', "which lies above it"),
        ("core/a.js", 'import "../upload/b.js";', "which lies above it"),
        ("core/a.js", 'export { b } from "../upload/b.js";', "which lies above it"),
        ("core/a.js", 'export const c = () => import("../upload/b.js");', "which lies above it"),
        ("core/a.js", 'new Worker(new URL("../upload/b.js", import.meta.url));', "which lies above it"),
        ("upload/b.js", 'import "../page.js";', "upload/b.js imports page.js, which lies above it"),
        (DOOR, 'import { b } from "../upload/b.js";', "which lies above it"),
        ("actions/c.js", 'import("../upload/b.js");', "which lies above it"),
        ("core/a.js", '/** @import { B } from "../upload/b.js" */', "which lies above it"),
        ("core/a.js", "import(`${name}.js`);", "core/a.js imports what it does not name"),
        ("upload/c.js", 'import "./c.js";', "a circle: upload/c.js <- upload/c.js"),
        ("core/a.js", "import(name);", "core/a.js imports what it does not name"),
        ("core/a.js", 'import "./gone.js";', "core/a.js imports core/gone.js: no such script"),
        ("core/a.js", 'import { a } from "library";', "core/a.js imports library: no such script"),
        ("attic/a.js", "", "attic/a.js lies in no room"),
        ("core/deep/a.js", "", "core/deep/a.js lies in no room"),
    ],
)
def test_forbidden_imports_are_detected(name: str, source: str, fault: str) -> None:
    assert any(fault in found for found in faults_in({**GOOD, name: source}))


def test_types_of_one_folder_may_reference_each_other() -> None:
    typed = {
        "upload/b.js": '/** @import { C } from "./c.js" */',
        "upload/c.js": 'import { b } from "./b.js";',
    }

    assert faults_in(typed) == []


@pytest.mark.parametrize("way", ['import { b } from "./b.js";', 'export const f = () => import("./b.js");'])
def test_a_cycle_is_found_whichever_import_closes_it(way: str) -> None:
    [found] = faults_in({"upload/b.js": 'import "./c.js";', "upload/c.js": way})

    assert found.startswith("a circle: ")
    assert {"upload/b.js", "upload/c.js"} <= set(found.split())
