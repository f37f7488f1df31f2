"""Which code and weights a notebook's stored outputs show, so that a test finds older ones."""

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from .outputs import KEY

if TYPE_CHECKING:
    from nbformat import NotebookNode

PACKAGE = Path(__file__).parents[1]
CELLS = "code cells"
DATA = "data"
DATA_FILES = (".json", ".mplstyle", ".safetensors", ".txt")  # explorers' pages are never stored
# They refuse what is not allowed; what an accepted run shows does not depend on them. Neither does
# it on an `__init__.py`, which only loads what others define, and states the version.
NOT_SHOWN = ("errors.py", "core/settings.py", "series/parameters.py", "__init__.py")
CHECKPOINTS = ".ipynb_checkpoints"
DIGITS = 16  # of a hash: enough to tell two versions apart


def stamp(notebook: "NotebookNode", modules: Iterable[str]) -> None:
    """Write hashes of all that a notebook has just shown into its metadata.

    That is its own code, the named `modules` of this package, and the weights, records and texts
    that lie beside them. Comments, docstrings and blank lines do not count.
    """
    files = {_file_of(module) for module in modules}
    code = {file for file in files if not file.endswith(NOT_SHOWN)}
    data = {f"{file.split('/')[0]}/{DATA}" for file in files if "/" in file}
    hashes = {name: _hash(name, notebook) for name in {CELLS} | code | data}
    notebook.metadata[KEY] = {"shows": {name: found for name, found in hashes.items() if found}}


def outdated(notebook: "NotebookNode") -> list[str]:
    """Return what has changed since a notebook was stamped, or all that is missing if it was not.

    Names are those of files in the package, `ROOM/data` for the data of a room, or `code cells`.
    """
    shown = notebook.metadata.get(KEY, {}).get("shows", {CELLS: "never stamped"})
    return sorted(name for name, before in shown.items() if _hash(name, notebook) != before)


def code_only(source: str) -> str:
    """Return Python code without comments, docstrings and blank lines.

    What is not Python alone, such as IPython's commands, is returned as it is.
    """
    lines = source.split("\n")
    try:
        tree = ast.parse(source)
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (SyntaxError, tokenize.TokenError):
        return source
    for token in tokens:
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for row in _docstring_rows(node):
                lines[row - 1] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _docstring_rows(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
) -> range:
    """Return the lines of a docstring, from 1; none where there is no docstring."""
    if ast.get_docstring(node) is None:
        return range(0)
    statement = node.body[0]
    return range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)


def _file_of(module: str) -> str:
    """Return the file of a module, as a path in the package."""
    path = PACKAGE.parent.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return path.relative_to(PACKAGE).as_posix()


def _hash(name: str, notebook: "NotebookNode") -> str:
    """Return the hash of what a name stands for; an empty string where there is nothing."""
    if name == CELLS:
        cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        content = code_only("\n".join(cells)).encode()
    elif name.endswith(f"/{DATA}"):
        content = _data_of(PACKAGE / name.removesuffix(f"/{DATA}"))
    elif (PACKAGE / name).is_file():
        content = code_only((PACKAGE / name).read_text(encoding="utf-8")).encode()
    else:
        content = b""
    return hashlib.sha256(content).hexdigest()[:DIGITS] if content else ""


def _data_of(room: Path) -> bytes:
    """Return names and hashes of a room's data files."""
    lines = []
    for path in sorted(room.rglob("*")):
        # JupyterLab leaves a hidden copy of a file that somebody opens.
        if path.suffix in DATA_FILES and CHECKPOINTS not in path.parts:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            lines.append(f"{path.relative_to(room).as_posix()} {digest}")
    return "\n".join(lines).encode()
