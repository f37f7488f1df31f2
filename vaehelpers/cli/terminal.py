"""What the command line writes to a terminal: colour, and commands as they are typed here."""

import os
import shlex
import shutil
import sys
from pathlib import Path

# Three codes need no library.
SHORT = 3  # parts of a path from here, such as .venv/bin/vaehelpers; longer ones are whole
STYLES = {"bold": "1", "red": "31", "green": "32", "yellow": "33"}


def styled(text: str, style: str) -> str:
    """Return a text with one of `STYLES`; as it is where nobody would see colour.

    That is in a file or a pipe, with $NO_COLOR (no-color.org), and on a terminal that has none.
    """
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\033[{STYLES[style]}m{text}\033[0m"


def typed(words: str) -> str:
    """Return a command of ours so that it works when it is typed in this folder.

    `vaehelpers lab` is that only where the shell finds our script, and no other of that name.
    """
    script = Path(sys.executable).with_name("vaehelpers")
    found = shutil.which("vaehelpers")
    if found and Path(found).absolute() == script.absolute():
        return f"vaehelpers {words}"
    if script.is_file():
        return f"{_nearby(script)} {words}"
    return f"{python()} -m vaehelpers {words}"


def python() -> str:
    """Return this Python so that it works when it is typed in this folder."""
    return _nearby(Path(sys.executable))


def _nearby(path: Path) -> str:
    """Return a program's path as short as it can be from here, quoted for a shell."""
    here = Path.cwd()
    if path.parent == here:
        return shlex.quote(f"./{path.name}")  # a bare name would be looked for elsewhere
    inside = path.relative_to(here) if path.is_relative_to(here) else path
    return shlex.quote(str(inside if len(inside.parts) <= SHORT else path))
