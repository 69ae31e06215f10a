"""Scripts in bundles: what is in which, and that modules run as they would alone."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from cabinet.web.assets import CATALOG
from cabinet.web.bundles import EXTRAS, LIST, NAMES, PAGE, bundle
from tests.support.programs import require_program
from tests.support.vendor import STATIC

FUNCTION = re.compile(r'^"([^"]+)"\(\) \{', re.MULTILINE)
# What a page has: the bundle runs `page.js`, and the test calls what it wants.
RUN = "const { $load } = await import(process.argv[1]); console.log(JSON.stringify(await (%s)($load)));"
REST = {"files.js": "", "workbench.js": "", "shared-file.js": "", "request.js": ""}


@pytest.fixture
def served(app: Flask) -> dict[str, str]:
    """Return the modules of each bundle that the application serves."""
    page = app.test_client().get("/login", headers={"Accept": "text/html"}).text
    found = re.search(r'src="([^"]+/bundles/)page\.js"', page)
    assert found is not None
    return {name: app.test_client().get(found[1] + name).text for name in NAMES}


def modules_of(text: str) -> list[str]:
    return FUNCTION.findall(text)


def run(folder: Path, sources: dict[str, str], use: str = "() => log") -> object:
    """Return what `use` returns in node after the page bundle of `sources` has run; modules append to `log`."""
    (folder / "bundles").mkdir()
    for name, text in bundle({**REST, **sources}).items():
        (folder / "bundles" / name).write_text(text)
    (folder / "package.json").write_text('{"type": "module"}')
    script = f"globalThis.log = []; {RUN % use}"
    command = [require_program("node"), "--input-type=module", "--eval", script]
    page = (folder / "bundles" / PAGE).as_uri()
    done = subprocess.run([*command, page], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_script_is_in_one_bundle_except_those_of_workers(served: dict[str, str]) -> None:
    scripts = [path.relative_to(STATIC / "js").as_posix() for path in (STATIC / "js").rglob("*.js")]

    packed = [name for text in served.values() for name in modules_of(text)]

    assert sorted([*packed, "upload/hash-worker.js"]) == sorted([*scripts, CATALOG])


def test_a_page_loads_little_and_a_list_the_rest(served: dict[str, str]) -> None:
    found = {name: modules_of(text) for name, text in served.items()}

    assert {"page.js", "files.js", "shared-file.js", "request.js"} <= {*found[PAGE]}
    assert {"ui/passwords.js", "ui/retry-form.js", "list/thumbnails.js"} <= {*found[EXTRAS]}
    assert {"workbench.js", "preview/pdf.js", "upload/uploading.js"} <= {*found[LIST]}
    assert len(found[PAGE]) + len(found[EXTRAS]) < len(found[LIST]) / 3


@pytest.mark.parametrize("name", NAMES)
def test_the_bundles_of_a_page_are_served_in_its_language(app: Flask, name: str) -> None:
    page = app.test_client().get("/login", headers={"Accept": "text/html", "Accept-Language": "ru"}).text
    found = re.search(r'src="([^"]+/js-ru/bundles/)page\.js"', page)
    assert found is not None

    answer = app.test_client().get(found[1] + name)

    assert answer.content_type == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["Cache-Control"]
    assert ("Загружен" in answer.text) == (name == EXTRAS)


def test_a_page_loads_its_scripts_in_one_request(app: Flask) -> None:
    page = app.test_client().get("/login", headers={"Accept": "text/html"}).text

    assert len(re.findall("<script", page)) == 1
    assert "modulepreload" not in page


def test_modules_run_once_after_their_imports_and_in_order(tmp_path: Path) -> None:
    sources = {
        "page.js": 'import { b } from "./core/b.js";\nimport "./core/c.js";\nlog.push("page", b);\n',
        "core/a.js": 'const own = 1;\nexport { own as a };\nlog.push("a");\n',
        "core/b.js": 'import {\n  a,\n} from "./a.js";\nexport const b = a + 1;\nlog.push("b");\n',
        "core/c.js": 'import * as b from "./b.js";\nimport { a as one } from "./a.js";\nlog.push("c", b.b + one);\n',
    }

    assert run(tmp_path, sources) == ["a", "b", "c", 3, "page", 2]


def test_modules_of_other_bundles_run_on_use_and_only_once(tmp_path: Path) -> None:
    sources = {
        "page.js": 'import { a } from "./core/a.js";\nconst later = () => [import("./ui/b.js"), import("./files.js")];\nlog.push(a);\n',
        "core/a.js": 'export function a() {\n  return "a";\n}\nlog.push("first");\n',
        "ui/b.js": 'import { a } from "../core/a.js";\nexport class B {}\nlog.push(`b after ${a()}`);\n',
        "files.js": 'const later = () => import("./workbench.js");\n',
        "workbench.js": 'import { B } from "./ui/b.js";\nimport texts from "./core/t.js";\nexport { B };\n'
        'log.push(texts);\nexport const more = () => import("./list/d.js");\n',
        "core/t.js": 'export default "texts";\n',
        "list/d.js": 'import { a } from "../core/a.js";\nlog.push("d");\nexport async function d() {\n  return a();\n}\n',
    }
    use = """async (load) => {
        const before = [...log];
        const { B, more } = await load("workbench.js");
        const same = B === (await load("ui/b.js")).B;
        const { d } = await more();
        return [before, same, await d(), d.constructor.name, log];
    }"""

    before = ["first", None]
    found = run(tmp_path, sources, use)

    assert found == [before, True, "a", "AsyncFunction", [*before, "b after a", "texts", "d"]]


def test_addresses_in_a_bundle_are_relative_to_the_module(tmp_path: Path) -> None:
    address = 'new URL("./worker.js", import.meta.url).href'
    sources = {"page.js": 'import "./upload/a.js";\n', "upload/a.js": f"log.push({address});\n"}

    assert run(tmp_path, sources) == [(tmp_path / "upload" / "worker.js").as_uri()]


@pytest.mark.parametrize(
    "form",
    [
        "export let a = 1;",
        'export { a } from "./core/a.js";',
        'export * from "./core/a.js";',
        "export var a = 1;",
        "export const { a } = b;",
        'import a, { b } from "./core/a.js";',
        'import { a } from "./core/a.js" with { type: "json" };',
    ],
)
def test_a_form_that_a_bundle_cannot_have_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match=r"^page\.js: no bundle can have"):
        bundle({**REST, "core/a.js": "", "page.js": f"{form}\n"})


def test_a_missing_module_is_refused() -> None:
    with pytest.raises(KeyError, match=r"core/gone\.js"):
        bundle({**REST, "page.js": 'import "./core/gone.js";\n'})
