"""A split as a sequence and as PyTorch's data set, and the least that its functions take."""

import pytest
import torch
from torch.utils.data import DataLoader, random_split

from vaehelpers.data import Split, level_counts, split
from vaehelpers.data.dataset import mirror
from vaehelpers.errors import InputError, SettingError


@pytest.fixture
def small():
    """Twelve images, each of a level and a label of its own."""
    levels = torch.arange(12, dtype=torch.uint8).view(-1, 1, 1, 1)
    return Split(levels.expand(-1, 1, 28, 28).clone(), torch.arange(12) % 10)


def test_an_item_is_an_image_and_its_label(small):
    image, label = small[11]
    assert torch.equal(image, small.images[11])
    assert (type(label), label) == (int, 1)
    assert small[-1][1] == 1
    assert [label for _, label in small] == small.labels.tolist()
    with pytest.raises(IndexError):
        small[12]


def test_a_slice_is_a_split(small):
    some = small[2:8:3]
    assert isinstance(some, Split)
    assert torch.equal(some.images, small.images[2:8:3])
    assert some.labels.tolist() == [2, 5]


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_loader_gives_batches_of_levels_and_labels(small, shuffle):
    generator = torch.Generator().manual_seed(0)
    batches = list(DataLoader(small, 5, shuffle=shuffle, num_workers=0, generator=generator))
    assert [tuple(images.shape) for images, _ in batches] == [(n, 1, 28, 28) for n in (5, 5, 2)]
    assert {(images.dtype, labels.dtype) for images, labels in batches} == {
        (torch.uint8, torch.int64)
    }
    images, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    assert torch.equal(images[:, 0, 0, 0].long() % 10, labels)
    order = images[:, 0, 0, 0].tolist()
    assert sorted(order) == list(range(12))
    assert (order == sorted(order)) is not shuffle


def test_random_split_divides_a_split(small):
    first, second = random_split(small, [9, 3], generator=torch.Generator().manual_seed(0))
    assert sorted(label for part in (first, second) for _, label in part) == sorted(
        small.labels.tolist()
    )


@pytest.mark.parametrize(("count", "left"), [(0, 0), (1, 1), (12, 12), (10**9, 12)])
def test_head_takes_what_there_is(small, count, left):
    assert len(small.head(count)) == left


def test_head_of_less_than_nothing_is_refused(small):
    with pytest.raises(SettingError, match=r"^count=-1 is not allowed; give 0 or more images$"):
        small.head(-1)


def test_a_data_set_names_itself_and_its_parts(drawn):
    assert repr(drawn) == "Dataset('drawn', train=5,400, val=600, test=1,000)"


def test_no_images_are_counted_mirrored_and_divided(small):
    none = small.head(0)
    assert repr(none) == "Split(0 images of shape (1, 28, 28))"
    assert level_counts(none.images[:, 0]).sum() == 0
    assert mirror(none.images, none.labels, torch.Generator()).shape == (0, 1, 28, 28)
    assert [len(part) for part in split(none.images, none.labels)] == [0, 0]
    assert len(next(iter(DataLoader(small.head(1), 5)))[0]) == 1


@pytest.mark.parametrize(("share", "lengths"), [(0, [12, 0]), (1, [0, 12]), (0.5, [6, 6])])
def test_the_share_for_validation_may_be_nothing_or_all(small, share, lengths):
    assert [len(part) for part in split(small.images, small.labels, share)] == lengths


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_other_shares_are_refused(small, share):
    with pytest.raises(SettingError, match=f"val_fraction={share} is not allowed; give a share"):
        split(small.images, small.labels, share)


def test_as_many_labels_as_images(small):
    with pytest.raises(InputError, match=r"^12 images and 11 labels; give as many of both$"):
        split(small.images, small.labels[1:])
