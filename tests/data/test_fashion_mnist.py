"""The data set: values, split, places it is looked for, and what happens to damaged files."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write_idx_files

from vaehelpers.data import fashion_mnist, level_counts, load_data, split
from vaehelpers.data.constants import CLASSES, SYMMETRIC
from vaehelpers.data.dataset import mirror
from vaehelpers.errors import DataError

TRAIN_IMAGES = "train-images-idx3-ubyte"


def test_shapes_types_and_ranges(fashion):
    for part, count in ((fashion.train, 54_000), (fashion.val, 6_000), (fashion.test, 10_000)):
        assert part.images.shape == (count, 1, 28, 28)
        assert part.images.dtype == torch.uint8
        assert part.labels.shape == (count,)
        assert (part.images.min(), part.images.max()) == (0, 15)
    assert torch.equal(fashion.test.labels.bincount(), torch.full((10,), 1000))


def test_what_is_mirrored_looks_the_same_mirrored_and_shoes_do_not(fashion):
    likeness = []
    for label in range(len(CLASSES)):
        average = fashion.train.images[fashion.train.labels == label].float().mean(0)
        pair = torch.stack([average.flatten(), average.flip(-1).flatten()])
        likeness.append(float(torch.corrcoef(pair)[0, 1]))
    symmetric = tuple(label for label, value in enumerate(likeness) if value > 0.9)
    assert symmetric == SYMMETRIC
    assert {CLASSES[label] for label in set(range(10)) - set(SYMMETRIC)} == {
        "Sandal",
        "Sneaker",
        "Ankle boot",
    }


def test_split_is_random_splits():
    images = torch.arange(600, dtype=torch.uint8).view(-1, 1, 1, 1)
    labels = torch.arange(600)
    train, val = split(images, labels)
    generator = torch.Generator().manual_seed(42)
    parts = torch.utils.data.random_split(range(600), [540, 60], generator=generator)
    assert train.labels.tolist() == list(parts[0])
    assert val.labels.tolist() == list(parts[1])
    assert torch.equal(train.images.flatten().long(), train.labels % 256)


def test_mirrored_are_half_of_the_symmetric_garments_and_no_shoe(fashion):
    some = fashion.train.head(3000)
    seen = mirror(some.images, some.labels, torch.Generator().manual_seed(0))
    is_same = (seen == some.images).flatten(1).all(1)
    is_turned = (seen == some.images.flip(-1)).flatten(1).all(1)
    is_symmetric = torch.isin(some.labels, torch.tensor(SYMMETRIC))
    assert (is_same | is_turned).all()
    assert is_same[~is_symmetric].all()
    assert 0.4 < (is_turned & ~is_same)[is_symmetric].float().mean() < 0.6
    again = mirror(some.images, some.labels, torch.Generator().manual_seed(0))
    assert torch.equal(again, seen)


def test_level_counts_equal_a_plain_loop():
    images = torch.randint(16, (40, 28, 28), dtype=torch.uint8)
    counts = level_counts(images)
    assert counts.shape == (16, 28, 28)
    for level in range(16):
        assert torch.equal(counts[level], (images == level).sum(0))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("layout", [".", "FashionMNIST/raw"])
def test_reads_gzipped_and_raw_flat_and_torchvision(mini, tmp_path, zipped, layout):
    write_idx_files(tmp_path / "given" / layout, mini, zipped)
    loaded = load_data(folder=tmp_path / "given")
    assert (len(loaded.train), len(loaded.val), len(loaded.test)) == (18, 2, 10)
    raw = np.frombuffer(mini["t10k-images-idx3-ubyte"], np.uint8, offset=16).reshape(10, 1, 28, 28)
    assert np.array_equal(loaded.test.images.numpy(), raw // 16)


def test_search_order(mini, tmp_path, monkeypatch):
    assert fashion_mnist.locate() is None
    debian = write_idx_files(fashion_mnist.DEBIAN_FOLDER, mini)
    assert fashion_mnist.locate() == debian
    above = write_idx_files(tmp_path / "data", mini)
    assert fashion_mnist.locate() == above
    here = write_idx_files(Path.cwd() / "data", mini)
    assert fashion_mnist.locate() == here
    monkeypatch.setenv(fashion_mnist.ENV, str(write_idx_files(tmp_path / "env", mini)))
    assert fashion_mnist.locate() == tmp_path / "env"
    assert fashion_mnist.locate(above) == above


def test_only_what_is_found_nowhere_is_fetched(mini, tmp_path, monkeypatch):
    targets = []

    def fetch(target):
        targets.append(target)
        return write_idx_files(tmp_path / "fetched", mini)

    monkeypatch.setattr("vaehelpers.data.download.fetch", fetch)
    assert len(load_data().test) == 10
    assert targets == [Path("data")]
    write_idx_files(Path.cwd() / "data", mini)
    assert len(load_data().test) == 10
    assert len(targets) == 1


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip_a_bit(path):
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(b"\x01" + content[1:]))


def replace_by_a_folder(path):
    path.unlink()
    path.mkdir()


# What is done to a file, and a word that the message must hold.
DAMAGE = {
    "missing": (Path.unlink, "missing"),
    "cut short": (cut_short, "truncated"),
    "not gzip": (lambda path: path.write_bytes(b"hello"), "corrupt"),
    "empty": (lambda path: path.write_bytes(b""), "wrong sha256"),
    "flipped bit": (flip_a_bit, "wrong sha256"),
    "a folder": (replace_by_a_folder, "missing"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damaged_file_is_one_clear_error(mini, tmp_path, case):
    spoil, word = DAMAGE[case]
    folder = write_idx_files(tmp_path / "given", mini)
    spoil(folder / f"{TRAIN_IMAGES}.gz")
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(DataError) as error:
        load_data(folder=folder)
    text = str(error.value)
    assert "\n" not in text
    assert TRAIN_IMAGES in text
    assert word in text
    assert f"move the idx files out of {folder} and run `python -m vaehelpers data`" in text
    assert sorted(path.name for path in folder.iterdir()) == before


def test_truncated_raw_file(mini, tmp_path):
    folder = write_idx_files(tmp_path / "given", mini, zipped=False)
    path = folder / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"17 bytes decompressed, wrong sha256"):
        load_data(folder=folder)


def test_explicit_folder_without_data(mini, tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        load_data(folder=tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no FashionMNIST files"):
        load_data(folder=tmp_path / "empty")


def test_unknown_source():
    with pytest.raises(DataError, match="'mnist'; allowed: fashion-mnist, drawn"):
        load_data("mnist")


def test_advice_names_the_environment_variable(mini, tmp_path, monkeypatch):
    folder = write_idx_files(tmp_path / "given", mini)
    monkeypatch.setenv(fashion_mnist.ENV, str(folder))
    (folder / f"{TRAIN_IMAGES}.gz").unlink()
    with pytest.raises(DataError, match="unset VAEHELPERS_DATA"):
        load_data()


def test_an_unreadable_folder_above_is_passed_over(mini, tmp_path):
    folder = write_idx_files(tmp_path / "data", mini)
    folder.chmod(0)
    try:
        assert fashion_mnist.locate() in (None, folder)  # root reads it all the same
    finally:
        folder.chmod(0o700)
