"""Notebooks as PDF: Chromium prints their pages."""

import shutil
import subprocess
from pathlib import Path

from tools import SiteError

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",  # as root, as in containers, there is none; the pages are our own
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
    "--virtual-time-budget=10000",  # milliseconds that the page believes to have
)
LONGEST = 180  # seconds for a notebook


def browser() -> str | None:
    """Return the path of the system's Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def print_notebooks(program: str, html: Path) -> None:
    """Print each notebook's page to `pdf/NAME.pdf`; raise SiteError where Chromium fails."""
    folder = html / "pdf"
    folder.mkdir()
    for page in sorted((html / "notebooks").glob("*.html")):
        pdf = folder / f"{page.stem}.pdf"
        command = [program, *OPTIONS, f"--print-to-pdf={pdf}", page.as_uri()]
        try:
            subprocess.run(command, capture_output=True, timeout=LONGEST, check=True)
        except (OSError, subprocess.SubprocessError):
            pdf.unlink(missing_ok=True)
        if not pdf.is_file():
            raise SiteError(f"Chromium could not print {page.name}: try `{program} --version`")
