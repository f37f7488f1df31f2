"""The explorers' JavaScript in one piece: a page without a server can load no second module."""

import re
from pathlib import Path

WEB = Path(__file__).parent / "web"
IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.MULTILINE)


def bundle(*entries: str) -> str:
    """Return a script whose object `modules` has, under `ENTRY`, what `web/ENTRY.js` exports.

    What a module imports stands there before it. Names that it does not export stay its own.
    """
    parts: dict[str, str] = {}
    for entry in entries:
        _collect(entry, parts)
    return "\n".join(["const modules = {};", *parts.values()])


def _collect(name: str, parts: dict[str, str]) -> None:
    """Add a module to `parts`, after those that it imports."""
    source = (WEB / f"{name}.js").read_text(encoding="utf-8")
    for _, needed in IMPORT.findall(source):
        if needed not in parts:
            _collect(needed, parts)
    exported = ", ".join(EXPORT.findall(source))
    body = EXPORT.sub("", IMPORT.sub(r"const \1 = modules.\2;", source))
    parts[name] = f"modules.{name} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();\n"
