"""The built site, read as files: links, equations, descriptions, evidence, explorers, words."""

import ast
import html
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest

from vaehelpers.series import outputs, run
from vaehelpers.series.pages import PAGES

bs4 = pytest.importorskip("bs4", reason="the packages of the site are not installed: `make site`")

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {name: nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4) for name in run.NOTEBOOKS}
CALL = re.compile(r"\bexplorers\.(\w+)\(")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()


ADDRESS = re.compile(r'<(a|link|script|img|iframe)\b[^>]*?\s(?:href|src)="([^"]*)"')
ID = re.compile(r'<[^>]+\sid="([^"]+)"')
EQUATION = r'<a id="(eq-[\d-]+)"></a>\n\n\$\$(?:[^$]*?)\\tag\{([\d.]+)\}'
IMAGE = re.compile(r"<img\b[^>]*>")
# Pages of prose; the others are code.
PROSE = (
    "index",
    "explore",
    *(f"notebooks/{name}" for name in NOTEBOOKS),
    *(f"docs/{name}" for name in ("answers", "glossary", "architecture", "reliability")),
)


@cache
def source(path: Path) -> str:
    """Return a page of the site as it is written."""
    return path.read_text()


@cache
def read(path: Path) -> "bs4.BeautifulSoup":
    """Return a page of the site, parsed, which takes seconds for a long one."""
    return bs4.BeautifulSoup(source(path), "html.parser")


@cache
def prose(path: Path) -> str:
    """Return what a page says outside of code and formulas."""
    article = bs4.BeautifulSoup(str(read(path).article), "html.parser")
    for tag in article.select("pre, code, .katex"):
        tag.decompose()
    return article.text


@cache
def ids(path: Path) -> list[str]:
    """Return all that a link into a page may name."""
    return ID.findall(source(path))


@pytest.fixture(params=NOTEBOOKS, ids=str)
def name(request):
    """The name of each notebook in turn."""
    return request.param


@pytest.fixture
def page(site, name):
    """The page of each notebook in turn."""
    return read(site / "notebooks" / f"{name}.html")


def markdown(name: str) -> str:
    cells = NOTEBOOKS[name].cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def code(name: str) -> list:
    return [cell for cell in NOTEBOOKS[name].cells if cell.cell_type == "code"]


def addresses(path: Path) -> list[tuple[str, str]]:
    """Return the tag and the address of all that a page links to, shows or loads."""
    return [(tag, html.unescape(address)) for tag, address in ADDRESS.findall(source(path))]


def is_broken(path: Path, address: str, site: Path) -> bool:
    """Say whether an address within the site leads to no file, or to no place in it."""
    parts = urlsplit(address)
    file = path.parent.joinpath(unquote(parts.path)).resolve() if parts.path else path
    if not file.is_file() or not file.is_relative_to(site):
        return True
    fragment = unquote(parts.fragment)
    return bool(fragment) and file.suffix == ".html" and fragment not in ids(file)


def test_every_link_and_anchor_within_the_site_leads_somewhere(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    within = {
        (path, address)
        for path in pages
        for _, address in addresses(path)
        if not urlsplit(address).scheme
    }
    assert len(within) > 4000
    broken = [
        f"{path.relative_to(site)}: {address}"
        for path, address in within
        if is_broken(path, address, site)
    ]
    assert broken == []


def test_a_broken_link_would_be_found(site):
    page = site / "index.html"
    assert is_broken(page, "nowhere.html", site)
    assert is_broken(page, "docs/glossary.html#no-such-word", site)
    assert is_broken(page, "#no-such-section", site)
    assert is_broken(page, "../index.html", site)
    assert not is_broken(page, "docs/glossary.html#term-elbo", site)


def test_all_links_of_notebooks_and_documents_are_links_of_the_site(site):
    """To sections, to other notebooks and documents, and to files of the project."""
    for page in PROSE[2:]:
        if page == "docs/architecture":  # has doors besides; see below
            continue
        path = ROOT / f"{page}.md"
        text = path.read_text() if path.is_file() else markdown(page.rpartition("/")[2])
        written = re.findall(r"\]\((?!http)([^)\s]+)\)", text)
        links = read(site / f"{page}.html").article.select("a.reference:not(.term, :has(img))")
        inner = [link for link in links if not urlsplit(link["href"]).scheme]
        assert len(inner) == len(written), page


def test_links_to_code_lead_to_the_function_that_they_name(site):
    page = read(site / "notebooks" / "02_vae_theory.html")
    (link,) = [a for a in page.find_all("a", class_="file") if a.text == "KLD"]
    assert link["href"] == "../_modules/vaehelpers/vae/objective.html#KLD"


def test_doors_of_the_page_on_architecture_lead_to_their_functions(site):
    text = (ROOT / "docs" / "architecture.md").read_text()
    doors = re.findall(r"`([\w/]+)\.py:(\w+)`", text)
    links = [link["href"] for link in read(site / "docs" / "architecture.html").select("a.file")]
    files = [re.search(r"(vaehelpers/[\w/]+?)(?:\.py)?\.html#[\w-]+$", link)[1] for link in links]
    assert files == [f"vaehelpers/{file}" for file, _ in doors]
    assert len(doors) > 30


def test_nothing_is_loaded_from_another_host(site):
    loaded = [
        address for path in site.rglob("*.html") for tag, address in addresses(path) if tag != "a"
    ]
    assert len(loaded) > 500
    assert [address for address in loaded if urlsplit(address).scheme not in ("", "data")] == []
    for style in site.rglob("*.css"):
        text = style.read_text()
        for address in re.findall(r"(?:url\(|@import )[\"']?([^)\"']+)", text):
            if not address.startswith(("data:", "#")):
                assert (style.parent / address).is_file(), f"{style.name}: {address}"


def test_each_picture_is_described_as_in_the_notebook(page, name):
    described = [
        output.metadata["image/png"]["alt"]
        for cell in code(name)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert [image["alt"] for image in page.article.find_all("img")] == described
    assert len(described) > 15


def test_pictures_of_notebooks_load_late_and_keep_their_place_free(page):
    for image in page.article.find_all("img"):
        assert image["loading"] == "lazy"
        assert int(image["width"]) > 100
        assert int(image["height"]) > 50


def test_each_picture_of_the_site_is_described(site):
    pictures = [tag for path in site.rglob("*.html") for tag in IMAGE.findall(source(path))]
    assert len(pictures) > 70
    assert [tag for tag in pictures if not re.search(r'\salt="[^"]{40,}"', tag)] == []


def test_each_equation_is_displayed_with_its_number_under_its_anchor(page, name):
    equations = re.findall(EQUATION, markdown(name))
    assert equations
    for anchor, number in equations:
        equation = page.find(id=anchor)
        assert equation.select_one(".katex-display")
        link = equation.select_one("a.number")
        assert (link.text, link["href"]) == (f"({number})", f"#{anchor}")
    assert len(page.select("a.number")) == len(equations)
    assert page.select(".katex-display .tag") == []


def test_a_short_formula_keeps_the_sign_that_follows_it(page, name):
    kept = [whole.contents[-1] for whole in page.select("span.whole")]
    assert len(kept) > 10
    assert all(re.fullmatch(r"[,.;:!?)\]]+", sign) for sign in kept)
    for formula in page.select("p > span.math"):
        after = formula.next_sibling
        if isinstance(after, str) and re.match(r"[,.;:!?)\]]", after):
            assert len(formula.select_one("annotation").text) > 40, "it may have to break"


def test_all_formulas_are_rendered(site):
    text = "\n".join(map(markdown, NOTEBOOKS))
    written = len(re.findall(r"(?<![\\$])\$(?!\$)", re.sub(r"`[^`]*`|\$\$", "", text))) // 2
    pages = [source(site / f"{page}.html") for page in PROSE]
    assert sum(page.count('<span class="katex">') for page in pages) > written > 500
    assert [page for page in pages if "katex-error" in page] == []


@pytest.mark.parametrize("mark", ["](", "$$", "<a id", "<details", "</", "```", "**"])
def test_no_marks_of_markdown_are_left_in_the_text(site, mark):
    for page in PROSE:
        assert mark not in prose(site / f"{page}.html"), page


def test_evidence_is_folded_under_its_first_line(page, name):
    lines = [
        cell.source.splitlines()[0].removeprefix("# ")
        for cell in code(name)
        if cell.source.startswith(outputs.EVIDENCE)
    ]
    folded = page.select("details.evidence:not(.figure-code)")
    assert [fold.summary.text for fold in folded] == lines
    assert len(lines) > 5
    assert not any(fold.has_attr("open") for fold in folded)
    assert all(fold.pre for fold in folded)


def test_the_code_of_a_figure_is_folded_and_the_figure_is_not(page, name):
    for fold in page.select("details.figure-code"):
        assert "show(" in fold.pre.text
        assert not fold.img
        assert fold.find_parent(class_="cell").select("img")
    shown = [
        cell
        for cell in code(name)
        if any("image/png" in output.get("data", {}) for output in cell.outputs)
    ]
    assert len(page.select("details.figure-code")) == len(shown) > 5


def test_hints_solutions_and_thoughts_are_folded(page, name):
    others = [fold for fold in page.article.select("details") if "evidence" not in str(fold.attrs)]
    assert len(others) == markdown(name).count("<details>") > 10


def test_each_explorer_has_a_place_and_most_are_alive(page, name):
    expected = []
    for cell in code(name):
        if any(word != "walk" for word in CALL.findall(cell.source)):
            expected.append(f"explorer-{cell.id}")
    places = page.select(".explorer")
    assert [place["id"] for place in places] == expected
    alive = [place["data-explorer"] for place in places if place.has_attr("data-explorer")]
    assert set(alive) <= set(PAGES)
    assert len(alive) > len(places) / 3
    assert "run this cell to use it" not in page.article.text


def test_all_are_on_one_page_and_the_map_is_the_first(site):
    places = read(site / "explore.html").select(".explorer")
    shown = [place["data-explorer"] for place in places]
    assert shown[0] == "walk"
    assert sorted(shown) == sorted(PAGES)
    scripts = {path.stem for path in (site / "_static" / "explorers").glob("*.js")}
    assert scripts == {*PAGES, "explorers"}


def test_words_of_the_glossary_explain_themselves(site, page):
    words = page.article.select("a.term")
    assert len({word["href"] for word in words}) > 15
    glossary = read(site / "docs" / "glossary.html")
    for word in words:
        entry = glossary.find(id=urlsplit(word["href"]).fragment)
        explanation = word["title"].partition(": ")[2]
        assert len(explanation) > 20
        said = " ".join(entry.text.split()).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        assert said.endswith(explanation), word


def test_a_word_is_explained_once_in_a_section(page):
    for section in page.select("article > section > section"):
        words = [word["href"] for word in section.select("a.term")]
        assert len(words) == len(set(words))


def test_answers_look_unlike_the_rest(page, name):
    answers = len(re.findall(r"^> \*\*Answer \(", markdown(name), re.MULTILINE))
    assert len(page.select("blockquote.box-answer")) == answers > 0


def test_each_notebook_can_be_downloaded_as_it_is(site, page, name):
    (link,) = [a for a in page.find_all("a") if a.get("href", "").endswith(f"{name}.ipynb")]
    file = (site / "notebooks" / link["href"]).resolve()
    assert file.read_bytes() == (ROOT / "notebooks" / f"{name}.ipynb").read_bytes()


def test_pages_offer_the_pdfs_that_were_printed_and_no_others(site):
    offered = {
        (path.parent / target).resolve()
        for path in site.rglob("*.html")
        for target in re.findall(r'href="([^":]+\.pdf)"', source(path))
    }
    assert offered == {path.resolve() for path in site.rglob("*.pdf")}


def test_pages_follow_each_other(site):
    path = site / "index.html"
    seen = [path]
    while following := read(path).select_one("a.right-next"):
        path = (path.parent / following["href"]).resolve()
        assert read(path).select_one("a.left-prev"), path
        seen.append(path)
    stems = [page.stem for page in seen]
    assert [stem for stem in stems if stem in NOTEBOOKS] == list(NOTEBOOKS)
    assert {"explore", "answers", "glossary", "architecture", "reliability", "vae"} <= set(stems)


def test_every_public_name_of_the_package_is_on_an_api_page(site):
    documented = set()
    for path in (site / "api").glob("*.html"):
        documented |= set(ids(path))
    rooms = sorted((ROOT / "vaehelpers").glob("*/__init__.pyi"))
    assert len(rooms) > 8
    missing = []
    for stub in rooms:
        room = f"vaehelpers.{stub.parent.name}"
        listed = {}
        for node in ast.parse(stub.read_text()).body:
            if isinstance(node, ast.ImportFrom):
                listed |= {alias.name: node.module for alias in node.names}
        for word, module in listed.items():
            inner = word if module is None else f"{module}.{word}"
            full = {f"{room}.{word}", f"{room}.{inner}", f"module-{room}.{inner}"}
            if not full & documented:
                missing.append(f"{room}.{word}")
    assert missing == []


def test_public_functions_have_their_docstrings_on_the_page(site):
    entry = read(site / "api" / "vae.html").find(id="vaehelpers.vae.objective.KLD").parent
    assert "Never negative" in entry.text
    assert entry.find("a", href=re.compile("_modules.*objective.*KLD"))


def test_ids_are_unique(site):
    for path in site.rglob("*.html"):
        assert len(ids(path)) == len(set(ids(path))), path


def test_the_font_of_icons_holds_all_that_are_used_and_few_others(site):
    fonts = pytest.importorskip("fontTools.ttLib")
    folder = site / "_static" / "vendor" / "fontawesome" / "webfonts"
    path = folder / "fa-solid-900.woff2"
    assert path.stat().st_size < 10_000
    drawn = fonts.TTFont(path).getBestCmap()
    theme = (site / "_static" / "styles" / "pydata-sphinx-theme.css").read_text()
    icons = read(site / "index.html").select("i[class*=fa-], span[class*=fa-]")
    assert len(icons) > 8
    for icon in icons:
        codes = [
            re.search(rf'\.{name}(?:,[^{{}}]*)?{{--fa:"\\(\w+)"', theme) for name in icon["class"]
        ]
        (code,) = [found[1] for found in codes if found]
        assert int(code, 16) in drawn, icon
