"""The rooms of the scripts: who imports whom in `static/js`. `python -m tests.support.rooms` prints them.

The folders stand in an order, and a module imports only from its own and from those before it. The entry
points lie beside the folders: they import from all of them, and no room imports them. `actions/table.js`
may load what lies above it once it is asked for. There is no circle, those by way of `import()` included.
Types that a comment imports stand in the same order; they alone may name each other.

Rule: reads the text and runs nothing; an import that it cannot read is a fault.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath

from tests.support.vendor import STATIC

ROOMS = ("core", "ui", "session", "list", "actions", "preview", "details", "upload")
# Where the entry points lie: above all rooms.
ENTRIES = ""
# The one that opens what lies above it.
DOOR = "actions/table.js"
# The server makes it.
CATALOG = "core/catalog.js"

_COMMENT = re.compile(r"^[ \t]*(?:/\*.*?\*/|//[^\n]*)", re.MULTILINE | re.DOTALL)
_STATIC = re.compile(r"""^(?:import|export)\b(?:[^;"'`(]*?\bfrom)?\s*["']([^"']+)["']""", re.MULTILINE)
# What others made lies out of the folder, and is loaded by an address that begins with LIBRARY.
_LAZY = re.compile(r"""\bimport\s*\((?!`\$\{LIBRARY\})\s*(?:["']([^"']+)["'])?""")
_TYPE = re.compile(r"""^[ /]*\*+ @import \{[^}]*\} from ["']([^"']+)["']""", re.MULTILINE)
_BESIDE = re.compile(r"""\bnew URL\(\s*["'](\.[^"']+\.js)["'],\s*import\.meta\.url""")


@dataclass(frozen=True)
class Import:
    """That one module names another, both by their paths in the folder; `lazy` is `import()` on use."""

    source: str
    target: str
    lazy: bool
    typed: bool = False


def read_scripts(folder: Path) -> dict[str, str]:
    """Return the text of every script below `folder`, by its path there."""
    paths = sorted(folder.rglob("*.js"))
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def imports_in(scripts: Mapping[str, str]) -> list[Import]:
    """Return all imports of `scripts`; what an `import()` does not name in so many words has no target."""
    return [each for name, text in scripts.items() for each in _imports_of(name, text)]


def _imports_of(name: str, text: str) -> Iterator[Import]:
    code = _COMMENT.sub("", text)
    for pattern, lazy in ((_STATIC, False), (_LAZY, True), (_BESIDE, True), (_TYPE, False)):
        for found in pattern.finditer(text if pattern is _TYPE else code):
            relative = found[1] or ""
            target = os.path.normpath(PurePosixPath(name).parent / relative) if relative else ""
            # By a name alone a page finds no module, and out of the folder lies what others made.
            if not relative.startswith(".") or not target.startswith(".."):
                shown = target if relative.startswith(".") else relative
                yield Import(name, shown, lazy, typed=pattern is _TYPE)


def room_of(name: str) -> str:
    """Return the folder that a module lies in, "" for an entry point."""
    return name.rpartition("/")[0]


def _rank(name: str) -> int:
    return (*ROOMS, ENTRIES).index(room_of(name))


def faults_in(scripts: Mapping[str, str]) -> list[str]:
    """Return a line on everything in `scripts` that the rules above forbid."""
    strangers = [name for name in scripts if room_of(name) not in {*ROOMS, ENTRIES}]
    if strangers:
        return [f"{name} lies in no room" for name in strangers]
    edges = imports_in(scripts)
    known = {*scripts, CATALOG}
    lost = [each for each in edges if each.target not in known]
    faults = [
        f"{each.source} imports {each.target or 'what it does not name'}: no such script" for each in lost
    ]
    edges = [each for each in edges if each.target in scripts]
    faults += [
        f"{each.source} imports {each.target}, which lies above it"
        for each in edges
        if _rank(each.target) > _rank(each.source) and not (each.lazy and each.source == DOOR)
    ]
    try:
        TopologicalSorter(_graph(edges)).prepare()
    except CycleError as error:
        faults.append(f"a circle: {' <- '.join(error.args[1])}")
    return faults


def _graph(edges: list[Import]) -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for each in edges:
        if each.typed:
            continue
        graph.setdefault(each.source, set()).add(each.target)
    return graph


def describe(scripts: Mapping[str, str]) -> str:
    """Return a line on each room: how many modules it has, and which rooms they import from."""
    edges = [each for each in imports_in(scripts) if not each.typed]
    lines = []
    for room in (*ROOMS, ENTRIES):
        count = sum(room_of(name) == room for name in scripts)
        lazily = {room_of(each.target) for each in edges if room_of(each.source) == room}
        at_once = {room_of(each.target) for each in edges if room_of(each.source) == room and not each.lazy}
        named = [each if each in at_once else f"{each} (on use)" for each in ROOMS if each in lazily - {room}]
        lines.append(f"{room or 'entry points':<13}{count:>3}  {' '.join(named)}".rstrip())
    return "\n".join(lines)


def main() -> int:
    """Print the rooms, or what is wrong with them."""
    scripts = read_scripts(STATIC / "js")
    faults = faults_in(scripts)
    print("\n".join(faults) if faults else describe(scripts), file=sys.stderr if faults else sys.stdout)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
