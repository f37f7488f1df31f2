"""The published spam filter is the stored notebook's; a file that is not whole is refused."""

import json
import re
from pathlib import Path

import nbformat
import pytest
import torch

from vaehelpers.errors import CheckpointError
from vaehelpers.published import load_spam_filter, save_spam_filter
from vaehelpers.published.spam_filter import PATH
from vaehelpers.series import outputs

ROOT = Path(__file__).parents[2]
ABOUT = {"words": ["[PAD]", "win"], "heads": 4, "layers": 2, "threshold": 0.75}
TENSORS = {"embed.weight": torch.tensor([[0.0, 0.0], [1.5, -2.0]])}


def test_it_is_the_filter_of_the_stored_notebook():
    found = load_spam_filter()
    notebook = nbformat.read(ROOT / "notebooks" / "01_transformers_theory.ipynb", 4)
    _, results = outputs.collect(notebook)
    unit = results["transformer_recall"]["unit"]
    assert unit == f"test, threshold {found.threshold:.3f}"
    assert found.words[:4] == ["[PAD]", "[UNK]", "[CLS]", "[NUM]"]
    printed = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )
    (weights,) = re.findall(r"transformer: ([\d,]+) weights", printed)
    assert sum(tensor.numel() for tensor in found.tensors.values()) == int(weights.replace(",", ""))


def test_what_is_saved_is_loaded(tmp_path):
    path = tmp_path / "filter.safetensors"
    save_spam_filter(TENSORS, ABOUT, path)
    found = load_spam_filter(path)
    assert torch.equal(found.tensors["embed.weight"], TENSORS["embed.weight"])
    assert (found.words, found.heads, found.layers, found.threshold) == (
        ["[PAD]", "win"],
        4,
        2,
        0.75,
    )


@pytest.mark.parametrize(
    ("tensors", "about", "reason"),
    [
        ({"embed.weight": torch.tensor([[torch.nan], [0.0]])}, ABOUT, "embed.weight holds NaN"),
        (TENSORS, {**ABOUT, "words": ["one"]}, "1 words and 2 rows"),
        (TENSORS, {**ABOUT, "threshold": 1.5}, "1.5 is no probability"),
        ({"other": torch.zeros(2)}, ABOUT, "embed.weight"),
    ],
)
def test_a_filter_that_cannot_be_used_is_refused(tmp_path, tensors, about, reason):
    path = tmp_path / "filter.safetensors"
    save_spam_filter(tensors, about, path)
    with pytest.raises(CheckpointError, match=f"does not hold a spam filter.*{reason}"):
        load_spam_filter(path)


def test_a_damaged_file_is_refused_with_the_way_to_make_it_again(tmp_path):
    whole = PATH.read_bytes()
    path = tmp_path / "filter.safetensors"
    header = json.dumps({"__metadata__": {"filter": "{}"}}).encode()
    without_words = len(header).to_bytes(8, "little") + header
    for content in (b"", whole[:100], whole[:-1], b"\xff" * 100, without_words):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"timings=record") as refused:
            load_spam_filter(path)
        assert "\n" not in str(refused.value)
    with pytest.raises(CheckpointError):
        load_spam_filter(tmp_path / "none")
