"""Update the front-end files of other projects: `python tests/support/vendor.py`.

Fetches each package below by `npm pack`, copies the named files to `static/vendor/` with the version in their
names, builds the sprite `static/icons.svg` from the icons in `ICONS` and the strip `static/glyphs.svg` from
`GLYPHS`, and writes `static/vendor/manifest.json`. A test recomputes the manifest from the files, so that a
hand-edited copy is noticed. To update: change a version, run this, rename it in the stylesheet.

Rule: only this script and the tests of tus need node; running Cabinet does not.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

STATIC = Path(__file__).resolve().parents[2] / "src" / "cabinet" / "static"
VENDOR = STATIC / "vendor"
MANIFEST = VENDOR / "manifest.json"
SPRITE = STATIC / "icons.svg"
STRIP = STATIC / "glyphs.svg"
SVG = "http://www.w3.org/2000/svg"

ICONS = (
    "bell",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "chevron-up",
    "circle-alert",
    "circle-check",
    "circle-user",
    "cloud-upload",
    "copy",
    "download",
    "eye",
    "eye-off",
    "file",
    "folder",
    "folder-input",
    "folder-open",
    "folder-plus",
    "folder-up",
    "history",
    "info",
    "key-round",
    "keyboard",
    "languages",
    "layout-grid",
    "link",
    "list",
    "log-in",
    "log-out",
    "monitor",
    "monitor-smartphone",
    "moon",
    "pause",
    "pencil",
    "play",
    "plus",
    "rotate-cw",
    "search",
    "share-2",
    "shield-check",
    "sun",
    "terminal",
    "trash-2",
    "undo-2",
    "upload",
    "user-plus",
    "users",
    "x",
    "zoom-in",
    "zoom-out",
)

# Glyphs, of which a page has thousands, in the order of `files.css`. As elements each would be animated,
# styled and stored separately; as positions in one image they cost nothing.
GLYPHS = (
    "file",
    "file-archive",
    "file-code",
    "file-image",
    "file-music",
    "file-spreadsheet",
    "file-text",
    "file-video-camera",
    "folder",
    "ellipsis",
)
SIDE = 24
# The first line of the strip is for small glyphs, the second for large ones.
WEIGHTS = ("1.75", "1.2")
FOLDER_FILL = ".22"


@dataclass(frozen=True)
class Package:
    """A package of the npm registry, and the mapping of its files to ours.

    A source may be a pattern, whose files keep their names in the folder that is given. Whatever has a licence of
    its own is in `licences`, by the beginning of its name here.
    """

    name: str
    version: str
    licence: str
    files: Mapping[str, str] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)

    def licence_of(self, name: str) -> str:
        return next((own for start, own in self.licences.items() if name.startswith(start)), self.licence)


BOOTSTRAP = Package(
    "bootstrap",
    "5.3.9",
    "MIT",
    {
        # The base that its components build on, a thirtieth of the whole: the components are ours.
        "dist/css/bootstrap-reboot.min.css": "bootstrap-reboot-5.3.9.min.css",
        "LICENSE": "bootstrap-5.3.9.LICENSE.txt",
    },
)
ONEST = Package(
    "@fontsource-variable/onest",
    "5.3.1",
    "OFL-1.1",
    {
        "files/onest-latin-wght-normal.woff2": "onest-latin-5.3.1.woff2",
        "files/onest-cyrillic-wght-normal.woff2": "onest-cyrillic-5.3.1.woff2",
        "LICENSE": "onest-5.3.1.LICENSE.txt",
    },
)
TUS = Package(
    "tus-js-client",
    "4.3.1",
    "MIT",
    {
        "dist/tus.min.js": "tus-js-client-4.3.1.min.js",
        "LICENSE": "tus-js-client-4.3.1.LICENSE.txt",
    },
)
PDFJS = Package(
    "pdfjs-dist",
    "6.5.438",
    "Apache-2.0",
    {
        # Of the two builds the one for browsers that are a few years old. Its folder keeps the names that
        # it looks for its decoders by.
        "legacy/build/pdf.min.mjs": "pdfjs-6.5.438/pdf.min.mjs",
        "legacy/build/pdf.worker.min.mjs": "pdfjs-6.5.438/pdf.worker.min.mjs",
        "wasm/jbig2_nowasm_fallback.js": "pdfjs-6.5.438/jbig2_nowasm_fallback.js",
        "wasm/openjpeg_nowasm_fallback.js": "pdfjs-6.5.438/openjpeg_nowasm_fallback.js",
        # What codes mean in fonts that are not in the file, as those of Chinese, Japanese and Korean often are.
        "cmaps/*.bcmap": "pdfjs-6.5.438/cmaps/",
        # The two fonts that are loaded while systems have the other twelve: their signs differ from place to place.
        "standard_fonts/FoxitDingbats.pfb": "pdfjs-6.5.438/fonts/FoxitDingbats.pfb",
        "standard_fonts/FoxitSymbol.pfb": "pdfjs-6.5.438/fonts/FoxitSymbol.pfb",
        "LICENSE": "pdfjs-6.5.438/pdfjs.LICENSE.txt",
        "cmaps/LICENSE": "pdfjs-6.5.438/cmaps.LICENSE.txt",
        "standard_fonts/LICENSE_FOXIT": "pdfjs-6.5.438/fonts.LICENSE.txt",
        "wasm/LICENSE_JBIG2": "pdfjs-6.5.438/jbig2.LICENSE.txt",
        "wasm/LICENSE_OPENJPEG": "pdfjs-6.5.438/openjpeg.LICENSE.txt",
    },
    {"pdfjs-6.5.438/cmaps": "BSD-3-Clause", "pdfjs-6.5.438/fonts": "BSD-3-Clause"},
)
LUCIDE = Package("lucide-static", "1.62.0", "ISC", {"LICENSE": "lucide-1.62.0.LICENSE.txt"})


def sha384(path: Path) -> str:
    """Return the digest of a file in the notation of Subresource Integrity."""
    return "sha384-" + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()


def unpack(package: Package, folder: Path) -> Path:
    """Fetch a package and return the folder of its files."""
    wanted = f"{package.name}@{package.version}"
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), wanted]
    archive = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
    with tarfile.open(folder / archive) as tar:
        tar.extractall(folder / archive.removesuffix(".tgz"), filter="data")
    return folder / archive.removesuffix(".tgz") / "package"


def sprite(icons: Path) -> str:
    """Draw one SVG with a `<symbol>` for each of `ICONS`; lines take the colour of the text."""
    ET.register_namespace("", SVG)
    root = ET.Element(f"{{{SVG}}}svg")
    for name in ICONS:
        drawing = ET.parse(icons / f"{name}.svg").getroot()  # noqa: S314 - pinned and reviewed
        symbol = ET.SubElement(root, f"{{{SVG}}}symbol", id=name, viewBox="0 0 24 24")
        for shape in drawing:
            shape.tail = None
            symbol.append(shape)
        symbol.tail = "\n"
    return ET.tostring(root, encoding="unicode") + "\n"


def strip(icons: Path) -> str:
    """Draw one SVG with all `GLYPHS` side by side, once in each of `WEIGHTS`, to be used as a mask."""
    ET.register_namespace("", SVG)
    size = f"{SIDE * len(GLYPHS)} {SIDE * len(WEIGHTS)}"
    root = ET.Element(f"{{{SVG}}}svg", viewBox=f"0 0 {size}")
    for line, weight in enumerate(WEIGHTS):
        lines = {"fill": "none", "stroke": "#000", "stroke-width": weight}
        ends = {"stroke-linecap": "round", "stroke-linejoin": "round"}
        drawn = ET.SubElement(root, f"{{{SVG}}}g", lines | ends)
        drawn.tail = "\n"
        for place, name in enumerate(GLYPHS):
            drawing = ET.parse(icons / f"{name}.svg").getroot()  # noqa: S314 - pinned and reviewed
            filled = {"fill": "#000", "fill-opacity": FOLDER_FILL} if name == "folder" else {}
            moved = {"transform": f"translate({SIDE * place} {SIDE * line})"}
            glyph = ET.SubElement(drawn, f"{{{SVG}}}g", moved | filled)
            glyph.tail = "\n"
            for shape in drawing:
                shape.tail = None
                glyph.append(shape)
    return ET.tostring(root, encoding="unicode") + "\n"


def entry(package: Package, source: str, path: Path) -> dict[str, str]:
    """Describe one file of ours for the manifest."""
    return {
        "file": path.relative_to(STATIC).as_posix(),
        "package": package.name,
        "version": package.version,
        "licence": package.licence_of(path.relative_to(VENDOR).as_posix() if VENDOR in path.parents else ""),
        "source": source,
        "sha384": sha384(path),
    }


def refresh() -> None:
    """Replace everything that is vendored."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    entries = []
    with tempfile.TemporaryDirectory() as scratch:
        for package in (BOOTSTRAP, ONEST, TUS, PDFJS, LUCIDE):
            folder = unpack(package, Path(scratch))
            for pattern, name in package.files.items():
                for path in sorted(folder.glob(pattern)):
                    copy = VENDOR / name / path.name if name.endswith("/") else VENDOR / name
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(path.read_bytes())
                    entries.append(entry(package, path.relative_to(folder).as_posix(), copy))
            if package is LUCIDE:
                SPRITE.write_text(sprite(folder / "icons"), encoding="utf-8")
                STRIP.write_text(strip(folder / "icons"), encoding="utf-8")
                entries += [entry(package, "icons/*.svg", path) for path in (SPRITE, STRIP)]
    MANIFEST.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    refresh()
