"""The data set: values, split, places it is looked for, and what happens to damaged files."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write

from vaehelpers import data
from vaehelpers.errors import DataError


def test_quantiser_equals_the_templates_on_all_bytes():
    pixels = torch.arange(256, dtype=torch.uint8)
    template = torch.floor(pixels.double() / 255 * 16).clamp(max=15).to(torch.uint8)
    assert torch.equal(data.quantise(pixels), template)


def test_quantiser_refuses_other_types():
    with pytest.raises(TypeError, match="uint8"):
        data.quantise(torch.rand(3))


def test_shapes_types_and_ranges(fashion):
    for part, count in ((fashion.train, 54_000), (fashion.val, 6_000), (fashion.test, 10_000)):
        assert part.images.shape == (count, 1, 28, 28)
        assert part.images.dtype == torch.uint8
        assert part.labels.shape == (count,)
        assert (part.images.min(), part.images.max()) == (0, 15)
    assert torch.equal(fashion.test.labels.bincount(), torch.full((10,), 1000))


def test_split_is_random_splits():
    images, labels = torch.arange(600, dtype=torch.uint8).view(-1, 1, 1, 1), torch.arange(600)
    train, val = data.split(images, labels)
    parts = torch.utils.data.random_split(
        range(600), [540, 60], generator=torch.Generator().manual_seed(42)
    )
    assert train.labels.tolist() == list(parts[0])
    assert val.labels.tolist() == list(parts[1])
    assert torch.equal(train.images.flatten().long(), train.labels % 256)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("layout", [".", "FashionMNIST/raw"])
def test_reads_gzipped_and_raw_flat_and_torchvision(mini, tmp_path, zipped, layout):
    write(tmp_path / "given" / layout, mini, zipped)
    loaded = data.load(folder=tmp_path / "given")
    assert (len(loaded.train), len(loaded.val), len(loaded.test)) == (18, 2, 10)
    raw = np.frombuffer(mini["t10k-images-idx3-ubyte"], np.uint8, offset=16).reshape(10, 1, 28, 28)
    assert np.array_equal(loaded.test.images.numpy(), raw // 16)


def test_search_order(mini, tmp_path, monkeypatch):
    monkeypatch.setattr("vaehelpers.download.fetch", lambda target: "fetched")
    assert data._find(None) == "fetched"
    debian = write(data.DEBIAN_FOLDER, mini)
    assert data.locate() == debian
    above = write(tmp_path / "data", mini)
    assert data.locate() == above
    here = write(Path.cwd() / "data", mini)
    assert data.locate() == here
    monkeypatch.setenv(data.ENV, str(write(tmp_path / "env", mini)))
    assert data.locate() == tmp_path / "env"
    assert data.locate(above) == above


def one_line(error) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def damage_cases():
    name = "train-images-idx3-ubyte"
    return {
        "missing": (lambda p: p.unlink(), "missing"),
        "cut short": (lambda p: p.write_bytes(p.read_bytes()[:-100]), "truncated"),
        "not gzip": (lambda p: p.write_bytes(b"hello"), "corrupt"),
        "empty": (lambda p: p.write_bytes(b""), "wrong sha256"),
        "flipped bit": (
            lambda p: p.write_bytes(gzip.compress(b"\x01" + gzip.decompress(p.read_bytes())[1:])),
            "wrong sha256",
        ),
        "a folder": (lambda p: (p.unlink(), p.mkdir()), "missing"),
    }, name


@pytest.mark.parametrize("case", damage_cases()[0])
def test_damaged_file_is_one_clear_error(mini, tmp_path, case):
    cases, name = damage_cases()
    spoil, word = cases[case]
    folder = write(tmp_path / "given", mini)
    spoil(folder / f"{name}.gz")
    before = sorted(p.name for p in folder.iterdir())
    with pytest.raises(DataError) as error:
        data.load(folder=folder)
    text = one_line(error)
    assert name in text
    assert word in text
    assert f"move the idx files out of {folder} and run `python -m vaehelpers data`" in text
    assert sorted(p.name for p in folder.iterdir()) == before


def test_truncated_raw_file(mini, tmp_path):
    folder = write(tmp_path / "given", mini, zipped=False)
    path = folder / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"17 bytes decompressed, wrong sha256"):
        data.load(folder=folder)


def test_explicit_folder_without_data(mini, tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        data.load(folder=tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no FashionMNIST files"):
        data.load(folder=tmp_path / "empty")


def test_unknown_source():
    with pytest.raises(DataError, match="'mnist'; allowed: fashion-mnist, drawn"):
        data.load("mnist")


def test_advice_names_the_environment_variable(mini, tmp_path, monkeypatch):
    monkeypatch.setenv(data.ENV, str(write(tmp_path / "given", mini)))
    (tmp_path / "given" / "train-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DataError, match="unset VAEHELPERS_DATA"):
        data.load()


def test_an_unreadable_folder_above_is_passed_over(mini, tmp_path):
    folder = write(tmp_path / "data", mini)
    folder.chmod(0)
    try:
        assert data.locate() in (None, folder)  # root reads it all the same
    finally:
        folder.chmod(0o700)
