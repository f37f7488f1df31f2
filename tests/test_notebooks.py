"""The notebooks' linter: one skeleton, outputs that are whole and clean, links that resolve."""

import ast
import html
import re
import statistics
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from nbconvert import ScriptExporter
from public_names import is_public, used_names

from vaehelpers.explorers.constants import STAND_IN
from vaehelpers.series import outputs, run, tour
from vaehelpers.series.parameters import PARAMETERS

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = {name: nbformat.read(FOLDER / f"{name}.ipynb", 4) for name in run.NOTEBOOKS}
ENDING = ["Food for thought", "Summary", "Self-test", "References"]
# Questions with a limit in the practical: words, or lines of the numbered list.
LIMITS = {
    "Q1.1": ("words", 100),
    "Q1.2": ("words", 150),
    "Q1.3": ("words", 200),
    "Q2.8, architecture": ("lines", 8),
}


@pytest.fixture(params=NOTEBOOKS, ids=str)
def notebook(request):
    """Each notebook in turn, with its name under `metadata.name`."""
    found = nbformat.from_dict(NOTEBOOKS[request.param])
    found.metadata["name"] = request.param
    return found


def markdown(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def code(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def headings(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", text, re.M)


def test_the_folder_holds_the_four_notebooks_and_nothing_else():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted(run.NOTEBOOKS)


def test_skeleton(notebook):
    first, second = markdown(notebook)[:2]
    number = notebook.metadata.name[:2]
    assert re.fullmatch(rf"# {number} · [^\n]+\n\n[^\n]+[.]", first), (
        "title and one sentence that promises"
    )
    verbs = re.findall(r"^- \[\w+\]\(#[\w-]+\) ", second, re.M)
    assert second.startswith("**You will be able to**")
    assert 4 <= len(verbs) <= 6
    for label in ("**Before you start**: ", "**Time**: ", "**Hardware**: "):
        assert label in second
    assert headings("\n".join(markdown(notebook)))[-4:] == ENDING


def test_parameters_cell(notebook):
    tagged = [cell for cell in code(notebook) if "parameters" in cell.metadata.get("tags", [])]
    assert tagged == code(notebook)[:1]
    lines = tagged[0].source.splitlines()
    assert 1 <= len(lines) <= 8
    for line in lines:
        assert re.fullmatch(r"\w+: (int|float|str) = \S+  # .+", line), line
    run.defaults(FOLDER / f"{notebook.metadata.name}.ipynb")  # raises for one that is not allowed


def test_setup_cell_is_short_and_checks_the_parameters(notebook):
    setup = code(notebook)[1].source
    lines = [line for line in setup.splitlines() if line.strip()]
    imports = [line for line in lines if re.match(r"(import|from) ", line)]
    assert len(lines) <= 12
    assert len(imports) <= 6
    assert "check_parameters(globals())" in setup
    assert 'plt.style.use(["default", "vaehelpers.figures.style"])' in setup


def test_only_public_names_are_used(notebook):
    source = "\n".join(cell.source for cell in code(notebook))
    hidden = [
        f"{module}.{name}" for module, name in used_names(source) if not is_public(module, name)
    ]
    assert hidden == []


def test_code_reads_no_file_by_where_the_notebook_lies(notebook):
    source = "\n".join(cell.source for cell in code(notebook))
    assert re.findall(r"\.ipynb|\bopen\(|read_text\(|\bPath\(|__file__", source) == []


def test_cells_are_short(notebook):
    lengths = [
        len([line for line in cell.source.splitlines() if line.strip()]) for cell in code(notebook)
    ]
    assert statistics.median(lengths) <= 11
    assert max(lengths) <= 20
    assert all(len(line) <= 100 for cell in code(notebook) for line in cell.source.splitlines())


def test_outputs_are_stored_whole_and_clean(notebook):
    cells = code(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert notebook.metadata.kernelspec.name == "python3"
    assert not {"widgets", "papermill", "jupytext"} & notebook.metadata.keys()
    for output in (output for cell in cells for output in cell.outputs):
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.get("text")
        assert outputs.WIDGET not in output.get("data", {})
        assert "image/svg+xml" not in output.get("data", {})
        assert not re.search(
            r" at 0x[0-9a-f]+", str(output.get("text", "")) + str(output.get("data", ""))
        )
    for cell in notebook.cells:
        folded = {"source_hidden": True, "outputs_hidden": True}
        is_evidence = cell.cell_type == "code" and cell.source.startswith(outputs.EVIDENCE)
        assert set(cell.metadata) <= {"tags", "jupyter"}
        assert cell.metadata.get("jupyter", {}) == (folded if is_evidence else {})


def test_every_text_says_whether_nbval_compares_it(notebook):
    """What trains, and so differs between machines, is ignored; all else, explorers included, not.

    Plain `pytest --nbval` then passes, and `--nbval-lax` compares the same.
    """
    for cell in code(notebook):
        texts = [
            o for o in cell.outputs if not {"image/png", "text/html"} & o.get("data", {}).keys()
        ]
        marks = {"nbval-check-output", "nbval-ignore-output"} & set(cell.metadata.get("tags", []))
        assert not texts or len(marks) == 1, cell.source


def bound_names(node: ast.AST) -> set[str]:
    """Return the names to which a piece of code gives a value: those of its arguments, too."""
    names = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store | ast.Del):
            names.add(part.id)
        elif isinstance(part, ast.arg):
            names.add(part.arg)
        elif isinstance(part, ast.FunctionDef | ast.ClassDef):
            names.add(part.name)
        elif isinstance(part, ast.alias):
            names.add((part.asname or part.name).split(".")[0])
    return names


def comprehension_names(node: ast.AST) -> set[str]:
    """Return the names that live only inside of comprehensions and lambdas."""
    names = set()
    for part in ast.walk(node):
        if isinstance(part, ast.comprehension):
            names |= bound_names(part.target)
        elif isinstance(part, ast.Lambda):
            names |= bound_names(part.args)
    return names


def names_of_cell(source: str) -> tuple[set[str], set[str]]:
    """Return the names that a cell needs from cells before it, and those that it leaves behind."""
    needed, left = set(), set()
    for statement in ast.parse(source).body:
        read = {
            part.id
            for part in ast.walk(statement)
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
        }
        is_simple = isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr)
        inside = comprehension_names(statement) if is_simple else bound_names(statement)
        needed |= read - inside - left
        if isinstance(statement, ast.AugAssign):
            needed |= bound_names(statement.target) - left
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            left.add(statement.name)
        else:
            left |= bound_names(statement) - comprehension_names(statement)
    return needed, left


def names_of_evidence(sources: list[str]) -> list[str]:
    """Say which names a cell takes from an Evidence cell, be they made or changed there."""
    from_evidence: set[str] = set()
    found = []
    for source in sources:
        needed, left = names_of_cell(source)
        if source.startswith(outputs.EVIDENCE):
            from_evidence |= left
            continue
        taken = sorted(needed & from_evidence)
        if taken:
            found.append(f"{', '.join(taken)} in the cell that begins: {source.splitlines()[0]}")
        from_evidence -= left
    return found


def test_evidence_cells_may_be_skipped(notebook):
    """Readers skip them: no other cell needs a name that such a cell defines or imports."""
    assert names_of_evidence([cell.source for cell in code(notebook)]) == []


@pytest.mark.parametrize(
    ("later", "taken"),
    [
        ("print(x)", ["x in the cell that begins: print(x)"]),
        ("x = x + 1", ["x in the cell that begins: x = x + 1"]),
        ("x += 1", ["x in the cell that begins: x += 1"]),
        ("def f():\n    return math.pi", ["math in the cell that begins: def f():"]),
        ("x = 1\nprint(x)", []),
        ("print([x for x in 'ab'])", []),
        ("def f(x):\n    return x", []),
        ("for x in 'ab':\n    print(x)", []),
        ("print(before)", []),
    ],
)
def test_a_name_that_comes_from_an_evidence_cell_is_found(later, taken):
    evidence = "# Evidence: something.\nimport math\nx = [y for y in 'ab']\nassert x"
    assert names_of_evidence(["before = 1", evidence, later]) == taken
    assert names_of_evidence(["before = y = 1", evidence, "print(before, y)"]) == []


def test_it_becomes_a_script_of_python(notebook):
    script, resources = ScriptExporter().from_notebook_node(notebook)
    assert resources["output_extension"] == ".py"
    compile(script, notebook.metadata.name, "exec")


def test_no_cell_opens_a_file(notebook):
    """A notebook reads nothing that lies beside it: it may lie anywhere."""
    for cell in code(notebook):
        assert not re.search(r"\b(open|Path|read_text|read_bytes|glob)\(", cell.source)


def test_every_picture_is_shown_with_alt_text_and_its_data(notebook):
    figures, _ = outputs.collect(notebook)
    pictures = [
        o for cell in code(notebook) for o in cell.outputs if "image/png" in o.get("data", {})
    ]
    assert len(figures) == len(pictures) > 0, "every picture has a name of its own"
    for picture in pictures:
        assert len(picture.metadata["image/png"]["alt"]) >= 40
    assert not any("plt.show" in cell.source or "savefig" in cell.source for cell in code(notebook))


def test_a_picture_stands_for_every_explorer_but_the_curve_of_a_training(notebook):
    """The curve has nothing to show before the training; its picture is that of the trained run."""
    for cell in code(notebook):
        said = [output.get("data", {}).get("text/plain") for output in cell.outputs]
        assert STAND_IN not in said or "explorers.LiveCurve(" in cell.source, cell.id


def test_every_picture_stands_there_in_words(notebook):
    for cell in code(notebook):
        described = []
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata["image/png"]["alt"]
                described.append(outputs.IN_WORDS.format(html.escape(alt, quote=False)))
        words = [
            output.data["text/html"]
            for output in cell.outputs
            if "text/html" in output.get("data", {})
        ]
        assert words == described


def test_every_legend_has_a_place():
    """Without one, matplotlib looks for a place, and warns where that takes it over a second."""
    sources = [path.read_text() for path in (FOLDER.parent / "vaehelpers").rglob("*.py")]
    for each in NOTEBOOKS.values():
        sources += [cell.source for cell in code(each)]
    legends = re.findall(r"\.legend\(.*", "\n".join(sources))
    assert len(legends) > 10
    assert [legend for legend in legends if "loc=" not in legend] == []


def test_pictures_are_drawn_from_arrays(notebook):
    """Given a tensor, some pairs of PyTorch and NumPy warn."""
    drawn = re.findall(r"\.imshow\(.*", "\n".join(cell.source for cell in code(notebook)))
    assert [line for line in drawn if ".numpy()" not in line] == []


def test_markup_is_plain(notebook):
    text = "\n".join(markdown(notebook))
    tags = set(re.findall(r"</?([a-zA-Z]+)", re.sub(r"\$[^$]*\$", "", text)))
    assert tags <= {"a", "details", "summary"}
    assert "data:image" not in text
    assert "style=" not in text


def test_folded_text_is_markdown(notebook):
    """After a tag, Markdown begins with a blank line: without it links and formulas stay marks."""
    folds = re.findall(r"</summary>(.*\n?.*)", "\n".join(markdown(notebook)))
    assert len(folds) > 10
    assert [first for first in folds if first.strip()] == []


def test_links_and_equations_resolve(notebook):
    text = "\n".join(markdown(notebook))
    anchors = re.findall(r'<a id="([\w-]+)"></a>', text)
    assert max(Counter(anchors).values()) == 1
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= set(anchors)
    number = str(int(notebook.metadata.name[:2]))
    tags = re.findall(r"\\tag\{([\d.]+)\}", text)
    assert len(tags) == text.count(r"\tag{") == len(set(tags))
    for tag in tags:
        assert tag.startswith(f"{number}.")
        assert f"eq-{tag.replace('.', '-')}" in anchors
    for chapter, equation in re.findall(r"(?<!practical, )Eq\. (\d)\.(\d+)", text):
        assert f"{chapter}.{equation}" in tags


def test_answers_follow_their_questions_and_keep_their_limits():
    seen = set()
    for name in NOTEBOOKS:
        asked = set()
        for box in tour.boxes(FOLDER / f"{name}.ipynb"):
            if box.kind == "Question":
                asked.add(box.number)
                continue
            assert box.number in asked
            answer = ", ".join(filter(None, (box.number, box.part)))
            kind, limit = LIMITS.get(answer, ("words", 130))
            count = len(box.text.split()) if kind == "words" else len(box.text.splitlines())
            assert 0 < count <= limit, f"{answer}: {count} {kind}, limit {limit}"
            seen.add(answer)
    theory = {"Q1.1", "Q1.2", "Q1.3", "Q2.1", "Q2.2", "Q2.3", "Q2.4", "Q2.5", "Q2.6", "Q2.7"}
    training = {"Q2.8, architecture", "Q2.8, scores", "Q2.9"}
    assert theory | training | {"Q2.10, first half", "Q2.10, second half"} <= seen


def test_parameters_have_a_type_and_a_range():
    for name in NOTEBOOKS:
        assert run.defaults(FOLDER / f"{name}.ipynb").keys() <= PARAMETERS.keys()
