"""Stored outputs are of today's code and weights."""

import nbformat
import pytest
from miniature import LAST, series

from vaehelpers.series import fingerprint, run

SOURCE = '''"""A docstring."""

# A comment.
import math  # another


def double(x):
    """Return twice x.

    And so on.
    """
    # A comment of its own line.
    text = "# no comment"
    return 2 * x, text
'''


def notebook_of(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in sources])


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with two rooms, in place of ours."""
    folder = tmp_path / "vaehelpers"
    files = {
        "__init__.py": "__version__ = '0.1'",
        "errors.py": "class Error(Exception): pass",
        "vae/__init__.py": '"""The room."""',
        "vae/objective.py": SOURCE,
        "published/__init__.py": '"""The room."""',
        "published/weights/z20/epoch.json": "{}",
        "cli.py": "print('command')",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    monkeypatch.setattr(fingerprint, "PACKAGE", folder)
    return folder


MODULES = ("vaehelpers", "vaehelpers.errors", "vaehelpers.vae", "vaehelpers.vae.objective")


@pytest.fixture
def stamped(package):
    notebook = notebook_of("x = 1  # one", "y = 2")
    fingerprint.stamp(notebook, [*MODULES, "vaehelpers.published"])
    return notebook


def test_nothing_is_outdated_after_the_stamp(stamped):
    assert fingerprint.outdated(stamped) == []
    assert fingerprint.outdated(notebook_of("x")) == ["code cells"], "never stamped"


@pytest.mark.parametrize(
    ("name", "old", "new", "found"),
    [
        ("vae/objective.py", "2 * x", "3 * x", ["vae/objective.py"]),
        ("vae/objective.py", "# no comment", "# no comments", ["vae/objective.py"]),
        ("vae/objective.py", "A docstring", "A better docstring", []),
        ("vae/objective.py", "And so on.", "And\n    so on.", []),
        ("vae/objective.py", "# A comment.", "# A better comment.\n", []),
        ("vae/objective.py", "  # another", "", []),
        ("vae/objective.py", "    # A comment of its own line.\n", "\n\n", []),
        ("errors.py", "pass", "x = 1", []),
        ("__init__.py", "0.1", "0.2", []),
        ("cli.py", "command", "other", []),
        ("published/weights/z20/epoch.json", "{}", "{ }", ["published/data"]),
    ],
)
def test_what_a_notebook_shows_counts_and_nothing_else(package, stamped, name, old, new, found):
    path = package / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert fingerprint.outdated(stamped) == found


def test_what_jupyterlab_leaves_beside_a_file_that_somebody_opened_does_not_count(package, stamped):
    left = package / "published" / "weights" / "z20" / ".ipynb_checkpoints"
    left.mkdir()
    (left / "epoch-checkpoint.json").write_text("{}")
    assert fingerprint.outdated(stamped) == []


def test_files_that_come_or_go_are_found(package, stamped):
    (package / "published" / "weights" / "z20" / "more.safetensors").write_bytes(b"1")
    (package / "vae" / "objective.py").unlink()
    assert fingerprint.outdated(stamped) == ["published/data", "vae/objective.py"]


@pytest.mark.parametrize(
    ("source", "found"),
    [("x = 1  # uno", []), ("x = 3", ["code cells"]), ("%timeit 1", ["code cells"])],
)
def test_a_notebooks_own_code_counts_and_its_comments_do_not(stamped, source, found):
    stamped.cells[0].source = source
    assert fingerprint.outdated(stamped) == found


def test_a_refreshed_notebook_names_the_modules_that_it_has_used(tmp_path):
    body = "from vaehelpers import KLD\nimport torch\nKLD(torch.zeros(1, 2), torch.zeros(1, 2))"
    source = series(tmp_path / "source", body)
    run.refresh_notebooks((LAST,), source, tmp_path / "build")
    notebook = nbformat.read(source / f"{LAST}.ipynb", 4)
    shown = notebook.metadata.vaehelpers.shows
    assert {"code cells", "vae/objective.py"} <= shown.keys()
    assert not {"cli.py", "errors.py", "series/run.py", "vae/networks.py"} & shown.keys()
    assert fingerprint.outdated(notebook) == []


@pytest.mark.parametrize("name", run.NOTEBOOKS)
def test_the_stored_outputs_are_of_todays_code_and_weights(request, name):
    notebook = nbformat.read(request.config.rootpath / "notebooks" / f"{name}.ipynb", 4)
    changed = fingerprint.outdated(notebook)
    assert changed == [], f"the outputs of {name} are older than these: run `make notebooks`"
