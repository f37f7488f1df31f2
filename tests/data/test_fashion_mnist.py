"""The data set: values, split, places it is looked for, and what happens to damaged files."""

import gzip
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write_idx_files

from vaehelpers.data import fashion_mnist, level_counts, load_data, places, split
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
@pytest.mark.parametrize("layout", [".", "raw", "FashionMNIST", "FashionMNIST/raw"])
def test_reads_gzipped_and_raw_flat_and_torchvision(mini, tmp_path, zipped, layout):
    write_idx_files(tmp_path / "given" / layout, mini, zipped)
    loaded = load_data(folder=tmp_path / "given")
    assert (len(loaded.train), len(loaded.val), len(loaded.test)) == (18, 2, 10)
    raw = np.frombuffer(mini["t10k-images-idx3-ubyte"], np.uint8, offset=16).reshape(10, 1, 28, 28)
    assert np.array_equal(loaded.test.images.numpy(), raw // 16)


def test_search_order(mini, tmp_path, monkeypatch):
    assert fashion_mnist.locate() is None
    debian = write_idx_files(places.DEBIAN_FOLDER, mini)
    assert fashion_mnist.locate() == debian
    above = write_idx_files(tmp_path / "data", mini)
    assert fashion_mnist.locate() == above
    here = write_idx_files(Path.cwd() / "data", mini)
    assert fashion_mnist.locate() == here
    monkeypatch.setenv(fashion_mnist.ENV, str(write_idx_files(tmp_path / "env", mini)))
    assert fashion_mnist.locate() == tmp_path / "env"
    assert fashion_mnist.locate(above) == above
    monkeypatch.setenv(fashion_mnist.ENV, str(tmp_path / "empty"))
    assert fashion_mnist.find() is None, "the folder that was asked for, and no other"


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_is_what_it_holds_not_what_it_is_called(mini, tmp_path, zipped):
    """Browsers unpack what they download and keep its name, and the other way round."""
    folder = write_idx_files(tmp_path / "given", mini, zipped)
    for path in sorted(folder.iterdir()):
        path.rename(folder / path.stem if zipped else folder / f"{path.name}.gz")
    assert len(load_data(folder=folder).test) == 10


@pytest.mark.parametrize("way", ["argument", "environment"])
def test_a_folder_may_begin_with_a_tilde_and_be_torchvisions_own(mini, tmp_path, monkeypatch, way):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_idx_files(tmp_path / "sets" / "FashionMNIST" / "raw", mini)
    for given in ("~/sets", "~/sets/FashionMNIST", "~/sets/FashionMNIST/raw"):
        if way == "argument":
            assert len(load_data(folder=given).test) == 10
        else:
            monkeypatch.setenv(fashion_mnist.ENV, given)
            assert len(load_data().test) == 10


def test_a_tilde_that_means_nobody_is_one_clear_error(mini):
    with pytest.raises(DataError, match=r"^~nobody-at-all/sets is not a folder; give "):
        load_data(folder="~nobody-at-all/sets")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with folders below it, in the lowest of which the process works."""
    folder = tmp_path / "project"
    (folder / "notebooks" / "drafts").mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    monkeypatch.chdir(folder / "notebooks" / "drafts")
    return folder


@pytest.mark.parametrize("where", [".", "notebooks", "notebooks/drafts"])
def test_one_place_from_every_folder_of_a_project(mini, project, monkeypatch, where):
    assert len(read_after_fetching(project / where, mini, monkeypatch).test) == 10
    assert [path.name for path in project.iterdir() if path.is_dir()] == ["notebooks", "data"]
    for other in (".", "notebooks", "notebooks/drafts"):
        monkeypatch.chdir(project / other)
        assert fashion_mnist.locate() == project / "data" / "FashionMNIST" / "raw"


def test_outside_a_project_the_place_is_data_in_the_working_folder(mini, tmp_path, monkeypatch):
    assert len(read_after_fetching(tmp_path / "work", mini, monkeypatch).test) == 10
    assert fashion_mnist.locate() == tmp_path / "work" / "data" / "FashionMNIST" / "raw"


def test_a_relative_folder_in_the_environment_is_the_same_from_a_notebook(
    mini, project, monkeypatch
):
    monkeypatch.setenv(fashion_mnist.ENV, "sets")
    write_idx_files(project / "sets", mini)
    for where in (".", "notebooks", "notebooks/drafts"):
        monkeypatch.chdir(project / where)
        assert fashion_mnist.locate() == project / "sets"


def read_after_fetching(folder, files, monkeypatch):
    """Load the data in a working folder, from a source that is there; another time, from disk."""

    def source(scratch):
        write_idx_files(scratch / "FashionMNIST" / "raw", files)

    monkeypatch.chdir(folder)
    monkeypatch.setattr("vaehelpers.data.download._torchvision", source)
    load_data()
    monkeypatch.delattr("vaehelpers.data.download._torchvision")
    return load_data()


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip_a_bit(path):
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(b"\x01" + content[1:]))


def replace_by_a_folder(path):
    path.unlink()
    path.mkdir()


def spoil_the_checksum(path):
    content = bytearray(path.read_bytes())
    content[-8] ^= 1
    path.write_bytes(content)


def replace_by_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def replace_by_zeros_without_end(path):
    path.unlink()
    path.symlink_to("/dev/zero")


# What is done to a file, and a word that the message must hold.
DAMAGE = {
    "missing": (Path.unlink, "missing"),
    "cut short": (cut_short, "truncated"),
    "not gzip": (lambda path: path.write_bytes(b"hello"), "5 bytes unpacked, wrong sha256"),
    "empty": (lambda path: path.write_bytes(b""), "wrong sha256"),
    "flipped bit": (flip_a_bit, "wrong sha256"),
    "a folder": (replace_by_a_folder, "missing"),
    "a pipe": (replace_by_a_pipe, "missing"),
    "an endless device": (replace_by_zeros_without_end, "missing"),
    "another checksum": (spoil_the_checksum, "incorrect data check"),
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
    assert f"which fetches them into {tmp_path / 'work' / 'data'}" in text
    assert sorted(path.name for path in folder.iterdir()) == before


def small_file_of_many_zeros(path):
    """Write 16 kB that unpack to 16 MB; of real sizes, 45 MB would unpack to 45 GB."""
    path.write_bytes(gzip.compress(bytes(16 << 20)))


def long_file_that_takes_no_space(path):
    """Write a file of 8 GB, which is all hole."""
    path.write_bytes(b"")
    os.truncate(path, 8 << 30)


@pytest.fixture
def traced():
    """Count the bytes that Python holds at most."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def raw_file_with_one_byte_more(path):
    """Write 15,697 bytes, one more than fit."""
    path.write_bytes(bytes(15_697))


@pytest.mark.parametrize(
    ("swell", "told"),
    [
        (small_file_of_many_zeros, r"\(over 15,696 bytes unpacked, wrong sha256\)"),
        (raw_file_with_one_byte_more, r"\(over 15,696 bytes unpacked, wrong sha256\)"),
        (long_file_that_takes_no_space, r"cannot be read \(More than the 31,394 bytes expected\)"),
    ],
)
def test_no_more_is_read_than_the_file_may_hold(mini, tmp_path, traced, swell, told):
    folder = write_idx_files(tmp_path / "given", mini)
    swell(folder / f"{TRAIN_IMAGES}.gz")
    tracemalloc.reset_peak()
    with pytest.raises(DataError, match=told):
        load_data(folder=folder)
    assert traced() < 1 << 20


def test_padding_without_end_does_no_harm(mini, tmp_path):
    """gzip files may be padded; Python's gzip module would look at each byte."""
    folder = write_idx_files(tmp_path / "given", mini)
    os.truncate(folder / f"{TRAIN_IMAGES}.gz", 31_000)
    assert len(load_data(folder=folder).test) == 10
    os.truncate(folder / f"{TRAIN_IMAGES}.gz", 8 << 30)
    with pytest.raises(DataError, match="More than the 31,394 bytes expected"):
        load_data(folder=folder)


def test_the_sizes_are_those_of_the_files():
    folder = fashion_mnist.locate()
    for name, size in fashion_mnist.SIZES.items():
        path = folder / name if (folder / name).is_file() else folder / f"{name}.gz"
        content = path.read_bytes()
        assert len(gzip.decompress(content) if path.suffix else content) == size


def test_truncated_raw_file(mini, tmp_path):
    folder = write_idx_files(tmp_path / "given", mini, zipped=False)
    path = folder / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"17 bytes unpacked, wrong sha256"):
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


def test_an_unreadable_folder_above_is_passed_over(mini, tmp_path):
    folder = write_idx_files(tmp_path / "data", mini)
    folder.chmod(0)
    try:
        assert fashion_mnist.locate() in (None, folder)  # root reads it all the same
    finally:
        folder.chmod(0o700)
