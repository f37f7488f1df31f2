"""What a notebook puts on the page, figures with alt text and named numbers, and how a batch run collects them."""

import base64
import io
import json
import re
from pathlib import Path

from .data import Dataset

KEY = "vaehelpers"  # where display metadata carries a name; nbval does not compare metadata
WIDGET = "application/vnd.jupyter.widget-view+json"


def show(fig, name: str, *, alt: str, data: Dataset | None = None) -> None:
    """Display a matplotlib figure as PNG under `name`, with alt text that says what is seen and what follows.

    Give the `data` that a figure was made from: stand-in data is then named on its face.
    The same figure gives the same bytes. Raises ValueError for alt text under 40 characters.
    """
    import matplotlib.pyplot as plt

    if len(alt) < 40:
        raise ValueError(
            f"figure {name!r} needs alt text of at least 40 characters, got {len(alt)}"
        )
    if data is not None and data.is_stand_in:
        fig.text(
            0.99,
            -0.01,
            f"stand-in data: {data.name}",
            color="#D55E00",
            fontsize=9,
            ha="right",
            va="top",
        )
        alt = f"Made from stand-in data ({data.name}), so details differ. {alt}"
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", metadata={"Software": None})
    plt.close(fig)
    png = base64.b64encode(buffer.getvalue()).decode()
    _display(
        {"image/png": png, "text/plain": alt},
        {"image/png": {"alt": alt}, KEY: {"figure": name, "alt": alt}},
    )


def record(
    name: str,
    value: float | int,
    unit: str = "",
    *,
    data: Dataset | None = None,
    digits: int = 3,
    recorded: bool = False,
) -> None:
    """Display `name = value unit` and keep the full value for `results.json`, with the data set's name.

    Only `digits` decimals are displayed: what nbval compares must not depend on a machine's last bits. A value that
    an earlier run left, be it the training's, is marked as `recorded`.
    """
    text = f"{name} = {value:,}" if isinstance(value, int) else f"{name} = {value:,.{digits}f}"
    origin = (
        f"(stand-in data: {data.name})"
        if data is not None and data.is_stand_in
        else "(recorded)" * recorded
    )
    result = {
        "result": name,
        "value": value,
        "unit": unit,
        "data": data.name if data else None,
        "recorded": recorded,
    }
    _display({"text/plain": " ".join(filter(None, [text, unit, origin]))}, {KEY: result})


def collect(notebook) -> tuple[dict[str, bytes], dict[str, dict]]:
    """Return an executed notebook's figures `{name: PNG bytes}` and results `{name: {value, unit, data, recorded}}`."""
    figures, results = {}, {}
    for output in _outputs(notebook):
        entry = dict(output.get("metadata", {}).get(KEY, {}))
        if "figure" in entry:
            figures[entry["figure"]] = base64.b64decode(output["data"]["image/png"])
        elif "result" in entry:
            results[entry.pop("result")] = entry
    return figures, results


def clean(notebook):
    """Strip what differs between two runs or breaks a viewer: widget state, timings, pieces of one printed text."""
    for key in ("widgets", "papermill", "jupytext"):
        notebook.metadata.pop(key, None)
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
        cell.metadata = {key: cell.metadata[key] for key in ("tags",) if cell.metadata.get(key)}
    for output in _outputs(notebook):
        if output.get("data", {}).pop(WIDGET, None):  # its model id names a kernel that is gone
            output["data"]["text/plain"] = "[an explorer with sliders: run this cell to use it]"
    return notebook


def answers(notebook: str | Path) -> dict[str, str]:
    """Return the answer boxes of a saved notebook by question: blockquotes that open with a bold `Answer (Q...)`.

    Raises OSError where there is no such file.
    """
    cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    boxes = re.findall(r"^> \*\*Answer \((Q[^)]+)\)\.\*\*((?:.*\n?)(?:^>.*\n?)*)", text, re.M)
    return {question: re.sub(r"^> ?", "", body, flags=re.M).strip() for question, body in boxes}


def _joined(outputs: list) -> list:
    """Join neighbouring pieces of printed text: where a kernel cuts it is a matter of timing."""
    joined = []
    for output in outputs:
        before = joined[-1] if joined else {}
        if output.output_type == "stream" and before.get("name") == output.name:
            before.text += output.text
        else:
            joined.append(output)
    return joined


def _outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def _display(data: dict, metadata: dict) -> None:
    from IPython.display import display

    display(data, metadata=metadata, raw=True)
