"""The content of distributions, and that each way to install one gives a working server.

Rule: no network. A new environment borrows the dependencies of the one that runs the tests, and nothing of Cabinet
itself.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.support.servers import Server, running, server_environment

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "cabinet"
CHECKOUT = [
    "src",
    "migrations",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "SECURITY.md",
    ".flaskenv",
]

FLASK_RUN = ["-m", "flask", "run", "--host", "127.0.0.1", "--port", "{port}"]


def run(command: Sequence[str | Path], folder: Path, environment: dict[str, str] | None = None) -> str:
    """Run a command that must succeed; returns its output."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def files_below(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def locked(name: str) -> dict[str, str]:
    """Return the lines of a lock file that name something, by what they name, with their markers."""
    lines = (ROOT / name).read_text().splitlines()
    named = [line.removesuffix(" \\") for line in lines if not line.startswith(" ")]
    return {re.split(r"\[|==", line)[0]: line for line in named}


def wanted_with_extras(name: str) -> list[Requirement]:
    """Return what a distribution wants here together with an extra of it."""
    try:
        wanted = [Requirement(each) for each in importlib.metadata.requires(name) or []]
    except importlib.metadata.PackageNotFoundError:
        # Locked for another platform.
        return []
    return [each for each in wanted if each.extras and (not each.marker or each.marker.evaluate())]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy the checkout, without what a developer's machine adds to it."""
    return copy_checkout(tmp_path)


def copy_checkout(folder: Path) -> Path:
    copy = folder / "checkout"
    copy.mkdir()
    for name in CHECKOUT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy / name)
    return copy


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Make a new virtual environment; returns its interpreter."""
    folder = tmp_path / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    site_packages = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    Path(site_packages, "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "bin" / "python"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """Make a folder where nothing of the checkout is in reach."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def install(python: Path, *what: str | Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    run([*pip, "--no-index", "--no-deps", "--no-build-isolation", *what], python.parent)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the way that a registry does it: an sdist first, and the wheel from that alone."""
    folder = tmp_path_factory.mktemp("wheel")
    checkout = copy_checkout(folder)
    run([sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", folder], checkout)
    shutil.rmtree(checkout)
    (sdist,) = folder.glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    run([*pip, sdist], folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def assert_it_runs(python: Path, folder: Path) -> None:
    """Migrate from the command line, then serve, both from `folder` and on `folder`/instance."""
    environment = server_environment(folder / "instance", {})
    unnamed = {name: value for name, value in environment.items() if name != "FLASK_APP"}
    run([python.with_name("cabinet"), "users", "list"], folder, unnamed)
    run([python, "-m", "flask", "--app", "cabinet", "db", "upgrade"], folder, unnamed)
    with running([str(python), *FLASK_RUN], folder, {}) as server:
        assert_it_serves(server)


def assert_it_serves(server: Server) -> None:
    page = server.request("GET", "/", headers={"Accept": "text/html", "Accept-Language": "ru"})
    style = re.search(r'<link[^>]+href="(/static/[^"]+\.css[^"]*)"', page.data.decode())

    assert page.status == 200
    assert '<html lang="ru"' in page.data.decode()
    assert style is not None
    assert server.request("GET", style[1]).status == 200


def test_a_wheel_contains_only_the_package_and_its_migrations(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = {f"cabinet/{name}" for name in files_below(PACKAGE)}
    migrations = {f"cabinet/migrations/{name}" for name in files_below(ROOT / "migrations")}

    assert carried == package | migrations


def test_an_installed_wheel_migrates_and_serves_from_an_empty_folder(
    wheel: Path, python: Path, empty: Path
) -> None:
    install(python, wheel)

    assert_it_runs(python, empty)


@pytest.mark.long
def test_an_editable_install_serves_without_copies(checkout: Path, python: Path, empty: Path) -> None:
    install(python, "--editable", checkout)
    copied = [path for path in python.parents[1].rglob("cabinet") if path.is_dir()]

    assert copied == []
    assert_it_runs(python, empty)


@pytest.mark.long
def test_a_checkout_installed_by_pip_serves_with_flaskenv(checkout: Path, python: Path) -> None:
    install(python, checkout)
    environment = server_environment(checkout / "instance", {})
    for name in ("FLASK_APP", "FLASK_SKIP_DOTENV", "CABINET_INSTANCE"):
        del environment[name]
    server = Server([str(python), *FLASK_RUN], checkout, environment)

    try:
        server.start()
        assert_it_serves(server)
    finally:
        server.kill()
    assert (checkout / "instance" / "secret_key").is_file()


def test_lock_files_pin_every_dependency_and_contain_no_urls() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = {re.split(r"[^\w.-]", requirement)[0] for requirement in project["dependencies"]}
    texts = [(ROOT / name).read_text() for name in ("requirements.lock", "requirements-dev.lock")]

    assert required <= locked("requirements.lock").keys()
    assert [text for text in texts if re.search(r"://|/|^#|^-", text, re.MULTILINE)] == []


def test_dependencies_of_extras_are_pinned() -> None:
    # Else pip 23 goes for the newest release, of which the lock has no hash.
    lines = locked("requirements-dev.lock")
    wanted = [each for name in ["cabinet", *lines] for each in wanted_with_extras(name)]

    pins = [f"{each.name}[{','.join(sorted(each.extras))}]==" for each in wanted]
    assert [pin for pin in pins if not any(line.startswith(pin) for line in lines.values())] == []
    assert "coverage[toml]==" in pins


def test_development_uses_the_production_versions() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


@pytest.mark.long
def test_make_run_sets_up_a_fresh_clone_and_serves(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    run(["git", "clone", "--quiet", ROOT, clone], tmp_path)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("CABINET_", "FLASK_"))
    }
    server = Server(["make", "run", "PORT={port}"], clone, environment)

    try:
        server.start(seconds=600)
        assert_it_serves(server)
    finally:
        server.kill()
