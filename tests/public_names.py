"""Which names of the package are public, and which of them a piece of code uses.

For the tests of what stands outside the package: benchmarks and notebooks use public names only.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def is_public(module: str, name: str) -> bool:
    """Say whether code outside the package may write `from module import name`.

    It may where the stub of the package, or of a room, lists the name. Where a stub lists a module,
    what that module itself defines is public, too, but for names with a leading underscore.
    """
    stub = ROOT.joinpath(*module.split("."), "__init__.pyi")
    if stub.is_file():
        return name in _listed(stub)
    room, _, last = module.rpartition(".")
    if not room or not is_public(room, last):
        return False
    return name in _defined(_file(module)) and not name.startswith("_")


def used_names(source: str) -> Iterator[tuple[str, str]]:
    """Yield the module and the name of all that a program takes from the package.

    Those are what it imports, and attributes of modules that it imported: `data.load_data`.
    """
    tree = ast.parse(source)
    modules = {"vaehelpers": "vaehelpers"}
    for node in ast.walk(tree):
        for module, name, called in _imported(node):
            yield module, name
            if _is_module(f"{module}.{name}"):
                modules[called] = f"{module}.{name}"
    for name in _assigned(tree):  # a variable of that name is no module
        modules.pop(name, None)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            module = _named(node.value, modules)
            if module:
                yield module, node.attr


def _imported(node: ast.AST) -> Iterator[tuple[str, str, str]]:
    """Yield module, name, and what it is called here, of what a statement imports."""
    if isinstance(node, ast.ImportFrom) and _is_ours(node.module or ""):
        for alias in node.names:
            yield node.module, alias.name, alias.asname or alias.name
    if isinstance(node, ast.Import):
        for alias in node.names:
            module, _, name = alias.name.rpartition(".")
            if _is_ours(module):
                yield module, name, alias.asname or alias.name


def _assigned(tree: ast.AST) -> Iterator[str]:
    """Yield the names of variables and arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        if isinstance(node, ast.arg):
            yield node.arg


def _named(node: ast.expr, modules: dict[str, str]) -> str | None:
    """Return the module that an expression such as `vaehelpers.data` stands for, or None."""
    if isinstance(node, ast.Name):
        return modules.get(node.id)
    if isinstance(node, ast.Attribute):
        parent = _named(node.value, modules)
        if parent and _is_module(f"{parent}.{node.attr}"):
            return f"{parent}.{node.attr}"
    return None


def _is_ours(module: str) -> bool:
    return module.split(".")[0] == "vaehelpers"


def _is_module(dotted: str) -> bool:
    return _file(dotted).is_file() or (_file(dotted).with_suffix("") / "__init__.py").is_file()


def _file(module: str) -> Path:
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def _listed(stub: Path) -> list[str]:
    """Return what a stub lists in `__all__`."""
    for node in ast.parse(stub.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return []


def _defined(file: Path) -> set[str]:
    """Return the names that a module's own statements define, not those that it imports."""
    names = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= set(_assigned(node))
        elif isinstance(node, ast.AnnAssign):
            names.add(ast.unparse(node.target))
    return names
