"""Lock files of dependencies: pinned versions with hashes, without URLs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.npm_lock import without_addresses

ROOT = Path(__file__).resolve().parents[2]
NPM = [ROOT, ROOT / "tests" / "conformance" / "node"]
NPM_IDS = ["root", "conformance"]
LOCKS = [
    ROOT / "requirements.lock",
    ROOT / "requirements-dev.lock",
    *[each / "package-lock.json" for each in NPM],
]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_lock_file_contains_no_url(path: Path) -> None:
    assert re.findall(r"\S*://\S*", path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("folder", NPM, ids=NPM_IDS)
def test_npm_writes_no_registry_url_into_its_lock_file(folder: Path) -> None:
    settings = (folder / ".npmrc").read_text(encoding="utf-8").splitlines()

    assert settings == ["omit-lockfile-registry-resolved=true"]


@pytest.mark.parametrize("folder", NPM, ids=NPM_IDS)
def test_every_locked_npm_package_has_a_hash(folder: Path) -> None:
    locked = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    assert [name for name in locked if name and not locked[name]["integrity"].startswith("sha512-")] == []


def test_script_packages_are_pinned_development_dependencies() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))

    assert package["private"] is True
    assert {"dependencies", "peerDependencies", "optionalDependencies", "scripts"} & package.keys() == set()
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package["devDependencies"].values())


def test_only_urls_are_removed_from_a_lock_file() -> None:
    known = {"version": "1.0.0", "integrity": "sha512-abc"}
    extra = {"funding": {"url": "https://example.org"}, "resolved": "https://example.org/a.tgz"}
    written = json.dumps(
        {"lockfileVersion": 3, "packages": {"": {"name": "a"}, "node_modules/a": known | extra}}
    )

    assert json.loads(without_addresses(written)) == {
        "lockfileVersion": 3,
        "packages": {"": {"name": "a"}, "node_modules/a": known},
    }
