"""Build the site from the stored notebooks, without executing any: `make site` does it.

It needs node with npm, the packages of the extra `site` and, the first time, a network for KaTeX.
"""

import argparse
import io
import shutil
import sys
import tempfile
import time
from pathlib import Path

import explorers
import printing
import staging
import tools
from tools import SiteError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NPM = ROOT / "build" / "npm"  # what npm brought; it stays there for the next time
MADE_BY_SPHINX = ".buildinfo"  # a file that Sphinx leaves at the top of what it writes


def main(arguments: list[str] | None = None) -> int:
    """Build the site; say in one line where it is, or why there is none; return the exit status."""
    parser = argparse.ArgumentParser(prog="make site", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "site", help="its folder (%(default)s)")
    parser.add_argument("--no-pdf", action="store_true", help="print no notebook")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    try:
        tools.check_programs()
        tools.check_packages()
        check_that_it_may_go(options.out)
        tools.fetch_katex(NPM)
        sources = staging.hash_of_sources()
        with tempfile.TemporaryDirectory() as scratch:
            html = build(Path(scratch), with_pdf=not options.no_pdf)
            (html / staging.SOURCES).write_text(sources)
            replace(options.out, html)
    except SiteError as error:
        print(f"make site: {error}", file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    seconds = time.perf_counter() - started
    print(f"{options.out}/index.html is ready to be opened ({size / 1e6:.0f} MB, {seconds:.0f} s).")
    return 0


def build(scratch: Path, with_pdf: bool) -> Path:
    """Build all pages in a scratch folder, print the notebooks, and return the pages' folder.

    Where nothing can be printed, one line says so, and no page offers a PDF.
    """
    staging.stage(scratch / "pages")
    explorers.write_scripts(scratch / "static")
    browser = printing.browser() if with_pdf else None
    if with_pdf and not browser:
        print("No PDFs: there is no Chromium to print them (Debian: apt-get install chromium).")
    html = run_sphinx(scratch, ["pdf"] if browser else [])
    if browser:
        try:
            printing.print_notebooks(browser, html)
        except SiteError as error:
            print(f"No PDFs: {error}")
            shutil.rmtree(html)
            html = run_sphinx(scratch, [])
    return html


def run_sphinx(scratch: Path, tags: list[str]) -> Path:
    """Have Sphinx write the pages that are in `scratch/pages`; return the folder.

    Raises SiteError with the warnings, if there are any.
    """
    from sphinx.application import Sphinx  # only now is it known to be installed
    from sphinx.errors import SphinxError
    from sphinx.util.console import nocolor

    html = scratch / "site" / "html"
    warnings = io.StringIO()
    nocolor()
    try:
        app = Sphinx(
            srcdir=scratch / "pages",
            confdir=HERE,
            outdir=html,
            doctreedir=scratch / "doctrees",
            buildername="html",
            confoverrides={
                "npm_folder": str(NPM),
                "explorers_folder": str(scratch / "static"),
            },
            status=None,
            warning=warnings,
            freshenv=True,
            tags=tags,
        )
        app.build()
    except SphinxError as error:
        raise SiteError(f"Sphinx stopped: {error}") from error
    said = warnings.getvalue().splitlines()
    if said or app.statuscode:
        raise SiteError("\n".join(["Sphinx warns, so there is no new site:", *said]))
    return html


def check_that_it_may_go(out: Path) -> None:
    """Raise SiteError if a folder that the site is to replace holds something else."""
    if out.exists() and not (out / MADE_BY_SPHINX).is_file():
        raise SiteError(f"{out} is not a site that was built here; move it away, or name --out")


def replace(out: Path, html: Path) -> None:
    """Put the pages where the site belongs, in one step once all of them are on its disk."""
    new, old = out.with_name(f"{out.name}.partial"), out.with_name(f"{out.name}.old")
    for left_over in (new, old):
        shutil.rmtree(left_over, ignore_errors=True)
    shutil.copytree(html, new)
    if out.exists():
        out.rename(old)
    new.rename(out)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
