"""Allowed imports, and the size of modules.

Rule: the contracts are in pyproject.toml; this module runs them.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path, PurePath

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src" / "cabinet").rglob("*.py"))

MODULE_LINES = 400
FUNCTION_LINES = 60

# Declared and never imported: what brings them in is named beside each.
LOADED_BY_OTHERS = {
    "bcrypt": "flask-bcrypt, which would be content with a release that cuts passwords",
    "python-dotenv": "flask, for .flaskenv",
}

# Where a transaction that writes may end besides in `writing`, which waits for its turn.
COMMITTING = {
    "src/cabinet/services/kernel/database.py": "`writing` itself",
    "src/cabinet/services/backups/database_copy.py": "a database that is being restored, which nobody uses yet",
    "src/cabinet/serving/preparing.py": "a lock of PostgreSQL's",
}

# Redirect targets for signing in, and URLs in the JSON of an entry.
SHARED_ENDPOINTS = {"auth.login", "files.get", "files.list_files"}


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a module, which most tests here read; none changes it."""
    return ast.parse(path.read_bytes())


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def imported_modules(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def names_of(tree: ast.Module) -> Iterator[str]:
    """Yield every name that a module uses, imports or asks another object for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name


def declared_distributions() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {canonical(re.split(r"[^\w.-]", requirement)[0]) for requirement in project["dependencies"]}


def imported_distributions() -> set[str]:
    homes = packages_distributions()
    modules = {module.partition(".")[0] for path in SOURCES for module in imported_modules(tree_of(path))}
    foreign = modules - sys.stdlib_module_names - {"cabinet"}
    return {canonical(homes.get(module, [module])[0]) for module in foreign}


def test_modules_import_only_allowed_layers() -> None:
    # As a program: within this process it would switch off every logger that is there already.
    linter = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_dependencies_are_declared_and_used() -> None:
    assert imported_distributions() == declared_distributions() - LOADED_BY_OTHERS.keys()


def test_every_ignored_lint_rule_is_violated_somewhere() -> None:
    ruff = Path(sys.executable).with_name("ruff")
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    convention = f'lint.pydocstyle.convention="{lint["pydocstyle"]["convention"]}"'
    command = [str(ruff), "check", "--isolated", "--quiet", "--no-cache", "--output-format", "concise"]
    command += ["--target-version", "py311", "--line-length", "110", "--config", convention]
    command += ["--select", ",".join(lint["select"]), "src", "tests", "migrations"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    broken = re.findall(r"^(.+?):\d+:\d+: ([A-Z]+\d+) ", told, re.MULTILINE)

    everywhere = lint["ignore"]
    idle = [rule for rule in everywhere if not any(code == rule for _, code in broken)]
    left = [(PurePath(path), code) for path, code in broken if code not in everywhere]
    for pattern, rules in lint["per-file-ignores"].items():
        codes = {
            code for path, code in left if path.match(pattern) or path.is_relative_to(pattern.rstrip("/*"))
        }
        idle += [f"{pattern}: {rule}" for rule in rules if not any(code.startswith(rule) for code in codes)]
    assert idle == []


def name_of(path: Path) -> str:
    words = path.relative_to(ROOT / "src").with_suffix("").parts
    return ".".join(words[:-1] if words[-1] == "__init__" else words)


def iter_imports(path: Path, modules: set[str]) -> Iterator[str]:
    """Yield our modules that a module imports anywhere in its code, except for the views of a blueprint."""
    lines = path.read_text().splitlines()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and "noqa: E402" not in lines[node.lineno - 1]:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from inner & modules or {node.module or ""} & modules
        elif isinstance(node, ast.Import):
            yield from {alias.name for alias in node.names} & modules


def circle_in(imports: Mapping[str, set[str]]) -> list[str]:
    """Return modules of which each imports the one before it, and the first is the last."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_there_are_no_import_cycles() -> None:
    modules = {name_of(path) for path in SOURCES}
    imports = {name_of(path): set(iter_imports(path, modules)) for path in SOURCES}
    # create_app() imports the application when it is called, so that filecli never pays for it.
    imports["cabinet"].remove("cabinet.app")

    assert circle_in(imports) == []
    assert {"cabinet.auth", "cabinet.config", "cabinet.web.problems"} <= imports["cabinet.app"]


def test_an_import_cycle_is_detected() -> None:
    assert set(circle_in({"a": {"b", "d"}, "b": {"c"}, "c": {"a"}, "d": set()})) == {"a", "b", "c"}


def test_modules_and_functions_are_short() -> None:
    lengths = {relative(path): len(path.read_bytes().splitlines()) for path in SOURCES}
    functions = {
        f"{relative(path)}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {name: length for name, length in lengths.items() if length > MODULE_LINES} == {}
    assert {name: length for name, length in functions.items() if length > FUNCTION_LINES} == {}


def sleeps_in(tree: ast.Module) -> Iterator[int]:
    """Yield the lines in which a test, or the page that it drives, waits for nothing but time."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="time" | "asyncio", names=names):
                if any(name.name == "sleep" for name in names):
                    yield node.lineno
            case ast.Attribute(value=ast.Name(id="time" | "asyncio"), attr="sleep"):
                yield node.lineno
            case ast.Attribute(attr="wait_for_timeout"):
                yield node.lineno
            case ast.Constant(value=str(text)) if re.search(r"Promise\W+\w+\W+setTimeout\(\w+, *[^)]", text):
                yield node.lineno


def test_a_sleeping_program_is_detected() -> None:
    sleeping = """
from time import perf_counter, sleep
time.sleep(1)
await asyncio.sleep(1)
page.wait_for_timeout(300)
page.evaluate("new Promise(done => later(done, 300))")
page.evaluate("new Promise(done => later(done))")
page.evaluate("later(act, 300)"), retry(sleep=waited.append), thread.join()
""".replace("later", "setTimeout")
    assert sorted(sleeps_in(ast.parse(sleeping))) == [2, 3, 4, 5, 6]


def test_tests_wait_for_events_and_never_for_time() -> None:
    waiting = ROOT / "tests" / "support" / "waiting.py"
    modules = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path != waiting]
    found = [f"{relative(path)}:{line}" for path in modules for line in sleeps_in(tree_of(path))]

    assert found == []
    assert list(sleeps_in(ast.parse(waiting.read_bytes())))


def deaf_waits_in(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that wait without a page, whose listeners and routes then stand still."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="wait_until"), keywords=keywords):
                if all(keyword.arg != "page" for keyword in keywords):
                    yield node.lineno


def test_a_wait_of_a_browser_test_lets_the_events_of_its_page_run() -> None:
    deaf = "wait_until(lambda: asked)\nwait_until(lambda: asked, what='it', page=page)"
    assert list(deaf_waits_in(ast.parse(deaf))) == [1]
    modules = sorted((ROOT / "tests" / "browser").rglob("*.py"))
    found = [f"{relative(path)}:{line}" for path in modules for line in deaf_waits_in(tree_of(path))]

    assert found == []


def evaluated_polls_in(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that poll a page with an expression: its policy forbids to evaluate one a second time."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="wait_for_function"), args=[ast.Constant(value=str(text)), *_]
            ):
                if not re.match(r"\s*(async\s+)?(\w+|\([^)]*\))\s*=>", text):
                    yield node.lineno


def test_a_page_is_polled_with_functions() -> None:
    polling = "page.wait_for_function('a.every(b => b)')\npage.wait_for_function('() => a')"
    assert list(evaluated_polls_in(ast.parse(polling))) == [1]
    modules = sorted((ROOT / "tests").rglob("*.py"))
    found = [f"{relative(path)}:{line}" for path in modules for line in evaluated_polls_in(tree_of(path))]

    assert found == []


def private_names_defined(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_own(node.value):
            yield node.attr


def private_names_used(tree: ast.Module) -> Iterator[str]:
    """Yield the private names of others: as attributes, imported, and in the call of a `setattr`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not is_own(node.value):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {"setattr", "delattr"}:
            texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
            yield from (text.rpartition(".")[2] for text in texts if isinstance(text, str))


def is_own(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in {"self", "cls"}


def test_tests_reach_into_privates_of_the_project_alone() -> None:
    """Among them are those of gunicorn that our worker overrides, which `test_gunicorn.py` holds."""
    paths = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]
    trees = {relative(path): tree_of(path) for path in paths}
    private = re.compile(r"_[a-z]\w*")
    # The last one is no private of `os`, but documented.
    defined = {*(path.stem for path in SOURCES), "_exit"}
    defined.update(name for tree in trees.values() for name in private_names_defined(tree))
    foreign = {
        (path, name)
        for path, tree in trees.items()
        if path.startswith("tests/")
        for name in private_names_used(tree)
        if private.fullmatch(name) and name not in defined
    }

    assert foreign == set()
    reaching = "Rule._compile = other\nmonkeypatch.setattr(Map, '_matcher', None)\nfrom flask import _globals"
    assert [name for name in private_names_used(ast.parse(reaching)) if private.fullmatch(name)] == [
        "_globals", "_compile", "_matcher",
    ]  # fmt: skip


def test_a_module_states_its_rule() -> None:
    docstrings = {relative(path): ast.get_docstring(tree_of(path)) for path in SOURCES}

    assert [name for name, text in docstrings.items() if not text or "\nRule: " not in text] == []


def test_only_one_module_uses_the_current_application() -> None:
    asking = {relative(path) for path in SOURCES if "current_app" in names_of(tree_of(path))}

    assert asking == {"src/cabinet/web/runtime.py"}


def test_shared_web_modules_link_only_to_sign_in_and_content() -> None:
    endpoint = re.compile(r"(?:auth|files|tus)\.[a-z_]+")
    texts = {
        node.value
        for path in SOURCES
        if path.is_relative_to(ROOT / "src" / "cabinet" / "web")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert {text for text in texts if endpoint.fullmatch(text)} == SHARED_ENDPOINTS


def test_list_templates_use_only_the_links_of_their_blueprint() -> None:
    templates = sorted((ROOT / "src" / "cabinet" / "templates" / "listing").glob("*.html"))

    assert templates
    assert [path.name for path in templates if "url_for" in path.read_text()] == []


def test_files_are_locked_in_one_module_only() -> None:
    importing = [path.name for path in SOURCES if "fcntl" in imported_modules(tree_of(path))]

    assert importing == ["file_locks.py"]


@pytest.mark.parametrize("module", ["cabinet", "cabinet.storage.content_hash", "cabinet.client.main"])
def test_the_client_imports_no_web_framework(module: str) -> None:
    command = (
        f"import sys, {module}; print(*sorted({{'flask', 'werkzeug', 'sqlalchemy'}} & sys.modules.keys()))"
    )
    loaded = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)

    assert (loaded.stdout.split(), loaded.stderr) == ([], "")


def commits(tree: ast.Module) -> Iterator[str]:
    """Yield what commits: `session.commit()` and `connection.commit()`, `with ....begin() as connection`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("session" | "connection") as who, attr="commit")):
                yield who.id
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="session" | "_session"), attr="commit")
            ):
                yield "session"
            case ast.withitem(
                context_expr=ast.Call(func=ast.Attribute(attr="begin")),
                optional_vars=ast.Name("connection" | "session" as name),
            ):
                yield name


def test_every_write_uses_the_writer_queue() -> None:
    committing = {relative(path) for path in SOURCES if [*commits(tree_of(path))]}

    assert committing == COMMITTING.keys()
