"""The parts of the site's builder, each by itself, and what it says where something is missing."""

import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from packaging.requirements import Requirement

from vaehelpers.series.outputs import IN_WORDS

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "site"
CONSTRAINTS = (FOLDER / "constraints.txt").read_text()


@pytest.fixture
def part(monkeypatch):
    """Import a module of the builder by its name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.fixture
def extension(part):
    """Import an extension by its name."""
    pytest.importorskip("sphinx", reason="the packages of the site are not installed: `make site`")
    pytest.importorskip("myst_nb", reason="the packages of the site are not installed")
    return lambda name: part(f"extensions.{name}")


def program(folder: Path, name: str, text: str) -> str:
    """Write a program of the shell's, and return its path."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


# What is missing


@pytest.mark.parametrize(("there", "missing"), [([], "node"), (["node"], "npm")])
def test_a_missing_program_is_named_in_one_line(tmp_path, there, missing):
    for name in there:
        program(tmp_path, name, "exit 0")
    command = [sys.executable, FOLDER / "tools.py"]
    env = {"PATH": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if sys.version_info < (3, 11):
        missing = "Python 3.10 is too old"
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"make site: {missing}")
    assert "install" in done.stderr


def test_a_missing_package_is_named_in_one_line(part, monkeypatch):
    tools = part("tools")
    tools_needed = ("re", "no_such_package.inner", "no_such_package")
    monkeypatch.setattr(tools, "PACKAGES", tools_needed)
    with pytest.raises(tools.SiteError, match=r"no_such_package\.inner is missing; `make site`"):
        tools.check_packages()
    monkeypatch.setattr(tools, "PACKAGES", ("re",))
    tools.check_packages()


def test_npm_that_fails_is_quoted_in_one_line_and_leaves_nothing(part, monkeypatch, tmp_path):
    tools = part("tools")
    program(tmp_path, "npm", 'echo "npm error code ENOTFOUND" >&2; echo more >&2; exit 1')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(tools.SiteError) as caught:
        tools.fetch_katex(tmp_path / "kept")
    assert "network once (npm error code ENOTFOUND)" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "kept").exists()


def test_katex_is_fetched_once_and_again_after_the_lock_has_changed(part, monkeypatch, tmp_path):
    tools = part("tools")
    fonts = "node_modules/katex/dist/fonts"
    rule = (
        '@font-face{src:url(fonts/a.woff2) format("woff2"),url(fonts/a.woff) format("woff"),'
        'url(fonts/a.ttf) format("truetype")}'
    )
    program(
        tmp_path,
        "npm",
        f"echo . >> {tmp_path}/calls; mkdir -p {fonts}; touch {fonts}/a.woff2 {fonts}/a.ttf;"
        f"printf '%s' '{rule}' > {fonts}/../katex.min.css",
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    kept = tmp_path / "build" / "npm"
    for calls in (1, 1):
        tools.fetch_katex(kept)
        assert (tmp_path / "calls").read_text().count(".") == calls
    style = (kept / "static" / "katex" / "katex.min.css").read_text()
    assert style == '@font-face{src:url(fonts/a.woff2) format("woff2")}'
    assert [path.name for path in (kept / "static/katex/fonts").iterdir()] == ["a.woff2"]
    (kept / "package-lock.json").write_text("{}")
    tools.fetch_katex(kept)
    assert (tmp_path / "calls").read_text().count(".") == 2


# What is replaced


def test_a_folder_that_is_no_site_is_not_replaced(part, tmp_path):
    build, tools = part("build"), part("tools")
    (tmp_path / "mine").write_text("a letter")
    with pytest.raises(tools.SiteError, match="is not a site that was built here; move it away"):
        build.check_that_it_may_go(tmp_path)
    build.check_that_it_may_go(tmp_path / "not there yet")


def test_a_new_site_takes_the_place_of_the_old_one_as_a_whole(part, tmp_path):
    build = part("build")
    old, new = tmp_path / "site", tmp_path / "new"
    for folder, name in ((old, "old.html"), (new, "new.html")):
        folder.mkdir()
        (folder / build.MADE_BY_SPHINX).touch()
        (folder / name).touch()
    (tmp_path / "site.partial").mkdir()  # left by a run that was killed
    build.check_that_it_may_go(old)
    build.replace(old, new)
    assert sorted(path.name for path in old.iterdir()) == [build.MADE_BY_SPHINX, "new.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "site"]


# Printing


@pytest.fixture
def html(tmp_path):
    """A folder like a site's, with two notebooks."""
    folder = tmp_path / "html"
    (folder / "notebooks").mkdir(parents=True)
    for name in ("01_a", "02_b"):
        (folder / "notebooks" / f"{name}.html").write_text("<p>Hello</p>")
    return folder


def test_each_notebook_becomes_a_pdf(part, html):
    printing = part("printing")
    path = printing.browser()
    if not path:
        pytest.skip("no chromium on this machine")
    printing.print_notebooks(path, html)
    printed = sorted((html / "pdf").iterdir())
    assert [pdf.name for pdf in printed] == ["01_a.pdf", "02_b.pdf"]
    assert all(pdf.read_bytes().startswith(b"%PDF-") for pdf in printed)


@pytest.mark.parametrize("text", ["exit 1", "exit 0", "echo half > $PDF; exit 1"])
def test_a_browser_that_does_not_print_is_reported(part, html, tmp_path, monkeypatch, text):
    printing, tools = part("printing"), part("tools")
    monkeypatch.setenv("PDF", str(html / "pdf" / "01_a.pdf"))
    with pytest.raises(tools.SiteError, match=r"could not print 01_a\.html: try `.*--version`"):
        printing.print_notebooks(program(tmp_path, "browser", text), html)
    assert list((html / "pdf").iterdir()) == []


def test_without_a_browser_one_line_says_so(part, monkeypatch, capsys, tmp_path):
    build = part("build")
    asked = []
    monkeypatch.setattr(build.printing, "browser", lambda: None)
    monkeypatch.setattr(build.staging, "stage", lambda folder: None)
    monkeypatch.setattr(build, "run_sphinx", lambda scratch, tags: asked.append(tags) or scratch)
    assert build.build(tmp_path, with_pdf=True) == tmp_path
    assert asked == [[]]
    assert capsys.readouterr().out.startswith("No PDFs: there is no Chromium")


def test_pages_offer_no_pdf_where_printing_failed(part, monkeypatch, capsys, tmp_path):
    build, tools = part("build"), part("tools")
    asked = []

    def run_sphinx(scratch, tags):
        asked.append(tags)
        folder = scratch / "html"
        folder.mkdir()  # fails where the first pages are still there
        return folder

    def fail(browser, html):
        raise tools.SiteError("Chromium could not print 01_a.html")

    monkeypatch.setattr(build.printing, "browser", lambda: "chromium")
    monkeypatch.setattr(build.printing, "print_notebooks", fail)
    monkeypatch.setattr(build.staging, "stage", lambda folder: None)
    monkeypatch.setattr(build, "run_sphinx", run_sphinx)
    build.build(tmp_path, with_pdf=True)
    assert asked == [["pdf"], []]
    assert capsys.readouterr().out == "No PDFs: Chromium could not print 01_a.html\n"


@pytest.mark.parametrize("tags", [(), ("pdf",)])
def test_a_notebook_is_offered_as_it_is_and_as_pdf(extension, tags):
    app = SimpleNamespace(
        tags=SimpleNamespace(has=lambda tag: tag in tags),
        env=SimpleNamespace(found_docs={"notebooks/01_a"}, doc2path=lambda page: f"{page}.ipynb"),
    )
    printed = {"label": "download-pdf-button", "text": "print"}
    group = {"label": "download-buttons", "buttons": [{"label": "download-source-button"}, printed]}
    context = {"header_buttons": [group], "pathto": lambda path, _: f"../{path}"}
    extension("pages").set_buttons(app, "notebooks/01_a", "page.html", context, None)
    first, second = group["buttons"]
    assert first["url"] == "../_sources/notebooks/01_a.ipynb"
    assert second == printed if not tags else second["url"] == "../pdf/01_a.pdf"


# Notebooks, words, API pages


def code(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("explorers.film_explorer(frames, captions)", True),
        ("path = explorers.walk.between(vae, a, b)\nexplorers.in_page(path)", True),
        ("curve = explorers.LiveCurve(epochs)\ncurve.widget", True),
        ("path = explorers.walk.between(vae, a, b)", False),
        ("print('explorers')", False),
        ("my_explorers.in_page(path)", False),
    ],
)
def test_whether_a_cell_makes_an_explorer(extension, source, shown):
    assert extension("notebooks").shows_explorer(code(source)) == shown


def test_the_place_of_an_explorer_says_what_begins_there(part, monkeypatch):
    explorers = part("explorers")
    places = {("01", "a"): ("walk", {"word": '"x"'}), ("01", "b"): None}
    monkeypatch.setattr(explorers, "PLACES", places)
    alive = explorers.place("01", "a")
    assert 'data-explorer="walk"' in alive
    assert 'data-start="{&quot;word&quot;: &quot;\\&quot;x\\&quot;&quot;}"' in alive
    of_python = explorers.place("01", "b")
    assert "data-explorer" not in of_python
    assert "JupyterLab" in of_python
    with pytest.raises(part("tools").SiteError, match="cell c of 01 shows an explorer"):
        explorers.place("01", "c")


def test_an_explorer_keeps_what_its_cell_shows_besides(extension, part, monkeypatch):
    """A figure, printed lines, and a still picture of the explorer, if it leaves one."""
    notebooks = extension("notebooks")
    cell = code("explorers.in_page(path)")
    monkeypatch.setattr(part("explorers"), "PLACES", {("01_a", cell.id): ("walk", {})})
    printed = nbformat.v4.new_output("stream", text="two lines")
    picture = nbformat.v4.new_output(
        "execute_result", {"image/png": "", "text/plain": notebooks.STAND_IN}
    )
    stand_in = nbformat.v4.new_output("execute_result", {"text/plain": notebooks.STAND_IN})
    words = nbformat.v4.new_output(
        "display_data", {"text/html": IN_WORDS.format("A boot."), "text/plain": ""}
    )
    cell.outputs = [printed, picture, words, stand_in]
    changed = notebooks.for_the_site(nbformat.v4.new_notebook(cells=[cell]), "01_a")
    *others, last = changed.cells[0].outputs
    assert others == [printed, picture]
    assert f'id="explorer-{cell.id}"' in last.data["text/html"]


def test_signs_of_icons_are_found_by_names_and_in_styles(extension):
    styles = '.fa-bars,.fa-navicon{--fa:"\\f0c9"}.fa-sun{--fa:"\\f185"}a::after{content: "\\f054"}'
    signs = extension("icons").signs
    assert signs({"fa-navicon"}, styles) == {0xF0C9, 0xF054}
    assert signs({"fa-bar"}, styles) == {0xF054}


WORDS = """# Words

**ELBO** (evidence lower bound). Never above *log p(x)*.

**Bits per dimension (bpd).** The `cost` of an image.

**Precision and recall.** Two shares.

**KL divergence.** Nats.

**Attention.** An average.

Not a word: **bold** in a line.
"""


def test_entries_of_the_glossary_and_how_their_words_are_written(extension):
    found = extension("glossary").entries(WORDS)
    assert [entry.word for entry in found] == [
        "ELBO",
        "Bits per dimension (bpd)",
        "Precision and recall",
        "KL divergence",
        "Attention",
    ]
    assert found[0].text == "(evidence lower bound). Never above log p(x)."
    assert found[1].text == "The cost of an image."
    assert [entry.forms for entry in found] == [
        ["ELBO"],
        ["Bits per dimension", "bpd"],
        ["Precision", "recall"],
        ["KL divergence", "KL"],
        ["Attention"],
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The KL divergence, and KL again", ["KL divergence", "KL"]),
        ("attention, Attentions", ["attention", "Attentions"]),
        ("self-attention and inattention", []),
        ("at 1.2 bpd", ["bpd"]),
        ("recall and precision", ["recall", "precision"]),
    ],
)
def test_words_are_found_as_whole_words(extension, text, words):
    glossary = extension("glossary")
    pattern = glossary.pattern(glossary.by_form(glossary.entries(WORDS)))
    assert [match[0] for match in pattern.finditer(text)] == words


@pytest.mark.parametrize(
    ("name", "module", "full"),
    [
        ("choose_device", "core", "vaehelpers.core.choose_device"),
        ("CNNDecoder", "vae.networks", "vaehelpers.vae.networks.CNNDecoder"),
        ("VAE", "vae", "vaehelpers.vae.networks.VAE"),
        ("load_checkpoint", "training", "vaehelpers.training.checkpoint.load_checkpoint"),
    ],
)
def test_under_which_name_a_public_name_is_documented(part, name, module, full):
    assert part("staging").documented(name, module) == full


# What is installed


def test_pins_of_the_site_have_hashes_fit_its_bounds_and_agree_with_those_of_the_project():
    pins = re.findall(r"^([\w.-]+)==([\w.+]+)", CONSTRAINTS, re.MULTILINE)
    blocks = re.split(r"\n(?=\S)", CONSTRAINTS.strip())
    assert len(pins) == len(blocks) > 50
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in CONSTRAINTS
    bounds = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for requirement in map(Requirement, bounds["optional-dependencies"]["site"]):
        versions = [version for name, version in pins if name == requirement.name]
        assert versions
        assert all(map(requirement.specifier.contains, versions))
    project = (ROOT / "constraints.txt").read_text()
    others = set(re.findall(r"^([\w.-]+)==([\w.+]+)", project, re.MULTILINE))
    names = {name for name, _ in others}
    assert [pin for pin in pins if pin[0] in names and pin not in others] == []


def test_make_asks_for_programs_installs_pinned_packages_and_builds(tmp_path):
    """In this order, and installs only once."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "docs" / "site").mkdir(parents=True)
    (tmp_path / "docs" / "site" / "constraints.txt").touch()
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    for name in ("python", "uv"):
        program(folder, name, f'echo {name} "$@" >> given')
    (tmp_path / ".venv" / "done").touch()
    subprocess.run(["make", "site"], cwd=tmp_path, check=True, capture_output=True)
    check, install, data, build = (tmp_path / "given").read_text().splitlines()
    assert check == "python docs/site/tools.py"
    assert "--require-hashes" in install
    assert install.endswith("--requirement docs/site/constraints.txt")
    assert data == "python -m vaehelpers data"
    assert build == "python docs/site/build.py"
    subprocess.run(["make", "site"], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "given").read_text().splitlines()[4:] == [check, data, build]


# Formulas

LATE_NODE = """
import socket, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])  # from here on there is a socket, and nobody who listens
time.sleep(0.5)
server.listen()
time.sleep(5)
"""


def test_a_node_that_listens_late_is_waited_for(extension, monkeypatch, tmp_path):
    formulas = extension("formulas")
    command = [sys.executable, "-c", LATE_NODE]
    monkeypatch.setattr(
        formulas.KaTeXServer, "build_command", lambda socket: [*command, str(socket)]
    )
    process, connection = formulas.start_node(tmp_path, 20)
    with process, connection:
        assert connection.getpeername() == str(tmp_path / "katex.sock")
        process.kill()


def test_a_node_that_never_listens_is_ended_and_said(extension, monkeypatch, tmp_path):
    formulas = extension("formulas")
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(
        formulas.subprocess, "Popen", lambda *a, **b: started.append(popen(*a, **b)) or started[0]
    )
    monkeypatch.setattr(formulas.KaTeXServer, "build_command", lambda socket: ["sleep", "60"])
    with pytest.raises(Exception, match=r"after 0\.2 seconds"):
        formulas.start_node(tmp_path, 0.2)
    with started[0] as process:
        assert process.wait(10) != 0
