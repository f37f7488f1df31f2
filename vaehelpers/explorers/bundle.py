"""The explorers' JavaScript as one module: a page without a server can load no second one."""

import re
from pathlib import Path

WEB = Path(__file__).parent / "web"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=async |function |const |class )", re.MULTILINE)


def bundle(entry: str) -> str:
    """Return `web/ENTRY.js` with all that it imports from its neighbours, each before its users.

    Only what the entry itself exports is exported. The modules share one scope, so no two of them
    may give one name to different things.
    """
    parts: dict[str, str] = {}
    _collect(entry, parts)
    inner = [EXPORT.sub("", text) for name, text in parts.items() if name != entry]
    return "\n".join([*inner, parts[entry]])


def _collect(name: str, parts: dict[str, str]) -> None:
    """Add the text of a module to `parts`, without its imports, after those that it imports."""
    source = (WEB / f"{name}.js").read_text(encoding="utf-8")
    for needed in IMPORT.findall(source):
        if needed not in parts:
            _collect(needed, parts)
    parts[name] = IMPORT.sub("", source)
