"""Put together what Sphinx reads: the pages of this folder, the notebooks, docs, API pages."""

import ast
import hashlib
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGE = ROOT / "vaehelpers"
SOURCES = ".sources"  # a file at the top of a site, with the hash of what it was made from
DOCS = ("answers", "glossary", "usage", "performance", "architecture", "reliability")


def stage(folder: Path) -> None:
    """Make a folder of all pages of the site, each where it lies in the project.

    The pages of `docs/site/pages` come to the top.
    """
    shutil.copytree(HERE / "pages", folder)
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=_all_but_notebooks)
    shutil.copytree(ROOT / "docs" / "figures", folder / "docs" / "figures")
    (folder / "benchmarks" / "results").mkdir(parents=True)
    for chart in (ROOT / "benchmarks" / "results").glob("*.png"):
        shutil.copy(chart, folder / "benchmarks" / "results")
    for name in DOCS:
        shutil.copy(ROOT / "docs" / f"{name}.md", folder / "docs")
    (folder / "api").mkdir()
    for name, text in api_pages():
        (folder / "api" / f"{name}.rst").write_text(text, encoding="utf-8")


def hash_of_sources() -> str:
    """Return a hash of all that a site is made from: equal hashes, equal pages."""
    digest = hashlib.sha256()
    folders = ("benchmarks", "docs", "notebooks", "tests", "vaehelpers")
    files = [path for path in ROOT.iterdir() if path.is_file()]
    files += [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in sorted(files):
        if path.suffix != ".pyc":
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _all_but_notebooks(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".ipynb")]


def api_pages() -> Iterator[tuple[str, str]]:
    """Yield name and text of the API pages: one for each room, and `index`."""
    rooms = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.pyi"))
    for room in rooms:
        yield room, _room_page(room)
    yield "index", _index(rooms)


def imports(stub: Path) -> dict[str, str]:
    """Return the names that a stub lists, each with the module that it comes from, "" for modules.

    `from .device import choose_device as choose_device` is {"choose_device": "device"}.
    """
    found = {}
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.name] = node.module or ""
    return found


def documented(name: str, module: str) -> str:
    """Return under which full name the API pages document a name of the package.

    `module` is where the package's stub takes it from, for example "vae.networks" or "core".
    """
    room, _, inner = module.partition(".")
    listed = imports(PACKAGE / room / "__init__.pyi")
    inner = inner or listed[name]
    if inner in listed:
        return f"vaehelpers.{room}.{inner}.{name}"
    return f"vaehelpers.{room}.{name}"


def _room_page(room: str) -> str:
    """Return the page of a room: its docstring, its names, and those of the modules it lists."""
    listed = imports(PACKAGE / room / "__init__.pyi")
    modules = [name for name, module in listed.items() if not module]
    own = [name for name, module in listed.items() if module and module not in modules]
    constants = [name for name in own if name.isupper()]
    own = [name for name in own if name not in constants]
    elsewhere = [name for name, module in listed.items() if module in modules]
    lines = [*_heading(f"vaehelpers.{room}", "="), f".. automodule:: vaehelpers.{room}"]
    if own:
        lines.append(f"   :members: {', '.join(own)}")
    lines.append("")
    for name in constants:
        lines += _constant(room, listed[name], name)
    if elsewhere:
        links = [f":py:obj:`~vaehelpers.{room}.{listed[name]}.{name}`" for name in elsewhere]
        lines += [f"Also to be imported from the room itself: {', '.join(links)}.", ""]
    for module in modules:
        full = f"vaehelpers.{room}.{module}"
        lines += [*_heading(full, "-"), f".. automodule:: {full}", "   :members:", ""]
    return "\n".join(lines)


def _constant(room: str, module: str, name: str) -> list[str]:
    """Return the entry of a constant: it has no docstring, so its own lines are shown."""
    source = (PACKAGE / room / f"{module}.py").read_text(encoding="utf-8")
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            text = ast.get_source_segment(source, statement) or ""
            if text.startswith((f"{name} ", f"{name}:")):
                break
    else:
        raise LookupError(f"{module}.py of {room} sets no {name}")
    entry = [f".. py:data:: {name}", f"   :module: vaehelpers.{room}", ""]
    entry += ["   .. code-block:: python", ""]
    return [*entry, textwrap.indent(text, " " * 6), ""]


def _index(rooms: list[str]) -> str:
    """Return the page that lists the rooms, and the names of the package itself."""
    lines = [*_heading("The package", "="), ".. automodule:: vaehelpers", ""]
    lines += [*_heading("Names of the package itself", "-"), ".. list-table::", ""]
    for name, module in imports(PACKAGE / "__init__.pyi").items():
        if module:
            full = documented(name, module)
            lines += [f"   * - ``vaehelpers.{name}``", f"     - :py:obj:`{full}`"]
    lines += ["", *_heading("Rooms", "-"), ".. toctree::", "   :maxdepth: 1", ""]
    lines += [f"   {room}" for room in rooms]
    return "\n".join([*lines, ""])


def _heading(text: str, line: str) -> list[str]:
    return [text, line * len(text), ""]
