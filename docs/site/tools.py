"""What the site is built with, from outside of the project: node, npm, Python packages, KaTeX."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
OLDEST = (3, 11)
PACKAGES = (
    "sphinx",
    "fontTools",
    "brotli",
    "myst_nb",
    "sphinx_book_theme",
    "sphinx_copybutton",
    "sphinxcontrib.katex",
)
# KaTeX's style names each font in three formats; every browser of today takes the first.
OLDER_FORMATS = re.compile(r',url\([^)]*\.(?:woff|ttf)\) format\("\w+"\)')


class SiteError(Exception):
    """Why there is no site, in one line: what was wrong, and what to do."""


def check_programs() -> None:
    """Raise SiteError for a program that is not there, or is too old."""
    if sys.version_info < OLDEST:
        here, oldest = (".".join(map(str, version[:2])) for version in (sys.version_info, OLDEST))
        raise SiteError(
            f"Python {here} is too old for the site's packages; install Python {oldest} or newer "
            "and name it: `make clean`, then `make site PYTHON=python3.13`"
        )
    for name in ("node", "npm"):
        if not shutil.which(name):
            raise SiteError(
                f"{name} is missing; install Node.js 18 or newer with npm "
                "(Debian: apt-get install nodejs npm)"
            )


def check_packages() -> None:
    """Raise SiteError for a package that is not installed."""
    missing = [name for name in PACKAGES if not _is_there(name)]
    if missing:
        raise SiteError(
            f"the package {missing[0]} is missing; `make site` installs it, "
            "and so does pip install 'vaehelpers[site]'"
        )


def _is_there(package: str) -> bool:
    """Say whether a package can be imported, without importing it."""
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:  # the package that it would be part of
        return False


def fetch_katex(folder: Path) -> None:
    """Have npm bring the KaTeX that package-lock.json pins, unless the folder holds it already.

    Its script is then in `node_modules/`, its style with the fonts in `static/`. Raises SiteError
    where npm fails.
    """
    lock = HERE / "package-lock.json"
    kept = folder / lock.name
    if kept.is_file() and kept.read_bytes() == lock.read_bytes():
        return
    new = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for file in (lock, HERE / "package.json"):
        shutil.copy(file, new)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=new, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        said = " ".join(lines[:2]) or f"exit status {done.returncode}"
        raise SiteError(f"npm could not fetch KaTeX, which takes a network once ({said})")
    _collect_style(new / "node_modules" / "katex" / "dist", new / "static" / "katex")
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def _collect_style(dist: Path, folder: Path) -> None:
    """Copy KaTeX's style, and the fonts that it then names."""
    (folder / "fonts").mkdir(parents=True)
    style = (dist / "katex.min.css").read_text(encoding="utf-8")
    (folder / "katex.min.css").write_text(OLDER_FORMATS.sub("", style), encoding="utf-8")
    for font in (dist / "fonts").glob("*.woff2"):
        shutil.copy(font, folder / "fonts")


def main() -> int:
    """Say in one line which program is missing, if one is; return the exit status."""
    try:
        check_programs()
    except SiteError as error:
        print(f"make site: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
