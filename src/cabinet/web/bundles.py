"""Join the scripts in three bundles. A page that requested each module alone would make a hundred requests, one after
the other to the depth of the imports: seconds on a slow line.

Each bundle is one module, and imports the one before it:

- `page.js`: what every page loads at once, and the first scripts of lists and of the pages of links;
- `extras.js`: what these import on use, for forms and thumbnails;
- `list.js`: all that lists and the pages of links load on the first interaction.

In a bundle, a module is a function that is named like it. It runs once, when the module is first imported, and
returns the exports. So the order in which modules run is that of the modules themselves.

Rule: knows the forms in which our scripts import and export, and refuses others; knows no Flask and no files.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

# The folder of the bundles, as deep as those of the modules.
FOLDER = "bundles/"
NAMES = PAGE, EXTRAS, LIST = "page.js", "extras.js", "list.js"
# The first scripts of pages, which are small, and the modules that lead to all others on use.
FIRST = [f"{name}.js" for name in ("page", "files", "shared-file", "request")]
GATES = frozenset({"workbench.js", "shared-file.js", "request.js"})

_IMPORT = re.compile(r"""^import\b(?:\s*([^;"'`(]+?)\s*\bfrom)?\s*["']([^"']+)["'];""", re.MULTILINE)
_ON_USE = re.compile(r"""\bimport\(\s*["']([^"']+)["']\s*\)""")
_EXPORT = re.compile(
    r"^export (?:default (?P<default>.*);$|\{(?P<names>[^}]*)\};$"
    r"|(?P<kind>(?:async )?function\*?|class|const) (?P<name>\w+))",
    re.MULTILINE,
)
_OTHER_FORM = re.compile(r"^(?:import|export)\b[^\n]*", re.MULTILINE)

# `$` keeps the names of a bundle apart from those of its modules.
_USE = """};
const $made = new Map();
export function $use(name) {
  if (!Object.hasOwn($modules, name)) {
    return $before(name);
  }
  if (!$made.has(name)) {
    $made.set(name, $modules[name]());
  }
  return $made.get(name);
}
"""
# One after the other: WebKit may hand out a module that two imports wait for before it has run (bug 242740).
_LOAD = """const $before = undefined;
export async function $load(name) {
  const last = $later.findIndex(([, names]) => names.includes(name));
  let use = $use;
  for (const [file] of $later.slice(0, last + 1)) {
    use = (await import(file)).$use;
  }
  return use(name);
}
"""


@dataclass(frozen=True)
class _Module:
    """A module as a function of a bundle, and what it imports at once and on use."""

    text: str
    imports: tuple[str, ...]
    on_use: tuple[str, ...]


def bundle(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the bundles by name; `sources` are the modules by path, without comments.

    Raises `ValueError` for a form of import or export that is unknown here, and `KeyError` for a missing module.
    """
    modules = {name: _parse(name, source) for name, source in sources.items()}
    page = _reached(modules, FIRST)
    extras = [name for name in _reached(modules, FIRST[:1], on_use=True) if name not in page]
    known = {*page, *extras}
    rest = [name for name in _reached(modules, sorted(GATES), on_use=True) if name not in known]
    on_use = {target for name in [*page, *extras, *rest] for target in modules[name].on_use}
    later = [
        (f"./{name}", sorted(on_use.intersection(part))) for name, part in ((EXTRAS, extras), (LIST, rest))
    ]
    return {
        PAGE: f'{_functions(modules, page)}const $later = {json.dumps(later)};\n{_LOAD}$use("{FIRST[0]}");\n',
        EXTRAS: _importing(PAGE) + _functions(modules, extras),
        LIST: _importing(EXTRAS) + _functions(modules, rest),
    }


def _importing(before: str) -> str:
    return f'import {{ $use as $before, $load }} from "./{before}";\nexport {{ $load }};\n'


def _functions(modules: Mapping[str, _Module], names: Iterable[str]) -> str:
    return "".join(["const $modules = {\n", *(modules[name].text for name in names), _USE])


def _reached(modules: Mapping[str, _Module], starts: Iterable[str], *, on_use: bool = False) -> list[str]:
    """Return what modules import, directly or not, each after its own imports.

    `on_use` includes what they import on use, except the gates unless they are starts.
    """
    found: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        """Add what a module needs, and then the module."""
        module = modules[name]
        for each in (*module.imports, *(module.on_use if on_use else ())):
            if each not in seen and each not in GATES:
                seen.add(each)
                visit(each)
        found.append(name)

    for start in starts:
        if start not in seen:
            seen.add(start)
            visit(start)
    return found


@lru_cache(1024)
def _parse(name: str, source: str) -> _Module:
    """Return a module as a function; the languages share all but one."""
    imports: list[str] = []
    on_use: list[str] = []
    exports: list[str] = []

    def path(relative: str) -> str:
        return os.path.normpath(PurePosixPath(name).parent / relative)

    def use(found: re.Match[str]) -> str:
        imports.append(path(found[2]))
        return _binding(found[1] or "", f'$use("{imports[-1]}");') or found[0]

    def load(found: re.Match[str]) -> str:
        on_use.append(path(found[1]))
        return f'$load("{on_use[-1]}")'

    def export(found: re.Match[str]) -> str:
        """Note what a statement exports, and return what is left of it."""
        if found["default"]:
            exports.append(f"default: {found['default']}")
            return ""
        names = (found["names"] or found["name"]).split(",")
        exports.extend(": ".join(reversed(each.strip().split(" as "))) for each in names)
        return f"{found['kind']} {found['name']}" if found["name"] else ""

    text = _EXPORT.sub(export, _ON_USE.sub(load, _IMPORT.sub(use, source)))
    if other := _OTHER_FORM.search(text):
        raise ValueError(f"{name}: no bundle can have {other[0]!r}")
    # Addresses are relative to the module.
    text = text.replace("import.meta.url", f'new URL("../{name}", import.meta.url)')
    return _Module(
        f'"{name}"() {{{text}\nreturn {{ {", ".join(exports)} }};\n}},\n', tuple(imports), tuple(on_use)
    )


def _binding(clause: str, used: str) -> str | None:
    """Return the statement that has the names of an import from what `used` returns; None for an unknown form."""
    match clause.split():
        case []:
            return used
        case ["*", "as", module]:
            return f"const {module} = {used}"
        case ["{", *_, "}"]:
            return f"const {clause.replace(' as ', ': ')} = {used}"
        case [default]:
            return f"const {{ default: {default} }} = {used}"
    return None
