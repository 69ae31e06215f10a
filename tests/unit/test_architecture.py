"""Who may import whom, and how large a room may be.

Rule: the contracts themselves stand in pyproject.toml, where a reader looks for them; here they
are only held.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
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
    "psycopg": "SQLAlchemy, for a postgresql URL",
    "python-dotenv": "flask, for .flaskenv",
}

# Where a transaction that writes may end besides in `writing`, which waits for its turn.
COMMITTING = {
    "src/cabinet/services/kernel/database.py": "`writing` itself, and what a new connection of PostgreSQL is told",
    "src/cabinet/services/backups/database_copy.py": "a database that is being restored, which nobody uses yet",
    "src/cabinet/serving/preparing.py": "a lock of PostgreSQL's",
}

# Where a browser is led that has to sign in, and what the JSON of an entry names as its address.
SHARED_ENDPOINTS = {"auth.login", "files.get", "files.list_files"}


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
    modules = {
        module.partition(".")[0]
        for path in SOURCES
        for module in imported_modules(ast.parse(path.read_bytes()))
    }
    foreign = modules - sys.stdlib_module_names - {"cabinet"}
    return {canonical(homes.get(module, [module])[0]) for module in foreign}


def test_no_module_imports_what_it_may_not_know() -> None:
    # As a program: within this process it would switch off every logger that is there already.
    linter = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_everything_imported_is_declared_and_everything_declared_is_used() -> None:
    assert imported_distributions() == declared_distributions() - LOADED_BY_OTHERS.keys()


def test_every_rule_that_the_linter_ignores_is_broken_somewhere() -> None:
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
    """Yield the modules of ours that a module imports, wherever in it, but for the views of a blueprint."""
    lines = path.read_text().splitlines()
    for node in ast.walk(ast.parse(path.read_bytes())):
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


def test_no_modules_import_each_other_in_a_circle() -> None:
    modules = {name_of(path) for path in SOURCES}
    imports = {name_of(path): set(iter_imports(path, modules)) for path in SOURCES}
    # create_app() imports the application when it is called, so that filecli never pays for it.
    imports["cabinet"].remove("cabinet.app")

    assert circle_in(imports) == []
    assert {"cabinet.auth", "cabinet.config", "cabinet.web.problems"} <= imports["cabinet.app"]


def test_a_circle_of_imports_is_found() -> None:
    assert set(circle_in({"a": {"b", "d"}, "b": {"c"}, "c": {"a"}, "d": set()})) == {"a", "b", "c"}


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_module_fits_in_one_reading(path: Path) -> None:
    source = path.read_text()
    functions = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = {node.name: (node.end_lineno or node.lineno) - node.lineno + 1 for node in functions}

    assert len(source.splitlines()) <= MODULE_LINES
    assert {name: length for name, length in lengths.items() if length > FUNCTION_LINES} == {}


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


def test_a_program_that_sleeps_is_found() -> None:
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


def test_tests_wait_for_what_happens_and_never_for_time() -> None:
    waiting = ROOT / "tests" / "support" / "waiting.py"
    modules = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path != waiting]
    found = [
        f"{relative(path)}:{line}" for path in modules for line in sleeps_in(ast.parse(path.read_bytes()))
    ]

    assert found == []
    assert list(sleeps_in(ast.parse(waiting.read_bytes())))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_module_states_its_rule(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_bytes()))

    assert docstring is not None
    assert "\nRule: " in docstring


def test_one_module_alone_asks_for_the_current_application() -> None:
    asking = {relative(path) for path in SOURCES if "current_app" in names_of(ast.parse(path.read_bytes()))}

    assert asking == {"src/cabinet/web/runtime.py"}


def test_what_faces_share_leads_to_no_view_of_one_but_to_the_way_in_and_to_content() -> None:
    endpoint = re.compile(r"(?:auth|files|tus)\.[a-z_]+")
    texts = {
        node.value
        for path in SOURCES
        if path.is_relative_to(ROOT / "src" / "cabinet" / "web")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert {text for text in texts if endpoint.fullmatch(text)} == SHARED_ENDPOINTS


def test_the_templates_of_lists_lead_nowhere_but_by_the_links_of_a_face() -> None:
    templates = sorted((ROOT / "src" / "cabinet" / "templates" / "listing").glob("*.html"))

    assert templates
    assert [path.name for path in templates if "url_for" in path.read_text()] == []


def test_files_are_locked_in_one_module() -> None:
    importing = [path.name for path in SOURCES if "fcntl" in imported_modules(ast.parse(path.read_bytes()))]

    assert importing == ["file_locks.py"]


@pytest.mark.parametrize("module", ["cabinet", "cabinet.storage.content_hash", "cabinet.client.main"])
def test_the_client_and_what_it_shares_load_no_web_framework(module: str) -> None:
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


def test_nothing_is_written_but_in_its_turn() -> None:
    committing = {relative(path) for path in SOURCES if [*commits(ast.parse(path.read_bytes()))]}

    assert committing == COMMITTING.keys()
