"""What a notebook puts on the page: figures with alt text and named numbers, and who keeps them."""

import base64
import html
import io
import math
from typing import TYPE_CHECKING, Any

from ..explorers.constants import STAND_IN

if TYPE_CHECKING:
    import numpy as np
    from ipywidgets import Widget
    from matplotlib.figure import Figure
    from nbformat import NotebookNode

    from ..data.dataset import Dataset

KEY = "vaehelpers"  # where display metadata carries a name; nbval does not compare metadata
WIDGET = "application/vnd.jupyter.widget-view+json"
INJECTED = "injected-parameters"  # papermill's tag
EVIDENCE = "# Evidence"  # how a cell begins that a reader may skip; JupyterLab shows it folded
IN_WORDS = "<details><summary>Figure in words</summary>{}</details>"
SHORTEST_ALT = 40  # characters
LARGE = 80_000  # bytes of a picture, from which on it is stored with a palette
PALETTE = 256  # colours
ROUNDS = 8  # of k-means, after which the palette hardly changes


def show(
    fig: "Figure",
    name: str,
    *,
    alt: str,
    data: "Dataset | None" = None,
    explorer: "Widget | None" = None,
) -> None:
    """Display a matplotlib figure as PNG under `name`.

    `alt` says what is seen and what follows from it; it also stands folded below the figure, since
    JupyterLab and GitHub give it to nobody. Give the `data` that a figure was made from:
    stand-in data is then named in it. The same figure gives the same bytes. A large picture keeps
    256 colours, which takes a third of the bytes or less and looks the same. Give an `explorer` for
    which the figure stands wherever no kernel runs: on paper, on GitHub, in a stored notebook.
    Raises ValueError for alt text under 40 characters.
    """
    import matplotlib.pyplot as plt  # takes half a second, which collecting outputs can do without

    if len(alt) < SHORTEST_ALT:
        raise ValueError(
            f"figure {name!r} needs alt text of at least {SHORTEST_ALT} characters, got {len(alt)}"
        )
    if data is not None and data.is_stand_in:
        warning = f"stand-in data: {data.name}"
        fig.text(0.99, -0.01, warning, color="#D55E00", fontsize=9, ha="right", va="top")
        alt = f"Made from stand-in data ({data.name}), so details differ. {alt}"
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", metadata={"Software": None})
    plt.close(fig)
    picture = buffer.getvalue()
    if len(picture) > LARGE:
        picture = _with_a_palette(picture)
    png = base64.b64encode(picture).decode()
    shown: dict[str, Any] = {"image/png": png, "text/plain": alt}
    if explorer is not None:
        shown[WIDGET] = explorer.get_view_spec()
    _display(shown, {"image/png": {"alt": alt}, KEY: {"figure": name, "alt": alt}})
    in_words = IN_WORDS.format(html.escape(alt, quote=False))
    _display({"text/html": in_words, "text/plain": ""}, {})


def record(
    name: str,
    value: float | int,
    unit: str = "",
    *,
    data: "Dataset | None" = None,
    digits: int = 3,
    recorded: bool = False,
) -> None:
    """Display `name = value unit` and keep the full value for `results.json`.

    The name of the `data` set is kept with it. Only `digits` decimals are displayed: what nbval
    compares must not depend on a machine's rounding. A value that an earlier run left, for example
    the training, is marked as `recorded`. Raises ValueError for a value that is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"{name} = {value} is no result; record finite numbers only")
    number = f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"
    words = [f"{name} = {number}"]
    if unit:
        words.append(unit)
    if data is not None and data.is_stand_in:
        words.append(f"(stand-in data: {data.name})")
    elif recorded:
        words.append("(recorded)")
    result = {
        "result": name,
        "value": value,
        "unit": unit,
        "data": data.name if data else None,
        "recorded": recorded,
    }
    _display({"text/plain": " ".join(words)}, {KEY: result})


def claim(sentence: str, holds: bool, *, unless: str = "") -> None:
    """Print what a lesson says where this run shows it, and where it does not, that it does not.

    `unless` says what sets this run apart from those that the lesson speaks of, for example "5
    images are too few", and is empty where nothing does. A claim that then does not hold is a fault
    of the lesson: AssertionError.
    """
    if holds:
        print(sentence)
    elif unless:
        print(f"Not shown by this run ({unless}): {sentence}")
    else:
        raise AssertionError(f"this should hold, and does not: {sentence}")


def collect(notebook: "NotebookNode") -> tuple[dict[str, bytes], dict[str, dict[str, Any]]]:
    """Return an executed notebook's figures and results.

    Figures are `{name: PNG bytes}`, results `{name: {value, unit, data, recorded}}`.
    """
    figures, results = {}, {}
    for output in _outputs(notebook):
        entry = dict(output.get("metadata", {}).get(KEY, {}))
        if "figure" in entry:
            figures[entry["figure"]] = base64.b64decode(output["data"]["image/png"])
        elif "result" in entry:
            name = entry.pop("result")
            results[name] = entry
    return figures, results


def clean(notebook: "NotebookNode") -> "NotebookNode":
    """Strip what differs between two runs or breaks a viewer.

    That is widget state, timings, where a kernel cut one printed text into pieces, and the random
    name of the cell by which papermill sets parameters. Evidence cells are folded.
    """
    for key in ("widgets", "papermill", "jupytext"):
        notebook.metadata.pop(key, None)
    notebook.metadata["language_info"] = {"name": "python", "nbconvert_exporter": "python"}
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        if cell.cell_type == "code" and cell.source.startswith(EVIDENCE):
            cell.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
        if INJECTED in (tags or []):
            cell.id = INJECTED
    for output in _outputs(notebook):
        data = output.get("data", {})
        # A widget's model id names a kernel that is gone; a figure may stand for it.
        if data.pop(WIDGET, None) and "image/png" not in data:
            data["text/plain"] = STAND_IN
    return notebook


def _joined(outputs: list["NotebookNode"]) -> list["NotebookNode"]:
    """Join neighbouring pieces of printed text: where a kernel cuts it is a matter of timing."""
    joined: list[NotebookNode] = []
    for output in outputs:
        is_text = output.output_type == "stream"
        if is_text and joined and joined[-1].get("name") == output.name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _outputs(notebook: "NotebookNode") -> list["NotebookNode"]:
    found = []
    for cell in notebook.cells:
        found += cell.get("outputs", [])
    return found


def _with_a_palette(png: bytes) -> bytes:
    """Return a picture in at most 256 colours, degrees of transparency included.

    A picture that has no more than these keeps its own.
    """
    import numpy as np  # collecting outputs does without it
    from PIL import Image  # and without this

    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    pixels = np.asarray(picture).reshape(-1, 4)
    as_numbers = pixels.view(np.uint32).ravel()  # four bytes each: faster to sort than rows of four
    numbers, which, counts = np.unique(as_numbers, return_inverse=True, return_counts=True)
    colours = numbers.view(np.uint8).reshape(-1, 4)
    if len(colours) <= PALETTE:
        palette, place = colours, np.arange(len(colours))
    else:
        octree = Image.Quantize.FASTOCTREE  # the one that knows of transparency
        first = picture.quantize(PALETTE, method=octree).getpalette("RGBA")
        palette, place = _means(colours, counts, np.reshape(first or [], (-1, 4)))
    few = Image.fromarray(place[which].reshape(picture.size[::-1]).astype(np.uint8), "P")
    few.putpalette(palette.tobytes(), "RGBA")
    buffer = io.BytesIO()
    few.save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _means(
    colours: "np.ndarray", counts: "np.ndarray", palette: "np.ndarray"
) -> tuple["np.ndarray", "np.ndarray"]:
    """Improve a palette for colours `[n,4]` that occur `counts` times, by some rounds of k-means.

    Returns the palette, uint8, and the place in it of each colour, `(n,)`.
    """
    import numpy as np  # collecting outputs does without it

    weighted = colours * counts[:, None]
    palette = palette.astype(float)
    for _ in range(ROUNDS):
        place = _nearest(colours, palette)
        pixels = np.bincount(place, counts, len(palette))
        for channel in range(4):
            total = np.bincount(place, weighted[:, channel], len(palette))
            palette[:, channel] = np.where(pixels, total / pixels.clip(1), palette[:, channel])
    whole = palette.round().astype(np.uint8)
    return whole, _nearest(colours, whole.astype(float))


def _nearest(colours: "np.ndarray", palette: "np.ndarray") -> "np.ndarray":
    """Return the place in the palette that is nearest to each colour."""
    return ((palette**2).sum(1) - 2.0 * colours @ palette.T).argmin(1)


def _display(data: dict, metadata: dict) -> None:
    from IPython.display import display  # there in a notebook only

    display(data, metadata=metadata, raw=True)
